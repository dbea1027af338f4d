//! All rules together: loading, and evaluating the few that can match.

use std::collections::BTreeMap;
use std::path::Path;

use crate::index::Index;
use crate::rule::{Branch, Rule};
use crate::telling::Telling;
use crate::verdict::{Outcome, Tie, Verdict, ties};
use crate::written::File;
use crate::{Facts, Field, Place, RuleError, Subject, folder};

/// The rules that come with the program, as the build laid them out.
static DATA: &str = include_str!(concat!(env!("OUT_DIR"), "/rules.json"));

/// Rounds in which conclusions become facts: tool, then category, and one to see that no more follows.
const MAX_ROUNDS: usize = 3;

/// Every rule, indexed.
#[derive(Debug)]
pub struct Rules {
    /// By id.
    all: Vec<Rule>,
    index: BTreeMap<Subject, Index>,
    telling: BTreeMap<Subject, Telling>,
}

impl Rules {
    /// Loads the rules that come with the program.
    pub fn embedded() -> Result<Self, RuleError> {
        Ok(Self::new(embedded()?))
    }

    /// Loads the rules that come with the program and lays over them those of a folder, or of one file:
    /// one with the same id takes the other's place.
    pub fn load(path: &Path) -> Result<Self, RuleError> {
        let mut rules = embedded()?;
        for rule in folder::rules(path)? {
            let rule = rule?;
            rules.insert(rule.id.clone(), rule);
        }
        Ok(Self::new(rules))
    }

    /// Lays rules over these.
    #[must_use]
    pub fn with(self, own: Vec<Rule>) -> Self {
        let all = self.all.into_iter().chain(own);
        Self::new(all.map(|rule| (rule.id.clone(), rule)).collect())
    }

    fn new(rules: BTreeMap<String, Rule>) -> Self {
        let all: Vec<Rule> = rules.into_values().collect();
        let (mut index, mut telling) = (BTreeMap::new(), BTreeMap::new());
        for (at, rule) in all.iter().enumerate() {
            index.entry(rule.subject).or_insert_with(Index::default).add(at, rule);
            telling.entry(rule.subject).or_insert_with(Telling::default).add(rule);
        }
        Self { all, index, telling }
    }

    /// Finds a rule by its id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Rule> {
        let at = self.all.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok()?;
        self.all.get(at)
    }

    /// Finds where a rule contradicts another at equal confidence, by the vectors of its own that match.
    #[must_use]
    pub fn contradictions(&self, id: &str) -> Vec<Tie> {
        let Some(rule) = self.get(id) else { return Vec::new() };
        let ties = |example: &Facts<'static>| ties(&self.conclude(rule.subject, example.clone()).verdicts);
        let mut found: Vec<Tie> = rule.examples.iter().flat_map(ties).collect();
        found.retain(|tie| tie.first == id || tie.second == id);
        found.dedup();
        found
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Walks through all rules, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.all.iter()
    }

    /// Tells whether a value makes any difference to a subject's rules. Facts without the values that make
    /// none get the same verdicts; what rules assert of service, organisation and tunnel is added later.
    #[must_use]
    pub fn tells(&self, subject: Subject, field: Field, value: &str) -> bool {
        self.telling.get(&subject).is_some_and(|telling| telling.tells(field, value))
    }

    /// Evaluates every rule of a subject once; the surest verdict first.
    #[must_use]
    pub fn evaluate(&self, subject: Subject, facts: &Facts<'_>) -> Vec<Verdict<'_>> {
        self.matching(subject, facts).into_iter().map(|(rule, branch)| verdict(rule, branch, facts)).collect()
    }

    /// Evaluates in rounds: what rules assert of service, organisation and tunnel is known to the next.
    #[must_use]
    pub fn conclude<'r>(&'r self, subject: Subject, mut facts: Facts<'r>) -> Outcome<'r> {
        let mut matching = self.matching(subject, &facts);
        for _ in 1..MAX_ROUNDS {
            let before = facts.len();
            let asserts = || matching.iter().map(|(rule, _)| &rule.assert);
            let service = asserts().find_map(|assert| assert.service.as_deref());
            let org = asserts().find_map(|assert| assert.org.as_deref());
            for (field, value) in [(Field::Service, service), (Field::Org, org)] {
                if let Some(value) = value {
                    facts.add(field, value);
                }
            }
            let tunnels = asserts().find_map(|assert| assert.tunnel) == Some(true);
            let turned = tunnels && facts.get(Field::Tunnel).ne(["true"]);
            if turned {
                facts.set(Field::Tunnel, "true");
            }
            if facts.len() == before && !turned {
                break;
            }
            matching = self.matching(subject, &facts);
        }
        Outcome {
            verdicts: matching.into_iter().map(|(rule, branch)| verdict(rule, branch, &facts)).collect(),
        }
    }

    /// The rules that match, each with its surest branch, the surest first; equals in the order of their ids.
    fn matching(&self, subject: Subject, facts: &Facts<'_>) -> Vec<(&Rule, &Branch)> {
        let rule = |at: usize| {
            let rule = self.all.get(at)?;
            Some((at, rule, rule.branch(facts)?))
        };
        let candidates = self.index.get(&subject).map(|index| index.candidates(facts)).unwrap_or_default();
        let mut found: Vec<(usize, &Rule, &Branch)> = candidates.into_iter().filter_map(rule).collect();
        found.sort_unstable_by_key(|(at, _, branch)| (std::cmp::Reverse(branch.confidence), *at));
        found.dedup_by_key(|(at, _, _)| *at);
        found.into_iter().map(|(_, rule, branch)| (rule, branch)).collect()
    }
}

fn verdict<'r>(rule: &'r Rule, branch: &Branch, facts: &Facts<'_>) -> Verdict<'r> {
    let (en, ja) = rule.say(branch, facts);
    Verdict {
        rule: &rule.id,
        revision: rule.revision,
        confidence: branch.confidence,
        assert: &rule.assert,
        en,
        ja,
    }
}

fn embedded() -> Result<BTreeMap<String, Rule>, RuleError> {
    let files: BTreeMap<String, File> =
        serde_json::from_str(DATA).map_err(|source| RuleError::Embedded { source: Box::new(source) })?;
    let checked = |(id, file): (String, File)| match Rule::check(&id, file) {
        Ok((rule, _)) => Ok((id, rule)),
        Err(fault) => {
            let place = Place { path: Path::new(&id).with_extension("toml"), line: 1 };
            Err(RuleError::Fault { place, id, fault })
        }
    };
    files.into_iter().map(checked).collect()
}
