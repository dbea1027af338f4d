//! Conversations: TCP streams and datagrams between the two ends of a way, with their clocks.

use super::wire::{Load, Way, Wire};
use crate::workload::frame::{ACK, FIN, PSH, RST, SYN, Tcp};
use crate::workload::rng::Rng;

/// Leaves room for a VLAN tag and IPv6 in 1500 bytes.
const SEGMENT_BYTES: usize = 1400;
/// MSS 1460, window scale 8, selective acknowledgments.
const SYN_OPTIONS: [u8; 12] = [2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2];

/// What both kinds of conversation share: where, which ports, IP ids of both ends, the time.
struct Line {
    way: Way,
    ports: (u16, u16),
    ids: [u16; 2],
    at: u64,
    last_from_near: Option<bool>,
    rng: Rng,
}

impl Line {
    fn new(way: &Way, ports: (u16, u16), at: u64, rng: &mut Rng) -> Self {
        let ids = [rng.u32() as u16, rng.u32() as u16];
        let rng = Rng::new(rng.u64());
        Self { way: way.clone(), ports, ids, at, last_from_near: None, rng }
    }

    fn send(&mut self, wire: &mut Wire, from_near: bool, load: &Load<'_>) {
        let end = if from_near { &self.way.near } else { &self.way.far };
        self.at += match self.last_from_near {
            None => 0,
            Some(last) if last == from_near => self.rng.range(8, 30),
            Some(_) => end.lag + self.rng.below(end.lag / 8 + 50),
        };
        self.last_from_near = Some(from_near);
        let side = usize::from(!from_near);
        self.ids[side] = self.ids[side].wrapping_add(1);
        let ports = if from_near { self.ports } else { (self.ports.1, self.ports.0) };
        self.at = wire.carry(self.at, &self.way, from_near, ports, self.ids[side], load);
    }

    /// Nothing happens until then.
    fn rest_until(&mut self, at: u64) {
        self.at = self.at.max(at);
        self.last_from_near = None;
    }
}

/// A TCP connection.
pub(super) struct Stream {
    line: Line,
    /// Next sequence numbers of near and far.
    next: [u32; 2],
}

impl Stream {
    /// Shakes hands.
    pub(super) fn open(wire: &mut Wire, way: &Way, ports: (u16, u16), at: u64, rng: &mut Rng) -> Self {
        let mut this = Self::underway(way, ports, at, rng);
        this.segment(wire, true, SYN, &[]);
        this.segment(wire, false, SYN | ACK, &[]);
        this.segment(wire, true, ACK, &[]);
        this
    }

    /// A connection that was opened before the capture began.
    pub(super) fn underway(way: &Way, ports: (u16, u16), at: u64, rng: &mut Rng) -> Self {
        let next = [rng.u32(), rng.u32()];
        Self { line: Line::new(way, ports, at, rng), next }
    }

    /// A SYN that nobody answers.
    pub(super) fn knock(wire: &mut Wire, way: &Way, ports: (u16, u16), at: u64, rng: &mut Rng) {
        Self::underway(way, ports, at, rng).segment(wire, true, SYN, &[]);
    }

    pub(super) fn at(&self) -> u64 {
        self.line.at
    }

    pub(super) fn rest_until(&mut self, at: u64) {
        self.line.rest_until(at);
    }

    fn segment(&mut self, wire: &mut Wire, from_near: bool, flags: u8, payload: &[u8]) {
        let (own, other) = if from_near { (0, 1) } else { (1, 0) };
        let opts: &[u8] = if flags & SYN == 0 { &[] } else { &SYN_OPTIONS };
        let ack = if flags & ACK == 0 { 0 } else { self.next[other] };
        let tcp = Tcp { seq: self.next[own], ack, flags, win: 64_240, opts };
        self.line.send(wire, from_near, &Load::Tcp(tcp, payload));
        let phantom = u32::from(flags & (SYN | FIN) != 0);
        self.next[own] = self.next[own].wrapping_add(payload.len() as u32 + phantom);
    }

    /// Sends a message in segments; of long ones the peer acknowledges every second segment.
    pub(super) fn say(&mut self, wire: &mut Wire, from_near: bool, message: &[u8]) {
        let count = message.len().div_ceil(SEGMENT_BYTES);
        for (number, segment) in message.chunks(SEGMENT_BYTES).enumerate() {
            let flags = if number + 1 == count { PSH | ACK } else { ACK };
            self.segment(wire, from_near, flags, segment);
            if number % 2 == 1 && number + 1 < count {
                self.segment(wire, !from_near, ACK, &[]);
            }
        }
    }

    pub(super) fn acknowledge(&mut self, wire: &mut Wire, from_near: bool) {
        self.segment(wire, from_near, ACK, &[]);
    }

    pub(super) fn close(&mut self, wire: &mut Wire) {
        self.segment(wire, true, FIN | ACK, &[]);
        self.segment(wire, false, FIN | ACK, &[]);
        self.segment(wire, true, ACK, &[]);
    }

    pub(super) fn reset(&mut self, wire: &mut Wire, from_near: bool) {
        self.segment(wire, from_near, RST | ACK, &[]);
    }
}

/// UDP datagrams between two ports, or packets of another IP protocol.
pub(super) struct Datagrams(Line);

impl Datagrams {
    pub(super) fn new(way: &Way, ports: (u16, u16), at: u64, rng: &mut Rng) -> Self {
        Self(Line::new(way, ports, at, rng))
    }

    pub(super) fn at(&self) -> u64 {
        self.0.at
    }

    pub(super) fn rest_until(&mut self, at: u64) {
        self.0.rest_until(at);
    }

    pub(super) fn say(&mut self, wire: &mut Wire, from_near: bool, payload: &[u8]) {
        self.0.send(wire, from_near, &Load::Udp(payload));
    }

    pub(super) fn packet(&mut self, wire: &mut Wire, from_near: bool, protocol: u8, payload: &[u8]) {
        self.0.send(wire, from_near, &Load::Ip(protocol, payload));
    }
}
