//! Starts CPython with `PyConfig` (docs.python.org, "Python Initialization Configuration").

use std::ffi::{CStr, CString, c_char, c_int};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use pyo3::ffi;

use crate::home::Home;

/// Why Python does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// A path or an argument contains a NUL byte.
    #[error("a path or an argument contains a NUL byte")]
    Nul(#[from] std::ffi::NulError),
    /// CPython reported an error.
    #[error("{step}: {message}")]
    Python {
        /// What was tried.
        step: &'static str,
        /// CPython's message.
        message: String,
    },
    /// The arguments asked for a text only, such as `--version`, which has been printed.
    #[error("exit with code {0}")]
    Exit(c_int),
}

/// Starts the interpreter of a zygote: isolated from environment and user folders, and with a fixed hash seed, so that all
/// kernels iterate over sets in the same order. The calling thread holds the GIL afterwards.
#[allow(unsafe_code, reason = "CPython's start-up has no safe wrapper")]
pub(crate) fn start_isolated(home: &Home) -> Result<(), StartError> {
    pre_initialise(true)?;
    let mut config = Config::new(true);
    // SAFETY: `Config::new` initialised the struct, and nothing else refers to it.
    let fields = unsafe { &mut *config.pointer() };
    fields.use_hash_seed = 1;
    fields.hash_seed = 0;
    fields.install_signal_handlers = 0;
    fields.site_import = 0;
    fields.write_bytecode = 0;
    config.set_home(home)?;
    config.initialise()
}

/// Starts the interpreter as `python` with these arguments. The calling thread holds the GIL afterwards.
#[allow(unsafe_code, reason = "CPython's start-up has no safe wrapper")]
pub(crate) fn start_as_python(home: &Home, arguments: &[CString]) -> Result<(), StartError> {
    pre_initialise(false)?;
    let mut config = Config::new(false);
    let mut pointers: Vec<*const c_char> = arguments.iter().map(|argument| argument.as_ptr()).collect();
    let count = isize::try_from(pointers.len()).unwrap_or(isize::MAX);
    // SAFETY: the config is initialised; `pointers` holds `count` NUL-terminated strings, which are copied.
    let status = unsafe { ffi::PyConfig_SetBytesArgv(config.pointer(), count, pointers.as_mut_ptr()) };
    check("set the arguments", status)?;
    config.set_home(home)?;
    config.initialise()
}

/// UTF-8 mode (PEP 540): a kernel starts without an environment, so there is no locale.
#[allow(unsafe_code, reason = "CPython's start-up has no safe wrapper")]
fn pre_initialise(isolated: bool) -> Result<(), StartError> {
    let mut config = MaybeUninit::<ffi::PyPreConfig>::zeroed();
    // SAFETY: the initialiser fills the whole struct, which is plain data and valid when zeroed; Py_PreInitialize only reads.
    let status = unsafe {
        if isolated {
            ffi::PyPreConfig_InitIsolatedConfig(config.as_mut_ptr());
        } else {
            ffi::PyPreConfig_InitPythonConfig(config.as_mut_ptr());
        }
        (*config.as_mut_ptr()).utf8_mode = 1;
        ffi::Py_PreInitialize(config.as_ptr())
    };
    check("pre-initialise", status)
}

/// A `PyConfig` that is cleared when it is dropped.
struct Config(Box<MaybeUninit<ffi::PyConfig>>);

impl Config {
    #[allow(unsafe_code, reason = "CPython's start-up has no safe wrapper")]
    fn new(isolated: bool) -> Self {
        let mut config = Box::new(MaybeUninit::zeroed());
        // SAFETY: both functions initialise the struct that the pointer refers to.
        unsafe {
            if isolated {
                ffi::PyConfig_InitIsolatedConfig(config.as_mut_ptr());
            } else {
                ffi::PyConfig_InitPythonConfig(config.as_mut_ptr());
            }
        }
        Self(config)
    }

    fn pointer(&mut self) -> *mut ffi::PyConfig {
        self.0.as_mut_ptr()
    }

    #[allow(unsafe_code, reason = "CPython's start-up has no safe wrapper")]
    fn set_home(&mut self, home: &Home) -> Result<(), StartError> {
        let config = self.pointer();
        // SAFETY: `config` refers to an initialised PyConfig; taking the addresses of its fields reads nothing.
        let (prefix, program, executable) =
            unsafe { (&raw mut (*config).home, &raw mut (*config).program_name, &raw mut (*config).executable) };
        self.set_path("set the home", prefix, &home.prefix)?;
        self.set_path("set the program name", program, &home.executable)?;
        self.set_path("set the executable", executable, &home.executable)
    }

    #[allow(unsafe_code, reason = "CPython's start-up has no safe wrapper")]
    fn set_path(&mut self, step: &'static str, field: *mut *mut libc::wchar_t, path: &Path) -> Result<(), StartError> {
        let bytes = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: `field` is a string field of this initialised config; `bytes` is NUL-terminated and copied.
        check(step, unsafe { ffi::PyConfig_SetBytesString(self.pointer(), field, bytes.as_ptr()) })
    }

    #[allow(unsafe_code, reason = "CPython's start-up has no safe wrapper")]
    fn initialise(mut self) -> Result<(), StartError> {
        // SAFETY: the config is initialised, and Python has not been started before in this process.
        check("initialise", unsafe { ffi::Py_InitializeFromConfig(self.pointer()) })
    }
}

impl Drop for Config {
    #[allow(unsafe_code, reason = "CPython's start-up has no safe wrapper")]
    fn drop(&mut self) {
        // SAFETY: the config was initialised in `new` and is not used again.
        unsafe { ffi::PyConfig_Clear(self.pointer()) }
    }
}

#[allow(unsafe_code, reason = "CPython's start-up has no safe wrapper")]
fn check(step: &'static str, status: ffi::PyStatus) -> Result<(), StartError> {
    // SAFETY: these functions only read the struct, which they get by value.
    let (failed, exits) = unsafe { (ffi::PyStatus_Exception(status), ffi::PyStatus_IsExit(status)) };
    if failed == 0 {
        return Ok(());
    }
    if exits != 0 {
        return Err(StartError::Exit(status.exitcode));
    }
    let message = if status.err_msg.is_null() {
        String::from("no reason given")
    } else {
        // SAFETY: CPython's messages are static NUL-terminated strings.
        unsafe { CStr::from_ptr(status.err_msg) }.to_string_lossy().into_owned()
    };
    Err(StartError::Python { step, message })
}
