//! Announcements and sight in, wires out: links between two, and switches that nobody manages among more.
//!
//! Ports that are on one wire are brought together first. Of two boxes that is a link; among more there is
//! something that none of them tells of.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sekisho_api::LinkSource;

use crate::announced::{Announcements, Pair, Terminal};
use crate::boxes::{Boxes, Equipment};
use crate::sight::Sight;

/// Each of the two announces the other.
const MUTUAL: u8 = 95;
/// One of the two announces the other, or the other was not asked.
const ONE_SIDED: u8 = 85;
/// The tables of both see each other, and nobody between them is known.
const BY_TABLES: u8 = 75;
/// A switch whose table is not known lies on the way.
const BEHIND_ANOTHER: u8 = 60;
/// Three or more see each other on one wire.
const AMONG_MORE: u8 = 70;

/// A link between two terminals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    pub(crate) a: Terminal,
    pub(crate) b: Terminal,
    pub(crate) source: LinkSource,
    pub(crate) confidence: u8,
    pub(crate) at: Timestamp,
}

/// A switch that nobody manages, with what is plugged into it.
#[derive(Clone, Debug)]
pub(crate) struct Hub {
    pub(crate) terminals: BTreeSet<Terminal>,
    pub(crate) confidence: u8,
    pub(crate) at: Timestamp,
}

/// All wires between equipment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wires {
    pub(crate) links: Vec<Wire>,
    pub(crate) hubs: Vec<Hub>,
}

/// Brings together what is on one wire.
pub(crate) fn wires(boxes: &Boxes, announced: &Announcements, sight: &Sight) -> Wires {
    let told = announced.pairs.iter().filter(|pair| !is_passed_through(pair, sight)).copied();
    let pairs: Vec<Pair> = told.chain(seen(boxes, announced, sight)).collect();
    let mut wires = Wires::default();
    for group in groups(&pairs) {
        wire(boxes, &group, &mut wires);
    }
    wires
}

/// Tells whether an announcement went through a switch that has both its ends, and that both ends have at
/// the very ports that heard each other.
fn is_passed_through(pair: &Pair, sight: &Sight) -> bool {
    let Pair { a, b, .. } = pair;
    let on_the_way = |&&other: &&usize| {
        other != a.of
            && other != b.of
            && sight.between(other, a.of, b.of) == Some(true)
            && a.port.is_some()
            && sight.port(a.of, other) == a.port
            && b.port.is_some()
            && sight.port(b.of, other) == b.port
    };
    sight.switches.iter().any(|other| on_the_way(&other))
}

/// Pairs of switches that see each other with none between, where no announcement says so already.
fn seen(boxes: &Boxes, announced: &Announcements, sight: &Sight) -> Vec<Pair> {
    let mut found = Vec::new();
    for (place, &a) in sight.switches.iter().enumerate() {
        for &b in sight.switches.iter().skip(place + 1) {
            let (Some(near), Some(far)) = (sight.port(a, b), sight.port(b, a)) else { continue };
            if announced.links(a, b) || !is_direct(sight, (a, near), (b, far)) {
                continue;
            }
            let (a, b) = (Terminal { of: a, port: Some(near) }, Terminal { of: b, port: Some(far) });
            if has_another(boxes, announced, sight, a, b) || has_another(boxes, announced, sight, b, a) {
                continue;
            }
            let at = boxes.at(a.of).min(boxes.at(b.of)).unwrap_or_default();
            found.push(Pair { a, b, source: LinkSource::Forwarding, mutual: true, at });
        }
    }
    found
}

/// Tells whether no third switch is on the way, nor may be.
fn is_direct(sight: &Sight, (a, near): (usize, u32), (b, far): (usize, u32)) -> bool {
    let elsewhere = |port: Option<u32>, toward: u32| port.is_some_and(|port| port != toward);
    // One that does not see them itself: in another network, or one of the two has it elsewhere; else it may
    // be on the way.
    let is_off_the_way = |third: usize| {
        !(sight.related(a, third) || sight.related(b, third))
            || elsewhere(sight.port(a, third), near)
            || elsewhere(sight.port(b, third), far)
    };
    sight
        .switches
        .iter()
        .filter(|third| **third != a && **third != b)
        .all(|&third| sight.between(third, a, b).map_or_else(|| is_off_the_way(third), |between| !between))
}

