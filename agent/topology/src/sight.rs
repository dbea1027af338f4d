//! Behind which port one switch has another, from their forwarding tables.
//!
//! Seen directly where an address of the other was learnt at exactly one port. Else by what both know: if A
//! has B behind port p, then whatever A has behind other ports is, for B, in A's direction. Else by a third:
//! one that has A and B at different ports is on the way, and B is for A where the third is.

use std::collections::{BTreeMap, BTreeSet};

use crate::announced::Announcements;
use crate::boxes::{Boxes, Equipment};

/// Addresses that are compared for one direction: enough to tell a port that nearly all of them are at.
const MAX_COMPARED: usize = 256;
/// The share of them, in percent, that must be at one port: some devices have moved since one table was read.
const LEAST_SHARE_PERCENT: usize = 90;

/// Rounds of concluding from what was concluded: each reaches twice as far along a chain of switches.
const MAX_ROUNDS: usize = 6;

/// For each switch with a forwarding table, the port behind which it has each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sight {
    /// The switches with a table, in order.
    pub(crate) switches: Vec<usize>,
    ports: BTreeMap<(usize, usize), u32>,
}

impl Sight {
    /// Gives the port behind which one has another.
    pub(crate) fn port(&self, of: usize, toward: usize) -> Option<u32> {
        self.ports.get(&(of, toward)).copied()
    }

    /// Tells whether one lies on the way between two others; `None` where its table does not tell.
    pub(crate) fn between(&self, one: usize, a: usize, b: usize) -> Option<bool> {
        Some(self.port(one, a)? != self.port(one, b)?)
    }

    /// Tells whether one has the other at any port.
    pub(crate) fn related(&self, one: usize, other: usize) -> bool {
        self.port(one, other).is_some() || self.port(other, one).is_some()
    }

    /// Pairs of which the first does not know where it has the second.
    fn unknown(&self) -> impl Iterator<Item = (usize, usize)> {
        let others = |own: usize| self.switches.iter().map(move |other| (own, *other));
        let all = self.switches.iter().flat_map(move |own| others(*own));
        all.filter(|(own, other)| own != other && !self.ports.contains_key(&(*own, *other)))
    }

    /// Gives the ports of a switch behind which there is another with a table.
    pub(crate) fn uplinks(&self, of: usize) -> BTreeSet<u32> {
        self.ports.range((of, 0)..=(of, usize::MAX)).map(|(_, port)| *port).collect()
    }
}

/// Compares every two forwarding tables.
pub(crate) fn sight(boxes: &Boxes, announced: &Announcements) -> Sight {
    let with_table = |(at, equipment): (usize, &Equipment)| equipment.has_table().then_some(at);
    let switches: Vec<usize> = boxes.all.iter().enumerate().filter_map(with_table).collect();
    let mut ports = BTreeMap::new();
    for &own in &switches {
        for &other in switches.iter().filter(|other| **other != own) {
            if let Some(port) = seen(boxes, own, other).or_else(|| told(announced, own, other)) {
                ports.insert((own, other), port);
            }
        }
    }
    let mut sight = Sight { switches, ports };
    for _ in 0..MAX_ROUNDS {
        let news: Vec<((usize, usize), u32)> = sight
            .unknown()
            .filter_map(|(own, other)| Some(((own, other), conclude(boxes, &sight, own, other)?)))
            .collect();
        if news.is_empty() {
            break;
        }
        sight.ports.extend(news);
    }
    sight
}

/// The port behind which `own` must have `other`, by what is known already.
fn conclude(boxes: &Boxes, sight: &Sight, own: usize, other: usize) -> Option<u32> {
    let back = sight.port(other, own).and_then(|port| in_common(boxes, other, port, own));
    let by_third = || {
        let on_the_way = |third: &&usize| sight.between(**third, own, other) == Some(true);
        let ports: BTreeSet<u32> =
            sight.switches.iter().filter(on_the_way).filter_map(|third| sight.port(own, *third)).collect();
        only(&ports)
    };
    back.or_else(by_third)
}

/// The one port at which the other's addresses were learnt.
fn seen(boxes: &Boxes, own: usize, other: usize) -> Option<u32> {
    let (own, other) = (boxes.get(own)?, boxes.get(other)?);
    let learnt = |mac| own.table.get(mac).into_iter().flatten().copied();
    let ports: BTreeSet<u32> = other.node.macs.iter().flat_map(learnt).collect();
    only(&ports)
}

/// The one port at which the other announces itself.
fn told(announced: &Announcements, own: usize, other: usize) -> Option<u32> {
    let ports: BTreeSet<u32> = announced.between(own, other).filter_map(|(near, _)| near.port).collect();
    only(&ports)
}

fn only(ports: &BTreeSet<u32>) -> Option<u32> {
    ports.first().copied().filter(|_| ports.len() == 1)
}

/// The port at which `other` has what `own` has elsewhere than behind the port where it has `other`.
fn in_common(boxes: &Boxes, own: usize, port: u32, other: usize) -> Option<u32> {
    let (own, other) = (boxes.get(own)?, boxes.get(other)?);
    let elsewhere = own.table.iter().filter(|(_, ports)| !ports.contains(&port));
    let both = elsewhere.filter_map(|(mac, _)| only(other.table.get(mac)?)).take(MAX_COMPARED);
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    both.for_each(|port| *counts.entry(port).or_default() += 1);
    let total: usize = counts.values().sum();
    let (port, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count * 100 >= total * LEAST_SHARE_PERCENT).then_some(port)
}
