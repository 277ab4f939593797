//! The settings of a host of kernels, as every program with one reads them.

use sandcastle_protocol::Step;
use sandcastle_runtime::settings::{Lookup, Setting, SettingsError, Values};

use crate::HostConfig;

/// The kernel's executable.
pub const KERNEL: Setting = Setting {
    name: "SANDCASTLE_KERNEL",
    meaning: "path of the kernel's executable",
    default: "/opt/bin/sandcastle-kernel",
    values: Values::Path,
};
/// Where the kernel's Python is.
pub const PYTHON_HOME: Setting = Setting {
    name: "SANDCASTLE_PYTHON_HOME",
    meaning: "prefix of the Python installation, which has lib/python3.X",
    default: "the Python that the kernel was built with",
    values: Values::Path,
};
/// Where the data packages are.
pub const SITE_PACKAGES: Setting = Setting {
    name: "SANDCASTLE_SITE_PACKAGES",
    meaning: "folder of the Python packages that code can import",
    default: "site-packages of that Python",
    values: Values::Path,
};
/// Where kernels have their folders.
pub const RUN_DIR: Setting = Setting {
    name: "SANDCASTLE_RUN_DIR",
    meaning: "folder for the working folders of kernels; emptied at start",
    default: "/tmp/sandcastle",
    values: Values::Path,
};
/// Kernels at once. The default is InterpreterFunction's; other programs have their own.
pub const MAX_KERNELS: Setting = Setting {
    name: "SANDCASTLE_MAX_KERNELS",
    meaning: "kernels at once; when one more is needed, the least recently used one ends",
    default: "1",
    values: Values::Number { from: 1, to: 1000, unit: "" },
};
/// How much memory a kernel has.
pub const MEMORY_MB: Setting = Setting {
    name: "SANDCASTLE_MEMORY_MB",
    meaning: "memory of one kernel",
    default: "on Lambda 256 less than the function's, else 2048",
    values: Values::Number { from: 64, to: 1 << 20, unit: "MiB" },
};
/// How much disk a sandbox has.
pub const DISK_MB: Setting = Setting {
    name: "SANDCASTLE_DISK_MB",
    meaning: "disk that one sandbox may use; a call that uses more is ended",
    default: "4096",
    values: Values::Number { from: 64, to: 1 << 24, unit: "MiB" },
};
/// Whether kernels check which variables a call changes.
pub const AUDIT: Setting = Setting {
    name: "SANDCASTLE_AUDIT",
    meaning: "on: each call holds all variables against what its code reaches, and prints what has changed otherwise; slow",
    default: "off",
    values: Values::OneOf(&["on", "off"]),
};
/// How much confinement is insisted on. Its default differs between programs.
pub const JAIL: Setting = Setting {
    name: "JAIL",
    meaning: "required: run no code when the system refuses a step of the confinement; best-effort: run it, and log the step",
    default: "best-effort",
    values: Values::OneOf(&[REQUIRED, BEST_EFFORT]),
};
/// The memory of the function; Lambda sets it.
const FUNCTION_MEMORY_MB: Setting = Setting {
    name: "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    meaning: "memory of the function; Lambda sets it",
    default: "",
    values: Values::Text,
};

const REQUIRED: &str = "required";
const BEST_EFFORT: &str = "best-effort";

/// What the function itself and the zygotes take of a Lambda function's memory, in MiB.
const HOST_MEMORY_MB: u64 = 256;

/// How much confinement is insisted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jail {
    /// No kernel runs without the steps of [`Step::REQUIRED`].
    Required,
    /// What the system refuses is done without, and logged once.
    BestEffort,
}

impl Jail {
    /// Reads [`JAIL`]; `absent` when it is not set.
    ///
    /// # Errors
    /// When it is another word.
    pub fn read<F: Fn(&str) -> Option<String>>(env: &Lookup<F>, absent: Self) -> Result<Self, SettingsError> {
        Ok(match env.word(&JAIL)? {
            Some(REQUIRED) => Self::Required,
            Some(_) => Self::BestEffort,
            None => absent,
        })
    }

    /// The steps without which no kernel runs.
    pub fn required_steps(self) -> Vec<Step> {
        match self {
            Self::Required => Step::REQUIRED.to_vec(),
            Self::BestEffort => Vec::new(),
        }
    }
}

