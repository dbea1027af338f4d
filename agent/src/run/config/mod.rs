//! The daemon's configuration: a TOML file in, one checked [`Config`] out, or everything that is wrong.
//!
//! | file | what |
//! |---|---|
//! | `schema` | the file as it is written; the documentation of every key |
//! | `check` | from what is written to [`Config`]: bounds, and what contradicts itself |
//! | `checker` | one value at a time, and its line where it is wrong |
//! | `sync` | `[sync]` |
//! | `handed` | what the collector hands down, held against the file |
//! | `snmp` | who is asked over SNMP, with what |
//! | `surroundings` | what only the box can tell: folders, interfaces, cores |
//! | `problem` | a fault with its line, worded from the catalogue |
//! | `change` | what of a new file a running daemon takes over |
//!
//! Invariant: the file, and what was handed down beside it, is read once and parsed once; nothing behind this module sees text of it.

mod change;
mod check;
mod checker;
mod handed;
mod problem;
mod schema;
mod snmp;
pub(super) mod surroundings;
mod sync;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sekisho_enrich::Prefix;
use sekisho_report::Lang;
use tracing_subscriber::filter::LevelFilter;

use crate::rules::Folders;
use crate::sync::SyncConfig;

pub(crate) use check::MIN_MAX_MEMORY;
pub(crate) use handed::Handed;
pub(crate) use problem::{Problem, Refused};
pub(crate) use snmp::SnmpConfig;

/// Where the configuration is unless told otherwise.
pub(crate) const DEFAULT_PATH: &str = "/etc/sekisho/agent.toml";
/// Where the status socket is unless told otherwise.
pub(crate) const DEFAULT_SOCKET: &str = "/run/sekisho/agent.sock";
/// A configuration is a page; what is larger is another file.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Everything that the daemon is told, checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Config {
    /// The site's name in the ledger.
    pub(crate) site: String,
    /// This box's name in the ledger.
    pub(crate) sensor: String,
    /// The ledger.
    pub(crate) ledger: PathBuf,
    /// The language of sentences written for people.
    pub(crate) lang: Lang,
    /// The most octets that the rings and tables of all workers take together.
    pub(crate) max_memory: u64,
    /// Interfaces at mirror ports.
    pub(crate) captures: Vec<CaptureConfig>,
    /// Ports for flow exports.
    pub(crate) exports: Vec<SocketAddr>,
    /// Where Prometheus may ask; `None` where nobody does.
    pub(crate) metrics: Option<SocketAddr>,
    /// Where browsers ask; `None` where nobody does.
    pub(crate) console: Option<SocketAddr>,
    /// How the collector is met; `None` where it is not.
    pub(crate) sync: Option<SyncConfig>,
    /// Where `sekisho-agent status` asks.
    pub(crate) socket: PathBuf,
    /// How lines of the log are written.
    pub(crate) log_format: LogFormat,
    /// What the collector handed down, and what became of each.
    pub(crate) handed: Vec<Handed>,
    /// What of it is not used.
    pub(crate) handed_doubts: Vec<Problem>,
    /// What changes without a restart.
    pub(crate) live: Live,
}

/// What a running daemon takes over from a changed file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Live {
    /// The prefixes that are inside; none means: find out.
    pub(crate) internal: Vec<Prefix>,
    /// Folders of further rules.
    pub(crate) rules: Folders,
    /// How often what was seen is judged and recorded.
    pub(crate) roll_up: Duration,
    /// What is logged.
    pub(crate) log_level: LevelFilter,
    /// Who is asked over SNMP; `None` where nobody is.
    pub(crate) snmp: Option<SnmpConfig>,
    /// The exporters that are taken, for each port of `Config::exports` in its order; none means any.
    pub(crate) allowed: Vec<Vec<Prefix>>,
}

/// One interface at a mirror port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CaptureConfig {
    /// The interface's name.
    pub(crate) interface: String,
    /// A filter in tcpdump's language.
    pub(crate) filter: Option<String>,
    /// How many bytes of a frame are kept.
    pub(crate) snaplen: u32,
    /// Whether frames for other machines are taken.
    pub(crate) promiscuous: bool,
    /// How many threads share the interface.
    pub(crate) threads: usize,
    /// Octets of the kernel's ring in front of each thread.
    pub(crate) ring: u64,
}

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// A configuration that can be run with, and what is doubtful about it.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The configuration.
    pub(crate) config: Config,
    /// What a person should look at, though it does not stop the daemon.
    pub(crate) doubts: Vec<Problem>,
    /// The file's text.
    pub(crate) text: String,
}

/// Reads and checks a configuration file.
pub(crate) fn load(path: &Path) -> Result<Loaded, Refused> {
    match read(path) {
        Ok(text) => again(path, &text),
        Err(problem) => Err(Refused { path: path.to_owned(), problems: vec![problem] }),
    }
}

/// Checks the text that a file had, with what the collector has handed down since.
pub(crate) fn again(path: &Path, text: &str) -> Result<Loaded, Refused> {
    check::check(text).map_err(|problems| Refused { path: path.to_owned(), problems })
}

fn read(path: &Path) -> Result<String, Problem> {
    let whole = |name, values| Problem { line: None, name, values };
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text));
    match read {
        Err(error) => Err(whole("unreadable", vec![("detail", error.to_string())])),
        Ok(length) if length as u64 > MAX_FILE_BYTES => Err(whole("too-large", Vec::new())),
        Ok(_) => Ok(text),
    }
}
