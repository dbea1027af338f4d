//! What the collector hands down: settings, and rules, a file each in a folder beside the ledger, which are laid
//! over the program's own and under the site's. A mark tells a running daemon that something came, from whichever
//! process.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use ring::digest::{Context, SHA256};
use sekisho_api::sync::{RULE, RULE_TEXT};
use sekisho_ledger::{Outbox, private_folder};
use sekisho_rules::folder;
use sekisho_sync::hex;

use super::{place, settings};

const MARK: &str = "handed";
const RULES: &str = "rules.d";
/// Folders within the folder, as ids may name them.
const MAX_DEPTH: usize = 8;

/// What is others now.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Changed {
    /// Rules.
    pub(crate) rules: bool,
    /// Settings.
    pub(crate) settings: bool,
}

impl Changed {
    /// Adds what changed later.
    pub(super) fn add(&mut self, later: Self) {
        self.rules |= later.rules;
        self.settings |= later.settings;
    }
}

/// The mark as a daemon saw it last.
#[derive(Debug)]
pub(crate) struct Mark {
    path: Option<PathBuf>,
    seen: Option<(u64, SystemTime)>,
}

impl Mark {
    /// Looks at the mark of the box of a ledger, whose configuration was read after a time: what came since has
    /// not been seen.
    pub(crate) fn of(ledger: &Path, read_after: SystemTime) -> Self {
        let mut mark = Self { path: mark(ledger), seen: None };
        mark.has_moved();
        mark.seen = mark.seen.filter(|(_, moved_at)| *moved_at < read_after);
        mark
    }

    /// Tells whether something came since this was last asked.
    pub(crate) fn has_moved(&mut self) -> bool {
        let about = self.path.as_ref().and_then(|path| fs::metadata(path).ok());
        // Each mark is a file of its own, whatever the clock says.
        let now = about.and_then(|about| Some((about.ino(), about.modified().ok()?)));
        let moved = now.is_some() && now != self.seen;
        self.seen = now;
        moved
    }
}

fn mark(ledger: &Path) -> Option<PathBuf> {
    Some(place::folder(ledger)?.join(MARK))
}

/// Where rules are; nowhere with a ledger that no collector hands down to.
pub(crate) fn beside(ledger: &Path) -> Option<PathBuf> {
    Some(place::folder(ledger)?.join(RULES))
}

/// All that is handed down, by which the mark is named.
pub(super) struct Laid {
    digest: Context,
    is_nothing: bool,
}

impl Laid {
    pub(super) fn new() -> Self {
        Self { digest: Context::new(&SHA256), is_nothing: true }
    }

    /// Adds a part.
    pub(super) fn add(&mut self, part: &[u8]) {
        self.digest.update(&(part.len() as u64).to_be_bytes());
        self.digest.update(part);
        self.is_nothing = false;
    }

    fn name(self) -> String {
        if self.is_nothing { String::new() } else { hex(self.digest.finish().as_ref()) }
    }
}

/// Writes what the collector hands down now, and removes what it took back; says what changed.
pub(super) fn lay(ledger: &Path, outbox: &mut Outbox) -> anyhow::Result<Changed> {
    let mut laid = Laid::new();
    let changed = Changed {
        rules: lay_rules(ledger, outbox, &mut laid)?,
        settings: settings::lay(ledger, outbox, &mut laid)?,
    };
    let (mark, name) = (place::beside(ledger)?.join(MARK), laid.name());
    // A mark of another name is of an earlier time: what was laid then came no further than here.
    let is_told = fs::read_to_string(&mark).unwrap_or_default() == name;
    if changed != Changed::default() || !is_told {
        place::write(&mark, name.as_bytes())?;
    }
    Ok(changed)
}

