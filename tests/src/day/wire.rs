//! The mirror port's sight: frames in time order, each packet on every mirrored link that it crosses.

use std::io;
use std::path::Path;

use super::flaws::Flaws;
use crate::workload::frame::{self, Ep, Ip, Tcp};
use crate::workload::pcap::PcapWriter;
use crate::workload::rng::Rng;

pub(super) type Mac = [u8; 6];

/// Microseconds in a second.
pub(super) const SECOND: u64 = 1_000_000;

/// One mirrored link on the way between two ends; `near` is the initiator's side of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop {
    pub(super) vlan: u16,
    pub(super) near: Mac,
    pub(super) far: Mac,
}

/// One end of a way: its address, and the TTL its packets have on the first mirrored link.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) ip: Ip,
    pub(super) ttl: u8,
    /// How long this end takes to answer, as the mirror sees it, in microseconds.
    pub(super) lag: u64,
}

/// How packets between two ends pass the mirror: near end first.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) hops: Vec<Hop>,
    pub(super) near: End,
    pub(super) far: End,
}

impl Way {
    /// The same links for what the far end opens.
    pub(super) fn reversed(self) -> Self {
        let turn = |hop: &Hop| Hop { vlan: hop.vlan, near: hop.far, far: hop.near };
        Self { hops: self.hops.iter().rev().map(turn).collect(), near: self.far, far: self.near }
    }
}

/// What a packet carries above IP.
pub(super) enum Load<'a> {
    Tcp(Tcp<'a>, &'a [u8]),
    Udp(&'a [u8]),
    Ip(u8, &'a [u8]),
}

/// All frames of the day.
pub(super) struct Wire {
    /// (time, offset, length): offsets grow as frames are added, so equal times stay in order.
    frames: Vec<(u64, usize, usize)>,
    bytes: Vec<u8>,
    scratch: Vec<u8>,
    rng: Rng,
    flaws: Flaws,
    /// Decides what is lost: what is sent must not hang on it.
    luck: Rng,
    span: (u64, u64),
}

impl Wire {
    pub(super) fn new(rng: Rng, luck: Rng, flaws: Flaws, span: (u64, u64)) -> Self {
        Self { frames: Vec::new(), bytes: Vec::new(), scratch: Vec::new(), rng, flaws, luck, span }
    }

    pub(super) fn packets(&self) -> usize {
        self.frames.len()
    }

    /// A frame outside the span was sent while nobody captured; the mirror does not show every other.
    fn store(&mut self, at: u64, vlan: u16, src: Mac) {
        let captured = (self.span.0..self.span.1).contains(&at);
        let lost = self.luck.below(100) < self.flaws.lost_percent;
        if !captured || lost || self.flaws.unseen.contains(&(vlan, src)) {
            return;
        }
        self.frames.push((at, self.bytes.len(), self.scratch.len()));
        self.bytes.extend_from_slice(&self.scratch);
    }

    fn tag(&self, vlan: u16) -> u16 {
        if self.flaws.untagged { 0 } else { vlan }
    }

    /// A frame that stays on its link.
    pub(super) fn raw(&mut self, at: u64, vlan: u16, src: Mac, dst: Mac, ethertype: u16, payload: &[u8]) {
        let tag = self.tag(vlan);
        frame::raw(&mut self.scratch, &src, &dst, tag, ethertype, payload);
        self.store(at, vlan, src);
    }

    /// A datagram that stays on its link, such as a broadcast.
    pub(super) fn local(&mut self, at: u64, vlan: u16, src: &Ep, dst: &Ep, payload: &[u8]) {
        let (tag, id) = (self.tag(vlan), self.rng.u32() as u16);
        frame::udp(&mut self.scratch, src, dst, tag, id, payload);
        self.store(at, vlan, src.mac);
    }

    /// Sends a packet over all hops of a way: a router keeps the IP id and lowers the TTL. Returns
    /// when the last hop has seen it.
    pub(super) fn carry(
        &mut self,
        at: u64,
        way: &Way,
        from_near: bool,
        (sport, dport): (u16, u16),
        id: u16,
        load: &Load<'_>,
    ) -> u64 {
        let (from, to) = if from_near { (&way.near, &way.far) } else { (&way.far, &way.near) };
        let mut at = at;
        for number in 0..way.hops.len() {
            let hop = way.hops[if from_near { number } else { way.hops.len() - 1 - number }];
            let (src, dst) = if from_near { (hop.near, hop.far) } else { (hop.far, hop.near) };
            if number > 0 {
                at += self.rng.range(20, 200);
            }
            let src = Ep { mac: src, ip: from.ip, port: sport, ttl: from.ttl - number as u8 };
            let dst = Ep { mac: dst, ip: to.ip, port: dport, ttl: to.ttl };
            let vlan = self.tag(hop.vlan);
            match load {
                Load::Tcp(tcp, payload) => frame::tcp(&mut self.scratch, &src, &dst, vlan, id, tcp, payload),
                Load::Udp(payload) => frame::udp(&mut self.scratch, &src, &dst, vlan, id, payload),
                Load::Ip(protocol, payload) => {
                    frame::ip(&mut self.scratch, &src, &dst, vlan, id, *protocol, payload);
                }
            }
            self.store(at, hop.vlan, src.mac);
        }
        at
    }

    /// Writes the capture in time order.
    pub(super) fn write(&mut self, path: &Path) -> io::Result<()> {
        self.frames.sort_unstable();
        let mut pcap = PcapWriter::create(path)?;
        for &(at, offset, length) in &self.frames {
            pcap.write(at, &self.bytes[offset..offset + length])?;
        }
        pcap.finish().map(|_| ())
    }
}
