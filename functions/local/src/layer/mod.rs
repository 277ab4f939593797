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

pub use contents::ContentsError;

/// Lambda's limit on the unzipped size of function and layers: 250 MB, which it counts as MiB (gettingstarted-limits.html).
const MAX_SIZE: u64 = 250 << 20;

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
        /// The function's program, which counts towards the size. Default: `bootstrap` beside this program, if it exists.
        #[arg(long)]
        function: Option<PathBuf>,
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
    /// Runs the command and writes its results. `program_dir` is the folder of this program.
    pub async fn run(self, settings: &Settings, program_dir: PathBuf) -> Result<(), LayerError> {
        let Self::Check { dir, function } = self;
        let contents = Contents::read(&dir)?;
        let beside = program_dir.join("bootstrap");
        let function = function.or_else(|| beside.is_file().then_some(beside));
        let elves = elf::read_all(&contents);
        let mut checks = vec![
            size(&contents, function)?,
            linking::versions(&elves),
            linking::libraries(&contents, &elves),
            linking::python(&contents, &elves),
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

fn size(contents: &Contents, function: Option<PathBuf>) -> Result<Check, LayerError> {
    let layer: u64 = contents.files.iter().map(|file| file.size).sum();
    let program = match &function {
        None => 0,
        Some(path) => {
            std::fs::metadata(path).map_err(|source| LayerError::Function { path: path.clone(), source })?.len()
        }
    };
    let parts = match function {
        None => format!("layer {}, without a function", mib(layer)),
        Some(_) => format!("layer {} and function {}: {}", mib(layer), mib(program), mib(layer + program)),
    };
    let too_big = format!("{parts}; Lambda takes {} at most", mib(MAX_SIZE));
    let bad = if layer + program > MAX_SIZE { vec![too_big] } else { Vec::new() };
    Ok(Check::new("size", format!("{parts} of {}", mib(MAX_SIZE)), bad))
}

fn mib(bytes: u64) -> String {
    let tenths = bytes * 10 / (1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
