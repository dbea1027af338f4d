//! `rules`: which rules there are, whether a site's own are sound, and what they would change.

pub(crate) mod trial;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sekisho_report::{Lang, RuleNote, fill, label, text};
use sekisho_rules::device::DeviceRules;
use sekisho_rules::{Rule, RuleError, Rules, Subject, folder};

use crate::cli::{RulesCheck, RulesCommand, RulesList};
use crate::output;
use crate::sync::handed;

/// Where a site lays rules of its own, unless it is told otherwise.
pub(crate) const SITE_RULES: &str = "/etc/sekisho/rules.d";

/// Rules that cannot be used; each was told.
#[derive(Debug, thiserror::Error)]
#[error("{faults} rules in {} are wrong", path.display())]
pub(crate) struct Faulty {
    /// The folder or file.
    pub(crate) path: PathBuf,
    /// How many.
    pub(crate) faults: usize,
}

pub(crate) fn run(command: &RulesCommand, lang: Lang) -> anyhow::Result<()> {
    match command {
        RulesCommand::List(args) => list(args, lang),
        RulesCommand::Check(args) => check(args, lang),
        RulesCommand::Test(args) => trial::run(args, lang),
    }
}

/// The folder that is laid over the rules that come with the program: the one named, else the site's usual
/// one where it is there.
pub(crate) fn folder(named: Option<&Path>) -> Option<PathBuf> {
    let usual = || Some(PathBuf::from(SITE_RULES)).filter(|folder| folder.is_dir());
    named.map(Path::to_owned).or_else(usual)
}

/// The rules as the site of a ledger has them.
pub(crate) fn laid(named: Option<&Path>, ledger: Option<&Path>) -> Folders {
    Folders { handed: ledger.and_then(handed::beside), own: folder(named) }
}

/// What is laid over the rules that come with the program: first what the collector handed down, then the
/// site's own.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Folders {
    /// Where what the collector hands down is.
    pub(crate) handed: Option<PathBuf>,
    /// Where the site's own are.
    pub(crate) own: Option<PathBuf>,
}

impl Folders {
    /// Loads the rules. One of the collector's that is not sound here, as it may be of a newer program, is told
    /// and left out; one of the site's own is an error.
    pub(crate) fn rules(&self) -> Result<Rules, RuleError> {
        let mut rules = Rules::embedded()?;
        if let Some(handed) = self.handed() {
            let (sound, faults) = folder::rules(handed)?.into_iter().partition::<Vec<_>, _>(Result::is_ok);
            left_out(faults.into_iter().filter_map(Result::err));
            rules = rules.with(sound.into_iter().flatten().collect());
        }
        match &self.own {
            Some(own) => Ok(rules.with(folder::rules(own)?.into_iter().collect::<Result<_, _>>()?)),
            None => Ok(rules),
        }
    }

    /// Loads the rules about devices, in the same way.
    pub(crate) fn of_devices(&self) -> Result<DeviceRules, RuleError> {
        let mut rules = DeviceRules::embedded()?;
        if let Some(handed) = self.handed() {
            left_out(folder::lay_devices(&mut rules, handed)?.1);
        }
        let own = self.own.as_deref().map(|own| folder::lay_devices(&mut rules, own)).transpose()?;
        match own.and_then(|(_, faults)| faults.into_iter().next()) {
            Some(fault) => Err(fault),
            None => Ok(rules),
        }
    }

    fn handed(&self) -> Option<&Path> {
        self.handed.as_deref().filter(|handed| handed.is_dir())
    }
}

fn left_out(faults: impl IntoIterator<Item = RuleError>) {
    for fault in faults {
        let chain = format!("{:#}", anyhow::Error::from(fault));
        tracing::warn!(error = chain, "a rule of the collector's is left out");
    }
}

/// A rule as people see it.
pub(crate) fn note(rule: &Rule) -> RuleNote {
    let asserts = rule.assert.texts().into_iter();
    let source =
        |source: &sekisho_rules::Source| (source.states.clone(), source.url.clone(), source.read.clone());
    RuleNote {
        id: rule.id.clone(),
        revision: rule.revision,
        title: rule.title.clone(),
        subject: subject(rule.subject),
        asserts: asserts.filter_map(|(key, value)| Some((key, value?.to_owned()))).collect(),
        tunnel: rule.assert.tunnel,
        sources: rule.sources.iter().map(source).collect(),
    }
}

