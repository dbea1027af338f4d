//! Worst case for a flow table: minimum-size frames, every flow open at once, and a visiting
//! order without locality. Half the flows are TCP (opened, never closed), half UDP.

use super::Options as Opts;
use super::frame::{self, ACK, Ep, Ip, PSH, SYN, Tcp};
use super::pcap::Frames;
use super::rng::{Rng, mix64};
use super::truth::{Count, Truth};
use std::io;

fn endpoints(i: u64) -> (Ep, Ep, bool) {
    let h = i / 64;
    let z = mix64(i);
    let tcp = z & 1 == 0;
    let sport = 1024 + (i % 64) * 997 + h % 900;
    let d = (z >> 8) % 4096;
    let dport = if tcp {
        [443u16, 80, 104, 11112, 2575, 445, 8080, 3389][(z >> 24) as usize % 8]
    } else {
        [161u16, 514, 5000, 1812, 4789, 6343, 123, 47808][(z >> 24) as usize % 8]
    };
    let mac = |k: u64, t: u8| [2, t, (k >> 24) as u8, (k >> 16) as u8, (k >> 8) as u8, k as u8];
    let v4 = |net: u64, k: u64| Ip::V4([10, (net + (k >> 16)) as u8, (k >> 8) as u8, k as u8]);
    (
        Ep { mac: mac(h, 1), ip: v4(16, h), port: sport as u16, ttl: 64 },
        Ep { mac: mac(d, 2), ip: v4(200, d), port: dport, ttl: 63 },
        tcp,
    )
}

pub(crate) fn write(o: &Opts, w: &mut impl Frames) -> io::Result<Truth> {
    let f = o.flows;
    let bits = 64 - (f - 1).max(1).leading_zeros();
    let mask = (1u64 << bits) - 1;
    let mut buf = Vec::with_capacity(128);
    let mut r = Rng::stream(o.seed, 9, 0);
    let (mut k, mut round) = (0u64, 0u64);
    let mut kinds = [Count::default(); 2];
    'all: loop {
        // A full-period congruential walk over 0..2^bits, skipping indices past the last flow.
        let a = (r.u64() & mask) & !7 | 5;
        let c = r.u64() | 1;
        let mut x = r.u64() & mask;
        for _ in 0..=mask {
            x = x.wrapping_mul(a).wrapping_add(c) & mask;
            if x >= f {
                continue;
            }
            if k == o.packets {
                break 'all;
            }
            let (cl, sv, tcp) = endpoints(x);
            let c2s = round % 2 == 0;
            let (s, d) = if c2s { (&cl, &sv) } else { (&sv, &cl) };
            let noise = mix64(x ^ round << 40 ^ o.seed).to_le_bytes();
            let iss = mix64(x) as u32;
            let irs = !iss;
            if tcp {
                let (seq, ack, flags, opts, pay): (u32, u32, u8, &[u8], usize) = match round {
                    0 => (iss, 0, SYN, &[2, 4, 5, 0xb4], 0),
                    1 => (irs, iss.wrapping_add(1), SYN | ACK, &[2, 4, 5, 0xb4], 0),
                    2 => (iss.wrapping_add(1), irs.wrapping_add(1), ACK, &[], 0),
                    n => {
                        // From round 3 on the sides alternate (odd: server), six bytes each.
                        let from_c = 1 + ((n - 3) / 2 * 6) as u32;
                        let from_s = 1 + ((n - 2) / 2 * 6) as u32;
                        let (q, k) = if c2s {
                            (iss.wrapping_add(from_c), irs.wrapping_add(from_s))
                        } else {
                            (irs.wrapping_add(from_s), iss.wrapping_add(from_c))
                        };
                        (q, k, PSH | ACK, &[], 6)
                    }
                };
                let t = Tcp { seq, ack, flags, win: 64240, opts };
                frame::tcp(&mut buf, s, d, 0, k as u16, &t, &noise[..pay]);
            } else {
                let mut p = [0u8; 18];
                p[..8].copy_from_slice(&noise);
                frame::udp(&mut buf, s, d, 0, k as u16, &p);
            }
            kinds[!tcp as usize].flows += (round == 0) as u64;
            kinds[!tcp as usize].add(&buf);
            w.frame(o.start + (k as u128 * o.duration as u128 / o.packets as u128) as u64, &buf)?;
            k += 1;
        }
        round += 1;
    }
    let flows = f.min(o.packets);
    Ok(Truth {
        profile: "small-packets".to_owned(),
        seed: o.seed,
        packets: k,
        bytes: kinds[0].bytes + kinds[1].bytes,
        tuples: Some(flows),
        kinds: [("Tcp".to_owned(), kinds[0]), ("Udp".to_owned(), kinds[1])].into(),
        ..Truth::default()
    })
}
