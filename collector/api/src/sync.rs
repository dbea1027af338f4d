//! What a site and its collector tell each other: batches of rows up, decisions down.
//!
//! A site sends the rows of its ledger that changed, each once and as it is now, in the order of the last
//! change to each. The collector answers how far it has come, and with what people decided there.
//!
//! | field | what |
//! |---|---|
//! | `version` | of these types; a receiver takes every version up to its own |
//! | `epoch` | one life of a site's ledger: a new one is a ledger that was made anew or put back from a copy |
//! | `seq` | a change's place in that life |
//! | times in rows | microseconds since the Unix epoch, UTC, as the ledger has them |
//!
//! Fields may be added, and a receiver passes over those that it does not know; none is renamed or removed.
//! The site is never named in here: it is that of the certificate, or of the key that signed a bundle.

mod row;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use row::{
    ActivityRow, CaptureRow, ChangeRow, ConnectionRow, DayRow, DeviceRow, EvidenceRow, ExitRowOf, InputRow,
    SensorRow, SiteRow,
};

/// The version of these types.
pub const SYNC_VERSION: u32 = 1;

/// Decisions of this kind are rules that the collector hands down, by their id …
pub const RULE: &str = "rule";
/// … and this field of it is the text of its file.
pub const RULE_TEXT: &str = "text";

/// Decisions of this kind are settings that the collector hands down, by their key …
pub const SETTING: &str = "setting";
/// … and this field of it is the list of its values, as a box's configuration has them.
pub const SETTING_VALUE: &str = "value";

/// Some rows of a site's ledger, and what the site knows of the collector.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Batch {
    /// The version of these types.
    pub version: u32,
    /// The life of the ledger.
    pub epoch: String,
    /// Which sending this belongs to: one meeting with the collector, or one bundle.
    pub sending: String,
    /// The batch holds what changed after this place …
    pub from: i64,
    /// … up to this one.
    pub to: i64,
    /// Sendings that the collector may have, and how far each went: what the collector stands at must be
    /// among them, or the ledger is not the one that it has met.
    #[serde(default)]
    pub sent: Vec<Sending>,
    /// Whether the ledger had nothing after `to` when this was read.
    #[serde(default)]
    pub last: bool,
    /// The rows.
    #[serde(default)]
    pub entries: Vec<Entry>,
    /// How far the site has come with the collector's decisions.
    #[serde(default)]
    pub known: Cursor,
    /// What the machine that sends is known by: digests of what its hardware says of itself, one of which tells
    /// that it is the same. None where it says nothing, or is of an earlier version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machine: Vec<String>,
}

/// One sending and how far it went.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sending {
    /// Its id.
    pub id: String,
    /// The place up to which it sent.
    pub to: i64,
}

/// One change and its place.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entry {
    /// Its place in the life of the ledger.
    pub seq: i64,
    /// What is so now.
    pub now: Item,
}

/// A row as it is now, or that there is none.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Item {
    /// The site itself.
    Site(SiteRow),
    /// A capture, or a sensor's day.
    Capture(CaptureRow),
    /// A file that was read.
    Input(InputRow),
    /// A device.
    Device(DeviceRow),
    /// An exit.
    Exit(ExitRowOf),
    /// A connection.
    Connection(ConnectionRow),
    /// What passed in an hour.
    Activity(ActivityRow),
    /// A reason.
    Evidence(EvidenceRow),
    /// A row of the history.
    Change(ChangeRow),
    /// A sensor.
    Sensor(SensorRow),
    /// What a sensor counted in a day.
    Day(DayRow),
    /// What a person decided.
    Decision(Decision),
    /// The row is gone.
    Gone(Gone),
}

/// A row that is no more.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gone {
    /// The table.
    pub table: String,
    /// The key in the site, part by part.
    pub key: Vec<KeyPart>,
}

/// A part of a key.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum KeyPart {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

/// What a person decided about one field of one thing: the latest stamp holds, earlier ones are history.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Decision {
    /// The kind of thing, such as `registration` or `setting`.
    pub kind: String,
    /// Which one, by its key in the site.
    pub subject: String,
    /// Which field of it.
    pub field: String,
    /// When it was decided: a hybrid logical clock as text that sorts, unique to its writer.
    pub stamp: String,
    /// The value as JSON text; none takes the field back.
    #[serde(default)]
    pub value: Option<String>,
    /// Who decided it.
    pub author: String,
}

/// How far one side has come with the other's decisions; the mark is the stamp of the last one taken.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cursor {
    /// The place in the order of arrival.
    pub place: i64,
    /// The stamp of the decision at that place.
    #[serde(default)]
    pub mark: String,
}

/// What the collector says to a batch.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Answer {
    /// The version of these types.
    pub version: u32,
    /// What became of the batch.
    pub outcome: Outcome,
    /// The life of the ledger that the collector has.
    pub epoch: String,
    /// The sending that it stands at.
    #[serde(default)]
    pub sending: String,
    /// How far it has come.
    pub seq: i64,
    /// What people decided since the batch's `known`.
    #[serde(default)]
    pub decisions: Vec<Decision>,
    /// Where the next decisions begin.
    #[serde(default)]
    pub next: Cursor,
    /// Whether there are more decisions after these.
    #[serde(default)]
    pub more: bool,
    /// Whether the collector was put back and may have lost decisions that the site has: both sides' are sent anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is in the collector's ledger.
    Applied,
    /// All of it was there already.
    Already,
    /// It begins after what the collector has: send from `seq` on.
    Behind,
    /// It is of another life than the collector has met, or the collector was put back: begin a new one.
    Unknown,
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Applied => "applied",
            Self::Already => "already",
            Self::Behind => "behind",
            Self::Unknown => "unknown",
        })
    }
}

#[cfg(test)]
mod tests;
