//! A rule as it is written: TOML in a site's folder and in ours, JSON inside the program.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::Subject;
use crate::condition::Written;
use crate::verdict::Assert;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) revision: u32,
    pub(crate) title: String,
    pub(crate) subject: Subject,
    #[serde(rename = "match", default)]
    pub(crate) matches: Vec<Match>,
    #[serde(default)]
    pub(crate) assert: Assert,
    pub(crate) say: Say,
    #[serde(default)]
    pub(crate) source: Vec<Source>,
    /// Absent inside the program: tests hold them, and there are more of them than of anything else.
    #[serde(default)]
    pub(crate) vector: Vec<Vector>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Match {
    pub(crate) confidence: u8,
    #[serde(default)]
    pub(crate) not: BTreeMap<String, Written>,
    #[serde(flatten)]
    pub(crate) conditions: BTreeMap<String, Written>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Say {
    pub(crate) en: String,
    pub(crate) ja: String,
}

/// Who states the fact that a rule rests on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What is stated.
    pub states: String,
    /// Where.
    pub url: String,
    /// The day a person last read it, as RFC 3339 writes a full date.
    #[serde(deserialize_with = "day")]
    pub read: String,
}

/// A day: TOML has days, JSON has their text.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Day {
        Text(String),
        Toml(toml::value::Datetime),
    }
    Ok(match Day::deserialize(deserializer)? {
        Day::Text(text) => text,
        Day::Toml(day) => day.to_string(),
    })
}

#[derive(Debug, Deserialize)]
pub(crate) struct Vector {
    pub(crate) name: String,
    #[expect(dead_code, reason = "for the reader of the file: who made the vector")]
    origin: String,
    pub(crate) expect: Expect,
    #[serde(flatten)]
    pub(crate) facts: BTreeMap<String, Written>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(crate) enum Expect {
    #[serde(rename = "match")]
    Match,
    #[serde(rename = "no-match")]
    NoMatch,
}

impl Expect {
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::NoMatch => "no-match",
        }
    }
}
