//! Settings that the collector hands down: a file beside the ledger, which the configuration is read with.
//!
//! What they are worth is not decided here: the file holds what was said, known or not, sound or not, so that
//! `check-config` and `status` can show it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sekisho_api::sync::{SETTING, SETTING_VALUE};
use sekisho_ledger::Outbox;
use serde::{Deserialize, Serialize};

use super::handed::Laid;
use super::place;

const FILE: &str = "settings.json";
/// Settings that are kept: several times as many as there are, for those of a later version.
const MAX_KEPT: usize = 50;
/// Octets of the file: so many settings, each with the longest key, value and author that a decision may have.
const MAX_FILE_BYTES: u64 = 8 << 20;

/// What the collector says of settings.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Said {
    /// By key.
    pub(crate) settings: BTreeMap<String, Value>,
    /// Settings beyond the bound, which are not kept.
    pub(crate) left_out: usize,
}

/// What it says of one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Value {
    /// The value, or the values of a list, as they are written in a configuration.
    pub(crate) values: Vec<String>,
    /// Who decided it there.
    pub(crate) author: String,
}

fn file(ledger: &Path) -> Option<PathBuf> {
    Some(place::folder(ledger)?.join(FILE))
}

/// Reads what was said last; nothing where nothing was.
pub(crate) fn read(ledger: &Path) -> io::Result<Said> {
    let Some(path) = file(ledger) else { return Ok(Said::default()) };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Said::default()),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(MAX_FILE_BYTES).read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}

/// Writes what the collector says now; tells whether that is another than before.
pub(super) fn lay(ledger: &Path, outbox: &mut Outbox, laid: &mut Laid) -> anyhow::Result<bool> {
    let mut said = Said::default();
    for decision in outbox.decided(SETTING)?.into_iter().filter(|decision| decision.field == SETTING_VALUE) {
        let Some(value) = decision.value else { continue };
        // A form of a later version is as unknown as its key may be.
        let values: Vec<String> = serde_json::from_str(&value).unwrap_or_default();
        if said.settings.len() < MAX_KEPT {
            said.settings.insert(decision.subject, Value { values, author: decision.author });
        } else {
            said.left_out += 1;
        }
    }
    let text = serde_json::to_string(&said)?;
    if said != Said::default() {
        laid.add(text.as_bytes());
    }
    if read(ledger).is_ok_and(|known| known == said) {
        return Ok(false);
    }
    place::write(&place::beside(ledger)?.join(FILE), text.as_bytes())?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sekisho_ledger::Ledger;

    use super::*;

    #[test]
    fn what_the_collector_says_is_kept_until_it_says_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.db");
        drop(Ledger::open(&ledger).unwrap());
        let mut outbox = Outbox::open(&ledger, "kita").unwrap();
        let lay = |outbox: &mut Outbox| lay(&ledger, outbox, &mut Laid::new()).unwrap();
        assert!(!lay(&mut outbox), "nothing was said");
        let mut say = |key: &str, value: Option<&str>| {
            outbox.decide((SETTING, key, SETTING_VALUE), value, "survey", Timestamp::now()).unwrap();
            let changed = lay(&mut outbox);
            assert!(!lay(&mut outbox), "nothing is left to do");
            changed
        };
        assert!(say("sync.every", Some("[\"10min\"]")));
        assert!(say("weather", Some("{\"of\": \"a later version\"}")));
        assert!(!say("sync.every", Some("[\"10min\"]")), "the same again");
        let said = read(&ledger).unwrap();
        let every = said.settings.get("sync.every").unwrap();
        assert_eq!((every.values.as_slice(), every.author.as_str()), (&["10min".to_owned()][..], "survey"));
        assert!(said.settings.get("weather").unwrap().values.is_empty());
        assert!(say("sync.every", None));
        assert_eq!(read(&ledger).unwrap().settings.len(), 1);
        for number in 0..MAX_KEPT {
            say(&format!("x{number}"), Some("[\"1\"]"));
        }
        let said = read(&ledger).unwrap();
        assert_eq!((said.settings.len(), said.left_out), (MAX_KEPT, 1));
        // As large as a collector can make it, it is read.
        let long = serde_json::to_string(&vec!["\u{1}"; 7_000]).unwrap();
        for number in 0..MAX_KEPT {
            let key = format!("{}{number:02}", "\u{1}".repeat(4_000));
            let field = (SETTING, key.as_str(), SETTING_VALUE);
            outbox.decide(field, Some(&long), "survey", Timestamp::now()).unwrap();
        }
        assert!(lay(&mut outbox));
        assert_eq!(read(&ledger).unwrap().settings.len(), MAX_KEPT);
    }
}
