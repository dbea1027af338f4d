//! Relationships put together into the rows that people read.

use std::collections::BTreeMap;

use sekisho_api::{Endpoint, Evidence};
use sekisho_decode::{Addr, MacAddr};

use crate::connection::{External, Finding};
use crate::owner::DeviceKey;

/// Addresses, names and endpoints kept for one row; a CDN has hundreds.
const MAX_LISTED: usize = 256;

/// What makes one row.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct GroupKey {
    pub(crate) device: DeviceKey,
    /// A device's IPv4 and IPv6 connections are two rows, for a row shows one inside address.
    pub(crate) v4: bool,
    pub(crate) party: String,
    pub(crate) service: String,
    pub(crate) exit: Option<MacAddr>,
}

/// Things weighed by octets.
#[derive(Debug)]
pub(crate) struct Weighed<T>(BTreeMap<T, u64>);

impl<T> Default for Weighed<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord> Weighed<T> {
    fn add(&mut self, thing: T, weight: u64) {
        if self.0.len() < MAX_LISTED || self.0.contains_key(&thing) {
            let sum = self.0.entry(thing).or_default();
            *sum = sum.saturating_add(weight);
        }
    }

    /// The heaviest; of equals the first in order.
    pub(crate) fn best(&self) -> Option<&T> {
        let heavier = |best: (_, u64), next: (_, u64)| if next.1 > best.1 { next } else { best };
        self.0.iter().map(|(thing, weight)| (thing, *weight)).reduce(heavier).map(|(thing, _)| thing)
    }

    /// All, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &T> {
        self.0.keys()
    }
}

/// One row, while it comes together.
#[derive(Debug, Default)]
pub(crate) struct Group {
    inside: Weighed<Addr>,
    pub(crate) outside: Weighed<Addr>,
    pub(crate) names: Weighed<String>,
    endpoints: Weighed<Endpoint>,
    pub(crate) vlan: Option<u16>,
    /// Sessions opened from inside and from outside.
    pub(crate) opened: [u64; 2],
    pub(crate) tunnel: bool,
    pub(crate) category: Option<(String, u8)>,
    pub(crate) org: Option<String>,
    pub(crate) span: (i64, i64),
    pub(crate) sessions: u64,
    pub(crate) bytes: (u64, u64),
    pub(crate) hours: BTreeMap<i64, u64>,
    pub(crate) evidence: Vec<Evidence>,
}

impl Group {
    pub(crate) fn inside(&self) -> Addr {
        self.inside.best().copied().unwrap_or(Addr::UNSPECIFIED)
    }

    /// Transports and ports, that of most octets first.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let mut endpoints: Vec<_> = self.endpoints.0.iter().collect();
        endpoints.sort_by(|(_, a), (_, b)| b.cmp(a));
        endpoints.into_iter().map(|(endpoint, _)| endpoint.clone()).collect()
    }

    fn add(&mut self, name: Option<&str>, external: &External<'_>, finding: Finding) {
        let relation = external.relation;
        let (out, into) = external.bytes();
        let weight = out.saturating_add(into);
        self.inside.add(external.inside(), weight);
        self.outside.add(external.outside(), weight);
        if let Some(name) = name {
            self.names.add(name.to_owned(), weight);
        }
        self.endpoints.add(external.endpoint(), weight);
        self.vlan = self.vlan.or(external.vlan());
        let [from_inside, from_outside] = &mut self.opened;
        *(if external.orig_inside { from_inside } else { from_outside }) += relation.sessions;
        self.span = if self.sessions == 0 {
            (relation.first_ns, relation.last_ns)
        } else {
            (self.span.0.min(relation.first_ns), self.span.1.max(relation.last_ns))
        };
        self.sessions += relation.sessions;
        self.bytes = (self.bytes.0.saturating_add(out), self.bytes.1.saturating_add(into));
        for (hour, bytes) in &relation.hours {
            *self.hours.entry(*hour).or_default() += bytes;
        }
        self.judge(finding.tunnel, finding.category, finding.org, finding.evidence);
    }

    fn judge(
        &mut self,
        tunnel: bool,
        category: Option<(String, u8)>,
        org: Option<String>,
        evidence: Vec<Evidence>,
    ) {
        self.tunnel |= tunnel;
        self.org = self.org.take().or(org);
        let surer = |other: &(String, u8)| self.category.as_ref().is_none_or(|(_, best)| other.1 > *best);
        if let Some(category) = category.filter(surer) {
            self.category = Some(category);
        }
        for evidence in evidence {
            // One reason a rule, the surest: hundreds of relays say the same.
            match self.evidence.iter_mut().find(|other| other.rule == evidence.rule) {
                Some(other) if other.confidence < evidence.confidence => *other = evidence,
                Some(_) => {}
                None => self.evidence.push(evidence),
            }
        }
    }

    fn absorb(&mut self, other: Self) {
        for (address, weight) in other.inside.0 {
            self.inside.add(address, weight);
        }
        for (address, weight) in other.outside.0 {
            self.outside.add(address, weight);
        }
        for (endpoint, weight) in other.endpoints.0 {
            self.endpoints.add(endpoint, weight);
        }
        self.vlan = self.vlan.or(other.vlan);
        for (mine, theirs) in self.opened.iter_mut().zip(other.opened) {
            *mine += theirs;
        }
        self.span = (self.span.0.min(other.span.0), self.span.1.max(other.span.1));
        self.sessions += other.sessions;
        self.bytes = (self.bytes.0.saturating_add(other.bytes.0), self.bytes.1.saturating_add(other.bytes.1));
        for (hour, bytes) in other.hours {
            *self.hours.entry(hour).or_default() += bytes;
        }
        self.judge(other.tunnel, other.category, other.org, other.evidence);
    }
}

/// All rows.
#[derive(Debug, Default)]
pub(crate) struct Groups(BTreeMap<GroupKey, Group>);

impl Groups {
    pub(crate) fn add(
        &mut self,
        key: GroupKey,
        name: Option<&str>,
        external: &External<'_>,
        finding: Finding,
    ) {
        self.0.entry(key).or_default().add(name, external, finding);
    }

    /// Puts what was reached by address alone to the one named party that has this address, service,
    /// device and exit: the same connection, from before its look-up was seen.
    pub(crate) fn join_nameless(&mut self) {
        let nameless: Vec<GroupKey> =
            self.0.iter().filter(|(_, group)| group.names.0.is_empty()).map(|(key, _)| key.clone()).collect();
        for key in nameless {
            let Some(address) = self.0.get(&key).and_then(|group| group.outside.best().copied()) else {
                continue;
            };
            let same = |other: &GroupKey| {
                (other.device, other.v4, other.exit) == (key.device, key.v4, key.exit)
                    && other.service == key.service
            };
            let mut named = self
                .0
                .iter()
                .filter(|(other, group)| {
                    same(other) && !group.names.0.is_empty() && group.outside.0.contains_key(&address)
                })
                .map(|(other, _)| other.clone());
            let (Some(target), None) = (named.next(), named.next()) else { continue };
            if let Some(group) = self.0.remove(&key)
                && let Some(target) = self.0.get_mut(&target)
            {
                target.absorb(group);
            }
        }
    }
}

impl IntoIterator for Groups {
    type Item = (GroupKey, Group);
    type IntoIter = std::collections::btree_map::IntoIter<GroupKey, Group>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
