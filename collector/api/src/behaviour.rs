//! What a connection does over time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Regularity of a connection's calls or keep-alives.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Beacon {
    /// 0 to 1.
    pub score: f64,
    /// The usual interval in seconds.
    pub period_s: f64,
    /// The median deviation from it, as a part of it, 0 to 1.
    pub jitter: f64,
}

/// How a connection is kept up, and what it was found to do.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Behaviour {
    /// Slugs of what the rules found, in order: `regular`, `dormant`, `bulk-out` …
    #[serde(default)]
    pub found: Vec<String>,
    /// The usual interval between keep-alives in seconds; absent where there are none.
    pub keep_alive_s: Option<f64>,
    /// The longest time in seconds in which nothing but keep-alives passed, of conns watched packet by
    /// packet.
    pub quiet_s: Option<u64>,
    /// How long the longest conn lasted, in seconds.
    pub longest_s: u64,
    /// How long conns of more than two minutes and tunnels lasted, all together, in seconds.
    pub lasted_s: u64,
    /// Whether it had not ended when it was last looked at.
    pub open: bool,
    /// The hour in which most left, where that is far more than usual.
    pub bulk: Option<Bulk>,
}

/// Data that left in bulk.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Bulk {
    /// The start of the hour.
    pub hour: Timestamp,
    /// Octets that left in it.
    pub bytes_out: u64,
    /// Octets that leave in a usual hour of this connection; 0 where there is no other hour.
    pub usual: u64,
}

/// A time at which somebody worked from outside through a connection.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Maintenance {
    /// The first packet of the work.
    pub start: Timestamp,
    /// The last one.
    pub end: Timestamp,
    /// Octets from inside to outside.
    pub bytes_out: u64,
    /// Octets from outside to inside.
    pub bytes_in: u64,
    /// How long nothing but keep-alives had passed before, in seconds; 0 where the outside opened the
    /// connection for it.
    pub quiet_s: u64,
    /// Whether it was still going on.
    #[serde(default)]
    pub open: bool,
}
