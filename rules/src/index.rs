//! Finds the few rules that can match, so that evaluating does not cost a look at every rule.
//!
//! A rule of which every `[[match]]` needs a value with a known beginning (the end of a domain, the first
//! characters of a text, the first three octets of a hardware address) is found by that beginning. Only
//! the others are tried on every subject.

use std::collections::HashMap;

use crate::condition::Condition;
use crate::domain::anchors;
use crate::field::{Key, Kind};
use crate::pattern::Pattern;
use crate::rule::Rule;
use crate::{Facts, Field};

/// How many octets of a text are looked at.
const START: usize = 3;

/// The beginning of a text in small letters; a shorter text ends in zeros.
pub(crate) type Start = [u8; START];

/// Fields of which most subjects know one of a few values: looked up only where nothing else tells more.
const COMMON: [Field; 8] = [
    Field::Service,
    Field::Transport,
    Field::Initiator,
    Field::Tunnel,
    Field::InsideRole,
    Field::Offers,
    Field::Uses,
    Field::Capability,
];

/// The rules of one subject.
#[derive(Debug, Default)]
pub(crate) struct Index {
    by_name: HashMap<String, Vec<usize>>,
    by_start: HashMap<(Field, Start), Vec<usize>>,
    others: Vec<usize>,
}

/// Where a value is looked up.
enum Place {
    Name(String),
    Start(Field, Start),
}

impl Index {
    /// Takes in the rule at a place in the list of rules.
    pub(crate) fn add(&mut self, at: usize, rule: &Rule) {
        let branches: Option<Vec<Vec<Place>>> =
            rule.branches.iter().map(|branch| best(&branch.conditions)).collect();
        let Some(branches) = branches else {
            self.others.push(at);
            return;
        };
        for place in branches.into_iter().flatten() {
            let found = match place {
                Place::Name(name) => self.by_name.entry(name).or_default(),
                Place::Start(field, start) => self.by_start.entry((field, start)).or_default(),
            };
            if found.last() != Some(&at) {
                found.push(at);
            }
        }
    }

    /// Gives every rule that can match, some of them more than once.
    pub(crate) fn candidates(&self, facts: &Facts<'_>) -> Vec<usize> {
        let mut found = self.others.clone();
        for (field, value) in facts.iter() {
            match field.kind() {
                Kind::Domain => {
                    for anchor in anchors(value) {
                        found.extend(self.by_name.get(&anchor).into_iter().flatten());
                    }
                }
                Kind::Text => {
                    found.extend(self.by_start.get(&(field, start(value))).into_iter().flatten());
                }
                Kind::Mac => {
                    let octets = mac_start(value);
                    found.extend(
                        octets.and_then(|start| self.by_start.get(&(field, start))).into_iter().flatten(),
                    );
                }
                Kind::Oid | Kind::OidSubtree | Kind::Network | Kind::Number => {}
            }
        }
        found
    }
}

/// The places of the most telling condition of a branch; nothing if no condition has any.
fn best(conditions: &[Condition]) -> Option<Vec<Place>> {
    let rank = |condition: &Condition| match condition.key {
        Key::Field(field) if COMMON.contains(&field) => 1,
        Key::Field(field) if field.kind() == Kind::Text => 2,
        Key::Host | Key::Field(_) => 3,
    };
    let usable = conditions.iter().filter_map(|condition| Some((rank(condition), places(condition)?)));
    usable.max_by_key(|(rank, _)| *rank).map(|(_, places)| places)
}

/// Where the values that satisfy a condition are looked up; nothing if one can begin with anything.
fn places(condition: &Condition) -> Option<Vec<Place>> {
    let place = |pattern: &Pattern| match (pattern, condition.key) {
        (Pattern::Domain(domain), _) => Some(Place::Name(domain.anchor())),
        (Pattern::Text(text), Key::Field(field)) => Some(Place::Start(field, text.start()?)),
        (Pattern::Mac(prefix), Key::Field(field)) => Some(Place::Start(field, mac_start(prefix.digits())?)),
        _ => None,
    };
    condition.patterns.iter().map(place).collect()
}

/// The beginning of a text.
pub(crate) fn start(text: &str) -> Start {
    let mut start = [0; START];
    for (to, from) in start.iter_mut().zip(text.bytes()) {
        *to = from.to_ascii_lowercase();
    }
    start
}

/// The first three octets of a hardware address, however it is written; nothing for less than that.
fn mac_start(text: &str) -> Option<Start> {
    let mut digits = text.chars().filter(|c| !matches!(c, ':' | '-')).map(|c| c.to_digit(16));
    let mut octet = || {
        let (high, low) = (digits.next()??, digits.next()??);
        u8::try_from(high << 4 | low).ok()
    };
    Some([octet()?, octet()?, octet()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_the_same_however_it_is_written() {
        assert_eq!(start("Canon"), start("CANON INC."));
        assert_eq!(start("ct"), *b"ct\0");
        assert_ne!(start("ct"), start("cta"));
        assert_eq!(mac_start("00:1E:42:00:53:01"), Some([0x00, 0x1e, 0x42]));
        assert_eq!(mac_start("001e42"), mac_start("00-1e-42-0"));
        assert_eq!(mac_start("00:1e:4"), None);
        assert_eq!(mac_start("no address"), None);
    }
}
