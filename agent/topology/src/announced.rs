//! LLDP and CDP: who says to be at the other end of a port.
//!
//! LLDP goes to the next bridge (IEEE 802.1AB §7.1), CDP through every switch that does not know it; small
//! switches that nobody manages let both through. So one port may hear several, and a CDP neighbour is not
//! always the next one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Span, Timestamp};
use sekisho_api::{Announced, LinkSource, Mac, Node, NodeKind, role};

use crate::boxes::{Boxes, ONT, tells_apart};

/// Between two snapshots from which on the newer is believed where they contradict each other: announcements
/// live for two or three minutes.
pub(crate) const APART_HOURS: i64 = 1;

/// A port of a piece of equipment; the port is not always known.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Terminal {
    pub(crate) of: usize,
    pub(crate) port: Option<u32>,
}

/// Two terminals of which one at least says that the other is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) a: Terminal,
    pub(crate) b: Terminal,
    pub(crate) source: LinkSource,
    /// Whether each says so of the other.
    pub(crate) mutual: bool,
    pub(crate) at: Timestamp,
}

/// A device that announces itself and carries nobody's traffic: a telephone, a camera.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plugged {
    pub(crate) mac: Mac,
    pub(crate) into: Terminal,
    pub(crate) source: LinkSource,
    pub(crate) at: Timestamp,
}

/// Everything that was announced.
#[derive(Clone, Debug, Default)]
pub(crate) struct Announcements {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) plugged: Vec<Plugged>,
}

impl Announcements {
    /// Tells whether two pieces of equipment are linked.
    pub(crate) fn links(&self, one: usize, other: usize) -> bool {
        self.between(one, other).next().is_some()
    }

    /// Gives the links between two, seen from the first.
    pub(crate) fn between(&self, one: usize, other: usize) -> impl Iterator<Item = (Terminal, Terminal)> {
        self.pairs.iter().filter_map(move |pair| match (pair.a.of, pair.b.of) {
            ends if ends == (one, other) => Some((pair.a, pair.b)),
            ends if ends == (other, one) => Some((pair.b, pair.a)),
            _ => None,
        })
    }

    /// Gives who is at the other end of a port.
    pub(crate) fn at(&self, terminal: Terminal) -> impl Iterator<Item = Terminal> {
        self.pairs.iter().filter_map(move |pair| match terminal {
            own if own == pair.a => Some(pair.b),
            own if own == pair.b => Some(pair.a),
            _ => None,
        })
    }
}

/// Tells whether the second moment is so much later that what it saw replaces what the first did.
pub(crate) fn replaces(earlier: Timestamp, later: Timestamp) -> bool {
    earlier.checked_add(Span::new().hours(APART_HOURS)).is_ok_and(|limit| later > limit)
}

/// Finds who every announcement is of; who was not read becomes a node of its own.
pub(crate) fn pairs(boxes: &mut Boxes) -> Announcements {
    let mut heard: BTreeMap<(Terminal, Terminal), Pair> = BTreeMap::new();
    let mut plugged = Vec::new();
    let read: Vec<(usize, Vec<Announced>, Timestamp)> = boxes
        .all
        .iter()
        .enumerate()
        .map(|(at, equipment)| (at, equipment.said.announced.clone(), equipment.said.at))
        .collect();
    for (own, announced, at) in &read {
        for neighbour in announced {
            let source = if neighbour.by == "cdp" { LinkSource::Cdp } else { LinkSource::Lldp };
            let near = Terminal { of: *own, port: neighbour.port };
            if let Some(mac) = endpoint(boxes, neighbour) {
                plugged.push(Plugged { mac, into: near, source, at: *at });
                continue;
            }
            let Some(other) = who(boxes, neighbour, *at).filter(|other| other != own) else { continue };
            let far = Terminal { of: other, port: their_port(boxes, other, neighbour) };
            note(&mut heard, Pair { a: near, b: far, source, mutual: false, at: *at });
        }
    }
    let pairs: Vec<Pair> = heard.into_values().collect();
    let pairs = without_the_vague(&pairs);
    let pairs = without_the_outdated(boxes, &pairs);
    Announcements { pairs: next_ones(&pairs), plugged }
}

/// Notes a pair; one that is there already from the other side is mutual.
fn note(heard: &mut BTreeMap<(Terminal, Terminal), Pair>, pair: Pair) {
    let turned = (pair.b, pair.a);
    if let Some(known) = heard.get_mut(&turned) {
        known.mutual = true;
        known.at = known.at.max(pair.at);
        known.source = known.source.min(pair.source);
        return;
    }
    let known = heard.entry((pair.a, pair.b)).or_insert(pair);
    known.at = known.at.max(pair.at);
    known.source = known.source.min(pair.source);
}

/// A device that announces itself and carries nobody's traffic.
fn endpoint(boxes: &Boxes, neighbour: &Announced) -> Option<Mac> {
    let mac = mac_of(neighbour)?;
    if boxes.with_mac(mac).is_some() {
        return None;
    }
    let descr = neighbour.descr.as_deref().unwrap_or_default().to_lowercase();
    match boxes.role_of(mac) {
        // Whoever carries nobody's traffic and announces itself is plugged in.
        Some(role) => (!role::is_equipment(role) && role != ONT).then_some(mac),
        None => descr.contains("phone").then_some(mac),
    }
}

