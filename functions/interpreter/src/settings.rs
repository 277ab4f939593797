//! The settings of InterpreterFunction, read once, through a lookup that is passed in.
//!
//! | variable | meaning | when absent |
//! | --- | --- | --- |
//! | `SANDCASTLE_KERNEL` | the kernel's executable | `/opt/bin/sandcastle-kernel` |
//! | `SANDCASTLE_PYTHON_HOME` | prefix that holds `lib/python3.X` | the one the kernel was built against |
//! | `SANDCASTLE_SITE_PACKAGES` | folder of the data packages | none besides the standard library |
//! | `SANDCASTLE_RUN_DIR` | where kernels have their folders | `/tmp/sandcastle` |
//! | `SANDCASTLE_MAX_KERNELS` | most kernels at once, 1 to 1,000; more than one only where tenants are members | 1 |
//! | `SANDCASTLE_MEMORY_MB` | memory of one kernel, from 64 | the function's, less 256 |
//! | `JAIL` | `required` or `best-effort` | `best-effort` |
//! | `RUST_LOG` | what is logged | `info` |
//!
//! An empty value counts as absent. Which bucket there is and how to get there, each request says.

use crate::HostConfig;
pub use crate::lookup::{INSISTED_STEPS, Jail, Lookup, SettingsError};

/// Reads the settings of a function's host. `lookup` gives the value of a variable, `max_kernels` counts where none is set.
///
/// # Errors
/// When a variable is malformed; the error names it, and does not quote it.
pub fn host_config(lookup: impl Fn(&str) -> Option<String>, max_kernels: u64) -> Result<HostConfig, SettingsError> {
    let env = Lookup(lookup);
    let kernel = env.path("SANDCASTLE_KERNEL").unwrap_or_else(|| "/opt/bin/sandcastle-kernel".into());
    let run_dir = env.path("SANDCASTLE_RUN_DIR").unwrap_or_else(|| "/tmp/sandcastle".into());
    let mut config = HostConfig::new(kernel, run_dir);
    config.python_home = env.path("SANDCASTLE_PYTHON_HOME");
    config.site_packages = env.path("SANDCASTLE_SITE_PACKAGES");
    config.max_kernels = env.max_kernels(max_kernels)?;
    config.limits.memory_bytes = env.memory_bytes()?;
    config.required_steps = env.jail(Jail::BestEffort)?.required_steps();
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
    fn nothing_has_to_be_set_and_what_is_set_is_taken_over() {
        let usual = read(&[("JAIL", ""), ("SANDCASTLE_MEMORY_MB", "")]).unwrap();
        assert_eq!(usual.kernel_binary.to_str(), Some("/opt/bin/sandcastle-kernel"));
        assert_eq!((usual.max_kernels, usual.limits.memory_bytes, usual.required_steps.len()), (1, 2 << 30, 0));
        let set = [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"), ("SANDCASTLE_RUN_DIR", "/r"), ("JAIL", "required")];
        let set = read(&set).unwrap();
        assert_eq!((set.limits.memory_bytes, set.run_dir.to_str()), (1513 << 20, Some("/r")));
        assert_eq!(set.required_steps, INSISTED_STEPS);
    }

    #[test]
    fn a_malformed_value_is_refused_by_name() {
        for (name, value) in [("SANDCASTLE_MAX_KERNELS", "0"), ("SANDCASTLE_MEMORY_MB", "2GB"), ("JAIL", "off")] {
            assert_eq!(read(&[(name, value)]).unwrap_err().name, name);
        }
    }
}
