//! A rule about a device as it is written, and what can be wrong with it.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::read::{Gives, Read, Wanted};
use super::{Branch, DeviceRule, LineSign, LineTable, SYS_DESCR, SYS_OBJECT_ID, TunnelTable};
use crate::written::Say;
use crate::{Oid, Source};

/// Octets of a compiled pattern: a page of alternatives, many times what a rule needs.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// A rule about a device that does not load.
#[derive(Debug, thiserror::Error)]
pub enum DeviceRuleError {
    /// What comes with the program is damaged.
    #[error("the rules about devices that come with the program are damaged: install it again")]
    Embedded {
        /// Where and why.
        source: Box<serde_json::Error>,
    },
    /// The rule says something that cannot be.
    #[error("rule `{id}`: {what}")]
    Fault {
        /// The rule.
        id: String,
        /// What cannot be.
        what: String,
    },
    /// A pattern cannot be read.
    #[error("rule `{id}`: `{pattern}` is no pattern")]
    Pattern {
        /// The rule.
        id: String,
        /// The pattern as written.
        pattern: String,
        /// Where and why.
        source: Box<regex::Error>,
    },
}

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) id: String,
    revision: u32,
    #[expect(dead_code, reason = "for the reader of the file")]
    title: String,
    #[serde(rename = "match")]
    matches: Vec<Match>,
    #[serde(default)]
    assert: Assert,
    #[serde(rename = "read", default)]
    reads: Vec<WrittenRead>,
    #[serde(rename = "tunnel", default)]
    tunnels: Vec<WrittenTunnel>,
    #[serde(rename = "line", default)]
    lines: Vec<WrittenLine>,
    #[serde(rename = "line_table", default)]
    line_tables: Vec<WrittenLineTable>,
    say: Say,
    source: Vec<Source>,
    /// Absent inside the program.
    #[serde(default)]
    pub(super) vector: Vec<Vector>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    #[serde(default)]
    any: bool,
    #[serde(default)]
    sys_object_id: Vec<String>,
    #[serde(default)]
    sys_descr: Vec<String>,
    #[serde(default)]
    has: Vec<String>,
    confidence: u8,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Assert {
    vendor: Option<String>,
    role: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRead {
    gives: Gives,
    from: From,
    #[serde(default)]
    oid: Vec<String>,
    column: Option<u32>,
    pattern: Option<String>,
    give: Option<String>,
    #[serde(default)]
    map: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTunnel {
    service: String,
    #[serde(default)]
    from_outside: bool,
    entry: String,
    peer: Option<u32>,
    peer_index: Option<usize>,
    name: Option<u32>,
    #[serde(default)]
    only: BTreeMap<String, Vec<u64>>,
    count: Option<u32>,
    #[serde(default)]
    interface: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLineTable {
    line: String,
    entry: String,
    #[serde(default)]
    only: BTreeMap<String, Vec<u64>>,
    name: Option<u32>,
    pattern: Option<String>,
    called: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLine {
    line: String,
    from: From,
    oid: String,
    pattern: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum From {
    SysDescr,
    SysObjectId,
    Object,
    Column,
    Entity,
}

/// What a device says, and what must come out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vector {
    pub(super) name: String,
    #[expect(dead_code, reason = "for the reader of the file")]
    origin: String,
    pub(super) expect: crate::written::Expect,
    pub(super) sys_object_id: Option<String>,
    pub(super) sys_descr: Option<String>,
    #[serde(default)]
    pub(super) objects: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) entity: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) gives: BTreeMap<Gives, String>,
    /// The lines that are up.
    #[serde(default)]
    pub(super) lines: Vec<String>,
}

impl File {
    pub(super) fn check(self, id: &str) -> Result<DeviceRule, DeviceRuleError> {
        let fault = |what: &str| DeviceRuleError::Fault { id: id.to_owned(), what: what.to_owned() };
        if self.id != id {
            return Err(fault("its id is not its path under the folder, without `.toml`"));
        }
        if self.source.is_empty() {
            return Err(fault("it has no `[[source]]`; name who states the fact it rests on"));
        }
        if self.say.en.trim().is_empty() || self.say.ja.trim().is_empty() {
            return Err(fault("`[say]` needs a sentence in `en` and in `ja`"));
        }
        if self.matches.is_empty() {
            return Err(fault("it has no `[[match]]`; say which devices it is for"));
        }
        let matches = self.matches.into_iter().map(|branch| branch.check(id)).collect::<Result<_, _>>()?;
        let reads = self.reads.into_iter().map(|read| read.check(id)).collect::<Result<_, _>>()?;
        let tunnels = self.tunnels.into_iter().map(|tunnel| tunnel.check(id)).collect::<Result<_, _>>()?;
        let lines = self.lines.into_iter().map(|line| line.check(id)).collect::<Result<_, _>>()?;
        let line_tables =
            self.line_tables.into_iter().map(|table| table.check(id)).collect::<Result<_, _>>()?;
        Ok(DeviceRule {
            id: self.id,
            revision: self.revision,
            matches,
            vendor: self.assert.vendor,
            role: self.assert.role,
            reads,
            tunnels,
            lines,
            line_tables,
            en: self.say.en,
            ja: self.say.ja,
        })
    }
}

impl Match {
    fn check(self, id: &str) -> Result<Branch, DeviceRuleError> {
        let fault = |what: String| DeviceRuleError::Fault { id: id.to_owned(), what };
        let bare = self.sys_object_id.is_empty() && self.sys_descr.is_empty();
        if bare != self.any || (self.any && !self.has.is_empty()) {
            return Err(fault(
                "a `[[match]]` needs a condition on the system group, or `any` alone".to_owned(),
            ));
        }
        if !(1..=100).contains(&self.confidence) {
            return Err(fault(format!("confidence {} is not between 1 and 100 percent", self.confidence)));
        }
        let oid = |text: &String| text.parse::<Oid>().map_err(|error| fault(error.to_string()));
        for text in &self.has {
            oid(text)?;
        }
        Ok(Branch {
            any: self.any,
            sys_object_id: self.sys_object_id.iter().map(oid).collect::<Result<_, _>>()?,
            sys_descr: self.sys_descr.iter().map(|text| pattern(id, text)).collect::<Result<_, _>>()?,
            has: self.has,
            confidence: self.confidence,
        })
    }
}

impl WrittenRead {
    fn check(self, id: &str) -> Result<Read, DeviceRuleError> {
        let fault = |what: String| DeviceRuleError::Fault { id: id.to_owned(), what };
        for oid in &self.oid {
            oid.parse::<Oid>().map_err(|error| fault(error.to_string()))?;
        }
        let wanted = match (self.from, self.column) {
            (From::SysDescr, None) => vec![Wanted::Object(SYS_DESCR.to_owned())],
            (From::SysObjectId, None) => vec![Wanted::Object(SYS_OBJECT_ID.to_owned())],
            (From::Object, None) => self.oid.into_iter().map(Wanted::Object).collect(),
            (From::Column, None) => self.oid.into_iter().map(Wanted::Column).collect(),
            (From::Entity, Some(column)) => vec![Wanted::Entity(column)],
            _ => return Err(fault("`column` goes with `from = \"entity\"`, and only with it".to_owned())),
        };
        if wanted.is_empty() {
            return Err(fault("a `[[read]]` from objects names at least one `oid`".to_owned()));
        }
        let pattern = self.pattern.map(|text| pattern(id, &text)).transpose()?;
        let groups = pattern.as_ref().is_some_and(|pattern| pattern.captures_len() > 1);
        let give = self.give.unwrap_or_else(|| if groups { "$1" } else { "$0" }.to_owned());
        Ok(Read { gives: self.gives, wanted, pattern, give, map: self.map })
    }
}

impl WrittenTunnel {
    fn check(self, id: &str) -> Result<TunnelTable, DeviceRuleError> {
        let fault = |what: String| DeviceRuleError::Fault { id: id.to_owned(), what };
        self.entry.parse::<Oid>().map_err(|error| fault(error.to_string()))?;
        Ok(TunnelTable {
            service: self.service,
            from_outside: self.from_outside,
            entry: self.entry,
            peer: self.peer,
            peer_index: self.peer_index,
            name: self.name,
            only: only(id, self.only)?,
            count: self.count,
            interface: self.interface,
        })
    }
}

impl WrittenLineTable {
    fn check(self, id: &str) -> Result<LineTable, DeviceRuleError> {
        let fault = |what: String| DeviceRuleError::Fault { id: id.to_owned(), what };
        self.entry.parse::<Oid>().map_err(|error| fault(error.to_string()))?;
        if self.pattern.is_some() && self.name.is_none() {
            return Err(fault("`pattern` of a `[[line_table]]` needs the column `name`".to_owned()));
        }
        let pattern = self.pattern.map(|text| pattern(id, &text)).transpose()?;
        let only = only(id, self.only)?;
        if only.is_empty() {
            return Err(fault("a `[[line_table]]` says by `only` which rows are up".to_owned()));
        }
        let Self { line, entry, name, called, .. } = self;
        Ok(LineTable { line, entry, only, name, pattern, called })
    }
}

/// Reads which numbers columns must hold.
fn only(id: &str, written: BTreeMap<String, Vec<u64>>) -> Result<BTreeMap<u32, Vec<u64>>, DeviceRuleError> {
    let column = |(text, numbers): (String, Vec<u64>)| match text.parse() {
        Ok(column) => Ok((column, numbers)),
        Err(_) => Err(DeviceRuleError::Fault {
            id: id.to_owned(),
            what: format!("`only` names column `{text}`, which is no number"),
        }),
    };
    written.into_iter().map(column).collect()
}

impl WrittenLine {
    fn check(self, id: &str) -> Result<LineSign, DeviceRuleError> {
        let fault = |what: String| DeviceRuleError::Fault { id: id.to_owned(), what };
        self.oid.parse::<Oid>().map_err(|error| fault(error.to_string()))?;
        let wanted = match self.from {
            From::Object => Wanted::Object(self.oid),
            From::Column => Wanted::Column(self.oid),
            From::SysDescr | From::SysObjectId | From::Entity => {
                return Err(fault("a `[[line]]` is told by an `object` or a `column`".to_owned()));
            }
        };
        Ok(LineSign { line: self.line, wanted, pattern: pattern(id, &self.pattern)? })
    }
}

/// Reads a pattern; case does not matter, and `^` and `$` are the ends of lines.
fn pattern(id: &str, text: &str) -> Result<Regex, DeviceRuleError> {
    let built =
        RegexBuilder::new(text).case_insensitive(true).multi_line(true).size_limit(MAX_PATTERN_BYTES).build();
    built.map_err(|source| DeviceRuleError::Pattern {
        id: id.to_owned(),
        pattern: text.to_owned(),
        source: Box::new(source),
    })
}
