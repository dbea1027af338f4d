//! Runs the agent on a capture, with a limit of time, and looks things up in what it says.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{Read, Result};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::TOO_LONG_S;

/// What a panic ends with.
const PANICKED: i32 = 101;

/// The program under test.
#[derive(Debug)]
pub struct Agent(PathBuf);

/// Why there is no analysis.
#[derive(Debug)]
pub enum Failure {
    /// It ended with this status, or by a signal, and said this.
    Ended(Option<i32>, String),
    /// It did not end in time.
    Hangs,
}

impl Failure {
    /// Tells whether the agent refused the capture in good order.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Ended(Some(status), _) if *status != PANICKED)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(status, said) => write!(f, "ended with {status:?}: {}", said.trim()),
            Self::Hangs => write!(f, "did not end in {TOO_LONG_S} s"),
        }
    }
}

/// What the agent reported.
#[derive(Debug)]
pub struct Analysis(Value);

impl Agent {
    /// An agent that is built.
    #[must_use]
    pub fn new(program: &Path) -> Self {
        Self(program.to_owned())
    }

    /// Analyses a capture with these addresses inside, and further rules.
    pub fn analyse(
        &self,
        file: &Path,
        inside: &[IpAddr],
        rules: Option<&Path>,
    ) -> std::result::Result<Analysis, Failure> {
        let failed = |error: std::io::Error| Failure::Ended(None, error.to_string());
        let mut command = Command::new(&self.0);
        command.args(["analyze", "--format", "json"]);
        for address in inside {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            command.arg("--internal").arg(format!("{address}/{bits}"));
        }
        if let Some(rules) = rules {
            command.arg("--rules").arg(rules);
        }
        let output = tempfile::NamedTempFile::new().map_err(failed)?;
        command.arg("-o").arg(output.path()).arg(file).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().map_err(failed)?;
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().map_err(failed)? {
                break status;
            }
            if begun.elapsed() > Duration::from_secs(TOO_LONG_S) {
                child.kill().and_then(|()| child.wait()).map_err(failed)?;
                return Err(Failure::Hangs);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if !status.success() {
            let mut said = String::new();
            let _ = child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut said));
            return Err(Failure::Ended(status.code(), said));
        }
        let text = std::fs::read_to_string(output.path()).map_err(failed)?;
        serde_json::from_str(&text).map(Analysis).map_err(|error| Failure::Ended(None, error.to_string()))
    }
}

fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

fn has_text(of: &Value, name: &str, wanted: &str) -> bool {
    list(of, name).iter().any(|text| text.as_str() == Some(wanted))
}

fn is_end(row: &Value, address: &str) -> bool {
    row["inside"]["ip"] == address
        || row["outside"]["ip"] == address
        || has_text(&row["outside"], "ips", address)
}

impl Analysis {
    /// Rows that are called a tunnel or remote access, in words.
    #[must_use]
    pub fn tunnels(&self) -> Vec<String> {
        let rows = list(&self.0, "connections").iter().filter(|row| row["tunnel"] == true);
        rows.map(|row| format!("{} is called {}", row["outside"]["ip"], row["service"])).collect()
    }

    /// The services of the rows between two addresses, of those with that port if any has it.
    #[must_use]
    pub fn services(&self, ends: [&str; 2], ports: [u16; 2]) -> BTreeSet<&str> {
        let between = |row: &&Value| ends.iter().all(|end| is_end(row, end));
        let rows: Vec<&Value> = list(&self.0, "connections").iter().filter(between).collect();
        let has_port = |row: &&&Value| {
            let endpoints = list(row, "endpoints").iter();
            endpoints
                .filter_map(|end| end["port"].as_u64())
                .any(|port| ports.iter().any(|own| u64::from(*own) == port))
        };
        rows.iter().filter(has_port).filter_map(|row| row["service"].as_str()).collect()
    }

    /// The octets between two addresses and the ports there, if there is any row of them.
    #[must_use]
    pub fn between(&self, ends: [&str; 2]) -> Option<(u64, BTreeSet<u16>)> {
        let rows = list(&self.0, "connections").iter();
        let rows: Vec<&Value> = rows.filter(|row| ends.iter().all(|end| is_end(row, end))).collect();
        let octets = rows.iter().flat_map(|row| [&row["bytes_out"], &row["bytes_in"]]);
        let ports = rows.iter().flat_map(|row| list(row, "endpoints"));
        let ports = ports.filter_map(|end| u16::try_from(end["port"].as_u64()?).ok()).collect();
        (!rows.is_empty()).then(|| (octets.filter_map(Value::as_u64).sum(), ports))
    }

    /// The devices that have a hardware or IP address.
    fn devices<'a>(&'a self, address: &'a str) -> impl Iterator<Item = &'a Value> {
        let is = move |device: &&Value| device["mac"] == address || has_text(device, "ips", address);
        list(&self.0, "devices").iter().filter(is)
    }

    /// Whether a device offers or uses a service.
    #[must_use]
    pub fn speaks(&self, address: &str, service: &str) -> bool {
        self.devices(address).any(|device| has_text(device, "services", service))
    }

    /// Whether a device has that IP address.
    #[must_use]
    pub fn has_address(&self, mac: &str, ip: &str) -> bool {
        self.devices(mac).any(|device| has_text(device, "ips", ip))
    }

    /// Whether a device bears a name; a domain behind it is free.
    #[must_use]
    pub fn is_named(&self, address: &str, name: &str) -> bool {
        let host = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
        let names = self.devices(address).flat_map(|device| list(device, "names"));
        names.filter_map(Value::as_str).any(|found| host(found) == host(name))
    }

    /// The reasons given anywhere for rows between these ends.
    #[must_use]
    pub fn reasons(&self, ends: [&str; 2]) -> BTreeSet<&str> {
        let between = |row: &&Value| ends.iter().all(|end| is_end(row, end));
        let rows = list(&self.0, "connections").iter().filter(between);
        rows.flat_map(|row| list(row, "evidence")).filter_map(|reason| reason["en"].as_str()).collect()
    }
}

/// Writes a file below a folder that may not be there yet.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}
