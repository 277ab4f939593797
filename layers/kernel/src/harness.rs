//! The Python side of a kernel: loads the harness and calls it.

use std::collections::BTreeMap;
use std::path::Path;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyModule};
use sandcastle_protocol::{Done, Execute, Failure, Frame, Start};

use crate::hashing::hash_bytes;
use crate::home::{HOME_VARIABLE, Home, PACKAGES_VARIABLE};

/// The harness's modules, each after those that it imports.
const MODULES: [(&str, &str); 15] = [
    ("text", include_str!("../python/text.py")),
    ("output", include_str!("../python/output.py")),
    ("streams", include_str!("../python/streams.py")),
    ("trace", include_str!("../python/trace.py")),
    ("lost", include_str!("../python/lost.py")),
    ("interrupt", include_str!("../python/interrupt.py")),
    ("cells", include_str!("../python/cells.py")),
    ("touched", include_str!("../python/touched.py")),
    ("fingerprint", include_str!("../python/fingerprint.py")),
    ("frames", include_str!("../python/frames.py")),
    ("figures", include_str!("../python/figures.py")),
    ("hooks", include_str!("../python/hooks.py")),
    ("world", include_str!("../python/world.py")),
    ("zygote", include_str!("../python/zygote.py")),
    ("session", include_str!("../python/session.py")),
];
const LOADER: &str = include_str!("../python/loader.py");

/// The harness, loaded.
pub(crate) struct Harness(Py<PyAny>);

/// Where a kernel finds itself after its confinement.
pub(crate) struct Place<'a> {
    /// The sandbox's files.
    pub(crate) files: &'a Path,
    /// The sandbox's folder for temporary files.
    pub(crate) temporary: &'a Path,
    /// The write end of the output pipe.
    pub(crate) output: i32,
}

impl Harness {
    /// Loads the harness into the interpreter; with `preload` also the usual packages, as far as they are installed.
    pub(crate) fn load(py: Python<'_>, home: &Home, preload: bool) -> PyResult<Self> {
        let loader = PyDict::new(py);
        py.run(&std::ffi::CString::new(LOADER)?, Some(&loader), None)?;
        let native = PyModule::new(py, "native")?;
        native.add_function(wrap_pyfunction!(hash_bytes, &native)?)?;
        let session = loader
            .get_item("load")?
            .ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("the loader has no load()"))?
            .call1((MODULES.to_vec(), native))?;
        session.call_method1("prepare_zygote", (&home.site_packages, preload))?;
        Ok(Self(session.unbind()))
    }

    /// Begins a sandbox in a forked kernel.
    pub(crate) fn start(&self, py: Python<'_>, start: Start, home: &Home, place: &Place<'_>) -> PyResult<()> {
        let lost: BTreeMap<String, String> = start.lost.into_iter().map(|lost| (lost.name, lost.reason)).collect();
        let variables = [(HOME_VARIABLE, home.prefix.as_path()), (PACKAGES_VARIABLE, home.site_packages.as_path())];
        let variables: BTreeMap<&str, &Path> = variables.into_iter().collect();
        let settings = PyDict::new(py);
        settings.set_item("files", place.files)?;
        settings.set_item("temporary", place.temporary)?;
        settings.set_item("output", place.output)?;
        settings.set_item("variables", variables)?;
        settings.set_item("cwd", start.cwd)?;
        settings.set_item("env", start.env)?;
        settings.set_item("lost", lost)?;
        settings.set_item("calls_before", start.calls_before)?;
        self.0.bind(py).call_method("start", (), Some(&settings))?;
        Ok(())
    }

    /// Runs code and tells how it ended.
    pub(crate) fn run(&self, py: Python<'_>, call: Execute) -> PyResult<Done> {
        let result = self.0.call_method1(py, "run", (call.nonce, call.code, call.display_last, call.limit_ms))?;
        Ok(result.extract::<Harvest>(py)?.into())
    }
}

/// What `session.run` returns.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Harvest {
    failure: Option<(String, Vec<String>)>,
    interrupted: bool,
    dataframes: Vec<(String, u64, u64, u64, bool)>,
    names: Vec<String>,
    still_lost: Vec<String>,
    cwd: String,
    env: BTreeMap<String, Option<String>>,
}

impl From<Harvest> for Done {
    fn from(harvest: Harvest) -> Self {
        let frame = |(name, num_rows, num_cols, memory_bytes, changed)| Frame {
            name,
            num_rows,
            num_cols,
            memory_bytes,
            changed,
        };
        Self {
            failure: harvest.failure.map(|(error, traceback)| Failure { error, traceback }),
            interrupted: harvest.interrupted,
            dataframes: harvest.dataframes.into_iter().map(frame).collect(),
            names: harvest.names,
            still_lost: harvest.still_lost,
            cwd: harvest.cwd,
            env: harvest.env,
        }
    }
}
