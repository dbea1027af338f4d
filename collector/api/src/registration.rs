//! What a hospital declares of its connections, and what it asks about them.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Hours;

/// What the hospital declared: which connections, and who answers for them until when.
///
/// It is of the connections that fit every key that it names: of several devices, parties or exits any one.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Registration {
    /// Its identity in its site, made from its keys: the same keys are the same registration.
    pub id: String,
    /// The inside device: hardware addresses, addresses or names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub device: Vec<String>,
    /// The outside party: names, addresses or organisations; a name stands for those below it, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<String>,
    /// The service's slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The gateway: hardware addresses, addresses or names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit: Vec<String>,
    /// What people say of it.
    #[serde(flatten)]
    pub terms: Terms,
    /// Where it comes from, such as the row of a sheet; absent where it was approved in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Who registered or last changed it.
    pub by: String,
    /// When that was.
    pub at: Timestamp,
    /// The zone of its hours and days.
    pub zone: String,
}

/// What people say of a registered connection.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Terms {
    /// What it is called or for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The department or person in the hospital who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The company at the other end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Whom to call there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The last day of the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_end: Option<Date>,
    /// When it may be used; at any time where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// The last day on which the registration holds; that of the contract where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Terms {
    /// Tells whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Gives these terms, with those of an earlier saying where these say nothing.
    #[must_use]
    pub fn or(self, earlier: Self) -> Self {
        Self {
            purpose: self.purpose.or(earlier.purpose),
            owner: self.owner.or(earlier.owner),
            vendor: self.vendor.or(earlier.vendor),
            contact: self.contact.or(earlier.contact),
            contract_end: self.contract_end.or(earlier.contract_end),
            hours: self.hours.or(earlier.hours),
            until: self.until.or(earlier.until),
            note: self.note.or(earlier.note),
        }
    }

    /// Gives the last day on which a registration with these terms holds.
    #[must_use]
    pub fn last_day(&self) -> Option<Date> {
        self.until.or(self.contract_end)
    }
}

/// The registration of a connection, and when the connection last broke its hours.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Registered {
    /// The registration.
    #[serde(flatten)]
    pub registration: Registration,
    /// The start of the last hour in which it was used and was not permitted to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside_hours: Option<Timestamp>,
}

/// An inquiry: who asked whom what, until when an answer was due, and what came of it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Inquiry {
    /// What it is known by on both sides: drawn by lot, or the number of one from before that.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Its number in its site, for people: two that were given the same are told apart here.
    pub number: i64,
    /// The connection that it is about, where it is about one, by the number that it has now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<i64>,
    /// What that connection is known by, whatever number it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// What was asked or checked.
    pub question: String,
    /// The department, company or person that was asked.
    pub counterpart: String,
    /// The slug of how: `interview`, `documents`, `walk-through` …
    pub method: String,
    /// Who asked.
    pub by: String,
    /// When.
    pub asked: Timestamp,
    /// When the answer is due.
    pub due: Timestamp,
    /// The answer, or what was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// When it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Timestamp>,
    /// The slug of what came of it, as people say: `answered`, `in-part`, `not-applicable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// What is done next, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Work spent on it, in minutes.
    #[serde(default)]
    pub minutes: u32,
    /// The files that prove the answer, by their digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceFile>,
}

impl Inquiry {
    /// Gives the slug of where it stands at a time: what people said of it, else `no-answer` once the day has
    /// passed on which it was due, else `waiting`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> &str {
        match (&self.outcome, self.answered) {
            (Some(outcome), _) => outcome,
            (None, Some(_)) => "answered",
            (None, None) if now > self.due => "no-answer",
            (None, None) => "waiting",
        }
    }
}

/// What a connection is known by: its device, its service, its other end, its exit.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct About {
    /// The device's key in the site.
    pub device: String,
    /// The slug of the service.
    pub service: String,
    /// The other end's name, where the wire gave it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The other end's addresses.
    #[serde(default)]
    pub ips: Vec<String>,
    /// The exit's hardware address, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<String>,
}

/// A file that proves an answer; the file itself stays where it is.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct EvidenceFile {
    /// Its name.
    pub name: String,
    /// The SHA-256 of its content in hex.
    pub sha256: String,
    /// Its length in octets.
    pub bytes: u64,
}
