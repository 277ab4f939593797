//! Loads the harness, the Python code of a kernel, and calls it.

use std::collections::BTreeMap;
use std::path::Path;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use sandcastle_protocol::{Done, Execute, Failure, Frame, Start};

use crate::home::{HOME_VARIABLE, Home, PACKAGES_VARIABLE};
use crate::native;

/// The harness's modules in an order in which each comes after those that it imports.
const MODULES: [(&str, &str); 15] = [
    ("text", include_str!("../python/text.py")),
    ("output", include_str!("../python/output.py")),
    ("streams", include_str!("../python/streams.py")),
    ("tracebacks", include_str!("../python/tracebacks.py")),
    ("lost_names", include_str!("../python/lost_names.py")),
    ("interrupt", include_str!("../python/interrupt.py")),
    ("execution", include_str!("../python/execution.py")),
    ("touched", include_str!("../python/touched.py")),
    ("fingerprint", include_str!("../python/fingerprint.py")),
    ("frames", include_str!("../python/frames.py")),
    ("figures", include_str!("../python/figures.py")),
    ("hooks", include_str!("../python/hooks.py")),
    ("process_state", include_str!("../python/process_state.py")),
    ("zygote", include_str!("../python/zygote.py")),
    ("session", include_str!("../python/session.py")),
];
const LOADER: &str = include_str!("../python/loader.py");

/// The loaded harness.
pub(crate) struct Harness(Py<PyAny>);

/// A kernel's folders, at their paths in its cell.
pub(crate) struct CellPaths<'a> {
    /// The sandbox's files.
    pub(crate) files: &'a Path,
    /// The sandbox's folder for temporary files.
    pub(crate) temporary: &'a Path,
}

impl Harness {
    /// Loads the harness into the interpreter. With `preload`, also imports the most used packages that are installed.
    pub(crate) fn load(py: Python<'_>, home: &Home, preload: bool) -> PyResult<Self> {
        let loader = PyDict::new(py);
        py.run(&std::ffi::CString::new(LOADER)?, Some(&loader), None)?;
        let session = loader
            .get_item("load")?
            .ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("the loader has no load()"))?
            .call1((MODULES.to_vec(), native::module(py)?))?;
        session.call_method1("prepare_zygote", (&home.site_packages, preload))?;
        Ok(Self(session.unbind()))
    }

    /// Starts a forked and confined kernel. `output` is the write end of the output pipe.
    pub(crate) fn start(
        &self,
        py: Python<'_>,
        start: Start,
        home: &Home,
        paths: &CellPaths<'_>,
        output: i32,
    ) -> PyResult<()> {
        let lost: BTreeMap<String, String> = start.lost.into_iter().map(|lost| (lost.name, lost.reason)).collect();
        let variables = [(HOME_VARIABLE, home.prefix.as_path()), (PACKAGES_VARIABLE, home.site_packages.as_path())];
        let variables: BTreeMap<&str, &Path> = variables.into_iter().collect();
        let settings = PyDict::new(py);
        settings.set_item("files", paths.files)?;
        settings.set_item("temporary", paths.temporary)?;
        settings.set_item("output", output)?;
        settings.set_item("variables", variables)?;
        settings.set_item("cwd", start.cwd)?;
        settings.set_item("env", start.env)?;
        settings.set_item("lost", lost)?;
        settings.set_item("calls_before", start.calls_before)?;
        self.0.bind(py).call_method("start", (), Some(&settings))?;
        Ok(())
    }

    /// Runs code and returns how it ended.
    pub(crate) fn run(&self, py: Python<'_>, call: Execute) -> PyResult<Done> {
        let result = self.0.call_method1(py, "run", (call.nonce, call.code, call.display_last, call.limit_ms))?;
        Ok(result.extract::<CallResult>(py)?.into())
    }
}

/// What `session.run` returns.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct CallResult {
    failure: Option<(String, Vec<String>)>,
    interrupted: bool,
    dataframes: Vec<(String, u64, u64, u64, bool)>,
    names: Vec<String>,
    still_lost: Vec<String>,
    cwd: String,
    env: BTreeMap<String, Option<String>>,
}

impl From<CallResult> for Done {
    fn from(result: CallResult) -> Self {
        let frame = |(name, num_rows, num_cols, memory_bytes, changed)| Frame {
            name,
            num_rows,
            num_cols,
            memory_bytes,
            changed,
        };
        Self {
            failure: result.failure.map(|(error, traceback)| Failure { error, traceback }),
            interrupted: result.interrupted,
            dataframes: result.dataframes.into_iter().map(frame).collect(),
            names: result.names,
            still_lost: result.still_lost,
            cwd: result.cwd,
            env: result.env,
        }
    }
}
