//! What a process begins with: environment variables and the working directory.

use crate::{IdError, limits::MAX_CWD_BYTES};

super::text_value!(
    /// The name of an environment variable: not empty, without `=` and NUL (environ(7)).
    EnvName,
    IdError,
    check_env_name
);

super::text_value!(
    /// The value of an environment variable: without NUL.
    EnvValue,
    IdError,
    check_env_value
);

super::text_value!(
    /// A working directory: relative to the working folder (empty for itself), or absolute; at most [`MAX_CWD_BYTES`] bytes.
    WorkingDirectory,
    IdError,
    check_directory
);

impl WorkingDirectory {
    /// The working folder itself.
    pub fn top() -> Self {
        Self("".into())
    }
}

fn check_env_name(text: &str) -> Result<(), IdError> {
    let good = !text.is_empty() && !text.contains(['=', '\0']);
    if good { Ok(()) } else { Err(IdError { what: "name of an environment variable" }) }
}

fn check_env_value(text: &str) -> Result<(), IdError> {
    if text.contains('\0') { Err(IdError { what: "value of an environment variable" }) } else { Ok(()) }
}

fn check_directory(text: &str) -> Result<(), IdError> {
    let good = text.len() <= MAX_CWD_BYTES && !text.contains('\0');
    if good { Ok(()) } else { Err(IdError { what: "working directory" }) }
}
