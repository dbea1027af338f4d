//! From the file as it is written to a [`Config`]: every value parsed, bounded, and held against the
//! others. Everything that is wrong is told at once.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use sekisho_enrich::Prefix;
use sekisho_ledger::is_address;
use sekisho_report::Lang;
use sekisho_sync::setting::Setting;
use sysinfo::System;
use toml::Spanned;
use tracing_subscriber::filter::LevelFilter;

use super::checker::{Checker, Fault};
use super::handed::Handing;
use super::schema::{Capture, Exports, File};
use super::surroundings;
use super::{CaptureConfig, Config, DEFAULT_SOCKET, Live, Loaded, LogFormat, Problem};
use crate::capture::live::check_filter;
use crate::rules::{self, Folders};
use crate::sync::handed;

/// The kernel's own bound, `IFNAMSIZ` without its NUL.
const MAX_INTERFACE_BYTES: usize = 15;
/// A box has a handful of ports.
const MAX_TABLES: usize = 16;

const DEFAULT_LEDGER: &str = "/var/lib/sekisho/ledger.db";
const DEFAULT_ROLL_UP: Duration = Duration::from_mins(5);
/// More often, judging would take the box's time from capturing.
const MIN_ROLL_UP: Duration = Duration::from_secs(1);
/// Less often, a power cut would cost more than an hour.
const MAX_ROLL_UP: Duration = Duration::from_hours(1);
/// Leaves room on a box of 1 GiB for rings, the page cache and the system.
const DEFAULT_MAX_MEMORY: u64 = 384 << 20;
/// Less holds not even the conns of a small clinic's minute.
pub(crate) const MIN_MAX_MEMORY: u64 = 64 << 20;
/// A jumbo frame whole, so that no handshake is cut.
const DEFAULT_SNAPLEN: u32 = 9_216;
/// Headers through two tunnels with VLAN tags.
const MIN_SNAPLEN: u32 = 128;
/// tcpdump's own bound (`MAXIMUM_SNAPLEN`).
const MAX_SNAPLEN: u32 = 262_144;
/// A quarter of a second of a full line of 1 Gbit/s.
const DEFAULT_RING: u64 = 32 << 20;
/// Some blocks of the ring.
const MIN_RING: u64 = 1 << 20;

/// Checks the text of a file.
pub(super) fn check(text: &str) -> Result<Loaded, Vec<Problem>> {
    let mut checker = Checker { text, problems: Vec::new(), doubts: Vec::new(), handing: Handing::default() };
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let line = error.span().map(|span| checker.line(span.start));
            let (name, values) = misfit(&error.message().replace('\n', " "));
            return Err(vec![Problem { line, name, values }]);
        }
    };
    let config = checker.file(&file);
    if !checker.problems.is_empty() {
        checker.problems.sort_by_key(|problem| problem.line);
        return Err(checker.problems);
    }
    Ok(Loaded { config, doubts: checker.doubts, text: text.to_owned() })
}

/// Words why a text does not fit the schema. The reader of TOML says it in English alone; what people get wrong most
/// is said in theirs.
fn misfit(detail: &str) -> Fault {
    let key = |before: &str| detail.strip_prefix(before)?.split_once('`');
    if let Some((key, _)) = key("missing field `") {
        return ("missing-key", vec![("value", key.to_owned())]);
    }
    if let Some((key, known)) = key("unknown field `") {
        let known = known.trim_start_matches(", expected ").trim_start_matches("one of ").replace('`', "");
        return ("unknown-key", vec![("value", key.to_owned()), ("known", known)]);
    }
    ("syntax", vec![("detail", detail.to_owned())])
}

