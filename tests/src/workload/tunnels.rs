//! Worst case for decoding: tunnels inside tunnels, up to as deep as the agent opens and one more.
//!
//! Each of forty tunnels between the hospital and an outside party has a stack of its own, of GRE,
//! IP in IP, VXLAN, Geneve and GRE that carries Ethernet; innermost are small UDP datagrams of many
//! flows. The outermost of a stack is GRE or IP in IP, which an outsider's router speaks.

use super::Options as Opts;
use super::frame::{self, Ep, Ip};
use super::pcap::Frames;
use super::rng::{Rng, mix64};
use super::truth::{Count, External, Truth};
use super::world::{Role, World};
use std::io;

/// How many tunnels the agent opens inside each other.
const AGENT_OPENS: usize = 4;
const TUNNELS: usize = 40;
/// Where outer addresses of the outside parties start.
const OUTSIDE: [u8; 3] = [198, 19, 251];

#[derive(Clone, Copy)]
enum Wrap {
    Gre,
    IpIp,
    GreEthernet,
    Vxlan,
    Geneve,
}
use Wrap::*;

struct Tunnel {
    /// The outermost first.
    stack: Vec<(Wrap, Ep, Ep)>,
    count: Count,
}

pub(crate) fn write(o: &Opts, out: &mut impl Frames) -> io::Result<Truth> {
    let w = World::new(o.seed);
    let mut r = Rng::stream(o.seed, 22, 0);
    let mut tunnels: Vec<Tunnel> = (0..TUNNELS).map(|n| tunnel(&w, &mut r, n)).collect();
    let noise = r.bytes(4096);
    let (mut buf, mut wrapped) = (vec![], vec![]);
    for k in 0..o.packets {
        // The first packets open every flow once, the others come as they fall.
        let flow = if k < o.flows { k } else { r.below(o.flows) };
        let tunnel = &mut tunnels[flow as usize % TUNNELS];
        let back = r.chance(0.5) && k >= o.flows;
        let inner = |net: u8, port: u16| Ep {
            mac: [2, 0, 0, 0, 0, net],
            ip: Ip::V4([172, net, (flow >> 18) as u8, (flow >> 10) as u8]),
            port,
            ttl: 64,
        };
        let ends = turned(back, inner(30, 1024 + (flow & 0x3ff) as u16), inner(31, 5000));
        let (at, n) = (r.below(3000) as usize, r.range(40, 1000) as usize);
        frame::udp(&mut buf, &ends.0, &ends.1, 0, k as u16, &noise[at..at + n]);
        for (depth, (wrap, a, b)) in tunnel.stack.iter().enumerate().rev() {
            let (a, b) = turned(back, *a, *b);
            // A router's packets carry an IP identification of their own.
            let id = mix64(k << 3 | depth as u64) as u16;
            around(*wrap, &mut wrapped, &a, &b, id, &buf);
            std::mem::swap(&mut buf, &mut wrapped);
        }
        tunnel.count.add(&buf);
        out.frame(o.start + (k as u128 * o.duration as u128 / o.packets as u128) as u64, &buf)?;
    }
    Ok(truth(o, &tunnels))
}

fn turned(back: bool, a: Ep, b: Ep) -> (Ep, Ep) {
    if back { (b, a) } else { (a, b) }
}

fn tunnel(w: &World, r: &mut Rng, n: usize) -> Tunnel {
    let depth = 1 + n % (AGENT_OPENS + 1);
    let here = w.hosts[w.role(Role::Modality)[n]].ep(0);
    let there = w.outside(Ip::V4([OUTSIDE[0], OUTSIDE[1], OUTSIDE[2], n as u8]), 0);
    let mut stack = vec![(if n / (AGENT_OPENS + 1) % 2 == 0 { Gre } else { IpIp }, here, there)];
    for level in 1..depth {
        let end = |net: u8| Ep {
            mac: [2, 0, 0, 1, level as u8, net],
            ip: Ip::V4([172, net, level as u8, n as u8]),
            port: 0,
            ttl: 64,
        };
        stack.push((*r.pick(&[Gre, IpIp, GreEthernet, Vxlan, Geneve]), end(16), end(17)));
    }
    Tunnel { stack, count: Count::default() }
}

/// Carries an Ethernet frame, or the packet in it, in a packet from `a` to `b`.
fn around(wrap: Wrap, buf: &mut Vec<u8>, a: &Ep, b: &Ep, id: u16, inner: &[u8]) {
    let packet = &inner[14..];
    // RFC 7348 §5: the source port differs by inner flow, the target port does not.
    let towards = |port: u16| (Ep { port: 49_152 + inner.len() as u16 % 64, ..*a }, Ep { port, ..*b });
    match wrap {
        Gre => frame::ip(buf, a, b, 0, id, 47, &[&[0, 0, 8, 0], packet].concat()),
        IpIp => frame::ip(buf, a, b, 0, id, 4, packet),
        GreEthernet => frame::ip(buf, a, b, 0, id, 47, &[&[0, 0, 0x65, 0x58], inner].concat()),
        Vxlan => {
            let (a, b) = towards(4789);
            frame::udp(buf, &a, &b, 0, id, &[&[8, 0, 0, 0, 0, 0, 42, 0], inner].concat());
        }
        Geneve => {
            let (a, b) = towards(6081);
            frame::udp(buf, &a, &b, 0, id, &[&[0, 0, 0x65, 0x58, 0, 0, 42, 0], inner].concat());
        }
    }
}

fn truth(o: &Opts, tunnels: &[Tunnel]) -> Truth {
    let mut truth = Truth { profile: "tunnels".to_owned(), seed: o.seed, ..Truth::default() };
    for (n, tunnel) in tunnels.iter().enumerate().filter(|(_, tunnel)| tunnel.count.packets > 0) {
        let depth = tunnel.stack.len();
        truth.packets += tunnel.count.packets;
        truth.bytes += tunnel.count.bytes;
        if depth > AGENT_OPENS {
            truth.too_deep += tunnel.count.packets;
        }
        let kind = truth.kinds.entry(format!("Depth{depth}")).or_default();
        kind.flows += (o.flows + (TUNNELS - 1 - n) as u64) / TUNNELS as u64;
        kind.packets += tunnel.count.packets;
        kind.bytes += tunnel.count.bytes;
        let outside = [OUTSIDE[0], OUTSIDE[1], OUTSIDE[2], n as u8];
        truth.external.push(match tunnel.stack[0].0 {
            Gre => External::new("gre", 0, outside, Some("gre")),
            _ => External::new("ipip", 0, outside, None),
        });
    }
    truth
}