/// Reads [`MAX_KERNELS`]; `absent` when it is not set.
///
/// # Errors
/// When it is malformed.
pub fn max_kernels<F: Fn(&str) -> Option<String>>(env: &Lookup<F>, absent: u64) -> Result<usize, SettingsError> {
    Ok(usize::try_from(env.number(&MAX_KERNELS)?.unwrap_or(absent)).unwrap_or(usize::MAX))
}

/// Reads [`MEMORY_MB`], in bytes.
///
/// # Errors
/// When it is malformed.
pub fn memory_bytes<F: Fn(&str) -> Option<String>>(env: &Lookup<F>) -> Result<u64, SettingsError> {
    // No setting of ours: an odd value there is no reason not to start.
    let function_mb = env.text(&FUNCTION_MEMORY_MB).and_then(|text| text.parse::<u64>().ok());
    let absent = function_mb.map_or(2048, |mb| mb.saturating_sub(HOST_MEMORY_MB).max(64));
    Ok(env.number(&MEMORY_MB)?.unwrap_or(absent) << 20)
}

/// Reads [`DISK_MB`], in bytes.
///
/// # Errors
/// When it is malformed.
pub fn disk_bytes<F: Fn(&str) -> Option<String>>(env: &Lookup<F>) -> Result<u64, SettingsError> {
    Ok(env.number(&DISK_MB)?.unwrap_or(4096) << 20)
}

/// Reads [`AUDIT`].
///
/// # Errors
/// When it is another word.
pub fn audit<F: Fn(&str) -> Option<String>>(env: &Lookup<F>) -> Result<bool, SettingsError> {
    Ok(env.word(&AUDIT)? == Some("on"))
}

/// Every setting that [`host_config`] reads.
pub const SETTINGS: &[Setting] =
    &[KERNEL, PYTHON_HOME, SITE_PACKAGES, RUN_DIR, MAX_KERNELS, MEMORY_MB, DISK_MB, AUDIT, JAIL];

/// Reads the settings of a function's host; `kernels` is the most kernels at once where [`MAX_KERNELS`] is not set.
///
/// # Errors
/// When a variable is malformed; the error names it, and does not quote it.
pub fn host_config(lookup: impl Fn(&str) -> Option<String>, kernels: u64) -> Result<HostConfig, SettingsError> {
    let env = Lookup(lookup);
    let kernel = env.path(&KERNEL).unwrap_or_else(|| KERNEL.default.into());
    let run_dir = env.path(&RUN_DIR).unwrap_or_else(|| RUN_DIR.default.into());
    let mut config = HostConfig::new(kernel, run_dir);
    config.python_home = env.path(&PYTHON_HOME);
    config.site_packages = env.path(&SITE_PACKAGES);
    config.max_kernels = max_kernels(&env, kernels)?;
    config.limits.memory_bytes = memory_bytes(&env)?;
    config.disk_bytes = disk_bytes(&env)?;
    config.audit = audit(&env)?;
    config.required_steps = Jail::read(&env, Jail::BestEffort)?.required_steps();
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<HostConfig, SettingsError> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        host_config(|name| find(name).map(|(_, value)| (*value).to_owned()), 1)
    }

    #[test]
    fn nothing_must_be_set_and_what_is_set_is_taken_over() {
        let usual = read(&[("JAIL", ""), ("SANDCASTLE_MEMORY_MB", "")]).unwrap();
        assert_eq!(usual.kernel_binary.to_str(), Some("/opt/bin/sandcastle-kernel"));
        assert_eq!((usual.max_kernels, usual.limits.memory_bytes, usual.required_steps.len()), (1, 2 << 30, 0));
        let set = [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"), ("SANDCASTLE_RUN_DIR", "/r"), ("JAIL", "required")];
        let set = read(&set).unwrap();
        assert_eq!((set.limits.memory_bytes, set.run_dir.to_str()), (1513 << 20, Some("/r")));
        assert_eq!(set.required_steps, Step::REQUIRED);
    }

    #[test]
    fn a_malformed_value_is_refused_by_name() {
        for (name, value) in [("SANDCASTLE_MAX_KERNELS", "0"), ("SANDCASTLE_MEMORY_MB", "2GB"), ("JAIL", "off")] {
            assert_eq!(read(&[(name, value)]).unwrap_err().name, name);
        }
    }
}
