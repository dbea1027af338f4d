//! A rule about a device, held against its own vectors: among all the others, as it will be used.

use std::collections::BTreeSet;

use super::written::Vector;
use super::{DeviceRule, DeviceRuleError, DeviceRules, Gives, Objects, Wanted};
use crate::written::Expect;

impl DeviceRules {
    /// Holds the rule with an id against vectors; one of each kind at least.
    pub(super) fn try_vectors(&self, id: &str, vectors: &[Vector]) -> Result<(), DeviceRuleError> {
        let fault = |what: String| DeviceRuleError::Fault { id: id.to_owned(), what };
        let Some(rule) = self.all.iter().find(|rule| rule.id == id) else {
            return Err(fault("it is not among the rules".to_owned()));
        };
        for expect in [Expect::Match, Expect::NoMatch] {
            if vectors.iter().all(|vector| vector.expect != expect) {
                return Err(fault(format!(
                    "it has no `{}` vector; every rule carries one of each kind",
                    expect.slug()
                )));
            }
        }
        for vector in vectors {
            let told = |what: String| fault(format!("vector `{}`: {what}", vector.name));
            self.try_vector(rule, vector).map_err(told)?;
        }
        Ok(())
    }

    fn try_vector(&self, rule: &DeviceRule, vector: &Vector) -> Result<(), String> {
        let objects = rule.objects(vector)?;
        let identity = self.identify(&objects);
        let chosen = identity.rule.is_some_and(|(id, _, _)| id == rule.id);
        let is_general = rule.matches.iter().all(|branch| branch.any);
        match vector.expect {
            Expect::NoMatch if chosen => return Err("expects `no-match`, and the rule is chosen".to_owned()),
            Expect::NoMatch => return Ok(()),
            Expect::Match if is_general && vector.gives.is_empty() && !rule.lists() => {
                return Err("a rule for every device gives something".to_owned());
            }
            Expect::Match if !is_general && !chosen => {
                let other = identity.rule.map_or("none", |(id, _, _)| id);
                return Err(format!("expects `match`, and the rule chosen is {other}"));
            }
            Expect::Match => {}
        }
        let lines: Vec<String> = self.lines(&objects).into_iter().map(|(line, _)| line).collect();
        if lines != vector.lines {
            return Err(format!("the lines that are up are {lines:?}"));
        }
        for gives in Gives::ALL.into_iter().filter(|gives| *gives != Gives::Vendor) {
            let (found, expected) = (identity.value(gives), vector.gives.get(&gives).map(String::as_str));
            if found != expected {
                return Err(format!("{} comes out as {}", gives.slug(), found.unwrap_or("nothing")));
            }
        }
        Ok(())
    }
}

impl DeviceRule {
    /// Tells whether it lists tunnels or lines.
    fn lists(&self) -> bool {
        !self.tunnels.is_empty() || !self.line_tables.is_empty()
    }

    /// What a vector's device holds, as the rule's reads would find it.
    fn objects(&self, vector: &Vector) -> Result<Objects, String> {
        let mut objects = Objects::new(vector.sys_object_id.as_deref(), vector.sys_descr.as_deref());
        let lines = self.lines.iter().map(|line| &line.wanted);
        let wanted = self.reads.iter().flat_map(|read| &read.wanted).chain(lines);
        let columns: BTreeSet<&Wanted> =
            wanted.filter(|wanted| matches!(wanted, Wanted::Column(_))).collect();
        for (oid, value) in &vector.objects {
            objects.add(Wanted::Object(oid.clone()), oid, value);
            for column in &columns {
                if let Wanted::Column(name) = column
                    && oid.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'))
                {
                    objects.add((*column).clone(), oid, value);
                }
            }
        }
        for (column, value) in &vector.entity {
            let number: u32 = column
                .parse()
                .map_err(|_| format!("`entity` names column `{column}`, which is no number"))?;
            objects.add(Wanted::Entity(number), &format!("1.3.6.1.2.1.47.1.1.1.1.{number}.1"), value);
        }
        Ok(objects)
    }
}
