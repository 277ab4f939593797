//! `sandcastle layer check`: checks that a built Python layer works on Lambda, as far as this machine can tell.

mod check;
mod contents;
mod elf;
mod imports;
mod linking;

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Subcommand;

use crate::Settings;
use check::Check;
use contents::Contents;
use elf::Elf;

pub use contents::ContentsError;

/// Lambda's limit on the unzipped size of function and layers: 250 MB, which it counts as MiB (gettingstarted-limits.html).
const MAX_SIZE: u64 = 250 << 20;
/// Lambda's limit on a container image, for the profile of that name (same page).
const MAX_IMAGE: (&str, u64) = ("full", 10 << 30);

/// The commands on a layer.
#[derive(Subcommand)]
pub enum Command {
    /// Check a layer that `make layer` has built: its size, the libraries that it needs of the base system, and that every
    /// package can be imported in a confined kernel. Set JAIL=best-effort where this system refuses steps of the
    /// confinement.
    Check {
        /// Folder of the layer, laid out as /opt.
        #[arg(default_value = "target/layer/core")]
        dir: PathBuf,
        /// A function's program, built for Lambda: what it needs of the base system is checked too, and its length counts
        /// towards the size. With several, the largest counts.
        #[arg(long = "function")]
        functions: Vec<PathBuf>,
    },
}

/// Why the check of a layer failed.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The folder is not a layer.
    #[error(transparent)]
    Contents(#[from] ContentsError),
    /// The function's program cannot be read.
    #[error("read {path}")]
    Function {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The results could not be written.
    #[error("write the results")]
    Write(#[source] io::Error),
    /// Checks failed; their findings have been written.
    #[error("{failed} of {all} checks of the layer failed")]
    Failed {
        /// How many failed.
        failed: usize,
        /// Of how many.
        all: usize,
    },
}

impl Command {
    /// Runs the command and writes its results.
    pub async fn run(self, settings: &Settings) -> Result<(), LayerError> {
        let Self::Check { dir, functions } = self;
        let contents = Contents::read(&dir)?;
        let mut elves = elf::read_all(&contents);
        let python = linking::python(&contents, &elves);
        elves.extend(functions.iter().map(|function| Elf::read(function)));
        let mut checks = vec![
            size(&contents, &functions)?,
            linking::machine(&contents, &elves),
            linking::versions(&elves),
            linking::libraries(&contents, &elves),
            python,
        ];
        write(&checks)?;
        let imports = imports::check(&contents, settings).await;
        write(std::slice::from_ref(&imports))?;
        checks.push(imports);
        let failed = checks.iter().filter(|check| check.failed()).count();
        if failed == 0 { Ok(()) } else { Err(LayerError::Failed { failed, all: checks.len() }) }
    }
}

fn write(checks: &[Check]) -> Result<(), LayerError> {
    let text: String = checks.iter().map(Check::text).collect();
    io::stdout().write_all(text.as_bytes()).map_err(LayerError::Write)
}

fn size(contents: &Contents, functions: &[PathBuf]) -> Result<Check, LayerError> {
    let layer: u64 = contents.files.iter().map(|file| file.size).sum();
    let mut program = None;
    for path in functions {
        let metadata = std::fs::metadata(path).map_err(|source| LayerError::Function { path: path.clone(), source })?;
        program = program.max(Some(metadata.len()));
    }
    let all = layer + program.unwrap_or_default();
    let parts = match program {
        None => format!("layer {}, without a function", mib(layer)),
        Some(program) => format!("layer {} and function {}: {}", mib(layer), mib(program), mib(all)),
    };
    let (image, most) = MAX_IMAGE;
    let most = if contents.manifest.profile == image { most } else { MAX_SIZE };
    let too_big = format!("{parts}; Lambda takes {} at most", mib(most));
    let bad = if all > most { vec![too_big] } else { Vec::new() };
    Ok(Check::new("size", format!("{parts} of {}", mib(most)), bad))
}

fn mib(bytes: u64) -> String {
    let tenths = bytes * 10 / (1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
