//! Payloads of the packets between a flow's opening and its end.

use super::play::Live;
use super::script::{Framing, MSS, Pattern, Script};
use crate::workload::frame::{self, Ep, Ip};
use crate::workload::proto::{be16, hl7, smb2};
use crate::workload::rng::Rng;

/// What payloads are cut out of.
pub(super) const NOISE: usize = 1 << 20;

/// Payload of the next bulk packet into `p`; true when client to server.
pub(super) fn bulk(l: &mut Live, noise: &[u8], p: &mut Vec<u8>) -> (bool, usize, usize) {
    let r = &mut l.rng;
    let i = l.n;
    l.n += 1;
    let big = |r: &mut Rng| if r.chance(0.8) { MSS - 16 } else { r.range(100, 1380) as usize };
    let (c2s, n) = match l.s.pattern {
        Pattern::Down | Pattern::Up => {
            let down = matches!(l.s.pattern, Pattern::Down);
            match i % 5 {
                0 | 1 | 3 => (!down, big(r)),
                _ => (down, 0),
            }
        }
        Pattern::Chat => match i % 3 {
            0 => (true, r.range(40, 240) as usize),
            1 => (false, r.range(60, 700) as usize),
            _ => (true, 0),
        },
        Pattern::Imix => (
            r.chance(0.5),
            match r.below(12) {
                0..=6 => r.range(44, 90) as usize,
                7..=10 => r.range(480, 580) as usize,
                _ => 1360,
            },
        ),
        Pattern::Fixed(n) => match (l.s.framing, i % 3) {
            (Framing::Rtp, _) => (i % 2 == 0, n),
            (_, 0) => (true, n),
            (_, 1) => (false, n),
            _ => (true, 0),
        },
    };
    let off = (r.u64() as usize) % (NOISE - 2048);
    p.clear();
    fill(&l.s, i, n, &noise[off..], p, l.rng.clone());
    (c2s, off, n)
}

/// Writes the payload of packet `i`, `n` bytes of noise in the script's framing.
pub(super) fn fill(s: &Script, i: u32, n: usize, noise: &[u8], p: &mut Vec<u8>, mut r: Rng) {
    let dgram = matches!(s.framing, Framing::Quic(_));
    if n == 0 && !dgram {
        return; // a bare acknowledgement
    }
    let n = n.max(24);
    let body = &noise[..n];
    let inner = |p: &mut Vec<u8>| {
        // An inner IPv4/UDP packet between addresses behind the tunnel.
        let a = Ep {
            mac: [2, 0, 0, 0, 0, 1],
            ip: Ip::V4([172, 20, 0, noise[0]]),
            port: 40000 + i as u16 % 64,
            ttl: 64,
        };
        let b = Ep { mac: [2, 0, 0, 0, 0, 2], ip: Ip::V4([172, 21, 0, noise[1] & 15]), port: 5000, ttl: 64 };
        let mut t = vec![];
        frame::udp(&mut t, &a, &b, 0, i as u16, &body[..n.saturating_sub(60).max(8)]);
        p.extend_from_slice(&t);
    };
    match s.framing {
        Framing::None | Framing::Body => p.extend_from_slice(body),
        Framing::Tls => {
            p.extend_from_slice(&[23, 3, 3]);
            be16(p, n);
            p.extend_from_slice(body);
        }
        Framing::Dicom => {
            let body = &body[..n & !1];
            let n = body.len();
            p.extend_from_slice(&[4, 0]);
            p.extend_from_slice(&(n as u32 + 6).to_be_bytes());
            p.extend_from_slice(&(n as u32 + 2).to_be_bytes());
            p.extend_from_slice(&[1, 0]);
            p.extend_from_slice(body);
        }
        Framing::Hl7 => p.extend(hl7(i / 3, i % 3 == 1)),
        Framing::Smb => p.extend(smb2(if n > 700 { 8 } else { 9 }, true, n.saturating_sub(80), &mut r)),
        Framing::Rtp => {
            p.extend_from_slice(&[0x80, 0]);
            be16(p, i as usize / 2 & 0xffff);
            p.extend_from_slice(&(i / 2 * 160).to_be_bytes());
            p.extend_from_slice(&[0xca, 0xfe, 0, (i & 1) as u8]);
            p.extend_from_slice(body);
        }
        Framing::Quic(d) => {
            p.push(0x40 | noise[0] & 0x1f);
            p.extend_from_slice(&d);
            p.extend_from_slice(&body[..n.min(1200)]);
        }
        Framing::Ovpn | Framing::OvpnTcp => {
            if matches!(s.framing, Framing::OvpnTcp) {
                be16(p, n + 8);
            }
            p.extend_from_slice(&[0x48, 0, 0, 1]);
            p.extend_from_slice(&i.to_be_bytes());
            p.extend_from_slice(body);
        }
        Framing::Wg => {
            p.extend_from_slice(&[4, 0, 0, 0, 0xd1, 0x0c, 0x5e, 1]);
            p.extend_from_slice(&(i as u64).to_le_bytes());
            p.extend_from_slice(&body[..n & !15]);
            p.extend_from_slice(&noise[n..n + 16]);
        }
        Framing::Esp(spi) | Framing::EspUdp(spi) => {
            p.extend_from_slice(&(spi | 0x1000).to_be_bytes());
            p.extend_from_slice(&i.to_be_bytes());
            p.extend_from_slice(&body[..n & !3]);
        }
        Framing::Gre => {
            p.extend_from_slice(&[0, 0, 8, 0]);
            let o = p.len();
            inner(p);
            p.drain(o..o + 14);
        }
        Framing::L2tp => {
            p.extend_from_slice(&[0, 2, 0, 7, 0, 9, 0xff, 3, 0, 0x21]);
            let o = p.len();
            inner(p);
            p.drain(o..o + 14);
        }
        Framing::Vxlan => {
            p.extend_from_slice(&[8, 0, 0, 0, 0, 0, 42, 0]);
            inner(p);
        }
    }
}
