//! What a device's SNMP objects say of its make: objects in, maker, model, firmware and serial out.
//!
//! A rule is a file under `data/device/`. It says which devices it is for (`[[match]]`: the subtree of
//! sysObjectID, arc by arc; patterns on sysDescr; an object that only they hold), and where each of them
//! keeps its model, firmware and serial (`[[read]]`, the first that gives a value counts). A rule with
//! `any = true` is for every device; it fills in what the surest rule for the device left open, from tables
//! that all makers share, such as ENTITY-MIB.
//!
//! Asking goes in two steps, since nothing is asked that cannot matter: [`DeviceRules::probes`] names the
//! objects that tell candidates apart, [`DeviceRules::wanted`] those that the chosen rule reads.
//!
//! | file | what |
//! |---|---|
//! | `written` | a rule as it is written, and what can be wrong with it |
//! | `read` | one place where a value is kept |
//! | `trial` | a rule held against its own vectors |
//! | `tunnel` | where tunnels are listed, and where it is told that a line is up |
//!
//! Invariant: no clock, no network; files are read by `folder` alone.

mod read;
mod trial;
mod tunnel;
mod written;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;

use crate::{Oid, RuleError, folder};

pub use read::{Gives, Wanted};
pub use tunnel::{LineTable, TunnelTable};
pub use written::DeviceRuleError;

use read::Read;
use tunnel::LineSign;
pub(crate) use written::File;

/// The rules that come with the program, as the build laid them out.
static DATA: &str = include_str!(concat!(env!("OUT_DIR"), "/devices.json"));

/// `sysDescr.0`.
pub const SYS_DESCR: &str = "1.3.6.1.2.1.1.1.0";
/// `sysObjectID.0`.
pub const SYS_OBJECT_ID: &str = "1.3.6.1.2.1.1.2.0";
/// Under which makers have their numbers (IANA, SMI network management private enterprise codes).
const ENTERPRISES: &str = "1.3.6.1.4.1.";

/// What is known of a device, object by object, as text.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    values: BTreeMap<Wanted, Vec<(String, String)>>,
}

impl Objects {
    /// Begins with the system group.
    #[must_use]
    pub fn new(sys_object_id: Option<&str>, sys_descr: Option<&str>) -> Self {
        let mut objects = Self::default();
        for (oid, value) in [(SYS_OBJECT_ID, sys_object_id), (SYS_DESCR, sys_descr)] {
            if let Some(value) = value {
                objects.add(Wanted::Object(oid.to_owned()), oid, value);
            }
        }
        objects
    }

    /// Adds a value that was read for `wanted`, and the object that held it.
    pub fn add(&mut self, wanted: Wanted, oid: &str, value: &str) {
        self.values.entry(wanted).or_default().push((oid.to_owned(), value.to_owned()));
    }

    /// Tells whether a value for `wanted` is known.
    #[must_use]
    pub fn holds(&self, wanted: &Wanted) -> bool {
        self.values.contains_key(wanted)
    }

    fn of(&self, wanted: &Wanted) -> &[(String, String)] {
        self.values.get(wanted).map(Vec::as_slice).unwrap_or_default()
    }

    fn one(&self, oid: &str) -> Option<&str> {
        self.of(&Wanted::Object(oid.to_owned())).first().map(|(_, value)| value.as_str())
    }
}

/// What a device is, and which objects say so.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Identity<'r> {
    /// The surest rule, its revision and its confidence; `None` where no rule knows the device.
    pub rule: Option<(&'r str, u32, u8)>,
    /// The rule's sentence in English and in Japanese.
    pub say: Option<(&'r str, &'r str)>,
    /// The maker.
    pub vendor: Option<String>,
    /// The kind of device, as slug.
    pub role: Option<&'r str>,
    /// Model, firmware, serial and the like, each with the object that held it.
    pub found: BTreeMap<Gives, (String, String)>,
}

impl Identity<'_> {
    /// Gives one value.
    #[must_use]
    pub fn value(&self, gives: Gives) -> Option<&str> {
        self.found.get(&gives).map(|(value, _)| value.as_str())
    }
}

