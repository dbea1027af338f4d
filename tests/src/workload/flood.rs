//! Worst case for a table's bound: a flood of SYNs that nobody answers, in a small hospital mix.
//!
//! Every SYN has a source of its own, drawn without repetition from the benchmarking range and all
//! ports, as a spoofing sender draws them: each opens a conn that never has a second packet. They
//! come within ten seconds, so that no timeout helps, and go to the low ports of the hospital's
//! servers. What the hospital does meanwhile must still be found.

use super::Options as Opts;
use super::frame::{self, Ip, SYN, Tcp};
use super::hospital;
use super::pcap::Frames;
use super::rng::{Rng, mix64};
use super::truth::{Count, Truth};
use super::world::{Role, World};
use std::io;

/// How long the flood lasts at most, in microseconds.
const LASTS: u64 = 10_000_000;
/// Sources: 198.18.0.0/15 and 16 bits of port.
const SOURCES: u64 = 1 << 33;

/// Writes the mix, with a flood of `o.flows` packets in the middle of it.
pub(crate) fn write(o: &Opts, out: &mut impl Frames) -> io::Result<Truth> {
    if o.flows >= o.packets {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a flood needs a mix to come in"));
    }
    let packets = o.packets - o.flows;
    let rest = Opts { packets, flows: packets / super::PACKETS_A_FLOW, ..*o };
    let w = World::new(o.seed);
    let lasts = LASTS.min(o.duration / 2);
    let mut r = Rng::stream(o.seed, 20, 0);
    let mut mixed = Mixed {
        out,
        servers: w.role(Role::Server).iter().map(|h| w.routed(*h, 0)).collect(),
        w: &w,
        start: o.start + (o.duration - lasts) / 2,
        lasts,
        flows: o.flows,
        next: 0,
        step: r.below(SOURCES) | 1,
        first: r.below(SOURCES),
        count: Count::default(),
        buf: Vec::with_capacity(64),
    };
    let mut truth = hospital::write(&rest, &mut mixed)?;
    mixed.until(u64::MAX)?;
    truth.profile = "flood".to_owned();
    truth.packets += mixed.count.packets;
    truth.bytes += mixed.count.bytes;
    truth.kinds.insert("Flood".to_owned(), Count { flows: o.flows, ..mixed.count });
    Ok(truth)
}

/// Puts the flood between the frames of the mix.
struct Mixed<'a, F> {
    out: &'a mut F,
    w: &'a World,
    servers: Vec<frame::Ep>,
    start: u64,
    lasts: u64,
    flows: u64,
    next: u64,
    /// An odd step goes round all sources before it comes back to the first.
    step: u64,
    first: u64,
    count: Count,
    buf: Vec<u8>,
}

impl<F: Frames> Frames for Mixed<'_, F> {
    fn frame(&mut self, t: u64, frame: &[u8]) -> io::Result<()> {
        self.until(t)?;
        self.out.frame(t, frame)
    }
}

impl<F: Frames> Mixed<'_, F> {
    /// Writes what is due before `t`.
    fn until(&mut self, t: u64) -> io::Result<()> {
        while self.next < self.flows {
            let due = self.start + (self.next as u128 * self.lasts as u128 / self.flows as u128) as u64;
            if due > t {
                break;
            }
            let source = self.first.wrapping_add(self.next.wrapping_mul(self.step)) % SOURCES;
            let noise = mix64(source);
            let ip = Ip::V4([198, 18 | (source >> 32) as u8 & 1, (source >> 24) as u8, (source >> 16) as u8]);
            let from = self.w.outside(ip, source as u16);
            let mut to = self.servers[noise as usize % self.servers.len()];
            to.port = 1 + (noise >> 32) as u16 % 1023;
            let tcp = Tcp { seq: (noise >> 8) as u32, ack: 0, flags: SYN, win: 1024, opts: &[2, 4, 5, 0xb4] };
            frame::tcp(&mut self.buf, &from, &to, 0, (noise >> 48) as u16, &tcp, &[]);
            self.out.frame(due, &self.buf)?;
            self.count.add(&self.buf);
            self.next += 1;
        }
        Ok(())
    }
}
