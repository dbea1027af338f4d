//! Relationships put together into the rows that people read.

mod join;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use sekisho_api::{Endpoint, Evidence, Text};
use sekisho_decode::{Addr, MacAddr};
use smallvec::SmallVec;

use crate::behaviour::Told;
use crate::connection::{External, Finding};
use crate::owner::DeviceKey;

/// Addresses, names, endpoints and hours kept for one row; a CDN has hundreds, a month 744.
const MAX_LISTED: usize = 1024;

/// What makes one row.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct GroupKey {
    pub(crate) device: DeviceKey,
    /// A device's IPv4 and IPv6 connections are two rows, for a row shows one inside address.
    pub(crate) v4: bool,
    pub(crate) party: Text,
    pub(crate) service: Text,
    pub(crate) exit: Option<MacAddr>,
}

/// Things weighed by octets, in order; most rows have one of each.
#[derive(Debug)]
pub(crate) struct Weighed<T>(SmallVec<[(T, u64); 1]>);

impl<T> Default for Weighed<T> {
    fn default() -> Self {
        Self(SmallVec::new())
    }
}

impl<T: Ord> Weighed<T> {
    fn add(&mut self, thing: T, weight: u64) {
        match self.0.binary_search_by(|(other, _)| other.cmp(&thing)) {
            Ok(at) => {
                if let Some((_, sum)) = self.0.get_mut(at) {
                    *sum = sum.saturating_add(weight);
                }
            }
            Err(at) if self.0.len() < MAX_LISTED => self.0.insert(at, (thing, weight)),
            Err(_) => {}
        }
    }

    /// The heaviest; of equals the first in order.
    pub(crate) fn best(&self) -> Option<&T> {
        let heavier = |best: &'_ (T, u64), next: &'_ (T, u64)| next.1 > best.1;
        self.0
            .iter()
            .reduce(|best, next| if heavier(best, next) { next } else { best })
            .map(|(thing, _)| thing)
    }

    /// All, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(thing, _)| thing)
    }

    /// Gives all away, the heaviest first.
    fn take(&mut self) -> impl Iterator<Item = T> + use<T> {
        let mut all = std::mem::take(&mut self.0);
        all.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        all.into_iter().map(|(thing, _)| thing)
    }

    fn absorb(&mut self, other: Self) {
        for (thing, weight) in other.0 {
            self.add(thing, weight);
        }
    }
}

/// One row, while it comes together.
#[derive(Debug, Default)]
pub(crate) struct Group<'a> {
    inside: Weighed<Addr>,
    pub(crate) outside: Weighed<Addr>,
    pub(crate) names: Weighed<&'a str>,
    /// Transports and ports.
    endpoints: Weighed<(Cow<'static, str>, u16)>,
    pub(crate) vlan: Option<u16>,
    /// Conns opened from inside and from outside, with those that were reported before: a roll-up of a session
    /// that goes on opens none, and is still of what opened it.
    pub(crate) opened: [u64; 2],
    pub(crate) tunnel: bool,
    /// Whether anything of it was not reported yet.
    pub(crate) news: bool,
    pub(crate) category: Option<(Text, u8)>,
    pub(crate) org: Option<Text>,
    span: Option<(i64, i64)>,
    pub(crate) sessions: u64,
    pub(crate) bytes: (u64, u64),
    hours: Weighed<i64>,
    /// The flow exporters that tell of it.
    pub(crate) exporters: BTreeSet<String>,
    /// Each a reason that many rows share; most rows have two or three.
    pub(crate) evidence: SmallVec<[Rc<Evidence>; 3]>,
    /// What it did over time.
    pub(crate) told: Option<Box<Told>>,
}

impl<'a> Group<'a> {
    pub(crate) fn inside(&self) -> Addr {
        self.inside.best().copied().unwrap_or(Addr::UNSPECIFIED)
    }

    /// First and last time seen.
    pub(crate) fn span(&self) -> (i64, i64) {
        self.span.unwrap_or_default()
    }

    /// Gives away transports and ports, that of most octets first.
    pub(crate) fn take_endpoints(&mut self) -> Vec<Endpoint> {
        let endpoint = |(transport, port): (Cow<'static, str>, u16)| Endpoint {
            transport: transport.into_owned(),
            port,
        };
        self.endpoints.take().map(endpoint).collect()
    }

    /// Octets by hour, numbered since the epoch.
    pub(crate) fn hours(&self) -> impl Iterator<Item = (i64, u64)> {
        self.hours.0.iter().copied()
    }

