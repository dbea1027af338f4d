//! The way to the collector: `enrol`, `sync`, `bundle`, `import`, and `[sync]` of the daemon.
//!
//! | file | what |
//! |---|---|
//! | `place` | what the box keeps of its collector, beside the ledger |
//! | `enrol` | becoming a site of a collector, online or by file |
//! | `machine` | what this machine is known by to the collector |
//! | `meeting` | one meeting: everything that changed up, what was decided down |
//! | `bundle` | the same by file |
//! | `captures` | captures that a person has go along with a bundle |
//! | `handed` | rules that the collector hands down, and the mark that something came |
//! | `settings` | settings that it hands down |
//! | `trouble` | what went wrong on the way, in words |
//! | `daemon` | a thread that meets every few minutes, within its hours |
//!
//! The box asks, the collector answers: nothing here listens.

mod bundle;
mod captures;
mod daemon;
mod enrol;
pub(crate) mod handed;
mod machine;
mod meeting;
mod place;
pub(crate) mod settings;
mod trouble;

use jiff::civil::Time;
use std::time::Duration;

pub(crate) use bundle::{bundle, import};
pub(crate) use daemon::{Meetings, start};
pub(crate) use enrol::enrol;
pub(crate) use meeting::once;
pub(crate) use place::{OnServer, is_enrolled};

/// `[sync]`, checked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct SyncConfig {
    /// How often the collector is met.
    pub(crate) every: Duration,
    /// Another address than that of the enrolment.
    pub(crate) url: Option<String>,
    /// A proxy that connects through (HTTP CONNECT).
    pub(crate) proxy: Option<String>,
    /// Octets a second at most; none means no bound.
    pub(crate) bytes_per_s: Option<u64>,
    /// The hours in which it may be met, local time; none means always.
    pub(crate) hours: Option<(Time, Time)>,
}
