//! What a rule would change, had it been there: rows before and after, as text.

use std::fmt::Write as _;

use crate::clean::clean;
use crate::rule::named;
use crate::text::{Lang, fill, label, text};

/// The most characters of one line.
const MAX_CHARS: usize = 600;
/// Subjects shown; a rule that changes more is too wide, and the count says so.
const MAX_SHOWN: usize = 200;

/// One subject that would change.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shift {
    /// `connection`, `device` or `exit`.
    pub subject: &'static str,
    /// What names it in the lists: number, addresses, names.
    pub name: String,
    /// By key what is said now and what would be said.
    pub changes: Vec<(&'static str, Option<String>, Option<String>)>,
}

/// What trying rules on a ledger found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trial {
    /// The rules tried, each with whether it takes another's place.
    pub rules: Vec<(String, bool)>,
    /// Keys that a rule asks for and a ledger does not hold: the rule, the keys.
    pub unanswered: Vec<(String, String)>,
    /// Subjects looked at: connections, devices, exits.
    pub looked_at: [usize; 3],
    /// Subjects that a tried rule fits, whether it changes anything or not.
    pub matched: usize,
    /// Subjects that would change.
    pub shifts: Vec<Shift>,
}

/// Writes what was found.
#[must_use]
pub fn trial(found: &Trial, lang: Lang) -> String {
    let mut out = String::new();
    let mut line = |line: &str| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{}", clean(line, MAX_CHARS));
    };
    for (id, replaces) in &found.rules {
        line(&fill(lang, if *replaces { "rules.tries-again" } else { "rules.tries" }, &[("id", id)]));
    }
    for (id, keys) in &found.unanswered {
        line(&fill(lang, "rules.unanswered", &[("id", id), ("keys", keys)]));
    }
    let [connections, devices, exits] = found.looked_at;
    line(&fill(
        lang,
        "rules.looked-at",
        &[
            ("connections", &connections),
            ("devices", &devices),
            ("exits", &exits),
            ("matched", &found.matched),
            ("changes", &found.shifts.len()),
        ],
    ));
    for shift in found.shifts.iter().take(MAX_SHOWN) {
        line("");
        line(&format!("{} {}", label(lang, "subject", shift.subject), shift.name));
        for (key, before, after) in &shift.changes {
            let shown = |value: &Option<String>| match value {
                Some(value) => label(lang, key, value).into_owned(),
                None => text(lang, "rules.nothing").to_owned(),
            };
            let before = named(key, &shown(before), lang);
            line(&format!("    {before} → {}", shown(after)));
        }
    }
    let more = found.shifts.len().saturating_sub(MAX_SHOWN);
    if more > 0 {
        line(&fill(lang, "rules.more", &[("more", &more)]));
    }
    out
}
