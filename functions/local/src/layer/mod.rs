//! `sandcastle layer check`: whether a built Python layer will work on Lambda, as far as that can be told without it.

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

/// What Lambda allows function and layers to measure unzipped: 250 MB, which it counts as MiB.
const MAX_SIZE: u64 = 250 << 20;

/// What can be done with a layer.
#[derive(Subcommand)]
pub enum Command {
    /// Check a layer that `make layer` has built: its size, what it asks of the base system, and that every package
    /// imports in a confined kernel (JAIL=best-effort where this system refuses a part of the confinement).
    Check {
        /// The layer, in the form of /opt.
        #[arg(default_value = "target/layer/core")]
        dir: PathBuf,
        /// The function's program that goes with it; counts towards the size. The `bootstrap` beside this program, if
        /// there is one.
        #[arg(long)]
        function: Option<PathBuf>,
    },
}

/// Why a layer was not found good.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The folder is no layer.
    #[error(transparent)]
    Contents(#[from] ContentsError),
    /// The function's program.
    #[error("look at {path}")]
    Function {
        /// Where it should be.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What was found cannot be told.
    #[error("write the findings")]
    Write(#[source] io::Error),
    /// There are findings; they have been written.
    #[error("{failed} of {all} checks of the layer failed")]
    Failed {
        /// How many failed.
        failed: usize,
        /// Of how many.
        all: usize,
    },
}

impl Command {
    /// Does it, writing what it finds. `program_dir` is the folder of this program.
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
