//! Loads the harness, the Python code of a kernel, and calls it.

use std::collections::BTreeMap;
use std::os::fd::{OwnedFd, RawFd};
use std::path::Path;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCFunction, PyDict};
use sandcastle_protocol::{
    Content, Done, Execute, Extent, Failure, Frame, GroupKind, KernelGroup, LostName, Start, Variables,
};

use crate::home::{HOME_VARIABLE, Home, PACKAGES_VARIABLE};
use crate::{native, restoring};

/// The harness's modules in an order in which each comes after those that it imports.
const MODULES: [(&str, &str); 47] = [
    ("text", include_str!("../python/text.py")),
    ("output", include_str!("../python/output.py")),
    ("streams", include_str!("../python/streams.py")),
    ("sources", include_str!("../python/sources.py")),
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
    ("atoms", include_str!("../python/atoms.py")),
    ("rebuild", include_str!("../python/rebuild.py")),
    ("rebuild_standard", include_str!("../python/rebuild_standard.py")),
    ("memory", include_str!("../python/memory.py")),
    ("rebuild_libraries", include_str!("../python/rebuild_libraries.py")),
    ("definitions", include_str!("../python/definitions.py")),
    ("edges", include_str!("../python/edges.py")),
    ("arrange", include_str!("../python/arrange.py")),
    ("groups", include_str!("../python/groups.py")),
    ("instances", include_str!("../python/instances.py")),
    ("types_of_code", include_str!("../python/types_of_code.py")),
    ("standard", include_str!("../python/standard.py")),
    ("libraries", include_str!("../python/libraries.py")),
    ("documents", include_str!("../python/documents.py")),
    ("reducers", include_str!("../python/reducers.py")),
    ("process_values", include_str!("../python/process_values.py")),
    ("patches", include_str!("../python/patches.py")),
    ("hidden", include_str!("../python/hidden.py")),
    ("reach", include_str!("../python/reach.py")),
    ("store", include_str!("../python/store.py")),
    ("stored_bytes", include_str!("../python/stored_bytes.py")),
    ("index", include_str!("../python/index.py")),
    ("given_out", include_str!("../python/given_out.py")),
    ("unloaded", include_str!("../python/unloaded.py")),
    ("late", include_str!("../python/late.py")),
    ("checkpoint", include_str!("../python/checkpoint.py")),
    ("restore", include_str!("../python/restore.py")),
    ("exchange_file", include_str!("../python/exchange_file.py")),
    ("locks", include_str!("../python/locks.py")),
    ("zygote", include_str!("../python/zygote.py")),
    ("helpers", include_str!("../python/helpers.py")),
    ("quiet", include_str!("../python/quiet.py")),
    ("session", include_str!("../python/session.py")),
];
const LOADER: &str = include_str!("../python/loader.py");
/// The modules as `build.rs` has compiled them.
const COMPILED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/harness"));

/// The loaded harness.
pub(crate) struct Harness(Py<PyAny>);

/// A kernel's folders, at their paths in its cell.
pub(crate) struct CellPaths<'a> {
    /// The sandbox's files.
    pub(crate) files: &'a Path,
    /// The sandbox's folder for temporary files.
    pub(crate) temporary: &'a Path,
}

/// Descriptors that Python uses by number.
pub(crate) struct Descriptors {
    /// The write end of the output pipe.
    pub(crate) output: i32,
    /// The exchange file.
    pub(crate) exchange: i32,
}

