//! The configuration: a TOML file of which every key may be left out. An unknown key is an error, for a
//! mistyped one must not be passed over.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

/// Where the file is looked for when none is named.
const DEFAULT_PATH: &str = "/etc/sekisho/collector.toml";
const DEFAULT_STATE: &str = "/var/lib/sekisho-collector";

/// The file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The folder of the CA and the keys.
    pub(crate) state: PathBuf,
    /// The ledger of all sites: a file, or the address of a PostgreSQL database (`postgres://…`). Default:
    /// `ledger.db` in that folder.
    database: Option<PathBuf>,
    /// Where boxes are answered.
    pub(crate) listen: SocketAddr,
    /// The pages for a browser; off when left out.
    pub(crate) console: Option<Listen>,
    /// Figures for Prometheus, on a loopback address; off when left out.
    pub(crate) metrics: Option<Listen>,
    /// What is logged, and how.
    pub(crate) log: Log,
}

/// `[console]`, `[metrics]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listen {
    /// The address and TCP port.
    pub(crate) listen: SocketAddr,
}

/// `[log]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`; names of sites appear from `debug` on.
    pub(crate) level: Level,
    /// `text` or `json`, on standard error.
    pub(crate) format: LogFormat,
}

/// A log's level.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// A log's form.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// A configuration that is not sound.
#[derive(Debug, thiserror::Error)]
#[error("the configuration {} is not sound", path.display())]
pub(crate) struct Unsound {
    path: PathBuf,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            state: PathBuf::from(DEFAULT_STATE),
            database: None,
            listen: SocketAddr::from(([0, 0, 0, 0], 8444)),
            console: None,
            metrics: None,
            log: Log::default(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: Level::Info, format: LogFormat::Text }
    }
}

impl Config {
    /// Reads the file; the default one need not be there.
    pub(crate) fn load(path: Option<&Path>) -> anyhow::Result<Self> {
        let named = path.unwrap_or(Path::new(DEFAULT_PATH));
        if path.is_none() && !named.exists() {
            return Ok(Self::default());
        }
        let text =
            std::fs::read_to_string(named).with_context(|| format!("cannot read {}", named.display()))?;
        let unsound =
            |source: Box<dyn std::error::Error + Send + Sync>| Unsound { path: named.to_owned(), source };
        let config: Self = toml::from_str(&text).map_err(|error| unsound(error.into()))?;
        if config.metrics.as_ref().is_some_and(|metrics| !metrics.listen.ip().is_loopback()) {
            // The figures have no other guard.
            return Err(unsound("[metrics] listen: a loopback address, such as 127.0.0.1:9465".into()).into());
        }
        Ok(config)
    }

    /// Gives the ledger.
    pub(crate) fn database(&self) -> PathBuf {
        self.database.clone().unwrap_or_else(|| self.state.join("ledger.db"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_sound_and_an_unknown_key_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collector.toml");
        // (text, sound)
        let cases = [
            ("", true),
            ("state = '/srv/collector'\n[console]\nlisten = '127.0.0.1:8443'", true),
            ("[log]\nlevel = 'debug'\nformat = 'json'", true),
            ("lisen = '0.0.0.0:1'", false),
            ("[metrics]\nlisten = '192.0.2.1:9465'", false),
            ("listen = 'everywhere'", false),
        ];
        for (text, sound) in cases {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Config::load(Some(&path)).is_ok(), sound, "{text}");
        }
    }
}
