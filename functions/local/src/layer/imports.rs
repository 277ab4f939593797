//! Checks that every package of a layer can be imported, in the layer's own kernels with the usual confinement.

use std::{
    error::Error,
    iter,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use sandcastle::{
    Code, CommitId, ExecutionId, Name, SandboxId,
    entry::{Head, Position},
    interpreter::{Interpreter, Job, Work},
    manifest::{Epoch, Manifest},
};
use sandcastle_host::{HostConfig, KernelHost};
use sandcastle_runtime::chain;
use sandcastle_s3::S3Store;
use time::OffsetDateTime;

use super::{check::Check, contents::Contents};
use crate::{EmbeddedS3, Settings};

/// Time limit for the imports of one package.
const LIMIT: Duration = Duration::from_secs(60);
/// Begins a line of output with the file of a module.
const IMPORTED: &str = "imported from ";
/// Modules of the standard library that load shared libraries from the layer.
const STANDARD: [&str; 9] = ["bz2", "cmath", "ctypes", "hashlib", "lzma", "sqlite3", "ssl", "uuid", "zlib"];

type Failed = Box<dyn Error + Send + Sync>;

/// Imports everything, each package in its own kernel.
pub(super) async fn check(contents: &Contents, settings: &Settings) -> Check {
    let bad = match import_all(contents, settings).await {
        Ok(bad) => bad,
        Err(error) => vec![format!("the layer's kernel did not start: {}", chain(error.as_ref()))],
    };
    let good = format!("the standard library and {} packages import", contents.manifest.packages.len());
    Check::new("imports", good, bad)
}

async fn import_all(contents: &Contents, settings: &Settings) -> Result<Vec<String>, Failed> {
    let folder = tempfile::tempdir()?;
    let any_port = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
    let s3 = EmbeddedS3::start(&folder.path().join("data"), any_port).await?;
    let store = Arc::new(S3Store::connect(s3.store_config()).await);
    let host = KernelHost::start(host_config(contents, settings, &folder.path().join("run")), store).await?;
    let mut bad = Vec::new();
    let standard = STANDARD.map(str::to_owned);
    let packages = contents.manifest.packages.iter().map(|package| (package.name.as_str(), &package.modules[..]));
    for (name, modules) in iter::once(("the standard library", &standard[..])).chain(packages) {
        if let Err(error) = import(&host, &contents.root, modules).await {
            bad.push(format!("{name}: {}", chain(error.as_ref())));
        }
    }
    host.shutdown().await;
    s3.shutdown().await?;
    Ok(bad)
}

fn host_config(contents: &Contents, settings: &Settings, run_dir: &Path) -> HostConfig {
    // Without Python home and packages: the kernel must find them relative to itself, as in /opt.
    let mut config = HostConfig::new(contents.kernel(), run_dir.to_owned());
    config.preload = false;
    config.required_steps = settings.jail.required_steps();
    config
}

/// Imports modules in a new kernel. All of them must come from the layer.
async fn import(host: &KernelHost, root: &Path, modules: &[String]) -> Result<(), Failed> {
    if modules.is_empty() {
        return Err("it has no modules".into());
    }
    // A module that is a part of libpython itself has no file; which ones are differs between builds of Python.
    let import =
        |name| format!("import {name}\nif hasattr({name}, '__file__'): print('{IMPORTED}' + {name}.__file__)\n");
    let imports = modules.iter().map(import);
    let outcome = host.run(job(imports.collect())?).await?;
    if let Some(failure) = outcome.report.failure {
        return Err(failure.error.into());
    }
    // Packages write lines of their own, such as matplotlib when it takes long.
    let mut files = outcome.report.output.iter().filter_map(|line| line.strip_prefix(IMPORTED));
    match files.find(|file| !Path::new(file).starts_with(root)) {
        None => Ok(()),
        Some(file) => Err(format!("imported from {file}, outside the layer").into()),
    }
}

/// A job in a new sandbox.
fn job(code: String) -> Result<Job, Failed> {
    let (name, now) = (Name::parse("layer")?, OffsetDateTime::now_utc());
    let manifest = Arc::new(Manifest::started(name.clone(), name, now, Epoch(1)));
    let position = Position { seq: 1, commit_id: CommitId::new() };
    Ok(Job {
        sandbox: SandboxId::new(),
        execution: ExecutionId::new(),
        commit: CommitId::new(),
        head: Arc::new(Head { position, at: now, manifest, recent: Arc::default(), base: None }),
        fresh: true,
        work: Work::Cell { code: Code::parse(code)?, display_last: false },
        limit: LIMIT,
        deadline: Instant::now() + LIMIT * 2,
    })
}
