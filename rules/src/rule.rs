//! One rule: what is left of the file after every check.

use std::collections::BTreeMap;

use crate::condition::{Condition, Written};
use crate::field::{Field, Key};
use crate::say::Sentence;
use crate::verdict::Assert;
use crate::written::{Expect, File, Match, Source, Vector};
use crate::{Facts, Fault, Subject};

/// A rule that was checked.
#[derive(Debug)]
pub struct Rule {
    /// Its path under the folder, without `.toml`.
    pub id: String,
    /// Counts its changes of meaning.
    pub revision: u32,
    /// What it is about, for people.
    pub title: String,
    /// What it is evaluated on.
    pub subject: Subject,
    /// What follows.
    pub assert: Assert,
    /// Who states the facts it rests on.
    pub sources: Vec<Source>,
    pub(crate) branches: Vec<Branch>,
    en: Sentence,
    ja: Sentence,
    /// The facts of its vectors that match, for the test of all rules against each other.
    pub(crate) examples: Vec<Facts<'static>>,
}

/// One `[[match]]`.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) confidence: u8,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) not: Vec<Condition>,
    /// The fields of which each must be known, a bit each.
    needed: u128,
}

impl Branch {
    fn parse(written: &Match) -> Result<Self, Fault> {
        if !(1..=100).contains(&written.confidence) {
            return Err(Fault::Confidence { confidence: written.confidence });
        }
        let parse = |(key, values): (&String, &Written)| Condition::parse(key, values);
        let conditions: Vec<Condition> = written.conditions.iter().map(parse).collect::<Result<_, _>>()?;
        let not = written.not.iter().map(parse).collect::<Result<_, _>>()?;
        if conditions.is_empty() {
            return Err(Fault::NoMatch);
        }
        let single = conditions.iter().filter(|condition| condition.key != Key::Host);
        let needed = single.fold(0, |bits, condition| bits | condition.key.bits());
        Ok(Self { confidence: written.confidence, conditions, not, needed })
    }

    fn holds(&self, facts: &Facts<'_>) -> bool {
        facts.fields() & self.needed == self.needed
            && self.conditions.iter().all(|condition| condition.value(facts).is_some())
            && !self.not.iter().any(|condition| condition.value(facts).is_some())
    }

    fn looks_at(&self, key: Key) -> bool {
        self.conditions.iter().any(|condition| {
            condition.key == key
                || key.fields().iter().any(|field| key != Key::Host && condition.key.covers(*field))
        })
    }
}

impl Rule {
    /// Checks a rule and holds it against its own vectors; `id` is its path.
    pub(crate) fn tried(id: &str, file: File) -> Result<Self, Fault> {
        let (mut rule, vectors) = Self::check(id, file)?;
        rule.try_vectors(&vectors)?;
        Ok(rule)
    }

    /// Checks a rule; gives its vectors as well.
    pub(crate) fn check(id: &str, file: File) -> Result<(Self, Vec<Vector>), Fault> {
        if file.id != id {
            return Err(Fault::Id { id: file.id });
        }
        if file.matches.is_empty() {
            return Err(Fault::NoMatch);
        }
        // A question asserts nothing: it asks.
        if file.assert.is_empty() != (file.subject == Subject::Question) {
            return Err(if file.assert.is_empty() { Fault::NoAssert } else { Fault::Asserts });
        }
        if file.source.is_empty() {
            return Err(Fault::NoSource);
        }
        let branches: Vec<Branch> = file.matches.iter().map(Branch::parse).collect::<Result<_, _>>()?;
        let (en, ja) = (Sentence::parse(&file.say.en)?, Sentence::parse(&file.say.ja)?);
        for key in en.keys().chain(ja.keys()) {
            if !branches.iter().all(|branch| branch.looks_at(key)) {
                return Err(Fault::Placeholder { placeholder: key.slug().to_owned() });
            }
        }
        let rule = Self {
            id: file.id,
            revision: file.revision,
            title: file.title,
            subject: file.subject,
            assert: file.assert,
            sources: file.source,
            branches,
            en,
            ja,
            examples: Vec::new(),
        };
        Ok((rule, file.vector))
    }

    /// Holds the rule against its own vectors.
    fn try_vectors(&mut self, vectors: &[Vector]) -> Result<(), Fault> {
        for expect in [Expect::Match, Expect::NoMatch] {
            if !vectors.iter().any(|vector| vector.expect == expect) {
                return Err(Fault::NoVector { expect: expect.slug() });
            }
        }
        for vector in vectors {
            let facts = facts(&vector.facts)?;
            let matched = self.confidence(&facts).is_some();
            if matched != (vector.expect == Expect::Match) {
                return Err(Fault::Vector { name: vector.name.clone(), expect: vector.expect.slug() });
            }
            if matched {
                self.examples.push(facts);
            }
        }
        Ok(())
    }

    /// The surest `[[match]]` that holds.
    pub(crate) fn branch(&self, facts: &Facts<'_>) -> Option<&Branch> {
        self.branches.iter().filter(|branch| branch.holds(facts)).max_by_key(|branch| branch.confidence)
    }

    fn confidence(&self, facts: &Facts<'_>) -> Option<u8> {
        self.branch(facts).map(|branch| branch.confidence)
    }

    /// The fields of which a sentence shows a value that no condition of its own asked for: it names one
    /// field, and a branch looks there by a key that covers several.
    pub(crate) fn quoted_unasked(&self) -> u128 {
        let asked =
            |branch: &Branch, key: Key| branch.conditions.iter().any(|condition| condition.key == key);
        let unasked = |key: &Key| !self.branches.iter().all(|branch| asked(branch, *key));
        self.en.keys().chain(self.ja.keys()).filter(unasked).fold(0, |bits, key| bits | key.bits())
    }

    /// Gives the keys of its conditions that cannot hold where only these fields are known.
    #[must_use]
    pub fn unanswered(&self, known: &[Field]) -> Vec<&'static str> {
        let mut keys: Vec<&'static str> = Vec::new();
        for key in self.branches.iter().flat_map(|branch| &branch.conditions).map(|condition| condition.key) {
            if !keys.contains(&key.slug()) && !key.fields().iter().any(|field| known.contains(field)) {
                keys.push(key.slug());
            }
        }
        keys
    }

    /// The sentences in English and Japanese, with what the branch saw.
    pub(crate) fn say(&self, branch: &Branch, facts: &Facts<'_>) -> (String, String) {
        let seen = |key: Key| {
            let condition = branch.conditions.iter().find(|condition| condition.key == key)?;
            condition.value(facts)
        };
        (self.en.write(facts, seen), self.ja.write(facts, seen))
    }
}

fn facts(written: &BTreeMap<String, Written>) -> Result<Facts<'static>, Fault> {
    let mut facts = Facts::default();
    for (key, values) in written {
        let field = Field::from_slug(key).ok_or_else(|| Fault::Field { key: key.clone() })?;
        for text in values.texts() {
            facts.add(field, text);
        }
    }
    Ok(facts)
}