impl Harness {
    /// Loads the harness into the interpreter. With `audit`, kernels check which variables a call may change.
    pub(crate) fn load(py: Python<'_>, home: &Home, audit: bool) -> PyResult<Self> {
        let loader = PyDict::new(py);
        py.run(&std::ffi::CString::new(LOADER)?, Some(&loader), None)?;
        let session = loader
            .get_item("load")?
            .ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("the loader has no load()"))?
            .call1((MODULES.to_vec(), native::module(py)?, PyBytes::new(py, COMPILED)))?;
        if audit {
            session.call_method0("audit")?;
        }
        session.call_method1("prepare_zygote", (&home.site_packages,))?;
        Ok(Self(session.unbind()))
    }

    /// Imports a module in a zygote, if it is installed.
    pub(crate) fn import_module(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        self.0.call_method1(py, "import_module", (name,))?;
        Ok(())
    }

    /// Removes what the imports have left in a zygote.
    pub(crate) fn tidy(&self, py: Python<'_>) -> PyResult<()> {
        self.0.call_method0(py, "tidy")?;
        Ok(())
    }

    /// Starts a forked and confined kernel.
    pub(crate) fn start(
        &self,
        py: Python<'_>,
        start: Start,
        home: &Home,
        paths: &CellPaths<'_>,
        descriptors: &Descriptors,
    ) -> PyResult<()> {
        let lost: BTreeMap<String, String> = start.lost.into_iter().map(|lost| (lost.name, lost.reason)).collect();
        let variables = [(HOME_VARIABLE, home.prefix.as_path()), (PACKAGES_VARIABLE, home.site_packages.as_path())];
        let variables: BTreeMap<&str, &Path> = variables.into_iter().collect();
        let settings = PyDict::new(py);
        settings.set_item("files", paths.files)?;
        settings.set_item("temporary", paths.temporary)?;
        settings.set_item("output", descriptors.output)?;
        settings.set_item("exchange", descriptors.exchange)?;
        settings.set_item("variables", variables)?;
        settings.set_item("cwd", start.cwd)?;
        settings.set_item("env", start.env)?;
        settings.set_item("lost", lost)?;
        settings.set_item("calls_before", start.calls_before)?;
        self.0.bind(py).call_method("start", (), Some(&settings))?;
        Ok(())
    }

    /// Begins a call, perhaps with a new exchange file. True when variables are stored that are not in this kernel.
    pub(crate) fn begin(
        &self,
        py: Python<'_>,
        call: Execute,
        exchange: Option<RawFd>,
        files: Vec<OwnedFd>,
    ) -> PyResult<bool> {
        let Execute { nonce, code, display_last, limit_ms, stored, everything, .. } = call;
        let stored = stored.map(|groups| restoring::stored(groups, files)).transpose()?;
        let call = (nonce, code, display_last, limit_ms, exchange, stored, everything);
        self.0.call_method1(py, "begin", call)?.extract(py)
    }

    /// Restores what the call needs; the function asks the host for it. False when it could not be fetched.
    pub(crate) fn restore(&self, py: Python<'_>, fetch: &Bound<'_, PyCFunction>) -> PyResult<bool> {
        self.0.call_method1(py, "restore_variables", (fetch,))?.extract(py)
    }

    /// Runs the call's code.
    pub(crate) fn run(&self, py: Python<'_>) -> PyResult<()> {
        self.0.call_method0(py, "run")?;
        Ok(())
    }

    /// Stores the variables; how the call ended, without its number.
    pub(crate) fn finish(&self, py: Python<'_>) -> PyResult<Done> {
        let result = self.0.call_method0(py, "finish")?;
        Ok(result.extract::<CallResult>(py)?.into())
    }
}

/// A group as `session.finish` tells of it: id, names, kind, and where the pickle and the buffers are.
type Told = (u64, Vec<String>, String, Option<((u64, u64), Vec<(u64, u64)>)>);

/// What `session.finish` returns.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct CallResult {
    failure: Option<(String, Vec<String>)>,
    interrupted: bool,
    dataframes: Vec<(String, u64, u64, u64, bool)>,
    names: Vec<String>,
    variables: Option<(Vec<Told>, BTreeMap<String, String>)>,
    not_loaded: Vec<String>,
    not_restored: BTreeMap<String, String>,
    missed: bool,
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
            call: 0,
            failure: result.failure.map(|(error, traceback)| Failure { error, traceback }),
            interrupted: result.interrupted,
            dataframes: result.dataframes.into_iter().map(frame).collect(),
            names: result.names,
            variables: result.variables.map(|(groups, unstorable)| Variables {
                groups: groups.into_iter().filter_map(told).collect(),
                unstorable: with_reasons(unstorable),
            }),
            not_loaded: result.not_loaded,
            not_restored: with_reasons(result.not_restored),
            missed: result.missed,
            still_lost: result.still_lost,
            cwd: result.cwd,
            env: result.env,
        }
    }
}

fn told((id, names, kind, content): Told) -> Option<KernelGroup> {
    let extent = |(at, len)| Extent { at, len };
    let content = content.map(|(pickle, buffers)| Content {
        pickle: extent(pickle),
        buffers: buffers.into_iter().map(extent).collect(),
    });
    Some(KernelGroup { id, names, kind: GroupKind::parse(&kind)?, content })
}

fn with_reasons(names: BTreeMap<String, String>) -> Vec<LostName> {
    names.into_iter().map(|(name, reason)| LostName { name, reason }).collect()
}