/// A checked rule.
#[derive(Debug)]
struct DeviceRule {
    id: String,
    revision: u32,
    matches: Vec<Branch>,
    vendor: Option<String>,
    role: Option<String>,
    reads: Vec<Read>,
    tunnels: Vec<TunnelTable>,
    lines: Vec<LineSign>,
    line_tables: Vec<LineTable>,
    en: String,
    ja: String,
}

#[derive(Debug)]
struct Branch {
    any: bool,
    sys_object_id: Vec<Oid>,
    sys_descr: Vec<Regex>,
    has: Vec<String>,
    confidence: u8,
}

impl Branch {
    /// Tells whether the system group fits; `has` is not looked at.
    fn may(&self, objects: &Objects) -> bool {
        let id = objects.one(SYS_OBJECT_ID);
        let fits_id = self.sys_object_id.is_empty()
            || id.is_some_and(|id| self.sys_object_id.iter().any(|own| own.is(id, true)));
        let descr = objects.one(SYS_DESCR).unwrap_or_default();
        let fits_descr =
            self.sys_descr.is_empty() || self.sys_descr.iter().any(|pattern| pattern.is_match(descr));
        fits_id && fits_descr
    }

    fn fits(&self, objects: &Objects) -> bool {
        self.may(objects) && self.has.iter().all(|oid| objects.one(oid).is_some())
    }
}

/// Every rule about devices.
#[derive(Debug)]
pub struct DeviceRules {
    all: Vec<DeviceRule>,
}

impl DeviceRules {
    /// Loads the rules that come with the program.
    pub fn embedded() -> Result<Self, DeviceRuleError> {
        let files: BTreeMap<String, written::File> = serde_json::from_str(DATA)
            .map_err(|source| DeviceRuleError::Embedded { source: Box::new(source) })?;
        let all = files.into_iter().map(|(id, file)| file.check(&id)).collect::<Result<_, _>>()?;
        Ok(Self { all })
    }

    /// Loads the rules that come with the program and lays over them those in `device/` of a folder, or of one
    /// file: one with the same id takes the other's place.
    pub fn load(path: &Path) -> Result<Self, RuleError> {
        let mut rules = Self::embedded()?;
        let (_, faults) = folder::lay_devices(&mut rules, path)?;
        faults.into_iter().next().map_or(Ok(rules), Err)
    }

    /// Lays rules as they are written, each with its id, over these: one with the same id takes the other's
    /// place. Each is held against its own vectors; gives what is wrong with those that were left out.
    pub(crate) fn lay(&mut self, written: Vec<(String, File)>) -> Vec<(String, DeviceRuleError)> {
        let mut faults = Vec::new();
        let mut vectors = Vec::new();
        for (id, mut file) in written {
            let own = std::mem::take(&mut file.vector);
            match file.check(&id) {
                Ok(rule) => vectors.push((rule.id.clone(), own, self.put(rule))),
                Err(error) => faults.push((id, error)),
            }
        }
        for (id, own, before) in vectors {
            if let Err(error) = self.try_vectors(&id, &own) {
                self.all.retain(|rule| rule.id != id);
                self.all.extend(before);
                faults.push((id, error));
            }
        }
        self.all.sort_by(|one, other| one.id.cmp(&other.id));
        faults
    }

