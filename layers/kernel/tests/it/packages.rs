//! Finds the installed packages for tests that need them.

use std::path::PathBuf;

use sandcastle_protocol::FromZygote;

use crate::host::Host;

/// A zygote with the packages, preloaded or not, if the package is installed.
pub(crate) fn host(package: &str, preload: bool) -> Option<Host> {
    folder(package).map(|folder| Host::start(Some(folder), preload))
}

/// The folder of the packages. `None` and a message when the package is not in SANDCASTLE_SITE_PACKAGES; in CI the test fails
/// then.
#[allow(clippy::disallowed_methods, reason = "a setting of the tests, read only here")]
fn folder(package: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SANDCASTLE_SITE_PACKAGES").map(PathBuf::from);
    let found = folder.filter(|folder| folder.join(package).is_dir());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no {package} in SANDCASTLE_SITE_PACKAGES");
        eprintln!("SKIP: no {package} in SANDCASTLE_SITE_PACKAGES");
    }
    found
}

#[test]
fn kernels_are_forked_while_packages_are_imported() {
    let Some(site_packages) = folder("pandas") else { return };
    let said = Host::said_while_importing(site_packages, &[2, 0, 1]);
    let in_order: Vec<_> = said
        .iter()
        .filter_map(|message| match message {
            FromZygote::Imported { modules } => Some(format!("imported {modules}")),
            FromZygote::ForkFailed { name, .. } => Some(format!("fork {name}")),
            _ => None,
        })
        .take(5)
        .collect();
    assert_eq!(in_order, ["fork 2", "imported 1", "fork 3", "imported 2", "fork 1"]);
}

#[test]
fn a_preloaded_kernel_has_the_packages_at_once() {
    let Some(mut host) = host("pandas", true) else { return };
    let mut kernel = host.kernel();
    assert_eq!(
        kernel.output("import sys\nprint('pandas' in sys.modules, [n for n in sys.modules if 'kernel' in n])"),
        ["True []"]
    );
    assert_eq!(kernel.output("import numpy\nprint(numpy.random.rand())").len(), 1);
    let random = "import numpy\nprint(numpy.random.rand())";
    assert_ne!(host.kernel().output(random), host.kernel().output(random));
    let child =
        "import subprocess\nsubprocess.run([sys.executable, '-c', 'import pandas; print(pandas.DataFrame().shape)'])";
    assert_eq!(kernel.output(child), ["(0, 0)"]);
}