/// The hardware address by which a neighbour is known: its chassis, else its port.
fn mac_of(neighbour: &Announced) -> Option<Mac> {
    let read = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Mac>().ok());
    let usable = |mac: &Mac| mac.is_of_a_device() && !mac.is_shared_by_routers();
    read(&neighbour.chassis).or_else(|| read(&neighbour.remote_port)).filter(usable)
}

/// Finds who a neighbour is, or adds it.
fn who(boxes: &mut Boxes, neighbour: &Announced, at: Timestamp) -> Option<usize> {
    let mac = mac_of(neighbour);
    let ip = neighbour
        .ip
        .or_else(|| neighbour.chassis.as_deref().and_then(|text| text.parse().ok()))
        .filter(|ip| tells_apart(*ip));
    let chassis = neighbour.chassis.as_deref().filter(|text| text.parse::<Mac>().is_err());
    let name = neighbour.name.as_deref().or(chassis).filter(|name| !name.trim().is_empty());
    let known = mac
        .and_then(|mac| boxes.with_mac(mac))
        .or_else(|| ip.and_then(|ip| boxes.with_ip(ip)))
        .or_else(|| name.and_then(|name| boxes.named(name)));
    if let Some(known) = known {
        if let Some(mac) = mac.filter(|mac| boxes.with_mac(*mac).is_none()) {
            boxes.knows(known, mac);
        }
        if let Some(equipment) =
            boxes.all.get_mut(known).filter(|known| known.node.kind == NodeKind::Announced)
        {
            equipment.node.name = equipment.node.name.take().or_else(|| name.map(str::to_owned));
            equipment.node.last_seen = equipment.node.last_seen.max(Some(at));
        }
        return Some(known);
    }
    let key = match (mac, name, ip) {
        (Some(mac), _, _) => format!("mac:{mac}"),
        (None, Some(name), _) => format!("name:{}", name.to_lowercase()),
        (None, None, Some(ip)) => format!("ip:{ip}"),
        (None, None, None) => return None,
    };
    boxes.add(Node {
        key,
        kind: NodeKind::Announced,
        name: name.map(str::to_owned),
        role: mac.and_then(|mac| boxes.role_of(mac)).map(str::to_owned),
        model: neighbour.descr.clone().filter(|_| neighbour.by == "cdp"),
        ips: ip.into_iter().collect(),
        macs: mac.into_iter().collect(),
        last_seen: Some(at),
        ..Node::default()
    })
}

fn their_port(boxes: &mut Boxes, other: usize, neighbour: &Announced) -> Option<u32> {
    let equipment = boxes.all.get_mut(other)?;
    let called = [&neighbour.remote_port, &neighbour.remote_port_descr];
    // Equipment that was not read has its ports by what it calls them first.
    called
        .into_iter()
        .flatten()
        .filter(|called| !called.trim().is_empty())
        .find_map(|called| equipment.port_called(called))
}

/// Leaves out a pair that says less than another: the same ends, one without its port.
fn without_the_vague(pairs: &[Pair]) -> Vec<Pair> {
    let says_more = |vague: &Pair, pair: &Pair| {
        let fits = |vague: Terminal, own: Terminal| {
            vague.of == own.of && vague.port.is_none_or(|port| own.port == Some(port))
        };
        let ports = |pair: &Pair| pair.a.port.iter().count() + pair.b.port.iter().count();
        ports(pair) > ports(vague)
            && (fits(vague.a, pair.a) && fits(vague.b, pair.b)
                || fits(vague.a, pair.b) && fits(vague.b, pair.a))
    };
    let by_ends = by_ends(pairs);
    let kept = |pair: &&Pair| {
        let alike = by_ends.get(&ends(pair)).into_iter().flatten();
        !alike.into_iter().any(|other| says_more(pair, other))
    };
    pairs.iter().filter(kept).copied().collect()
}

fn ends(pair: &Pair) -> (usize, usize) {
    (pair.a.of.min(pair.b.of), pair.a.of.max(pair.b.of))
}

fn by_ends(pairs: &[Pair]) -> BTreeMap<(usize, usize), Vec<Pair>> {
    let mut by_ends: BTreeMap<(usize, usize), Vec<Pair>> = BTreeMap::new();
    for pair in pairs {
        by_ends.entry(ends(pair)).or_default().push(*pair);
    }
    by_ends
}

/// Leaves out what one end said long before the other said that somebody else is there.
fn without_the_outdated(boxes: &Boxes, pairs: &[Pair]) -> Vec<Pair> {
    let kept = |pair: &&Pair| {
        let later = boxes.at(pair.b.of).filter(|later| replaces(pair.at, *later));
        let heard_another = || {
            let said = boxes.get(pair.b.of).map(|equipment| &equipment.said.announced);
            said.into_iter().flatten().any(|other| pair.b.port.is_some() && other.port == pair.b.port)
        };
        pair.mutual || later.is_none() || !heard_another()
    };
    pairs.iter().filter(kept).copied().collect()
}

/// Leaves out a CDP neighbour where LLDP says that another is the next.
fn next_ones(pairs: &[Pair]) -> Vec<Pair> {
    let by_lldp: BTreeSet<Terminal> = pairs
        .iter()
        .filter(|pair| pair.source == LinkSource::Lldp)
        .flat_map(|pair| [pair.a, pair.b])
        .filter(|terminal| terminal.port.is_some())
        .collect();
    let is_next = |pair: &&Pair| {
        pair.source == LinkSource::Lldp || !(by_lldp.contains(&pair.a) || by_lldp.contains(&pair.b))
    };
    pairs.iter().filter(is_next).copied().collect()
}
