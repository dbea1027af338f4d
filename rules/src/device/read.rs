//! One place where a device keeps a value: the objects, the pattern, and what is made of it.

use std::collections::BTreeMap;

use regex::Regex;

use super::Objects;

/// What stands where nobody filled in a value, or somebody took it out; in lower case.
const NO_VALUE: [&str; 9] = [
    "<private>",
    "<removed>",
    "default string",
    "n/a",
    "none",
    "not available",
    "not specified",
    "to be filled by o.e.m.",
    "unknown",
];

/// Which value a place gives.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gives {
    /// The maker, where the device itself says.
    Vendor,
    /// The model.
    Model,
    /// The version of its software.
    Firmware,
    /// The serial number.
    Serial,
}

impl Gives {
    /// Every value.
    pub const ALL: [Self; 4] = [Self::Vendor, Self::Model, Self::Firmware, Self::Serial];

    /// Names the value, as JSON and rules do.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::Model => "model",
            Self::Firmware => "firmware",
            Self::Serial => "serial",
        }
    }
}

/// What has to be read of a device.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Wanted {
    /// One object by its whole name.
    Object(String),
    /// Every object below a name.
    Column(String),
    /// A column of entPhysicalTable in the row of the chassis.
    Entity(u32),
}

/// One place where a value is kept.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) gives: Gives,
    /// Read together, in this order.
    pub(super) wanted: Vec<Wanted>,
    /// What the value must be like; `None` takes all of it.
    pub(super) pattern: Option<Regex>,
    /// What is made of it: `$1` is the pattern's first group.
    pub(super) give: String,
    /// What the value stands for.
    pub(super) map: BTreeMap<String, String>,
}

impl Read {
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Wanted> {
        self.wanted.iter()
    }

    /// Gives the value, and the object that held it (of several, the first).
    pub(super) fn value(&self, objects: &Objects) -> Option<(String, String)> {
        if let [one] = self.wanted.as_slice() {
            return objects.of(one).iter().find_map(|(oid, text)| Some((self.made(text)?, oid.clone())));
        }
        let held = self.wanted.iter().map(|wanted| objects.of(wanted).first());
        let held: Vec<&(String, String)> = held.collect::<Option<_>>()?;
        let text: Vec<&str> = held.iter().map(|(_, value)| value.as_str()).collect();
        let oid = held.first().map(|(oid, _)| oid.clone())?;
        Some((self.made(&text.join("\n"))?, oid))
    }

    fn made(&self, text: &str) -> Option<String> {
        let text = text.trim();
        let mut value = match &self.pattern {
            None => text.to_owned(),
            Some(pattern) => {
                let mut value = String::new();
                pattern.captures(text)?.expand(&self.give, &mut value);
                value
            }
        };
        if !self.map.is_empty() {
            value = self.map.get(value.trim_start_matches('.'))?.clone();
        }
        let value = value.trim();
        let is_value = !value.is_empty() && !NO_VALUE.contains(&value.to_ascii_lowercase().as_str());
        is_value.then(|| value.to_owned())
    }
}
