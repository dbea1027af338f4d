//! Values that differ from what is expected of a recording, or that nobody expected, and are right: each with
//! the object of the recording that proves it.

use std::collections::{BTreeMap, BTreeSet};

/// Recording, value of, value, object, what it holds, why that is right; a line each, tabs between.
const REVIEWED: &str = include_str!("reviewed.tsv");

/// A value that was looked at.
struct Review {
    oid: &'static str,
    holds: &'static str,
}

/// The values that were looked at, and which of them came up.
pub(crate) struct Reviewed {
    all: BTreeMap<[&'static str; 3], Review>,
    met: BTreeSet<[&'static str; 3]>,
}

impl Reviewed {
    /// Reads the list.
    pub(crate) fn read() -> Result<Self, String> {
        let mut all = BTreeMap::new();
        for line in REVIEWED.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            let [recording, field, value, oid, holds, why] = *cells.as_slice() else {
                return Err(format!("not six cells: {line}"));
            };
            if holds.is_empty() || why.is_empty() {
                return Err(format!("no proof: {line}"));
            }
            all.insert([recording, field, value], Review { oid, holds });
        }
        Ok(Self { all, met: BTreeSet::new() })
    }

    /// Tells whether a value was found right, and the recording holds the proof.
    pub(crate) fn is_proved(&mut self, recording: &str, text: &str, field: &str, value: &str) -> bool {
        let same = |key: &&[&str; 3]| **key == [recording, field, value];
        let Some(key) = self.all.keys().find(same).copied() else { return false };
        self.met.insert(key);
        let proof = self.all.get(&key);
        proof.is_some_and(|Review { oid, holds }| held(text, oid).is_some_and(|own| own.contains(holds)))
    }

    /// Names those that did not come up: what is not given any more needs no review.
    pub(crate) fn unmet(&self) -> impl Iterator<Item = String> {
        self.all.keys().filter(|key| !self.met.contains(*key)).map(|key| key.join(" "))
    }
}

/// What an object of a recording holds, as text.
fn held(text: &str, oid: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (name, rest) = line.split_once('|')?;
        let (kind, value) = rest.split_once('|')?;
        if name.trim_start_matches('.') != oid {
            return None;
        }
        if !kind.ends_with('x') {
            return Some(value.to_owned());
        }
        let octet = |at: usize| u8::from_str_radix(value.get(at..at + 2)?, 16).ok();
        let octets: Option<Vec<u8>> = (0..value.len()).step_by(2).map(octet).collect();
        Some(String::from_utf8_lossy(&octets?).into_owned())
    })
}