    fn add(&mut self, name: Option<&'a str>, external: &External<'_>, finding: Finding) {
        let relation = external.relation;
        let (out, into) = external.bytes();
        let weight = out.saturating_add(into);
        self.inside.add(external.inside(), weight);
        self.outside.add(external.outside(), weight);
        if let Some(name) = name {
            self.names.add(name, weight);
        }
        self.endpoints.add(external.endpoint(), weight);
        self.vlan = self.vlan.or(external.vlan());
        let [from_inside, from_outside] = &mut self.opened;
        *(if external.orig_inside { from_inside } else { from_outside }) += relation.conns;
        self.news |= relation.news;
        self.widen(relation.first_ns, relation.last_ns);
        self.sessions += relation.sessions;
        self.bytes = (self.bytes.0.saturating_add(out), self.bytes.1.saturating_add(into));
        for (hour, bytes) in relation.hours.iter() {
            self.hours.add(*hour, *bytes);
        }
        self.exporters.extend(finding.exporters);
        self.tell(finding.told);
        let judgement = &finding.judgement;
        self.judge(finding.tunnel, judgement.category.as_ref(), judgement.org.as_ref());
        let judged = judgement.evidence.iter().cloned();
        judged.chain(finding.evidence.into_iter().flatten()).for_each(|reason| self.hear(reason));
    }

    fn tell(&mut self, told: Option<Box<Told>>) {
        match (&mut self.told, told) {
            (Some(known), Some(told)) => known.absorb(*told),
            (known, told) => *known = known.take().or(told),
        }
    }

    fn widen(&mut self, first_ns: i64, last_ns: i64) {
        let (first, last) = self.span.unwrap_or((first_ns, last_ns));
        self.span = Some((first.min(first_ns), last.max(last_ns)));
    }

    fn judge(&mut self, tunnel: bool, category: Option<&(Text, u8)>, org: Option<&Text>) {
        self.tunnel |= tunnel;
        if self.org.is_none() {
            self.org = org.cloned();
        }
        let surer = |other: &&(Text, u8)| self.category.as_ref().is_none_or(|(_, best)| other.1 > *best);
        if let Some(category) = category.filter(surer) {
            self.category = Some(category.clone());
        }
    }

    /// Takes a reason. One a rule, the surest: hundreds of relays say the same.
    fn hear(&mut self, reason: Rc<Evidence>) {
        match self.evidence.iter_mut().find(|other| other.rule == reason.rule) {
            Some(other) if other.confidence < reason.confidence => *other = reason,
            Some(_) => {}
            None => self.evidence.push(reason),
        }
    }

    fn absorb(&mut self, other: Self) {
        self.inside.absorb(other.inside);
        self.outside.absorb(other.outside);
        self.names.absorb(other.names);
        self.endpoints.absorb(other.endpoints);
        self.hours.absorb(other.hours);
        self.exporters.extend(other.exporters);
        self.tell(other.told);
        self.vlan = self.vlan.or(other.vlan);
        for (mine, theirs) in self.opened.iter_mut().zip(other.opened) {
            *mine += theirs;
        }
        self.news |= other.news;
        if let Some((first, last)) = other.span {
            self.widen(first, last);
        }
        self.sessions += other.sessions;
        self.bytes = (self.bytes.0.saturating_add(other.bytes.0), self.bytes.1.saturating_add(other.bytes.1));
        self.judge(other.tunnel, other.category.as_ref(), other.org.as_ref());
        other.evidence.into_iter().for_each(|reason| self.hear(reason));
    }
}

/// All rows, in no order. Each is large and stands apart, so that it makes room as soon as it is given away.
#[derive(Debug, Default)]
pub(crate) struct Groups<'a>(IndexMap<GroupKey, Box<Group<'a>>, RandomState>);

impl<'a> Groups<'a> {
    fn iter(&self) -> impl Iterator<Item = (&GroupKey, &Group<'a>)> {
        self.0.iter().map(|(key, group)| (key, &**group))
    }

    pub(crate) fn add(
        &mut self,
        key: GroupKey,
        name: Option<&'a str>,
        external: &External<'_>,
        finding: Finding,
    ) {
        self.0.entry(key).or_default().add(name, external, finding);
    }
}

impl<'a> IntoIterator for Groups<'a> {
    type Item = (GroupKey, Box<Group<'a>>);
    type IntoIter = indexmap::map::IntoIter<GroupKey, Box<Group<'a>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
