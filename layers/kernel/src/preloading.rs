//! Imports the usual packages in a zygote, one module at a time, so that kernels can be forked in between.

use pyo3::prelude::*;
use sandcastle_protocol::PRELOADED;

use crate::harness::Harness;

/// How far a zygote is.
pub(crate) struct Preloading {
    /// So many of [`PRELOADED`] have been imported.
    pub(crate) imported: usize,
    next: Next,
}

enum Next {
    Import,
    Tidy,
    Nothing,
}

impl Preloading {
    /// Of a zygote that imports packages, or of one that does not.
    pub(crate) fn new(preload: bool) -> Self {
        Self { imported: 0, next: if preload { Next::Import } else { Next::Nothing } }
    }

    /// True when nothing is left to do.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.next, Next::Nothing)
    }

    /// Imports the next module; after the last one removes what importing has left behind.
    pub(crate) fn step(&mut self, py: Python<'_>, harness: &Harness) -> PyResult<()> {
        match self.next {
            Next::Import => {
                if let Some(preloaded) = PRELOADED.get(self.imported) {
                    harness.import_module(py, preloaded.module)?;
                    self.imported += 1;
                }
                if self.imported == PRELOADED.len() {
                    self.next = Next::Tidy;
                }
            }
            Next::Tidy => {
                harness.tidy(py)?;
                self.next = Next::Nothing;
            }
            Next::Nothing => {}
        }
        Ok(())
    }
}
