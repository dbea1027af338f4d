//! Rules as people see them: what one asserts, who says so, and all of them as a table.

use crate::clean::clean;
use crate::grid::{Cell, Fit, draw};
use crate::text::{Lang, fill, label, text};

/// The most characters of one text of a rule.
const MAX_CHARS: usize = 600;

/// What a rule is, apart from what it matches.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RuleNote {
    /// Its path under the folder.
    pub id: String,
    /// Counts its changes of meaning.
    pub revision: u32,
    /// What it is about.
    pub title: String,
    /// `connection`, `device`, `exit` or `question`.
    pub subject: &'static str,
    /// What follows, by key: `category`, `org` …
    pub asserts: Vec<(&'static str, String)>,
    /// Whether what matches can carry other traffic, or a person's hands, inwards.
    pub tunnel: Option<bool>,
    /// Who states the fact it rests on: what, where, and when it was read.
    pub sources: Vec<(String, String, String)>,
}

impl RuleNote {
    /// What it asserts, in words.
    pub(crate) fn asserted(&self, lang: Lang) -> String {
        let mut words: Vec<String> =
            self.asserts.iter().map(|(key, value)| named(key, value, lang)).collect();
        if let Some(tunnel) = self.tunnel {
            let truth = text(lang, if tunnel { "word.yes" } else { "word.no" });
            words.push(format!("{}: {truth}", text(lang, "explain.tunnel")));
        }
        words.join(", ")
    }
}

/// A value of a rule's key in words.
pub(crate) fn named(key: &str, value: &str, lang: Lang) -> String {
    let value = clean(&label(lang, key, value), MAX_CHARS).into_owned();
    format!("{}: {value}", text(lang, &format!("explain.{key}")))
}

/// Draws the rules, under how many they are.
#[must_use]
pub fn list(rules: &[RuleNote], lang: Lang, width: Option<u16>) -> String {
    let columns = [
        (text(lang, "rules.id"), Fit::Whole),
        (text(lang, "rules.revision"), Fit::Number),
        (text(lang, "rules.subject"), Fit::Whole),
        (text(lang, "rules.title"), Fit::Folds),
        (text(lang, "rules.asserts"), Fit::Folds),
    ];
    let row = |rule: &RuleNote| {
        vec![
            Cell::of(&rule.id),
            Cell::of(&rule.revision.to_string()),
            Cell::of(&label(lang, "rule-subject", rule.subject)),
            Cell::of(&rule.title),
            Cell::of(&rule.asserted(lang)),
        ]
    };
    let cells: Vec<Vec<Cell>> = rules.iter().map(row).collect();
    let head = fill(lang, "rules.count", &[("count", &rules.len())]);
    format!("{head}\n\n{}", draw(&columns, &cells, width))
}