fn lay_rules(ledger: &Path, outbox: &mut Outbox, laid: &mut Laid) -> anyhow::Result<bool> {
    let root = place::beside(ledger)?.join(RULES);
    let mut wanted = BTreeMap::new();
    for decision in outbox.decided(RULE)?.into_iter().filter(|decision| decision.field == RULE_TEXT) {
        let Some(text) = decision.value.as_deref().and_then(|value| serde_json::from_str(value).ok()) else {
            continue;
        };
        let Some(path) = folder::place(&root, &decision.subject) else {
            tracing::warn!("a rule of the collector's has no name that a file can have");
            continue;
        };
        wanted.insert(path, text);
    }
    let mut found = Vec::new();
    files(&root, MAX_DEPTH, &mut found)?;
    let mut changed = false;
    for path in found.iter().filter(|path| !wanted.contains_key(*path)) {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
        changed = true;
    }
    for (path, text) in wanted {
        let text: String = text;
        laid.add(path.as_os_str().as_bytes());
        laid.add(text.as_bytes());
        if fs::read_to_string(&path).is_ok_and(|known| known == text) {
            continue;
        }
        if let Some(folder) = path.parent() {
            private_folder(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        place::write(&path, text.as_bytes())?;
        changed = true;
    }
    Ok(changed)
}

fn files(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if depth == 0 || !folder.is_dir() {
        return Ok(());
    }
    let cannot = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        if path.is_dir() {
            files(&path, depth - 1, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sekisho_api::sync::{SETTING, SETTING_VALUE};
    use sekisho_ledger::Ledger;

    use super::*;

    #[test]
    fn what_the_collector_hands_down_is_laid_and_what_it_takes_back_goes() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.db");
        drop(Ledger::open(&ledger).unwrap());
        let mut outbox = Outbox::open(&ledger, "kita").unwrap();
        let mut mark = Mark::of(&ledger, SystemTime::now());
        let mut decide = |id: &str, text: Option<&str>| {
            let value = text.map(|text| serde_json::to_string(text).unwrap());
            outbox.decide((RULE, id, RULE_TEXT), value.as_deref(), "survey", Timestamp::now()).unwrap();
            let changed = lay(&ledger, &mut outbox).unwrap().rules;
            assert_eq!(mark.has_moved(), changed, "a daemon is told");
            assert_eq!(lay(&ledger, &mut outbox).unwrap(), Changed::default(), "nothing is left to do");
            assert!(!mark.has_moved());
            changed
        };
        let own = beside(&ledger).unwrap().join("vendor/example.toml");
        assert!(decide("vendor/example", Some("id = \"vendor/example\"")));
        assert_eq!(fs::read_to_string(&own).unwrap(), "id = \"vendor/example\"");
        // (why, id)
        let refused = [
            ("up", "../../box"),
            ("a root", "/etc/x"),
            ("a name of nothing", "vendor//x"),
            ("case", "Vendor"),
        ];
        for (why, id) in refused {
            assert!(!decide(id, Some("x")), "{why}");
        }
        assert!(decide("vendor/example", None));
        assert!(!own.exists());
    }

    #[test]
    fn what_was_laid_in_part_is_told_when_the_rest_is_laid() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.db");
        drop(Ledger::open(&ledger).unwrap());
        let mut outbox = Outbox::open(&ledger, "kita").unwrap();
        let sync = place::beside(&ledger).unwrap();
        // (what cannot be written at first)
        for (number, blocked) in ["settings.json", MARK].into_iter().enumerate() {
            let mut mark = Mark::of(&ledger, SystemTime::now());
            let decide = |outbox: &mut Outbox, field, text: &str| {
                let value = serde_json::to_string(text).unwrap();
                outbox.decide(field, Some(&value), "survey", Timestamp::now()).unwrap();
            };
            let id = format!("vendor/example{number}");
            decide(&mut outbox, (RULE, &id, RULE_TEXT), "of this day");
            decide(&mut outbox, (SETTING, &format!("weather{number}"), SETTING_VALUE), "rain");
            let (place, aside) = (sync.join(blocked), sync.join("aside"));
            let had = place.exists() && fs::rename(&place, &aside).is_ok();
            fs::create_dir(&place).unwrap();
            lay(&ledger, &mut outbox).unwrap_err();
            assert!(beside(&ledger).unwrap().join(&id).with_extension("toml").exists(), "the rule is laid");
            fs::remove_dir(&place).unwrap();
            if had {
                fs::rename(&aside, &place).unwrap();
            }
            mark.has_moved();
            lay(&ledger, &mut outbox).unwrap();
            assert!(mark.has_moved(), "{blocked}: a daemon is told");
            lay(&ledger, &mut outbox).unwrap();
            assert!(!mark.has_moved(), "{blocked}: once");
        }
    }
}
