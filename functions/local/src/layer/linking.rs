//! Checks that the loader of the base system finds the libraries that a layer's ELF files need.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use object::elf::{EM_AARCH64, EM_X86_64, Machine};

use super::{
    check::Check,
    contents::Contents,
    elf::{Asks, Elf},
};

/// The newest symbol versions in provided.al2023: glibc 2.34, and libstdc++ of GCC 11.
const NEWEST: [(&str, &[u32]); 2] = [("GLIBC_", &[2, 34]), ("GLIBCXX_", &[3, 4, 29])];
/// The shared libraries in provided.al2023: those of glibc and GCC.
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
/// Folder of the kernel's search path.
const LIB: &str = "lib";

/// Checks that all files are for the kernel's processor.
pub(super) fn machine(contents: &Contents, elves: &[Elf]) -> Check {
    let machine_of = |asks: &Asks| match Machine(asks.machine) {
        EM_X86_64 => "x86-64",
        EM_AARCH64 => "arm64",
        _ => "another processor",
    };
    let known = || elves.iter().filter_map(|elf| Some((&elf.path, machine_of(elf.asks.as_ref().ok()?))));
    let kernel = known().find(|(path, _)| contents.root.join(path) == contents.kernel());
    let wanted = kernel.map_or("no processor, as there is no kernel", |(_, machine)| machine);
    let others = known().filter(|(_, machine)| *machine != wanted);
    let bad = others.map(|(path, machine)| format!("{} is for {machine}, not for {wanted}", path.display())).collect();
    Check::new("machine", format!("everything is for {wanted}"), bad)
}

/// Checks that no file needs a newer C library than that of the base system.
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
    Check::new("glibc", format!("no more than GLIBC_2.34 is needed by {} ELF files", elves.len()), bad)
}

fn is_too_new(version: &str) -> bool {
    NEWEST.iter().any(|(family, newest)| {
        let Some(numbers) = version.strip_prefix(family) else { return false };
        // Versions without a number, such as GLIBC_ABI_DT_RELR and GLIBC_PRIVATE, are newer than 2.34 or tied to one release.
        let numbers: Result<Vec<u32>, _> = numbers.split('.').map(str::parse).collect();
        numbers.map_or(true, |numbers| numbers.as_slice() > *newest)
    })
}

/// Checks that every needed library is in the base system, or in the layer where the loader looks for it.
pub(super) fn libraries(contents: &Contents, elves: &[Elf]) -> Check {
    let (mut bad, mut carried) = (Vec::new(), BTreeSet::new());
    for Elf { path, asks } in elves {
        let Ok(asks) = asks else { continue };
        let outside = asks.rpath.iter().chain(&asks.runpath).filter(|folder| inside(path, folder).is_none());
        bad.extend(outside.map(|folder| format!("{} searches {folder}, outside the layer", path.display())));
        for name in asks.needed.iter().filter(|name| !BASE.contains(&name.as_str())) {
            match found(contents, path, asks, name) {
                Some(library) => drop(carried.insert(library)),
                None => bad.push(format!(
                    "{} needs {name}, which is neither in its search path nor in the base system",
                    path.display()
                )),
            }
        }
    }
    Check::new(
        "libraries",
        format!("{} needed libraries are in the layer, the rest in the base system", carried.len()),
        bad,
    )
}

/// The path where the loader finds a library.
fn found(contents: &Contents, path: &Path, asks: &Asks, name: &str) -> Option<PathBuf> {
    let kernels = (asks.runpath.is_empty()).then(|| PathBuf::from(LIB));
    let own = if asks.runpath.is_empty() { &asks.rpath } else { &asks.runpath };
    let folders = own.iter().filter_map(|folder| inside(path, folder)).chain(kernels);
    folders.map(|folder| folder.join(name)).find(|library| contents.has(library))
}

/// The folder below the layer's root that an entry of a file's search path names; `None` outside the layer.
fn inside(path: &Path, folder: &str) -> Option<PathBuf> {
    let rest = folder.strip_prefix("$ORIGIN")?;
    let mut below = path.parent()?.to_owned();
    for part in Path::new(rest.trim_start_matches('/')).components() {
        match part {
            Component::Normal(name) => below.push(name),
            Component::ParentDir => drop(below.pop().then_some(())?),
            _ => {}
        }
    }
    Some(below)
}

/// Checks that kernel, library, standard library, extension modules and bytecode belong to one version of Python.
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
            bad.push(format!("{} is not for Python {version}", file.path.display()));
        }
    }
    Check::new("python", format!("everything is for Python {}", contents.manifest.python), bad)
}