const fn subject(subject: Subject) -> &'static str {
    match subject {
        Subject::Connection => "connection",
        Subject::Device => "device",
        Subject::Exit => "exit",
        Subject::Question => "question",
    }
}

fn list(args: &RulesList, lang: Lang) -> anyhow::Result<()> {
    let rules = laid(args.rules.as_deref(), None).rules()?;
    let notes: Vec<RuleNote> = rules.iter().map(note).collect();
    write!(io::stdout().lock(), "{}", sekisho_report::rules(&notes, lang, output::width()))?;
    Ok(())
}

/// Tells every rule that is wrong, and where two rules contradict each other.
fn check(args: &RulesCheck, lang: Lang) -> anyhow::Result<()> {
    let mut sound = Vec::new();
    let mut faults = 0;
    for rule in folder::rules(&args.path)? {
        match rule {
            Ok(rule) => sound.push(rule),
            Err(error) => {
                faults += 1;
                writeln!(io::stderr(), "{}", words(&error, lang))?;
            }
        }
    }
    let (devices, wrong) = folder::lay_devices(&mut DeviceRules::embedded()?, &args.path)?;
    faults += wrong.len();
    for error in &wrong {
        writeln!(io::stderr(), "{}", words(error, lang))?;
    }
    if faults > 0 {
        return Err(Faulty { path: args.path.clone(), faults }.into());
    }
    let ids: Vec<String> = sound.iter().map(|rule| rule.id.clone()).collect();
    let rules = Rules::embedded()?.with(sound);
    for id in &ids {
        for tie in rules.contradictions(id) {
            let other = if tie.first == *id { &tie.second } else { &tie.first };
            let key = format!("explain.{}", tie.key);
            let key = text(lang, &key);
            output::tell(&fill(lang, "rules.tie", &[("id", id), ("other", other), ("key", &key)]), lang);
        }
    }
    let values: [(&str, &dyn std::fmt::Display); 2] =
        [("path", &args.path.display()), ("count", &(ids.len() + devices.len()))];
    writeln!(io::stdout(), "{}", fill(lang, "rules.sound", &values))?;
    Ok(())
}

/// Words what is wrong with a rule: file, line, and what to do.
pub(crate) fn words(error: &RuleError, lang: Lang) -> String {
    match error {
        RuleError::Read { path, source } => {
            fill(lang, "rules.unreadable", &[("path", &path.display()), ("detail", source)])
        }
        RuleError::TooLarge { path, .. } => fill(lang, "rules.too-large", &[("path", &path.display())]),
        RuleError::Form { place, id, source } => {
            let detail = source.message().replace('\n', " ");
            fill(lang, "rules.form", &[("place", place), ("id", id), ("detail", &detail)])
        }
        RuleError::Fault { place, id, fault } => {
            let [(_, value), (_, expect)] = fault.values();
            let key = format!("rule-fault.{}", fault.slug());
            let detail = fill(lang, &key, &[("value", &value), ("expect", &expect)]);
            fill(lang, "rules.fault", &[("place", place), ("id", id), ("detail", &detail)])
        }
        RuleError::Device { path, source } => {
            fill(lang, "rules.device", &[("path", &path.display()), ("detail", source)])
        }
        RuleError::TooMany { .. } | RuleError::Embedded { .. } | RuleError::Devices(_) => {
            fill(lang, "error.any", &[("detail", &label(lang, "rules", &error.to_string()))])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_worded_with_file_line_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.toml");
        let written = "id = \"own\"\nrevision = 1\ntitle = \"t\"\nsubject = \"connection\"\n\n[[match]]\n\
                       hots = \"vendor.example\"\nconfidence = 50\n\n[assert]\norg = \"O\"\n\n[say]\nen = \"e\"\nja = \"j\"\n\n\
                       [[source]]\nstates = \"s\"\nurl = \"u\"\nread = 2026-11-25\n";
        std::fs::write(&path, written).unwrap();
        let error = folder::rules(folder.path()).unwrap().remove(0).unwrap_err();
        for (lang, says) in [(Lang::Ja, "という項目はありません"), (Lang::En, "is no field")] {
            let worded = words(&error, lang);
            assert!(
                worded.starts_with(&format!("{}:7: ", path.display())) && worded.contains(says),
                "{worded}"
            );
        }
    }
}
