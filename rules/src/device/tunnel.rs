//! Where a device lists its tunnels and its lines, and where it tells that a line is up.

use std::collections::BTreeMap;

use regex::Regex;

use super::{Objects, Wanted};

/// A table in which a device lists its tunnels, a row a tunnel.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TunnelTable {
    /// The service's slug, such as `ipsec`.
    pub service: String,
    /// Whether the other end opened the tunnel: somebody who dialled in.
    pub from_outside: bool,
    /// The identifier of the table's entry.
    pub entry: String,
    /// The column with the other end's address; `None` where the table does not tell it.
    pub peer: Option<u32>,
    /// Where in a row's index the other end's address begins (RFC 4001: its length, then its octets).
    pub peer_index: Option<usize>,
    /// The column with the name that the tunnel was given; never that of a person.
    pub name: Option<u32>,
    /// Columns, and the numbers of which one must be there for the row to be a tunnel that is up.
    pub only: BTreeMap<u32, Vec<u64>>,
    /// The column with the number of those that are up, where that is all the device tells.
    pub count: Option<u32>,
    /// Whether a row's index is that of an interface, which says whether the tunnel is up (ifIndex, RFC 2863).
    pub interface: bool,
}

impl TunnelTable {
    /// Gives the columns that have to be read.
    pub fn columns(&self) -> impl Iterator<Item = u32> {
        self.peer.into_iter().chain(self.name).chain(self.count).chain(self.only.keys().copied())
    }
}

/// A table in which a device lists lines, or the calls on them, a row each.
#[derive(Clone, Debug)]
pub struct LineTable {
    /// The line's slug, such as `isdn`.
    pub line: String,
    /// The identifier of the table's entry.
    pub entry: String,
    /// Columns, and the numbers of which one must be there for the row to be a line that is up.
    pub only: BTreeMap<u32, Vec<u64>>,
    /// The column with the line's name.
    pub name: Option<u32>,
    /// What the name must be like.
    pub(super) pattern: Option<Regex>,
    /// The column with the number of who is called. Never of calls in which people speak.
    pub called: Option<u32>,
}

impl LineTable {
    /// Gives the columns that have to be read.
    pub fn columns(&self) -> impl Iterator<Item = u32> {
        self.called.into_iter().chain(self.name).chain(self.only.keys().copied())
    }

    /// Tells whether a line of that name is among those that the table is read for.
    #[must_use]
    pub fn is_for(&self, name: Option<&str>) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| name.is_some_and(|name| pattern.is_match(name)))
    }
}

/// An object, or a column of them, that tells that a line is up.
#[derive(Debug)]
pub(super) struct LineSign {
    pub(super) line: String,
    pub(super) wanted: Wanted,
    pub(super) pattern: Regex,
}

impl LineSign {
    /// Gives the line's slug and the object that tells of it, where one does.
    pub(super) fn up<'s>(&'s self, objects: &'s Objects) -> Option<(&'s str, &'s str)> {
        let telling = objects.of(&self.wanted).iter().find(|(_, value)| self.pattern.is_match(value));
        telling.map(|(oid, _)| (self.line.as_str(), oid.as_str()))
    }
}
