//! Flows that routers and firewalls export, as relationships beside those of packets.
//!
//! An exporter says who talked to whom and how much, not what: its relationships carry its name and no
//! service. What the mirror saw as well is the mirror's, and the exporter only confirms it; of two
//! exporters on one way, the one that saw more tells.
//!
//! A long conn is exported in pieces and in two directions, so `sessions` counts the records of the side
//! that opened it: the exporter's own count.

use std::collections::{BTreeMap, BTreeSet};

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
        // Where ports do not tell, what was heard first does.
        let from_orig = match (serves(flow.src_port, flow.dst_port), serves(flow.dst_port, flow.src_port)) {
            (true, false) => false,
            (false, true) => true,
            _ => !self.relations.all.contains_key(&back),
        };
        let reverse = flow.reverse_bytes.unwrap_or(0);
        let (key, bytes) =
            if from_orig { (forth, [flow.bytes, reverse]) } else { (back, [reverse, flow.bytes]) };
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
            },
        );
    }
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
        relations.retain(|(key, _)| {
            let Some(exporter) = key.exporter else { return true };
            let path = path(key);
            this.by_path.entry(path).or_default().insert(exporter);
            !seen.contains(&path) && most.get(&path).is_some_and(|(_, best)| *best == exporter)
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
