//! Which values can tell a rule anything: those that some condition looks for.
//!
//! Most of what is known of a subject no rule asks for: the name of a server that none knows, a port, an
//! address. A value that no condition of the subject's rules fits is as good as unknown to them, and
//! subjects that differ by such values alone get the same verdicts.

use std::collections::HashMap;

use crate::Field;
use crate::condition::Condition;
use crate::domain::anchors;
use crate::field::Kind;
use crate::pattern::Pattern;
use crate::rule::Rule;

/// What the rules of one subject look for.
#[derive(Debug, Default)]
pub(crate) struct Telling {
    /// Domain patterns by anchor, each with the fields it is held against.
    domains: HashMap<String, Vec<(u128, Pattern)>>,
    /// All other patterns, by field.
    others: HashMap<Field, Vec<Pattern>>,
    /// Fields whose values stand in a sentence whether a condition fits them or not.
    always: u128,
}

impl Telling {
    /// Takes in what a rule looks for.
    pub(crate) fn add(&mut self, rule: &Rule) {
        self.always |= rule.quoted_unasked();
        for condition in rule.branches.iter().flat_map(|branch| branch.conditions.iter().chain(&branch.not)) {
            self.look_for(condition);
        }
    }

    fn look_for(&mut self, condition: &Condition) {
        for pattern in &condition.patterns {
            if let Pattern::Domain(domain) = pattern {
                let at = self.domains.entry(domain.anchor()).or_default();
                at.push((condition.key.bits(), pattern.clone()));
                continue;
            }
            for field in condition.key.fields() {
                self.others.entry(*field).or_default().push(pattern.clone());
            }
        }
    }

    /// Tells whether a value makes any difference.
    pub(crate) fn tells(&self, field: Field, value: &str) -> bool {
        if self.always & field.bit() != 0 {
            return true;
        }
        match field.kind() {
            Kind::Domain => anchors(value)
                .iter()
                .filter_map(|anchor| self.domains.get(anchor))
                .flatten()
                .any(|(fields, pattern)| fields & field.bit() != 0 && pattern.matches(value)),
            Kind::Network => {
                let Ok(address) = value.parse() else { return false };
                let holds =
                    |pattern: &Pattern| matches!(pattern, Pattern::Network(cidr) if cidr.contains(address));
                self.others.get(&field).into_iter().flatten().any(holds)
            }
            Kind::Text | Kind::Oid | Kind::OidSubtree | Kind::Number | Kind::Mac => {
                self.others.get(&field).into_iter().flatten().any(|pattern| pattern.matches(value))
            }
        }
    }
}
