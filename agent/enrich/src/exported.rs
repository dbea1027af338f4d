//! Flows that routers and firewalls export, as relationships beside those of packets.
//!
//! An exporter says who talked to whom and how much, not what: its relationships carry its name and no
//! service. What the mirror saw as well is the mirror's, and the exporter only confirms it; of two
//! exporters on one way, the one that saw more tells.
//!
//! A long conn is exported in pieces and in two directions, so `sessions` counts the records of the side
//! that opened it: the exporter's own count.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use foldhash::{HashMap, HashSet};
use sekisho_decode::Addr;
use sekisho_export::FlowRecord;
use sekisho_track::serves;

use crate::Enrich;
use crate::intern::TextId;
use crate::relation::{HOUR_NS, Piece, Relation, RelationKey};

/// What both a mirror and an exporter can tell of a relationship: the ends, protocol and port.
type Path = (Addr, Addr, u8, u16);

impl Enrich {
    /// Takes a flow that an exporter tells of.
    pub fn exported(&mut self, flow: &FlowRecord<'_>) {
        let Some(exporter) = self.texts.id(&flow.exporter.to_string()) else { return };
        let key = |orig: Addr, resp: Addr, port: u16| RelationKey {
            orig,
            resp,
            macs: [sekisho_decode::MacAddr::ZERO; 2],
            protocol: flow.protocol,
            port,
            service: None,
            names: [
                self.resolutions.name(flow.first_ns, resp, orig),
                self.resolutions.name(flow.first_ns, orig, resp),
            ],
            exporter: Some(exporter),
        };
        let forth = key(flow.src, flow.dst, flow.dst_port);
        let back = key(flow.dst, flow.src, flow.src_port);
        let (from_orig, either_way) =
            match (serves(flow.src_port, flow.dst_port), serves(flow.dst_port, flow.src_port)) {
                (true, false) => (false, false),
                (false, true) => (true, false),
                // A guess, and the same one whichever direction is told of first.
                _ => (rank(flow.src) < rank(flow.dst), true),
            };
        let reverse = flow.reverse_bytes.unwrap_or(0);
        let (key, bytes, orig_port) = if from_orig {
            (forth, [flow.bytes, reverse], flow.src_port)
        } else {
            (back, [reverse, flow.bytes], flow.dst_port)
        };
        let [by_orig, by_resp] = bytes;
        self.relations.piece(
            key,
            &Piece {
                first_ns: flow.first_ns,
                last_ns: flow.last_ns,
                hour: flow.last_ns.div_euclid(HOUR_NS),
                bytes,
                sessions: u64::from(by_orig > 0),
                answered: by_resp > 0,
                vlan: flow.vlan,
                to_group: flow.dst.is_group() || flow.src.is_group(),
                either_way: either_way.then_some(orig_port),
            },
        );
    }
}

/// Of two ends of which either may have opened a conn, the lower is taken for orig: a private address, for
/// most tunnels are opened from inside.
fn rank(end: Addr) -> (bool, Addr) {
    let private = match end.ip() {
        IpAddr::V4(ip) => ip.is_private(),
        IpAddr::V6(ip) => ip.is_unique_local(),
    };
    (!private, end)
}

/// Which relationships stand for themselves, and which exporters confirm them.
#[derive(Debug, Default)]
pub(crate) struct Confirmed {
    by_path: HashMap<Path, BTreeSet<TextId>>,
}

impl Confirmed {
    /// Takes away the relationships of exporters that the mirror, or an exporter that saw more, has too.
    pub(crate) fn settle(relations: &mut Vec<(&RelationKey, &Relation)>) -> Self {
        let mut this = Self::default();
        if relations.iter().all(|(key, _)| key.exporter.is_none()) {
            return this;
        }
        let seen: HashSet<Path> =
            relations.iter().filter(|(key, _)| key.exporter.is_none()).map(|(key, _)| path(key)).collect();
        // By path, the exporter that saw most; of equals the first in order.
        let mut most: BTreeMap<Path, (u64, TextId)> = BTreeMap::new();
        for (key, relation) in relations.iter() {
            let Some(exporter) = key.exporter else { continue };
            let bytes = relation.bytes.iter().copied().fold(0, u64::saturating_add);
            let best = most.entry(path(key)).or_insert((bytes, exporter));
            if bytes > best.0 {
                *best = (bytes, exporter);
            }
        }
        relations.retain(|(key, relation)| {
            let Some(exporter) = key.exporter else { return true };
            // The mirror may have heard the other end first: then the port is orig's.
            let back = |orig_port| (key.resp, key.orig, key.protocol, orig_port);
            let paths = [Some(path(key)), relation.either_way.map(back)];
            let by_mirror = paths.iter().flatten().any(|path| seen.contains(path));
            for path in paths.into_iter().flatten() {
                this.by_path.entry(path).or_default().insert(exporter);
            }
            !by_mirror && most.get(&path(key)).is_some_and(|(_, best)| *best == exporter)
        });
        this
    }

