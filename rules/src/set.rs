//! All rules together: loading, and evaluating the few that can match.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use include_dir::{Dir, DirEntry, include_dir};

use crate::domain::anchors;
use crate::rule::{Branch, Rule};
use crate::telling::Telling;
use crate::verdict::{Outcome, Verdict};
use crate::{Facts, Field, RuleError, Subject};

/// The rules that come with the program.
static DATA: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/data");

/// Folders within folders in a site's own rules.
const MAX_DEPTH: usize = 8;
/// Rounds in which conclusions become facts: tool, then category, and one to see that no more follows.
const MAX_ROUNDS: usize = 3;

/// The fields in which the outside party's name may stand.
const NAMES: [Field; 4] = [Field::Name, Field::Sni, Field::HttpHost, Field::CertName];

/// Every rule, indexed.
#[derive(Debug)]
pub struct Rules {
    by_id: Vec<Rule>,
    /// Rules that can only match a name, by the name's last one or two labels.
    by_name: BTreeMap<Subject, HashMap<String, Vec<usize>>>,
    /// All others.
    others: BTreeMap<Subject, Vec<usize>>,
    telling: BTreeMap<Subject, Telling>,
}

impl Rules {
    /// Loads the rules that come with the program.
    pub fn embedded() -> Result<Self, RuleError> {
        let mut files = BTreeMap::new();
        collect(&DATA, &mut files);
        Self::parse(&files)
    }

    /// Loads the rules that come with the program and lays a folder's over them: one with the same id
    /// takes the other's place.
    pub fn load(folder: &Path) -> Result<Self, RuleError> {
        let mut files = BTreeMap::new();
        collect(&DATA, &mut files);
        read(folder, folder, MAX_DEPTH, &mut files)?;
        Self::parse(&files)
    }

    fn parse(files: &BTreeMap<String, String>) -> Result<Self, RuleError> {
        let rules: Vec<Rule> =
            files.iter().map(|(id, text)| Rule::parse(id, text)).collect::<Result<_, _>>()?;
        let mut this = Self {
            by_id: Vec::new(),
            by_name: BTreeMap::new(),
            others: BTreeMap::new(),
            telling: BTreeMap::new(),
        };
        for (at, rule) in rules.iter().enumerate() {
            this.telling.entry(rule.subject).or_default().add(rule);
            match names(rule) {
                Some(names) => {
                    for name in names {
                        let by_name = this.by_name.entry(rule.subject).or_default();
                        by_name.entry(name).or_default().push(at);
                    }
                }
                None => this.others.entry(rule.subject).or_default().push(at),
            }
        }
        this.by_id = rules;
        Ok(this)
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Walks through all rules, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.by_id.iter()
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
        let mut named: Vec<usize> = Vec::new();
        for name in NAMES.iter().flat_map(|field| facts.get(*field)) {
            for anchor in anchors(name) {
                named.extend(
                    self.by_name
                        .get(&subject)
                        .and_then(|by_name| by_name.get(anchor.as_str()))
                        .into_iter()
                        .flatten(),
                );
            }
        }
        let others = self.others.get(&subject).into_iter().flatten();
        let rule = |at: &usize| {
            let rule = self.by_id.get(*at)?;
            Some((*at, rule, rule.branch(facts)?))
        };
        let mut found: Vec<(usize, &Rule, &Branch)> = named.iter().chain(others).filter_map(rule).collect();
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

/// The ends of all names that a rule can match; `None` if it can match without a name.
fn names(rule: &Rule) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for branch in &rule.branches {
        names.extend(branch.conditions.iter().find_map(crate::condition::Condition::anchors)?);
    }
    Some(names)
}

fn collect(folder: &Dir<'_>, files: &mut BTreeMap<String, String>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => collect(folder, files),
            DirEntry::File(file) => {
                let id = file.path().to_str().and_then(|path| path.strip_suffix(".toml"));
                if let (Some(id), Some(text)) = (id, file.contents_utf8()) {
                    files.insert(id.to_owned(), text.to_owned());
                }
            }
        }
    }
}

fn read(
    root: &Path,
    folder: &Path,
    depth: usize,
    files: &mut BTreeMap<String, String>,
) -> Result<(), RuleError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| RuleError::Read { path, source }
    };
    for entry in fs::read_dir(folder).map_err(fail(folder))? {
        let path = entry.map_err(fail(folder))?.path();
        if path.is_dir() && depth > 0 {
            read(root, &path, depth - 1, files)?;
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            let text = fs::read_to_string(&path).map_err(fail(&path))?;
            let relative = path.strip_prefix(root).unwrap_or(&path).with_extension("");
            let id = relative.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
            files.insert(id, text);
        }
    }
    Ok(())
}
