//! Reads the settings of `sandcastle`, through a lookup that is passed in. [`crate::SETTINGS`] is the table of them.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use sandcastle::Secret;
use sandcastle_execute::{Allowance, JwtSettings, jwt_settings};
use sandcastle_host::settings::{Jail, audit, disk_bytes, max_kernels, memory_bytes};
use sandcastle_runtime::{
    logging::FormatChoice,
    settings::{LOG, Lookup, SettingsError},
};
use sandcastle_s3::S3Config;

use crate::table as settings;

/// The settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address of the API.
    pub address: SocketAddr,
    /// Where the data is.
    pub storage: Storage,
    /// URL of the S3 in presigned URLs.
    pub public_endpoint: Option<String>,
    /// The data folder.
    pub data_dir: PathBuf,
    /// The development key; the server creates one when absent.
    pub api_key: Option<Secret>,
    /// Settings of JSON Web Tokens, if any are accepted.
    pub jwt: Option<JwtSettings>,
    /// Limit on one execution's code.
    pub execution_limit: Duration,
    /// Limits on each caller.
    pub allowed: Allowance,
    /// The kernel's executable; the one beside this program when absent.
    pub kernel: Option<PathBuf>,
    /// Prefix that holds `lib/python3.X`.
    pub python_home: Option<PathBuf>,
    /// Folder of the data packages; where the Makefile installs them when absent.
    pub site_packages: Option<PathBuf>,
    /// Most kernels at once.
    pub max_kernels: usize,
    /// Memory of one kernel, in bytes.
    pub memory_bytes: u64,
    /// Disk that each sandbox may use, in bytes.
    pub disk_bytes: u64,
    /// Kernels hold all variables against what each call may have changed.
    pub audit: bool,
    /// Whether every step of the confinement is required.
    pub jail: Jail,
    /// Kernels of a server that an ordinary user runs get that user's subordinate ids.
    pub subordinate_ids: bool,
    /// The filter of the log.
    pub log: String,
    /// The format of the log.
    pub log_format: FormatChoice,
    /// Whether the log must have no colours.
    pub no_color: bool,
}

/// Where the data is.
#[derive(Clone, Debug)]
pub enum Storage {
    /// In the data folder, behind the embedded S3.
    Embedded {
        /// Its address.
        address: SocketAddr,
    },
    /// In this bucket.
    Remote(S3Config),
}

impl Settings {
    /// Reads the settings. `lookup` returns the value of a variable.
    ///
    /// # Errors
    /// When a variable is malformed. The error names it and does not quote it.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let env = Lookup(lookup);
        let host = env.parsed_or_default(&settings::HOST)?;
        let port = env.parsed_or_default(&settings::PORT)?;
        Ok(Self {
            address: SocketAddr::new(host, port),
            storage: storage(&env, host, port)?,
            public_endpoint: env.url(&settings::S3_PUBLIC_ENDPOINT)?,
            data_dir: env.text_or_default(&settings::DATA_DIR).into(),
            api_key: api_key(&env)?,
            jwt: jwt_settings(&env.0)?,
            execution_limit: Duration::from_secs(env.number_or_default(&settings::TIMEOUT_S)?),
            allowed: Allowance::from_lookup(&env)?,
            kernel: env.path(&settings::KERNEL),
            python_home: env.path(&settings::PYTHON_HOME),
            site_packages: env.path(&settings::SITE_PACKAGES),
            max_kernels: max_kernels(&env, settings::MAX_KERNELS.default_number()?)?,
            memory_bytes: memory_bytes(&env)?,
            disk_bytes: disk_bytes(&env)?,
            audit: audit(&env)?,
            jail: Jail::read(&env, Jail::Required)?,
            subordinate_ids: env.word(&settings::SUBORDINATE_IDS)? != Some("off"),
            log: env.text_or_default(&LOG),
            log_format: match env.word(&settings::LOG_FORMAT)? {
                Some("human") => FormatChoice::Human,
                Some("json") => FormatChoice::Json,
                _ => FormatChoice::Auto,
            },
            no_color: env.text(&settings::NO_COLOR).is_some(),
        })
    }
}

/// The development key, which must fit into an `Authorization` header.
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
            bucket: bucket.unwrap_or_else(|| settings::BUCKET.default.to_owned()),
            region: env.text(&settings::REGION).or_else(|| env.text(&settings::DEFAULT_REGION)),
            endpoint,
            public_endpoint: env.url(&settings::S3_PUBLIC_ENDPOINT)?,
            credentials: None,
        }));
    }
    let s3_port = match (env.parsed(&settings::S3_PORT)?, port) {
        (Some(port), _) => port,
        (None, 0) => 0,
        (None, u16::MAX) => {
            let problem = "must be set: there is no port after PORT".to_owned();
            return Err(SettingsError { name: settings::S3_PORT.name, problem });
        }
        (None, port) => port + 1,
    };
    Ok(Storage::Embedded { address: SocketAddr::new(host, s3_port) })
}
