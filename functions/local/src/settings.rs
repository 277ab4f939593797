//! The server's settings, read once, through a lookup that is passed in.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use sandcastle::Secret;
use sandcastle_execute::{Allowance, JwtSettings, jwt_settings};
use sandcastle_host::settings::{Jail, max_kernels, memory_bytes};
use sandcastle_runtime::settings::{Lookup, SettingsError};
use sandcastle_s3::S3Config;

use crate::{embedded, table as settings};

/// The port of the API, unless set.
const API_PORT: u16 = 8787;
/// The limit on one execution, unless set.
const EXECUTION_LIMIT: Duration = Duration::from_secs(50);
/// Kernels at once, unless set.
const KERNELS: u64 = 32;

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
        let host = env.parsed(&settings::HOST)?.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let port = env.parsed(&settings::PORT)?.unwrap_or(API_PORT);
        Ok(Self {
            address: SocketAddr::new(host, port),
            storage: storage(&env, host, port)?,
            public_endpoint: env.url(&settings::S3_PUBLIC_ENDPOINT)?,
            data_dir: env.path(&settings::DATA_DIR).unwrap_or_else(|| settings::DATA_DIR.default.into()),
            api_key: api_key(&env)?,
            jwt: jwt_settings(&env.0)?,
            execution_limit: env.number(&settings::TIMEOUT_S)?.map_or(EXECUTION_LIMIT, Duration::from_secs),
            allowed: Allowance::from_lookup(&env)?,
            kernel: env.path(&settings::KERNEL),
            python_home: env.path(&settings::PYTHON_HOME),
            site_packages: env.path(&settings::SITE_PACKAGES),
            max_kernels: max_kernels(&env, KERNELS)?,
            memory_bytes: memory_bytes(&env)?,
            jail: Jail::read(&env, Jail::Required)?,
            log: env.text(&settings::LOG).unwrap_or_else(|| settings::LOG.default.to_owned()),
        })
    }
}

/// A key must fit into an `Authorization` header.
fn api_key<F: Fn(&str) -> Option<String>>(env: &Lookup<F>) -> Result<Option<Secret>, SettingsError> {
    let Some(text) = env.text(&settings::API_KEY) else { return Ok(None) };
    match text.len() <= 1024 && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(Some(Secret::new(text))),
        false => Err(settings::API_KEY.malformed()),
    }
}

fn storage<F: Fn(&str) -> Option<String>>(env: &Lookup<F>, host: IpAddr, port: u16) -> Result<Storage, SettingsError> {
    let (endpoint, bucket) = (env.url(&settings::S3_ENDPOINT)?, env.text(&settings::BUCKET));
    if endpoint.is_some() || bucket.is_some() {
        return Ok(Storage::Remote(S3Config {
            bucket: bucket.unwrap_or_else(|| embedded::BUCKET.to_owned()),
            region: env.text(&settings::REGION).or_else(|| env.text(&settings::DEFAULT_REGION)),
            endpoint,
            public_endpoint: env.url(&settings::S3_PUBLIC_ENDPOINT)?,
            credentials: None,
        }));
    }
    let s3_port = match (env.parsed(&settings::S3_PORT)?, port) {
        (Some(port), _) => port,
        (None, 0) => 0,
        (None, u16::MAX) => return Err(settings::S3_PORT.malformed()),
        (None, port) => port + 1,
    };
    Ok(Storage::Embedded { address: SocketAddr::new(host, s3_port) })
}
