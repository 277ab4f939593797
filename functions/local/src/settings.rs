//! The server's settings, read once, through a lookup that is passed in.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use sandcastle::Secret;
use sandcastle_execute::{
    Allowance,
    config::{JwtSettings, jwt_settings},
};
pub use sandcastle_interpreter::settings::SettingsError;
use sandcastle_interpreter::settings::{Jail, Lookup};
use sandcastle_s3::S3Config;

use crate::embedded::BUCKET;

/// What `serve --help` says of them.
pub const HELP: &str = "\
Settings, from the environment; an empty value counts as absent:
  PORT                      port of the API; 0 takes any [8787]
  HOST                      address to listen on [127.0.0.1]
  S3_PORT                   port of the embedded S3, where links to files point [PORT + 1]
  S3_PUBLIC_ENDPOINT        URL of the S3 in links, if it differs
  SANDCASTLE_DATA_DIR       folder of the embedded S3, the development key and the kernels [.sandcastle]
  SANDCASTLE_API_KEY        the development key [made at first start, kept in the data folder]
  SANDCASTLE_TIMEOUT_S      limit on one execution, 1 to 360 seconds [50]
  SANDCASTLE_MAX_KERNELS    kernels kept at once, 1 to 1000 [32]
  SANDCASTLE_MEMORY_MB      memory of one kernel, from 64 [2048]
  KEY_REQUESTS_PER_SECOND   requests for each key; a burst may be twice that [no limit]
  ORG_REQUESTS_PER_SECOND   the same for each organisation [no limit]
  KEY_EXECUTIONS            executions at once for each key [no limit]
  ORG_EXECUTIONS            the same for each organisation [no limit]
  JAIL                      required, or best-effort: run code where the system refuses a part of the confinement [required]
  SANDCASTLE_KERNEL         the kernel's executable [sandcastle-kernel beside this program]
  SANDCASTLE_PYTHON_HOME    prefix that holds lib/python3.X [the one the kernel was built against]
  SANDCASTLE_SITE_PACKAGES  folder of the data packages [../python/site-packages from this program's folder]
  RUST_LOG                  what is logged, to standard error [info]
JSON Web Tokens beside API keys:
  JWT_ISSUER                the issuer whose tokens are taken [none are]
  JWT_AUDIENCE              their audiences, with commas between; required with JWT_ISSUER
  JWT_JWKS                  URL of the issuer's keys, or the JSON Web Key Set itself [JWT_ISSUER/.well-known/jwks.json]
  JWT_ORG_CLAIM, JWT_MEMBER_CLAIM, JWT_SCOPE_CLAIM   what their claims are called [org; sub; scope, scp or permissions]
Another S3 in place of the embedded one, which several servers can share:
  S3_ENDPOINT               its URL; Amazon's, when only the bucket is given
  SANDCASTLE_BUCKET         its bucket [sandcastle]
  AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS's other sources of credentials";

/// The settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the API listens.
    pub address: SocketAddr,
    /// Where the data is.
    pub storage: Storage,
    /// URL of the S3 in links.
    pub public_endpoint: Option<String>,
    /// Folder of what the server must not forget.
    pub data_dir: PathBuf,
    /// The development key, when it is not the server's own.
    pub api_key: Option<Secret>,
    /// Whose JSON Web Tokens are believed beside API keys, if any.
    pub jwt: Option<JwtSettings>,
    /// Limit on one execution's code.
    pub execution_limit: Duration,
    /// What each caller may ask for.
    pub allowed: Allowance,
    /// The kernel's executable, when it is not beside this program.
    pub kernel: Option<PathBuf>,
    /// Prefix that holds `lib/python3.X`.
    pub python_home: Option<PathBuf>,
    /// Folder of the data packages, when it is not where the Makefile puts it.
    pub site_packages: Option<PathBuf>,
    /// Most kernels at once.
    pub max_kernels: usize,
    /// Memory of one kernel, in bytes.
    pub memory_bytes: u64,
    /// How much confinement is insisted on.
    pub jail: Jail,
    /// What is logged.
    pub log: String,
}

/// Where the data is.
#[derive(Clone, Debug)]
pub enum Storage {
    /// In the data folder, behind an S3 of this process.
    Embedded {
        /// Where that listens.
        address: SocketAddr,
    },
    /// In this bucket.
    Remote(S3Config),
}

impl Settings {
    /// Reads the settings. `lookup` gives the value of a variable.
    ///
    /// # Errors
    /// When a variable is malformed; the error names it.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let env = Lookup(lookup);
        let host = env.parsed("HOST", "an IP address")?.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let port = env.parsed("PORT", "a port, 0 to 65535")?.unwrap_or(8787);
        Ok(Self {
            address: SocketAddr::new(host, port),
            storage: storage(&env, host, port)?,
            public_endpoint: env.url("S3_PUBLIC_ENDPOINT")?,
            data_dir: env.path("SANDCASTLE_DATA_DIR").unwrap_or_else(|| ".sandcastle".into()),
            api_key: secret(&env, "SANDCASTLE_API_KEY")?,
            jwt: jwt_settings(&env.0)?,
            execution_limit: Duration::from_secs(env.number("SANDCASTLE_TIMEOUT_S", 1..=360)?.unwrap_or(50)),
            allowed: Allowance::from_lookup(&env)?,
            kernel: env.path("SANDCASTLE_KERNEL"),
            python_home: env.path("SANDCASTLE_PYTHON_HOME"),
            site_packages: env.path("SANDCASTLE_SITE_PACKAGES"),
            max_kernels: env.max_kernels(32)?,
            memory_bytes: env.memory_bytes()?,
            jail: env.jail(Jail::Required)?,
            log: env.text("RUST_LOG").unwrap_or_else(|| "info".to_owned()),
        })
    }
}

/// A key has to fit into an `Authorization` header.
fn secret<F: Fn(&str) -> Option<String>>(env: &Lookup<F>, name: &'static str) -> Result<Option<Secret>, SettingsError> {
    let Some(text) = env.text(name) else { return Ok(None) };
    match text.len() <= 1024 && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(Some(Secret::new(text))),
        false => Err(SettingsError::new(name, "visible ASCII characters, 1,024 at most")),
    }
}

fn storage<F: Fn(&str) -> Option<String>>(env: &Lookup<F>, host: IpAddr, port: u16) -> Result<Storage, SettingsError> {
    let (endpoint, bucket) = (env.url("S3_ENDPOINT")?, env.text("SANDCASTLE_BUCKET"));
    if endpoint.is_some() || bucket.is_some() {
        return Ok(Storage::Remote(S3Config {
            bucket: bucket.unwrap_or_else(|| BUCKET.to_owned()),
            region: env.text("AWS_REGION").or_else(|| env.text("AWS_DEFAULT_REGION")),
            endpoint,
            public_endpoint: env.url("S3_PUBLIC_ENDPOINT")?,
            credentials: None,
        }));
    }
    let wanted = "a port, 0 to 65535";
    let s3_port = match (env.parsed("S3_PORT", wanted)?, port) {
        (Some(port), _) => port,
        (None, 0) => 0,
        (None, u16::MAX) => return Err(SettingsError::new("S3_PORT", wanted)),
        (None, port) => port + 1,
    };
    Ok(Storage::Embedded { address: SocketAddr::new(host, s3_port) })
}
