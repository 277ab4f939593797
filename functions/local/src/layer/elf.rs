//! Reads from an ELF file what the loader needs.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use object::{
    Endianness,
    elf::{DT_NEEDED, DT_RPATH, DT_RUNPATH, FileHeader64},
    read::elf::{FileHeader, SectionTable},
};

use super::contents::Contents;

/// The first bytes of every ELF file.
const MAGIC: [u8; 4] = *b"\x7fELF";

/// An ELF file of a layer or a function, or why it cannot be read.
pub(super) struct Elf {
    /// Its path: below the layer's root, or that of the function.
    pub(super) path: PathBuf,
    /// What it needs.
    pub(super) asks: Result<Asks, Unreadable>,
}

/// What an ELF file needs of the loader.
#[derive(Default)]
pub(super) struct Asks {
    /// The processor (`e_machine`).
    pub(super) machine: u16,
    /// Names of shared libraries.
    pub(super) needed: Vec<String>,
    /// Versions of them, such as `GLIBC_2.34`.
    pub(super) versions: Vec<String>,
    /// Folders to search, also for the libraries that it loads.
    pub(super) rpath: Vec<String>,
    /// Folders to search for its own libraries only. If there are any, `rpath` does not count.
    pub(super) runpath: Vec<String>,
}

/// Why an ELF file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    /// An I/O error.
    #[error("read: {0}")]
    Io(#[from] io::Error),
    /// A malformed file.
    #[error("malformed ELF file: {0}")]
    Format(#[from] object::Error),
    /// The dynamic section is not in the section table, where this reader looks for it.
    #[error("no dynamic section in its section table")]
    NoDynamic,
}

/// Every ELF file of a layer.
pub(super) fn read_all(contents: &Contents) -> Vec<Elf> {
    let elf = |path: &Path| match is_elf(path) {
        Ok(false) => None,
        Ok(true) => Some(Elf::read(path).asks),
        Err(error) => Some(Err(error.into())),
    };
    let files = contents.files.iter();
    files
        .filter_map(|file| Some(Elf { path: file.path.clone(), asks: elf(&contents.root.join(&file.path))? }))
        .collect()
}

impl Elf {
    /// Reads a file that is one.
    pub(super) fn read(path: &Path) -> Self {
        let asks = fs::read(path).map_err(Unreadable::from).and_then(|bytes| Asks::parse(&bytes));
        Self { path: path.to_owned(), asks }
    }
}

fn is_elf(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut start)?;
    Ok(start == MAGIC)
}

impl Asks {
    /// Reads a 64-bit ELF file.
    fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let header = FileHeader64::<Endianness>::parse(bytes)?;
        let endian = header.endian()?;
        let sections = header.sections(endian, bytes)?;
        let dynamic = sections.dynamic_table(endian, bytes)?;
        if dynamic.is_empty() {
            return Err(Unreadable::NoDynamic);
        }
        let versions = versions(&sections, endian, bytes)?;
        let mut asks = Self { machine: header.e_machine(endian).0, versions, ..Self::default() };
        for entry in dynamic.iter() {
            let text = || Ok::<_, object::Error>(String::from_utf8_lossy(dynamic.string(entry)?).into_owned());
            let folders = || Ok::<_, object::Error>(text()?.split(':').map(str::to_owned).collect::<Vec<_>>());
            match entry.tag {
                DT_NEEDED => asks.needed.push(text()?),
                DT_RPATH => asks.rpath.extend(folders()?),
                DT_RUNPATH => asks.runpath.extend(folders()?),
                _ => {}
            }
        }
        Ok(asks)
    }
}

fn versions(
    sections: &SectionTable<'_, FileHeader64<Endianness>>,
    endian: Endianness,
    bytes: &[u8],
) -> Result<Vec<String>, object::Error> {
    let mut found = Vec::new();
    let Some((mut needs, strings)) = sections.gnu_verneed(endian, bytes)? else { return Ok(found) };
    let strings = sections.strings(endian, bytes, strings)?;
    while let Some((_, mut versions)) = needs.next()? {
        while let Some(version) = versions.next()? {
            found.push(String::from_utf8_lossy(version.name(endian, strings)?).into_owned());
        }
    }
    Ok(found)
}