    /// Puts a rule in its place; gives the one that was there.
    fn put(&mut self, rule: DeviceRule) -> Option<DeviceRule> {
        if let Some(known) = self.all.iter_mut().find(|known| known.id == rule.id) {
            return Some(std::mem::replace(known, rule));
        }
        self.all.push(rule);
        None
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

    /// Names the objects that tell the candidates for a device apart.
    #[must_use]
    pub fn probes(&self, objects: &Objects) -> BTreeSet<Wanted> {
        let branches = self.all.iter().flat_map(|rule| &rule.matches);
        let asked = branches.filter(|branch| !branch.any && branch.may(objects));
        asked.flat_map(|branch| &branch.has).map(|oid| Wanted::Object(oid.clone())).collect()
    }

    /// Names the objects that the rules for a device read.
    #[must_use]
    pub fn wanted(&self, objects: &Objects) -> BTreeSet<Wanted> {
        let ranked = self.ranked(objects);
        let reads = ranked.iter().flat_map(|(rule, _)| &rule.reads).flat_map(Read::wanted);
        let lines = ranked.iter().flat_map(|(rule, _)| &rule.lines).map(|line| &line.wanted);
        reads.chain(lines).cloned().collect()
    }

    /// Names the tables in which a device lists its tunnels.
    #[must_use]
    pub fn tunnels(&self, objects: &Objects) -> Vec<&TunnelTable> {
        self.ranked(objects).into_iter().flat_map(|(rule, _)| &rule.tunnels).collect()
    }

    /// Gives the tables in which a device lists lines, or the calls on them.
    #[must_use]
    pub fn line_tables(&self, objects: &Objects) -> Vec<&LineTable> {
        self.ranked(objects).into_iter().flat_map(|(rule, _)| &rule.line_tables).collect()
    }

    /// Names the lines that a device says are up: the line's slug, and the object that tells.
    #[must_use]
    pub fn lines(&self, objects: &Objects) -> Vec<(String, String)> {
        let signs = self.ranked(objects).into_iter().flat_map(|(rule, _)| &rule.lines);
        let up = signs.filter_map(|sign| sign.up(objects));
        up.map(|(line, oid)| (line.to_owned(), oid.to_owned())).collect()
    }

    /// Says what a device is.
    #[must_use]
    pub fn identify(&self, objects: &Objects) -> Identity<'_> {
        let ranked = self.ranked(objects);
        let mut identity = Identity::default();
        for (rule, branch) in ranked {
            if !branch.any {
                identity.rule = Some((&rule.id, rule.revision, branch.confidence));
                identity.say = Some((&rule.en, &rule.ja));
                identity.vendor.clone_from(&rule.vendor);
                identity.role = rule.role.as_deref();
            }
            for read in &rule.reads {
                if !identity.found.contains_key(&read.gives)
                    && let Some((value, oid)) = read.value(objects)
                {
                    identity.found.insert(read.gives, (value, oid));
                }
            }
        }
        // What a device says of its own maker counts where no rule knows better.
        if identity.vendor.is_none() {
            identity.vendor = identity.value(Gives::Vendor).map(str::to_owned);
        }
        identity
    }

    /// The surest rule for a device, then those for every device, each with its surest branch.
    fn ranked(&self, objects: &Objects) -> Vec<(&DeviceRule, &Branch)> {
        let surest = |rule: &'_ DeviceRule, any: bool| {
            let fitting = rule.matches.iter().enumerate();
            let fitting = fitting.filter(|(_, branch)| branch.any == any && branch.fits(objects));
            fitting.max_by_key(|(_, branch)| branch.confidence).map(|(at, _)| at)
        };
        let mut own: Vec<(&DeviceRule, &Branch)> = Vec::new();
        let mut general: Vec<(&DeviceRule, &Branch)> = Vec::new();
        for rule in &self.all {
            if let Some(branch) = surest(rule, false).and_then(|at| rule.matches.get(at)) {
                own.push((rule, branch));
            } else if let Some(branch) = surest(rule, true).and_then(|at| rule.matches.get(at)) {
                general.push((rule, branch));
            }
        }
        own.sort_by_key(|(_, branch)| std::cmp::Reverse(branch.confidence));
        own.truncate(1);
        general.sort_by_key(|(_, branch)| std::cmp::Reverse(branch.confidence));
        own.extend(general);
        own
    }
}

/// Gives the maker's number in a sysObjectID: what a rule for an unknown device would begin with.
#[must_use]
pub fn enterprise(sys_object_id: &str) -> Option<u32> {
    let below = sys_object_id.strip_prefix('.').unwrap_or(sys_object_id).strip_prefix(ENTERPRISES)?;
    below.split('.').next()?.parse().ok()
}