impl Checker<'_> {
    /// Takes the whole file. A value that is wrong is told and stands in as its default.
    fn file(&mut self, file: &File) -> Config {
        let lang = self.choice(file.lang.as_ref(), Lang::Ja, &[("ja", Lang::Ja), ("en", Lang::En)]);
        let levels = [
            ("error", LevelFilter::ERROR),
            ("warn", LevelFilter::WARN),
            ("info", LevelFilter::INFO),
            ("debug", LevelFilter::DEBUG),
            ("trace", LevelFilter::TRACE),
        ];
        let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        let ledger = self.path(file.ledger.as_ref(), DEFAULT_LEDGER, surroundings::ledger);
        let max_memory = self.size(file.max_memory.as_ref(), DEFAULT_MAX_MEMORY, MIN_MAX_MEMORY);
        let (exports, allowed) = self.exports(&file.exports);
        let handed = handed::beside(&ledger);
        self.hand(&ledger, file.take_settings);
        let mut config = Config {
            site: self.name(&file.site),
            sensor: self.sensor(file.sensor.as_ref()),
            ledger,
            lang,
            max_memory,
            captures: self.captures(&file.capture, max_memory),
            exports,
            metrics: file.metrics.as_ref().and_then(|metrics| self.loopback(&metrics.listen)),
            console: file.console.as_ref().and_then(|console| self.address(&console.listen)),
            sync: file.sync.as_ref().map(|sync| self.sync(sync)),
            // The usual folder is made by systemd when the service starts; `enrol` comes before.
            socket: match &file.status.socket {
                Some(_) => self.path(file.status.socket.as_ref(), DEFAULT_SOCKET, surroundings::socket),
                None => DEFAULT_SOCKET.into(),
            },
            log_format: self.choice(file.log.format.as_ref(), LogFormat::Text, &formats),
            handed: Vec::new(),
            handed_doubts: Vec::new(),
            live: Live {
                internal: self.internal(file.internal.as_deref()),
                rules: Folders { handed, own: self.rules(file.rules.as_ref()) },
                roll_up: self.roll_up(file.roll_up.as_ref()),
                log_level: self.choice(file.log.level.as_ref(), LevelFilter::INFO, &levels),
                snmp: file.snmp.as_ref().and_then(|snmp| self.snmp(snmp)),
                allowed,
            },
        };
        (config.handed, config.handed_doubts) = self.told();
        // What the box keeps of its collector is in the folder of the ledger's file.
        if let Some(written) = &file.ledger
            && config.sync.is_some()
            && is_address(&config.ledger)
        {
            self.wrong(written, ("sync-on-server", Vec::new()));
        }
        if let Some((name, values)) = surroundings::memory(max_memory) {
            let line = file.max_memory.as_ref().map(|written| self.line(written.span().start));
            self.doubts.push(Problem { line, name, values });
        }
        if config.captures.is_empty() && config.exports.is_empty() && config.live.snmp.is_none() {
            self.doubts.push(Problem { line: None, name: "nothing-to-watch", values: Vec::new() });
        }
        config
    }

    fn sensor(&mut self, name: Option<&Spanned<String>>) -> String {
        match name {
            Some(name) => self.name(name),
            None => {
                System::host_name().ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "agent".to_owned())
            }
        }
    }

    /// What is inside: as the file says, or else the collector.
    fn internal(&mut self, written: Option<&[Spanned<String>]>) -> Vec<Prefix> {
        match (self.handed("internal", written), written) {
            (Some(Setting::Internal(prefixes)), _) => {
                prefixes.into_iter().map(|(address, length)| Prefix::around(address.into(), length)).collect()
            }
            (_, written) => self.prefixes(written.unwrap_or_default()),
        }
    }

    fn captures(&mut self, written: &[Spanned<Capture>], max_memory: u64) -> Vec<CaptureConfig> {
        let mut captures: Vec<CaptureConfig> = Vec::new();
        if let Some(beyond) = written.get(MAX_TABLES) {
            self.wrong(beyond, ("too-many", vec![("max", MAX_TABLES.to_string())]));
        }
        for table in written.iter().take(MAX_TABLES) {
            let table = table.get_ref();
            let interface = self.interface(&table.interface);
            if captures.iter().any(|known| known.interface == interface) {
                self.wrong(&table.interface, ("interface-twice", vec![("value", interface.clone())]));
            }
            let ring = self.size(table.ring.as_ref(), DEFAULT_RING, MIN_RING);
            let threads = self.bounded(table.threads.as_ref(), 1, 1, surroundings::cores());
            let snaplen = self.bounded(table.snaplen.as_ref(), DEFAULT_SNAPLEN, MIN_SNAPLEN, MAX_SNAPLEN);
            captures.push(CaptureConfig {
                interface,
                filter: self.filter(table.filter.as_ref()),
                snaplen,
                promiscuous: table.promiscuous.unwrap_or(true),
                threads,
                ring,
            });
            let rings = captures.iter().map(|capture| capture.ring.saturating_mul(capture.threads as u64));
            if rings.fold(0, u64::saturating_add) > max_memory {
                let values = vec![("value", max_memory.to_string())];
                self.wrong(&table.interface, ("rings-too-large", values));
            }
        }
        captures
    }

    fn filter(&mut self, written: Option<&Spanned<String>>) -> Option<String> {
        let written = written.filter(|written| !written.get_ref().trim().is_empty())?;
        let text = written.get_ref().trim().to_owned();
        if let Err(error) = check_filter(&text) {
            let (column, detail) = (error.column.to_string(), error.problem.to_string());
            self.wrong(written, ("bad-filter", vec![("column", column), ("detail", detail)]));
        }
        Some(text)
    }

    fn interface(&mut self, name: &Spanned<String>) -> String {
        let text = name.get_ref();
        let sound = !text.is_empty()
            && text.len() <= MAX_INTERFACE_BYTES
            && !text.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control());
        if !sound {
            self.wrong(name, ("bad-interface", vec![("value", text.clone())]));
        } else if let Some((fault, values)) = surroundings::interface(text) {
            let line = Some(self.line(name.span().start));
            self.doubts.push(Problem { line, name: fault, values });
        }
        text.clone()
    }

    fn exports(&mut self, written: &[Spanned<Exports>]) -> (Vec<SocketAddr>, Vec<Vec<Prefix>>) {
        let (mut addresses, mut allowed): (Vec<SocketAddr>, _) = (Vec::new(), Vec::new());
        if let Some(beyond) = written.get(MAX_TABLES) {
            self.wrong(beyond, ("too-many", vec![("max", MAX_TABLES.to_string())]));
        }
        for table in written.iter().take(MAX_TABLES).map(Spanned::get_ref) {
            let prefixes = self.prefixes(&table.allowed);
            let Some(listen) = self.address(&table.listen) else { continue };
            let clash = |known: &&SocketAddr| {
                let overlap =
                    known.ip() == listen.ip() || known.ip().is_unspecified() || listen.ip().is_unspecified();
                known.port() == listen.port() && overlap
            };
            if addresses.iter().find(clash).is_some() {
                self.wrong(&table.listen, ("port-twice", vec![("value", listen.port().to_string())]));
            }
            addresses.push(listen);
            allowed.push(prefixes);
        }
        (addresses, allowed)
    }

    /// A TCP address that only this machine reaches: the figures have no other guard.
    fn loopback(&mut self, written: &Spanned<String>) -> Option<SocketAddr> {
        let address = self.address(written)?;
        if !address.ip().is_loopback() {
            self.wrong(written, ("not-loopback", vec![("value", address.to_string())]));
        }
        Some(address)
    }

    fn rules(&mut self, folder: Option<&Spanned<PathBuf>>) -> Option<PathBuf> {
        let Some(folder) = folder else { return self.usual_rules() };
        if let Some(fault) = surroundings::rules(folder.get_ref()) {
            self.wrong(folder, fault);
        }
        Some(folder.get_ref().clone())
    }

    /// The folder in which a site lays its rules, where it is there.
    fn usual_rules(&mut self) -> Option<PathBuf> {
        let folder = rules::folder(None)?;
        if let Some((name, values)) = surroundings::rules(&folder) {
            self.problems.push(Problem { line: None, name, values });
        }
        Some(folder)
    }

    fn roll_up(&mut self, written: Option<&Spanned<String>>) -> Duration {
        self.time(written, DEFAULT_ROLL_UP, (MIN_ROLL_UP, "1s"), (MAX_ROLL_UP, "1h"))
    }
}
