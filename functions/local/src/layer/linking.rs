//! Whether the loader of the base system will find what a layer's ELF files ask for.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use super::{
    check::Check,
    contents::Contents,
    elf::{Asks, Elf},
};

/// The newest versions that provided.al2023 has: glibc 2.34, and the libstdc++ of GCC 11.
const NEWEST: [(&str, &[u32]); 2] = [("GLIBC_", &[2, 34]), ("GLIBCXX_", &[3, 4, 29])];
/// The shared libraries that provided.al2023 has: the C library's, and GCC's two, which its package manager needs.
const BASE: [&str; 11] = [
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libstdc++.so.6",
    "libutil.so.1",
];
/// Where the kernel's own search path leads.
const LIB: &str = "lib";

/// No file asks for a newer C library than the base system's.
pub(super) fn versions(elves: &[Elf]) -> Check {
    let mut bad = Vec::new();
    for Elf { path, asks } in elves {
        match asks {
            Err(error) => bad.push(format!("{} cannot be read: {error}", path.display())),
            Ok(asks) => {
                let too_new = asks.versions.iter().filter(|version| is_too_new(version));
                bad.extend(too_new.map(|version| format!("{} needs {version}", path.display())));
            }
        }
    }
    Check::new("glibc", format!("none of {} ELF files needs more than GLIBC_2.34", elves.len()), bad)
}

fn is_too_new(version: &str) -> bool {
    NEWEST.iter().any(|(family, newest)| {
        let Some(numbers) = version.strip_prefix(family) else { return false };
        // What is no number, such as GLIBC_ABI_DT_RELR and GLIBC_PRIVATE, came after 2.34 or is bound to one release.
        let numbers: Result<Vec<u32>, _> = numbers.split('.').map(str::parse).collect();
        numbers.map_or(true, |numbers| numbers.as_slice() > *newest)
    })
}

/// Every shared library that is needed is the base system's, or lies where the file that needs it looks.
pub(super) fn libraries(contents: &Contents, elves: &[Elf]) -> Check {
    let (mut bad, mut carried) = (Vec::new(), BTreeSet::new());
    for Elf { path, asks } in elves {
        let Ok(asks) = asks else { continue };
        let outside = asks.rpath.iter().chain(&asks.runpath).filter(|folder| inside(path, folder).is_none());
        bad.extend(outside.map(|folder| format!("{} searches {folder}, outside of the layer", path.display())));
        for name in asks.needed.iter().filter(|name| !BASE.contains(&name.as_str())) {
            match found(contents, path, asks, name) {
                Some(library) => drop(carried.insert(library)),
                None => bad.push(format!("{} needs {name}, which is neither in reach nor the base's", path.display())),
            }
        }
    }
    Check::new("libraries", format!("{} needed ones are in the layer, the rest is the base's", carried.len()), bad)
}

/// Where the loader finds a library.
fn found(contents: &Contents, path: &Path, asks: &Asks, name: &str) -> Option<PathBuf> {
    let kernels = (asks.runpath.is_empty()).then(|| PathBuf::from(LIB));
    let own = if asks.runpath.is_empty() { &asks.rpath } else { &asks.runpath };
    let folders = own.iter().filter_map(|folder| inside(path, folder)).chain(kernels);
    folders.map(|folder| folder.join(name)).find(|library| contents.has(library))
}

/// The folder below the layer's root that an entry of a search path means for the file that has it.
fn inside(path: &Path, folder: &str) -> Option<PathBuf> {
    let rest = folder.strip_prefix("$ORIGIN")?;
    let mut place = path.parent()?.to_owned();
    for part in Path::new(rest.trim_start_matches('/')).components() {
        match part {
            Component::Normal(name) => place.push(name),
            Component::ParentDir => drop(place.pop().then_some(())?),
            _ => {}
        }
    }
    Some(place)
}

/// Kernel, library, standard library, extension modules and bytecode are of one Python.
pub(super) fn python(contents: &Contents, elves: &[Elf]) -> Check {
    let (version, mut bad) = (contents.python(), Vec::new());
    let library = format!("libpython{version}.so.1.0");
    let tag = format!("cpython-{}", version.replace('.', ""));
    for wanted in [format!("lib/{library}"), format!("lib/python{version}/os.py"), "bin/sandcastle-kernel".to_owned()] {
        if !contents.has(Path::new(&wanted)) {
            bad.push(format!("{wanted} is missing"));
        }
    }
    for Elf { path, asks } in elves {
        let needed = asks.as_ref().map_or(&[][..], |asks| &asks.needed);
        let others = needed.iter().filter(|name| name.starts_with("libpython") && **name != library);
        bad.extend(others.map(|name| format!("{} needs {name}, not {library}", path.display())));
    }
    for file in &contents.files {
        let name = file.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let other = name.starts_with("libpython") && name != library;
        let other_tag = name.contains(".cpython-") && !name.contains(&format!(".{tag}"));
        if other || other_tag {
            bad.push(format!("{} is not of Python {version}", file.path.display()));
        }
    }
    Check::new("python", format!("everything is of Python {}", contents.manifest.python), bad)
}
