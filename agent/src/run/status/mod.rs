//! What `sekisho-agent status` shows: the daemon's answer as JSON, one object a line.
//!
//! | file | what |
//! |---|---|
//! | `server` | the Unix socket's side in the daemon |
//! | `client` | the command |
//! | `words` | the answer for people |
//!
//! Fields may be added; none is renamed or removed, or `VERSION` goes up. Times are RFC 3339 in UTC,
//! sizes octets, shares percent.

mod client;
mod line;
pub(crate) mod server;
mod words;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::config::Handed;

pub(crate) use client::{NoAgent, status};
pub(crate) use line::line;
pub(crate) use server::SocketError;

/// The version of these types.
pub(crate) const VERSION: u32 = 1;
/// The longest answer that a client reads: thousands of exporters.
const MAX_ANSWER_BYTES: u64 = 4 << 20;

/// How the daemon is.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Status {
    /// [`VERSION`].
    pub(crate) version: u32,
    /// The program's version.
    pub(crate) agent: String,
    /// The site's name in the ledger.
    pub(crate) site: String,
    /// The box's name in the ledger.
    pub(crate) sensor: String,
    /// When this was so.
    pub(crate) at: Timestamp,
    /// How long the daemon has run, in seconds.
    pub(crate) uptime_s: u64,
    /// Everything that passed, all workers together.
    pub(crate) traffic: Traffic,
    /// The tables of conns, all workers together.
    pub(crate) tables: Tables,
    /// The daemon's memory.
    pub(crate) memory: Memory,
    /// Interfaces at mirror ports.
    pub(crate) interfaces: Vec<Interface>,
    /// Exporters of flows.
    pub(crate) exporters: Vec<Exporter>,
    /// The threads that watch.
    pub(crate) workers: Vec<Worker>,
    /// How recording goes.
    pub(crate) roll_up: RollUp,
    /// How asking devices over SNMP goes; `None` where nobody is asked.
    #[serde(default)]
    pub(crate) snmp: Option<Snmp>,
    /// How the collector is kept up to date.
    pub(crate) sync: Sync,
    /// Settings that the collector handed down.
    #[serde(default)]
    pub(crate) handed: Vec<Handed>,
    /// Where browsers and Prometheus are answered.
    #[serde(default)]
    pub(crate) listeners: Vec<Listener>,
    /// The last time that the configuration was read again.
    pub(crate) reload: Option<Reload>,
    /// What of what the collector handed down is not used.
    #[serde(default)]
    pub(crate) handed_doubts: Vec<Doubt>,
    /// Why what the collector handed down last was refused.
    #[serde(default)]
    pub(crate) handed_error: Option<String>,
    /// The box's own health.
    #[serde(rename = "box")]
    pub(crate) machine: Machine,
    /// Whether the box's clock can be relied on.
    pub(crate) clock: Clock,
}

/// Something that a person should look at.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Doubt {
    /// In Japanese.
    pub(crate) ja: String,
    /// In English.
    pub(crate) en: String,
}

/// What passed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Traffic {
    /// Packets and datagrams since the start.
    pub(crate) packets: u64,
    /// Their octets.
    pub(crate) bytes: u64,
    /// Packets a second, over the last second.
    pub(crate) packets_per_s: f64,
    /// Packets a second, over the last minute.
    pub(crate) packets_per_s_1m: f64,
    /// Octets a second, over the last second.
    pub(crate) bytes_per_s: f64,
    /// Octets a second, over the last minute.
    pub(crate) bytes_per_s_1m: f64,
    /// Packets that the kernel dropped since the start.
    pub(crate) kernel_drops: u64,
    /// How often a ring was full.
    pub(crate) ring_freezes: u64,
    /// Packets that were mirrored twice.
    pub(crate) duplicates: u64,
}

/// The tables of conns.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Tables {
    /// Conns now.
    pub(crate) conns: u64,
    /// Conns that fit.
    pub(crate) conns_max: u64,
    /// How full the tables are.
    pub(crate) fill_pct: f64,
    /// Conns that made room for others since the start.
    pub(crate) evicted: u64,
    /// Octets that the tables take.
    pub(crate) bytes: u64,
}

/// The daemon's memory.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Memory {
    /// What is resident now.
    pub(crate) resident: u64,
    /// The bound of the tables, `max_memory`.
    pub(crate) tables_max: u64,
}

/// An interface at a mirror port.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Interface {
    /// Its name.
    pub(crate) name: String,
    /// Whether it is being watched.
    pub(crate) watching: bool,
    /// Whether there is none of that name.
    #[serde(default)]
    pub(crate) missing: bool,
    /// Whether it has a link.
    pub(crate) link: bool,
    /// How long nothing has passed, in seconds.
    #[serde(default)]
    pub(crate) silent_s: u64,
    /// Packets since the start.
    pub(crate) packets: u64,
    /// Their octets.
    pub(crate) bytes: u64,
    /// Packets that the kernel dropped.
    pub(crate) kernel_drops: u64,
    /// How often the interface was away and came back.
    pub(crate) gaps: u64,
    /// What the mirror check says; `None` before it has seen enough.
    pub(crate) mirror: Option<MirrorVerdict>,
}

/// What the mirror check says.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct MirrorVerdict {
    /// The verdict's slug.
    pub(crate) verdict: String,
    /// In Japanese.
    pub(crate) ja: String,
    /// In English.
    pub(crate) en: String,
}

/// An exporter of flows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Exporter {
    /// Its address.
    pub(crate) address: IpAddr,
    /// Datagrams taken.
    pub(crate) datagrams: u64,
    /// Flows in them.
    pub(crate) flows: u64,
    /// Datagrams or flows that its sequence numbers say are missing.
    pub(crate) lost: u64,
    /// What of them could not be read: damaged, or waiting in vain for its template.
    #[serde(default)]
    pub(crate) unread: u64,
}