/// Tells whether a switch with a table announces itself at a port and is not known to share the wire with
/// the other: then it is on the way, and its table would tell more.
fn has_another(
    boxes: &Boxes,
    announced: &Announcements,
    sight: &Sight,
    own: Terminal,
    other: Terminal,
) -> bool {
    announced.at(own).any(|neighbour| {
        let has_table = boxes.get(neighbour.of).is_some_and(Equipment::has_table);
        neighbour.of != other.of && has_table && sight.between(neighbour.of, own.of, other.of) != Some(false)
    })
}

/// Pairs that share a terminal, and those that share one with these. A terminal whose port is not known is
/// shared by nobody.
fn groups(pairs: &[Pair]) -> Vec<Vec<Pair>> {
    let mut group_of: BTreeMap<Terminal, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<Pair>> = Vec::new();
    for pair in pairs {
        let known = [pair.a, pair.b].into_iter().filter(|terminal| terminal.port.is_some());
        let theirs: BTreeSet<usize> =
            known.clone().filter_map(|terminal| group_of.get(&terminal).copied()).collect();
        let mut merged = vec![*pair];
        for group in &theirs {
            merged.extend(groups.get_mut(*group).map(std::mem::take).unwrap_or_default());
        }
        let number = groups.len();
        for terminal in
            merged.iter().flat_map(|pair| [pair.a, pair.b]).filter(|terminal| terminal.port.is_some())
        {
            group_of.insert(terminal, number);
        }
        groups.push(merged);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// Says what one wire is.
fn wire(boxes: &Boxes, pairs: &[Pair], wires: &mut Wires) {
    let members: BTreeSet<usize> = pairs.iter().flat_map(|pair| [pair.a.of, pair.b.of]).collect();
    if members.len() == 2 {
        wires.links.extend(pairs.iter().map(as_told));
        return;
    }
    let told: Vec<&Pair> = pairs.iter().filter(|pair| pair.source != LinkSource::Forwarding).collect();
    let mut heard: BTreeMap<Terminal, usize> = BTreeMap::new();
    for terminal in told.iter().flat_map(|pair| [pair.a, pair.b]).filter(|terminal| terminal.port.is_some()) {
        *heard.entry(terminal).or_default() += 1;
    }
    let without_table = |of: &&usize| !boxes.get(**of).is_some_and(Equipment::has_table);
    let connectors: Vec<usize> = members.iter().filter(without_table).copied().collect();
    if heard.values().all(|count| *count < 2) && !connectors.is_empty() {
        wires.links.extend(told.iter().map(|pair| as_told(pair)));
        // Two whose tables are not known: which of them the others are behind, nobody tells.
        if let [connector] = connectors.as_slice() {
            wires.links.extend(behind(pairs, &told, *connector));
        }
        return;
    }
    wires.hubs.push(Hub {
        terminals: pairs.iter().flat_map(|pair| [pair.a, pair.b]).collect(),
        confidence: AMONG_MORE,
        at: pairs.iter().map(|pair| pair.at).max().unwrap_or_default(),
    });
}

fn as_told(pair: &Pair) -> Wire {
    let confidence = match pair.source {
        LinkSource::Lldp | LinkSource::Cdp if pair.mutual => MUTUAL,
        LinkSource::Lldp | LinkSource::Cdp => ONE_SIDED,
        LinkSource::Forwarding | LinkSource::Shared | LinkSource::Drawn => BY_TABLES,
    };
    Wire { a: pair.a, b: pair.b, source: pair.source, confidence, at: pair.at }
}

/// Links to the one on the wire whose table is not known: the others see each other through it.
fn behind(pairs: &[Pair], told: &[&Pair], connector: usize) -> Vec<Wire> {
    let announces = |terminal: Terminal| {
        let with = |pair: &&&Pair| pair.a.of == connector || pair.b.of == connector;
        told.iter().filter(with).any(|pair| pair.a.of == terminal.of || pair.b.of == terminal.of)
    };
    let terminals: BTreeMap<Terminal, Timestamp> =
        pairs.iter().flat_map(|pair| [(pair.a, pair.at), (pair.b, pair.at)]).collect();
    let others =
        terminals.into_iter().filter(|(terminal, _)| terminal.of != connector && !announces(*terminal));
    let link = |(terminal, at)| Wire {
        a: Terminal { of: connector, port: None },
        b: terminal,
        source: LinkSource::Forwarding,
        confidence: BEHIND_ANOTHER,
        at,
    };
    others.map(link).collect()
}
