//! Runs the binary as `python`: it is `sys.executable` of user code, which `multiprocessing` starts for spawn and forkserver.

use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::ExitCode;

use pyo3::prelude::*;
use pyo3::{ffi, types::PyList};

use crate::home::{HOME_VARIABLE, Home, PACKAGES_VARIABLE};
use crate::interpreter::{self, StartError};

/// Runs `python` with this process's arguments. Returns its exit code.
pub(crate) fn run() -> ExitCode {
    let home = Home::find(variable(HOME_VARIABLE), variable(PACKAGES_VARIABLE));
    match start(&home) {
        Ok(()) => ExitCode::from(run_main()),
        Err(StartError::Exit(code)) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(error) => {
            eprintln!("python: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(home: &Home) -> Result<(), StartError> {
    let arguments: Result<Vec<CString>, _> = std::env::args_os().map(|a| CString::new(OsString::into_vec(a))).collect();
    interpreter::start_as_python(home, &arguments?)?;
    Python::attach(|py| add_packages(py, home))
        .map_err(|error| StartError::Python { step: "add the folder of the packages", message: error.to_string() })
}

/// Appends the folder of the packages to `sys.path`, as in the kernel.
fn add_packages(py: Python<'_>, home: &Home) -> PyResult<()> {
    let path = py.import("sys")?.getattr("path")?;
    let path = path.cast::<PyList>()?;
    let folder = home.site_packages.as_os_str().into_pyobject(py)?;
    if path.contains(&folder)? { Ok(()) } else { path.append(folder) }
}

#[allow(unsafe_code, reason = "Py_RunMain has no safe wrapper")]
fn run_main() -> u8 {
    // SAFETY: Python is initialised with a config that holds the arguments, this thread holds the GIL, and Python is
    // not used after it.
    u8::try_from(unsafe { ffi::Py_RunMain() }).unwrap_or(1)
}

#[allow(clippy::disallowed_methods, reason = "the kernel sets these for its child processes")]
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}
