//! What the collector hands down, held against the box's own file.
//!
//! The file has the last word: what it states itself stays, `take_settings = false` takes nothing at all, and
//! nobody is asked over SNMP beyond `allow` of `[snmp]`. What cannot be used is told and never an error, for a
//! collector's mistake must not stop a box.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use sekisho_report::{Lang, clean, fill};
use sekisho_sync::setting::{self, KEYS, Setting, Unsound};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::Problem;
use super::checker::{Checker, Fault};
use crate::sync::settings::{self, Said, Value};

/// What of a key, a value or a name is shown: a stranger may have written it.
const MAX_SHOWN_CHARS: usize = 100;
/// Values of a list that are shown.
const MAX_SHOWN: usize = 20;

/// A setting that the collector handed down, and what became of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Handed {
    /// Its key.
    pub(crate) key: String,
    /// Its values, as far as they are shown.
    pub(crate) values: String,
    /// Who decided it at the collector.
    pub(crate) author: String,
    /// `in-force`, `stated` by the file itself, `declined` by it, `idle` where what it is about is turned off,
    /// `refused`, `unknown` to this version.
    pub(crate) state: String,
    /// What the file states in its place, where it does.
    #[serde(default)]
    pub(crate) stated: String,
    /// In Japanese, why it was refused.
    #[serde(default)]
    pub(crate) why_ja: String,
    /// In English.
    #[serde(default)]
    pub(crate) why_en: String,
}

impl Handed {
    /// Words it.
    pub(crate) fn words(&self, lang: Lang) -> String {
        let why = match lang {
            Lang::Ja => &self.why_ja,
            Lang::En => &self.why_en,
        };
        let state = sekisho_report::label(lang, "handed", &self.state);
        let Self { key, values, author, stated, .. } = self;
        let text = match (why.is_empty(), self.state == "stated") {
            (false, _) => "agent.handed-refused",
            (true, true) => "agent.handed-stated",
            (true, false) => "agent.handed",
        };
        let values: [(&str, &dyn Display); 6] = [
            ("key", key),
            ("values", values),
            ("author", author),
            ("state", &state),
            ("stated", stated),
            ("why", why),
        ];
        fill(lang, text, &values)
    }
}

/// Settings on their way into a configuration.
#[derive(Debug, Default)]
pub(super) struct Handing {
    said: BTreeMap<String, Value>,
    declines: bool,
    told: Vec<Handed>,
    doubts: Vec<Problem>,
}

impl Checker<'_> {
    /// Reads what was handed down to the box of a ledger.
    pub(super) fn hand(&mut self, ledger: &Path, takes: Option<bool>) {
        let mut doubts = Vec::new();
        let said = settings::read(ledger).unwrap_or_else(|error| {
            let values = vec![("detail", error.to_string())];
            doubts.push(Problem { line: None, name: "handed-unreadable", values });
            Said::default()
        });
        if said.left_out > 0 {
            let values = vec![("count", said.left_out.to_string())];
            doubts.push(Problem { line: None, name: "handed-left-out", values });
        }
        self.doubts.extend_from_slice(&doubts);
        let declines = takes == Some(false);
        self.handing = Handing { said: said.settings, declines, told: Vec::new(), doubts };
    }

    /// Gives what is in force of what was handed down under a key; nothing where the file states its own.
    pub(super) fn handed(&mut self, key: &str, stated: Option<&[Spanned<String>]>) -> Option<Setting> {
        let Handing { said, declines, told, .. } = &mut self.handing;
        let value = said.remove(key)?;
        let (became, setting) = match (*declines, stated, setting::read(key, &value.values)) {
            (true, _, _) => (shown(key, &value, "declined"), None),
            (false, Some(stated), _) => {
                let stated = listed(stated.iter().map(|value| value.get_ref().as_str()));
                (Handed { stated, ..shown(key, &value, "stated") }, None)
            }
            (false, None, Ok(setting)) => (shown(key, &value, "in-force"), Some(setting)),
            (false, None, Err(Unsound { name, values })) => (refused(key, &value, &(name, values)), None),
        };
        told.push(became);
        setting
    }

    /// Notes that what was in force is not, after all.
    pub(super) fn refuse_handed(&mut self, key: &str, (name, values): &Fault) {
        let Some(told) = self.handing.told.iter_mut().find(|told| told.key == key) else { return };
        let [ja, en] = both(name, values);
        "refused".clone_into(&mut told.state);
        (told.why_ja, told.why_en) = (ja, en);
    }

    /// Gives what became of everything that was handed down, in the order of keys, and what is doubtful about it.
    pub(super) fn told(&mut self) -> (Vec<Handed>, Vec<Problem>) {
        let Handing { said, declines, mut told, doubts } = std::mem::take(&mut self.handing);
        for (key, value) in said {
            let state = match (KEYS.contains(&key.as_str()), declines) {
                (false, _) => "unknown",
                (true, true) => "declined",
                (true, false) => "idle",
            };
            told.push(shown(&key, &value, state));
        }
        told.sort_by(|one, other| one.key.cmp(&other.key));
        (told, doubts)
    }
}

fn refused(key: &str, value: &Value, (name, values): &Fault) -> Handed {
    let [why_ja, why_en] = both(name, values);
    Handed { why_ja, why_en, ..shown(key, value, "refused") }
}

/// Words are in the answer of the daemon, which may be asked in either language.
pub(super) fn both(name: &str, values: &[(&'static str, String)]) -> [String; 2] {
    let values: Vec<(&str, String)> =
        values.iter().map(|(name, value)| (*name, clean(value, MAX_SHOWN_CHARS).into_owned())).collect();
    let values: Vec<(&str, &dyn Display)> =
        values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
    [Lang::Ja, Lang::En].map(|lang| fill(lang, &format!("config.{name}"), &values))
}

fn shown(key: &str, value: &Value, state: &str) -> Handed {
    let short = |text: &str| clean(text, MAX_SHOWN_CHARS).into_owned();
    Handed {
        key: short(key),
        values: listed(value.values.iter().map(String::as_str)),
        author: short(&value.author),
        state: state.to_owned(),
        stated: String::new(),
        why_ja: String::new(),
        why_en: String::new(),
    }
}

/// The first of a list's values, in one line.
fn listed<'v>(mut values: impl Iterator<Item = &'v str>) -> String {
    let first = values.by_ref().take(MAX_SHOWN).map(|value| clean(value, MAX_SHOWN_CHARS).into_owned());
    let mut shown: Vec<String> = first.collect();
    shown.extend(values.next().map(|_| "…".to_owned()));
    if shown.is_empty() { "[]".to_owned() } else { shown.join(" ") }
}
