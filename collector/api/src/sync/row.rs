//! The ledger's rows as they cross the wire: the columns by their names, without the site.
//!
//! Details are the JSON text that the ledger holds, whole: what a later version adds to a row passes
//! through an earlier collector unharmed.

use serde::{Deserialize, Serialize};

/// The site's next numbers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SiteRow {
    /// The number that the next capture will have.
    pub next_capture: i64,
    /// The number that the next connection will have.
    pub next_connection: i64,
    /// The number that the next change will have.
    pub next_change: i64,
    /// When the site was entered.
    pub recorded_at: i64,
}

/// A capture that was read, or what a sensor saw in one day.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaptureRow {
    /// Its number in the site.
    pub capture: i64,
    /// The digest of its inputs.
    pub identity: String,
    /// The digest of what was found in it.
    pub analysis: String,
    /// The earliest frame.
    #[serde(default)]
    pub first_seen: Option<i64>,
    /// The latest frame.
    #[serde(default)]
    pub last_seen: Option<i64>,
    /// When it was recorded.
    pub recorded_at: i64,
    /// What was counted, as JSON.
    pub detail: String,
    /// The sensor whose day it is.
    #[serde(default)]
    pub sensor: Option<String>,
}

/// A file that was read.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InputRow {
    /// The digest of its content.
    pub hash: String,
    /// The capture that it is of.
    pub capture: i64,
    /// Its name.
    pub name: String,
}

/// A device.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceRow {
    /// Its key in the site.
    pub device: String,
    /// Its role.
    #[serde(default)]
    pub role: Option<String>,
    /// When it was first seen.
    #[serde(default)]
    pub first_seen: Option<i64>,
    /// When it was last seen.
    #[serde(default)]
    pub last_seen: Option<i64>,
    /// 1 where no capture shows it any more.
    pub withdrawn: i64,
    /// The text that searches look through.
    pub search: String,
    /// All that is known of it, as JSON.
    pub detail: String,
}

/// An exit.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExitRowOf {
    /// Its hardware address.
    pub mac: String,
    /// When it was first seen.
    #[serde(default)]
    pub first_seen: Option<i64>,
    /// When it was last seen.
    #[serde(default)]
    pub last_seen: Option<i64>,
    /// 1 where no capture shows it any more.
    pub withdrawn: i64,
    /// The text that searches look through.
    pub search: String,
    /// All that is known of it, as JSON.
    pub detail: String,
}

/// A connection.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionRow {
    /// Its number in the site.
    pub number: i64,
    /// The key of its device.
    pub device: String,
    /// Its service.
    pub service: String,
    /// The hardware address of its exit.
    #[serde(default)]
    pub exit_mac: Option<String>,
    /// Its category.
    #[serde(default)]
    pub category: Option<String>,
    /// Its status.
    pub status: String,
    /// 1 for a tunnel.
    pub tunnel: i64,
    /// When it was first seen.
    pub first_seen: i64,
    /// When it was last seen.
    pub last_seen: i64,
    /// How many sessions it had.
    pub sessions: i64,
    /// Octets to the outside.
    pub bytes_out: i64,
    /// Octets from the outside.
    pub bytes_in: i64,
    /// Since when it is silent.
    #[serde(default)]
    pub silent_from: Option<i64>,
    /// 1 where no capture shows it any more.
    pub withdrawn: i64,
    /// The text that searches look through.
    pub search: String,
    /// All that is known of it, as JSON.
    pub detail: String,
    /// The sensor that waits for it.
    #[serde(default)]
    pub watched_by: Option<String>,
    /// The reading of that sensor's watch at which it is silent.
    #[serde(default)]
    pub silent_at: Option<i64>,
}

/// What passed on a connection in one hour, as one capture saw it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivityRow {
    /// The connection.
    pub number: i64,
    /// The hour.
    pub hour: i64,
    /// The capture.
    pub capture: i64,
    /// Octets both ways.
    pub octets: i64,
}

/// Why a row says what it says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceRow {
    /// The kind of row.
    pub kind: String,
    /// Its key.
    pub subject: String,
    /// The reason's place among those of the row.
    pub place: i64,
    /// The rule.
    pub rule: String,
    /// How sure, in percent.
    pub confidence: i64,
    /// The sentence in English.
    pub en: String,
    /// The sentence in Japanese.
    pub ja: String,
}

/// A row of the history.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeRow {
    /// Its number in the site.
    pub change: i64,
    /// When it happened.
    pub at: i64,
    /// When it was recorded.
    pub recorded_at: i64,
    /// The capture that showed it.
    pub capture: i64,
    /// Whether the hospital changed or the reading did.
    pub cause: String,
    /// What happened.
    pub kind: String,
    /// To what kind of thing.
    pub subject_kind: String,
    /// To which.
    pub subject: String,
    /// The value before, as JSON.
    #[serde(default)]
    pub before_json: Option<String>,
    /// The value after, as JSON.
    #[serde(default)]
    pub after_json: Option<String>,
}

/// A sensor: a box at a mirror port.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SensorRow {
    /// Its name.
    pub sensor: String,
    /// How long it has watched, in microseconds.
    pub watched: i64,
    /// How often it reported.
    pub roll_ups: i64,
    /// Its earliest frame.
    #[serde(default)]
    pub first_seen: Option<i64>,
    /// Its latest frame.
    #[serde(default)]
    pub last_seen: Option<i64>,
}

/// What a sensor counted of a connection in one day.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DayRow {
    /// The sensor's day: its capture.
    pub capture: i64,
    /// The connection.
    pub number: i64,
    /// Sessions of the day.
    pub sessions: i64,
    /// Octets to the outside.
    pub bytes_out: i64,
    /// Octets from the outside.
    pub bytes_in: i64,
    /// Octets by hour, as JSON.
    pub hours: String,
}
