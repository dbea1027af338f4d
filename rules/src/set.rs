//! All rules together: loading, and evaluating the few that can match.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use include_dir::{Dir, DirEntry, include_dir};

use crate::domain::anchors;
use crate::rule::Rule;
use crate::verdict::{Outcome, Verdict, settle};
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
    by_name: HashMap<(Subject, String), Vec<usize>>,
    /// All others.
    others: BTreeMap<Subject, Vec<usize>>,
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
        let mut this = Self { by_id: Vec::new(), by_name: HashMap::new(), others: BTreeMap::new() };
        for (at, rule) in rules.iter().enumerate() {
            match names(rule) {
                Some(names) => {
                    for name in names {
                        this.by_name.entry((rule.subject, name)).or_default().push(at);
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

    /// Evaluates every rule of a subject once; the surest verdict first.
    #[must_use]
    pub fn evaluate(&self, subject: Subject, facts: &Facts) -> Vec<Verdict<'_>> {
        let mut candidates: Vec<usize> = self.others.get(&subject).cloned().unwrap_or_default();
        for name in NAMES.iter().flat_map(|field| facts.get(*field)) {
            for anchor in anchors(name) {
                candidates.extend(self.by_name.get(&(subject, anchor)).into_iter().flatten());
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        let rules = candidates.into_iter().filter_map(|at| self.by_id.get(at));
        let mut verdicts: Vec<Verdict<'_>> = rules.filter_map(|rule| verdict(rule, facts)).collect();
        // Rules are in the order of their ids, and the sort keeps it among equals.
        verdicts.sort_by_key(|verdict| std::cmp::Reverse(verdict.confidence));
        verdicts
    }

    /// Evaluates in rounds: what rules assert of service, organisation and tunnel is known to the next.
    #[must_use]
    pub fn conclude(&self, subject: Subject, mut facts: Facts) -> Outcome<'_> {
        let mut verdicts = self.evaluate(subject, &facts);
        for _ in 1..MAX_ROUNDS {
            let before = facts.clone();
            for (field, value) in [
                (Field::Service, settle(&verdicts, |assert| assert.service.as_deref())),
                (Field::Org, settle(&verdicts, |assert| assert.org.as_deref())),
            ] {
                if let Some(value) = value {
                    facts.add(field, value);
                }
            }
            if settle(&verdicts, |assert| assert.tunnel.as_ref()) == Some(&true) {
                facts.set(Field::Tunnel, "true");
            }
            if facts == before {
                break;
            }
            verdicts = self.evaluate(subject, &facts);
        }
        Outcome { verdicts }
    }
}

fn verdict<'r>(rule: &'r Rule, facts: &Facts) -> Option<Verdict<'r>> {
    let branch = rule.branch(facts)?;
    let (en, ja) = rule.say(branch, facts);
    Some(Verdict {
        rule: &rule.id,
        revision: rule.revision,
        confidence: branch.confidence,
        assert: &rule.assert,
        en,
        ja,
    })
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