    /// The exporters that tell of a relationship.
    pub(crate) fn exporters(&self, key: &RelationKey) -> impl Iterator<Item = TextId> {
        self.by_path.get(&path(key)).into_iter().flatten().copied()
    }
}

const fn path(key: &RelationKey) -> Path {
    (key.orig, key.resp, key.protocol, key.port)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use sekisho_decode::MacAddr;
    use sekisho_export::Format;

    use super::*;

    const BRANCH: [u8; 4] = [203, 0, 113, 9];
    const GATEWAY: [u8; 4] = [192, 168, 1, 1];

    /// What an end sends from and to its port; the gateway's is another where that is asked for.
    fn flow(exporter: u8, src: [u8; 4], dst: [u8; 4], ports: [u16; 2], bytes: u64) -> FlowRecord<'static> {
        let [of_branch, of_gateway] = ports;
        let port = |end: [u8; 4]| if end == BRANCH { of_branch } else { of_gateway };
        FlowRecord {
            src: Addr::v4(src),
            dst: Addr::v4(dst),
            src_port: port(src),
            dst_port: port(dst),
            protocol: if of_branch == 0 { 50 } else { 17 },
            bytes,
            ..FlowRecord::new(Addr::v4([192, 0, 2, exporter]), Format::NetflowV9, 1)
        }
    }

    /// The relationships that stand for themselves, and who confirms the first.
    fn settled(enrich: &Enrich) -> (Vec<RelationKey>, usize) {
        let mut relations: Vec<_> = enrich.relations.all.iter().collect();
        relations.sort_by_key(|(key, _)| **key);
        let confirmed = Confirmed::settle(&mut relations);
        let exporters = relations.first().map_or(0, |(key, _)| confirmed.exporters(key).count());
        (relations.into_iter().map(|(key, _)| *key).collect(), exporters)
    }

    /// ESP, what both ends send from one port, as NAT traversal and WireGuard, and from two that are nobody's.
    #[test]
    fn a_tunnel_that_the_mirror_saw_is_one_whichever_direction_an_exporter_tells_first() {
        let both = |port: u16| [port; 2];
        // (the ports of branch and gateway, which end the mirror heard first)
        let heard = [both(0), both(4500), both(51_820), [41_000, 51_820], [7_001, 7_002]]
            .into_iter()
            .flat_map(|ports| [(ports, BRANCH, GATEWAY), (ports, GATEWAY, BRANCH)]);
        for (ports, orig, resp) in heard {
            for (first, second) in [(BRANCH, GATEWAY), (GATEWAY, BRANCH)] {
                let mut enrich = Enrich::new(Vec::new(), crate::Bounds::default());
                let forth = flow(1, first, second, ports, 500);
                let seen = Piece {
                    first_ns: 1,
                    last_ns: 2,
                    hour: 0,
                    bytes: [900; 2],
                    sessions: 1,
                    answered: true,
                    vlan: 0,
                    to_group: false,
                    either_way: None,
                };
                let [of_branch, of_gateway] = ports;
                let key = RelationKey {
                    orig: Addr::v4(orig),
                    resp: Addr::v4(resp),
                    macs: [MacAddr::ZERO; 2],
                    protocol: forth.protocol,
                    port: if resp == BRANCH { of_branch } else { of_gateway },
                    service: None,
                    names: [None; 2],
                    exporter: None,
                };
                enrich.relations.piece(key, &seen);
                enrich.exported(&forth);
                enrich.exported(&flow(2, second, first, ports, 700));
                assert_eq!(settled(&enrich), (vec![key], 2), "{ports:?}, {orig:?} heard, {first:?} first");
            }
        }
    }

    #[test]
    fn two_exporters_that_heard_a_tunnel_from_different_ends_tell_of_one() {
        let mut enrich = Enrich::new(Vec::new(), crate::Bounds::default());
        enrich.exported(&flow(1, BRANCH, GATEWAY, [4500; 2], 500));
        enrich.exported(&flow(2, GATEWAY, BRANCH, [4500; 2], 700));
        let (relations, exporters) = settled(&enrich);
        assert_eq!((relations.len(), exporters), (1, 2));
        assert_eq!(relations[0].orig, Addr::v4(GATEWAY), "taken for opened from inside");
    }
}