/// A thread that watches.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Worker {
    /// Its name.
    pub(crate) name: String,
    /// `watching`, `waiting` to open its source again, or `stuck`.
    pub(crate) state: String,
    /// How often its source failed.
    pub(crate) restarts: u32,
    /// Why it waits.
    pub(crate) error: Option<String>,
    /// The same for people, and what to do.
    #[serde(default)]
    pub(crate) says: Option<Doubt>,
}

/// How recording goes.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct RollUp {
    /// How often it is done, in seconds.
    pub(crate) every_s: u64,
    /// The last one that is in the ledger.
    pub(crate) last: Option<LastRollUp>,
    /// Roll-ups in the ledger since the start.
    pub(crate) recorded: u64,
    /// Attempts that failed.
    pub(crate) failed: u64,
    /// Workers that did not answer in time.
    pub(crate) late: u64,
    /// What equipment said of its surroundings since the start and the ledger did not keep for the map; the next
    /// round asks it anew.
    #[serde(default)]
    pub(crate) unkept: u64,
    /// Why the last attempt failed.
    pub(crate) error: Option<String>,
}

/// A roll-up that is in the ledger.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct LastRollUp {
    /// When it was recorded.
    pub(crate) at: Timestamp,
    /// Rows that were new.
    pub(crate) new: u64,
    /// Rows that were there.
    pub(crate) updated: u64,
    /// How long it took.
    pub(crate) seconds: f64,
}

/// How asking devices over SNMP goes.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Snmp {
    /// `asking`, `resting` between rounds, or `off`.
    pub(crate) state: String,
    /// Devices that the last round asked.
    pub(crate) targets: u64,
    /// Devices that were left out of it: medical, or excluded.
    pub(crate) left_out: u64,
    /// Devices that found no room in it.
    pub(crate) refused: u64,
    /// Devices since the start of which not everything was kept, for want of room.
    #[serde(default)]
    pub(crate) shortened: u64,
    /// Addresses that did not answer lately, and are not asked again yet.
    pub(crate) resting: u64,
    /// How the devices of the last round stood: their number by state.
    pub(crate) states: BTreeMap<String, u64>,
    /// Rounds that came to their end since the start.
    pub(crate) rounds: u64,
    /// The last one of them.
    pub(crate) last: Option<LastRound>,
    /// Datagrams sent since the start, repetitions included.
    pub(crate) sent: u64,
    /// Those of them that repeated a question.
    pub(crate) repeated: u64,
    /// Datagrams that came back and were what was asked for.
    pub(crate) answered: u64,
    /// Why the last round did not begin.
    pub(crate) error: Option<String>,
}

/// A round that came to its end.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct LastRound {
    /// When.
    pub(crate) at: Timestamp,
    /// How long it took.
    pub(crate) seconds: f64,
}

/// How the collector is kept up to date.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Sync {
    /// `not-enrolled` while the box belongs to no collector, `by-hand` where the configuration does not let it meet
    /// its own, `waiting` before the first meeting since the start, then `in-touch` or `failing`.
    pub(crate) state: String,
    /// When the collector last answered.
    pub(crate) last: Option<Timestamp>,
    /// Rows that it was sent then.
    #[serde(default)]
    pub(crate) rows: u64,
    /// Octets that took.
    #[serde(default)]
    pub(crate) bytes: u64,
    /// Why the last meeting failed.
    #[serde(default)]
    pub(crate) error: Option<String>,
}

impl Default for Sync {
    fn default() -> Self {
        Self { state: "not-enrolled".to_owned(), last: None, rows: 0, bytes: 0, error: None }
    }
}

/// An address at which the daemon answers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Listener {
    /// `console` or `metrics`.
    pub(crate) name: String,
    /// The address.
    pub(crate) address: SocketAddr,
    /// Why nobody is answered there; it is tried again.
    pub(crate) error: Option<String>,
}

/// The configuration read again.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Reload {
    /// When.
    pub(crate) at: Timestamp,
    /// Why it was refused; `None` when it was taken over.
    pub(crate) error: Option<String>,
    /// Keys that differ and wait for a restart.
    pub(crate) waiting: Vec<String>,
}

/// The box's own health.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Machine {
    /// Cores.
    pub(crate) cores: usize,
    /// Load over 1, 5 and 15 minutes.
    pub(crate) load: [f64; 3],
    /// Memory of the box.
    pub(crate) memory_total: u64,
    /// Memory that can still be had.
    pub(crate) memory_available: u64,
    /// Room of the ledger's file system.
    pub(crate) disk_total: u64,
    /// Room that is left there.
    pub(crate) disk_free: u64,
    /// The hottest sensor, in degrees Celsius; `None` where there is none.
    pub(crate) temperature_c: Option<f32>,
}

/// Whether the box's clock can be relied on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Clock {
    /// False where the time is before this program was made: the clock was never set.
    pub(crate) plausible: bool,
    /// Whether a time server holds it; `None` where that cannot be told.
    #[serde(default)]
    pub(crate) synchronised: Option<bool>,
    /// Whether recording waits for one.
    #[serde(default)]
    pub(crate) waits: bool,
    /// How much was left out because its times were wrong, in seconds.
    #[serde(default)]
    pub(crate) left_out_s: Option<f64>,
    /// How often the clock was set, or the box was suspended.
    pub(crate) jumps: u64,
    /// The last jump, in seconds; negative is back.
    pub(crate) last_jump_s: Option<f64>,
}
