//! The history: what changed, of what, when, and what it was before and after.
//!
//! A change carries values, not sentences; the keys are the fields' names in the analysis.
//!
//! | kind | of | `before` | `after` |
//! |---|---|---|---|
//! | `appeared` | all | – | the main fields |
//! | `seen-earlier` | connection | `first_seen` | `first_seen`: an older capture was read later |
//! | `gone-silent` | connection | `last_seen` | – |
//! | `returned` | all | `silent_from`, or – after `withdrawn` | `first_seen` in the capture that has it again |
//! | `named` | all | – | `name`, or `names` |
//! | `changed-…` | all | the field | the field |
//! | `worked` | connection | – | `start`, `end`, `bytes_out`, `bytes_in`, `quiet_s` |
//! | `withdrawn` | all | the main fields | –: a capture read again no longer shows it |
//! | `registered`, `unregistered` | connection, registration | what was declared | what is declared, `by` |
//! | `asked`, `answered` | connection, inquiry | the answer | the question or the answer, `by` |

use jiff::Timestamp;
use sekisho_api::sync::KeyPart;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::error::Fault;

/// One row of the history.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Change {
    /// Its number in its site, in the order of recording; 0 where a person acted.
    pub number: i64,
    /// The site.
    pub site: String,
    /// When it happened on the wire, as far as the captures tell.
    pub at: Timestamp,
    /// When the ledger learnt it.
    pub recorded_at: Timestamp,
    /// The number in its site of the capture that showed it; 0 where a person acted.
    pub capture: i64,
    /// Whether the hospital changed or the reading did.
    pub cause: Cause,
    /// What happened.
    pub kind: ChangeKind,
    /// To what.
    pub subject: Subject,
    /// The value before, an object.
    pub before: Option<Value>,
    /// The value after, an object.
    pub after: Option<Value>,
}

/// What a change is of.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "kind", content = "id", rename_all = "lowercase")]
pub enum Subject {
    /// A connection, by its number in the site.
    Connection(i64),
    /// A device, by its key in the site.
    Device(String),
    /// An exit, by its hardware address.
    Exit(String),
    /// What the hospital declared, by its identity in the site.
    Registration(String),
    /// An inquiry, by its id in the site, which of one from before ids is its number.
    Inquiry(#[serde(deserialize_with = "text_or_number")] String),
}

impl Subject {
    /// Gives the word for its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Connection(_) => "connection",
            Self::Device(_) => "device",
            Self::Exit(_) => "exit",
            Self::Registration(_) => "registration",
            Self::Inquiry(_) => "inquiry",
        }
    }

    /// Gives its key as text.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Connection(number) => number.to_string(),
            Self::Device(key) | Self::Exit(key) | Self::Registration(key) | Self::Inquiry(key) => key.clone(),
        }
    }

    pub(crate) fn stored(kind: &str, key: String) -> Result<Self, Fault> {
        match kind {
            "connection" => number(&key).map(Self::Connection),
            "device" => Ok(Self::Device(key)),
            "exit" => Ok(Self::Exit(key)),
            "registration" => Ok(Self::Registration(key)),
            "inquiry" => Ok(Self::Inquiry(key)),
            _ => Err(Fault::Damaged(format!("kind of subject `{kind}`"))),
        }
    }
}

fn number(key: &str) -> Result<i64, Fault> {
    key.parse().map_err(|_| Fault::Damaged(format!("number `{key}`")))
}

/// Reads an id, also where it is written as the number that it was once.
fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match KeyPart::deserialize(from)? {
        KeyPart::Number(number) => number.to_string(),
        KeyPart::Text(text) => text,
    })
}

/// A closed list of words that are stored as text.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $slug:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every one, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Gives the word that is stored.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            pub(crate) fn stored(slug: &str) -> Result<Self, Fault> {
                let found = Self::ALL.iter().copied().find(|word| word.slug() == slug);
                found.ok_or_else(|| Fault::Damaged(format!("unknown word `{slug}`")))
            }
        }
    };
}

words! {
    /// What happened.
    ChangeKind {
        /// It was seen for the first time.
        Appeared = "appeared",
        /// An older capture, read later, has it too.
        SeenEarlier = "seen-earlier",
        /// A later capture no longer has it.
        GoneSilent = "gone-silent",
        /// It is there again.
        Returned = "returned",
        /// It got a name.
        Named = "named",
        /// It has another name too.
        ChangedName = "changed-name",
        /// It has another address.
        ChangedAddress = "changed-address",
        /// It is taken for another kind of device.
        ChangedRole = "changed-role",
        /// It is another model.
        ChangedModel = "changed-model",
        /// It has another serial number: another box stands there.
        ChangedSerial = "changed-serial",
        /// It runs another firmware.
        ChangedFirmware = "changed-firmware",
        /// It leaves by another gateway.
        ChangedExit = "changed-exit",
        /// There is another kind of line behind it.
        ChangedLine = "changed-line",
        /// It belongs to another category.
        ChangedCategory = "changed-category",
        /// It was registered, expired …
        ChangedStatus = "changed-status",
        /// It was found able to carry other traffic.
        ChangedTunnel = "changed-tunnel",
        /// Somebody worked from outside through it.
        Worked = "worked",
        /// The only capture that showed it was read again and no longer does.
        Withdrawn = "withdrawn",
        /// A person declared it, or declared it otherwise.
        Registered = "registered",
        /// A person took back what was declared.
        Unregistered = "unregistered",
        /// A person asked about it.
        Asked = "asked",
        /// An answer came.
        Answered = "answered",
    }
}

words! {
    /// Whether the hospital changed or the reading did.
    Cause {
        /// A new capture shows it.
        Capture = "capture",
        /// A sensor that watches all the time shows it.
        Live = "live",
        /// A capture already recorded was read again with other rules or settings.
        Rereading = "rereading",
        /// A person said so.
        Person = "person",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_word_is_the_word_of_the_json() {
        for kind in ChangeKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.slug());
            assert_eq!(ChangeKind::stored(kind.slug()).unwrap(), *kind);
        }
        for cause in Cause::ALL {
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.slug());
        }
        assert!(ChangeKind::stored("vanished").is_err());
    }

    #[test]
    fn an_inquiry_is_read_by_its_id_and_by_the_number_that_it_had_before() {
        for (json, key) in [(r#"{"kind":"inquiry","id":2}"#, "2"), (r#"{"kind":"inquiry","id":"5e"}"#, "5e")]
        {
            assert_eq!(serde_json::from_str::<Subject>(json).unwrap(), Subject::Inquiry(key.to_owned()));
        }
    }
}
