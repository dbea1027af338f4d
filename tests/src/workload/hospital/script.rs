//! A flow's script: who speaks, what is said before and after the bulk, and how the bulk looks.

use super::kind::Kind;
use crate::workload::frame::{ACK, Ep, FIN, Ip, PSH, SYN};
use crate::workload::rng::Rng;
use crate::workload::world::*;

#[derive(Clone)]
pub(super) struct Flow {
    pub(super) start: u64,
    pub(super) dur: u64,
    pub(super) kind: Kind,
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) bulk: u32,
    pub(super) port: u16,
}

pub(super) enum What {
    Tcp(u8, Vec<u8>),
    Udp(Vec<u8>),
    Ip(u8, Vec<u8>),
    Raw(u16, [u8; 6], Vec<u8>),
}

pub(super) struct Seg {
    pub(super) dt: u64,
    pub(super) c2s: bool,
    pub(super) what: What,
}

#[derive(Clone, Copy)]
pub(super) enum Pattern {
    Down,
    Up,
    Chat,
    Imix,
    Fixed(usize),
}

#[derive(Clone, Copy)]
pub(super) enum Framing {
    None,
    Tls,
    Body,
    Dicom,
    Hl7,
    Smb,
    Rtp,
    Quic([u8; 8]),
    Ovpn,
    OvpnTcp,
    Wg,
    Esp(u32),
    EspUdp(u32),
    Gre,
    L2tp,
    Vxlan,
}

pub(super) struct Script {
    pub(super) c: Ep,
    pub(super) s: Ep,
    pub(super) vlan: u16,
    pub(super) cos: Os,
    pub(super) pre: Vec<Seg>,
    pub(super) post: Vec<Seg>,
    pub(super) pattern: Pattern,
    pub(super) framing: Framing,
}

/// Leaves room for IPv6 and TCP timestamps in 1500 bytes.
pub(super) const MSS: usize = 1428;

/// Builds what is said: `open` runs the handshake, `say` sends a message (cut into segments).
pub(super) struct Beats {
    pub(super) v: Vec<Seg>,
    pub(super) rtt: u64,
}

impl Beats {
    pub(super) fn new(rtt: u64) -> Self {
        Beats { v: vec![], rtt }
    }
    pub(super) fn push(&mut self, dt: u64, c2s: bool, what: What) {
        self.v.push(Seg { dt, c2s, what });
    }
    pub(super) fn open(&mut self) {
        self.push(0, true, What::Tcp(SYN, vec![]));
        self.push(self.rtt / 2, false, What::Tcp(SYN | ACK, vec![]));
        self.push(self.rtt / 2, true, What::Tcp(ACK, vec![]));
    }
    pub(super) fn say(&mut self, c2s: bool, msg: Vec<u8>) {
        let n = msg.len().div_ceil(MSS);
        for (i, c) in msg.chunks(MSS).enumerate() {
            let f = if i + 1 == n { PSH | ACK } else { ACK };
            let dt = if i == 0 { self.rtt / 2 + 200 } else { 12 };
            self.push(dt, c2s, What::Tcp(f, c.to_vec()));
        }
    }
    pub(super) fn ack(&mut self, c2s: bool) {
        self.push(40, c2s, What::Tcp(ACK, vec![]));
    }
    pub(super) fn udp(&mut self, dt: u64, c2s: bool, msg: Vec<u8>) {
        self.push(dt, c2s, What::Udp(msg));
    }
    pub(super) fn close(&mut self) {
        self.push(self.rtt, true, What::Tcp(FIN | ACK, vec![]));
        self.push(self.rtt / 2, false, What::Tcp(FIN | ACK, vec![]));
        self.push(self.rtt / 2, true, What::Tcp(ACK, vec![]));
    }
}

pub(super) fn zipf(r: &mut Rng, n: usize) -> usize {
    // Log-uniform rank: a few names take most of the lookups.
    (((n as f64).ln() * r.f64()).exp() as usize).min(n - 1)
}

/// TLS, HTTP and QUIC flows take their site and address family from the flow's `b`.
pub(super) fn site_of(f: &Flow) -> (usize, bool) {
    ((f.b >> 1) as usize, f.b & 1 == 1)
}

/// The name of the `k`th relay of remote maintenance.
pub(super) fn relay(k: u32) -> String {
    format!("relay{}.remote-maint{}.example", k % 20, k % 7)
}

pub(super) fn site_ip(w: &World, f: &Flow) -> Ip {
    let (s, v6) = site_of(f);
    let s = &w.sites[s];
    if v6 { Ip::V6(s.ip6) } else { Ip::V4(s.ips[f.port as usize % s.ips.len()]) }
}

/// What a flow's script is written with.
#[derive(Clone, Copy)]
pub(super) struct Cast<'a> {
    pub(super) w: &'a World,
    pub(super) h: &'a Host,
    pub(super) f: &'a Flow,
    /// The client.
    pub(super) c: Ep,
    /// Round trips within the hospital and to the outside, in microseconds.
    pub(super) lan: u64,
    pub(super) wan: u64,
}

impl Cast<'_> {
    /// A server of the hospital.
    pub(super) fn inside(&self, port: u16) -> Ep {
        self.w.routed(self.f.b as usize, port)
    }
    /// The `k`th outside party that is no site.
    pub(super) fn outside(&self, port: u16, k: u32) -> Ep {
        self.w.outside(Ip::V4([198, 19, 200 + (k >> 8) as u8 % 50, k as u8]), port)
    }
    pub(super) fn dns(&self) -> Ep {
        self.w.routed(self.w.dns, 53)
    }
}

impl Script {
    /// A script in which nothing is said yet.
    pub(super) fn of(cast: &Cast<'_>) -> Self {
        Script {
            c: cast.c,
            s: cast.c,
            vlan: cast.h.vlan,
            cos: cast.h.os,
            pre: vec![],
            post: vec![],
            pattern: Pattern::Chat,
            framing: Framing::None,
        }
    }
    /// Sets the other side, and what is said before the bulk.
    pub(super) fn towards(self, s: Ep, pre: Vec<Seg>) -> Self {
        Script { s, pre, ..self }
    }
}
