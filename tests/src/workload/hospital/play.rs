//! The second pass: plays the flows in the order of time.

use super::bulk::{NOISE, bulk, fill};
use super::kind::Kind::{self, *};
use super::plan::plan;
use super::scenes::script;
use super::script::{Flow, Framing, Script, Seg, What, relay, site_of};
use crate::workload::Options as Opts;
use crate::workload::frame::{self, ACK, FIN, Ip, PSH, SYN, Tcp};
use crate::workload::pcap::Frames;
use crate::workload::rng::Rng;
use crate::workload::truth::{Count, External, Truth};
use crate::workload::world::World;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};
use std::io;

/// A flow that has begun.
pub(super) struct Live {
    pub(super) s: Script,
    pub(super) rng: Rng,
    pub(super) step: u32,
    pub(super) gap: f64,
    pub(super) seq: [u32; 2],
    /// Sequence, offset in the noise buffer, length and side of the last data segment.
    pub(super) last: Option<(u32, usize, usize, bool)>,
    pub(super) n: u32,
    /// Last timestamp option each side sent.
    pub(super) ts: [u32; 2],
}

pub(crate) fn write(o: &Opts, out: &mut impl Frames) -> io::Result<Truth> {
    let w = World::new(o.seed);
    let flows = plan(&w, o)?;
    let noise = Rng::stream(o.seed, 4, 0).bytes(NOISE + 4096);
    let mut heap: BinaryHeap<Reverse<(u64, u32)>> = BinaryHeap::new();
    let mut live: HashMap<u32, Live> = HashMap::new();
    let mut next = 0usize;
    let (mut buf, mut pay) = (Vec::with_capacity(2048), Vec::with_capacity(2048));
    let mut counts: BTreeMap<Kind, Count> = BTreeMap::new();
    let (mut sni, mut relays, mut external) = (HashSet::new(), HashSet::new(), BTreeSet::new());
    let mut ipid = 0u16;
    let mut now = 0;
    while next < flows.len() || !heap.is_empty() {
        // Start every flow that is due before the next packet.
        while next < flows.len() && heap.peek().is_none_or(|Reverse((t, _))| flows[next].start <= *t) {
            heap.push(Reverse((flows[next].start, next as u32)));
            next += 1;
        }
        let Reverse((t, id)) = heap.pop().unwrap();
        now = now.max(t);
        let f = &flows[id as usize];
        let l = live.entry(id).or_insert_with(|| {
            let s = script(&w, o.seed, id as u64, f);
            let mut rng = Rng::stream(o.seed, 101, id as u64);
            let used: u64 = s.pre.iter().chain(&s.post).map(|x| x.dt).sum();
            let gap = f.dur.saturating_sub(used).max(200) as f64 / (f.bulk as f64 + 1.0);
            let seq = [rng.u32(), rng.u32()];
            match f.kind {
                TlsOut | Quic | Http => {
                    sni.insert(w.sites[site_of(f).0].name.as_str());
                }
                TlsKeepalive => {
                    relays.insert(relay(f.b));
                }
                _ => {}
            }
            external.extend(outside_party(f, &s));
            counts.entry(f.kind).or_default().flows += 1;
            Live { s, rng, step: 0, gap, seq, last: None, n: 0, ts: [0; 2] }
        });
        let npre = l.s.pre.len() as u32;
        let total = npre + f.bulk + l.s.post.len() as u32;
        if l.step >= total {
            live.remove(&id);
            continue;
        }
        ipid = ipid.wrapping_add(1);
        let in_bulk = l.step >= npre && l.step < npre + f.bulk;
        if in_bulk {
            let (mut c2s, off, n) = bulk(l, &noise, &mut pay);
            let is_tcp = matches!(l.s.pre.first(), Some(Seg { what: What::Tcp(..), .. }));
            if is_tcp {
                let mut seq = l.seq[!c2s as usize];
                // Now and then the last segment is sent again.
                let again = n > 0 && l.rng.chance(0.003);
                match l.last {
                    Some((q, o2, n2, d)) if again => {
                        c2s = d;
                        seq = q;
                        let mut p2 = vec![];
                        std::mem::swap(&mut pay, &mut p2);
                        pay.clear();
                        let k = l.n - 1;
                        fill(&l.s, k, n2, &noise[o2..], &mut pay, l.rng.clone());
                        let want = l.seq[!c2s as usize].wrapping_sub(q) as usize;
                        pay.resize(want, 0);
                    }
                    _ => {
                        if !pay.is_empty() {
                            l.last = Some((seq, off, n, c2s));
                            l.seq[!c2s as usize] = seq.wrapping_add(pay.len() as u32);
                        } else if n > 0 {
                            l.last = None;
                        }
                    }
                }
                let flags = if pay.is_empty() { ACK } else { PSH | ACK };
                emit_tcp(&mut buf, l, t, c2s, flags, seq, &pay, ipid);
            } else {
                let (s, d) = if c2s { (&l.s.c, &l.s.s) } else { (&l.s.s, &l.s.c) };
                match l.s.framing {
                    Framing::Esp(_) => frame::ip(&mut buf, s, d, l.s.vlan, ipid, 50, &pay),
                    Framing::Gre => frame::ip(&mut buf, s, d, l.s.vlan, ipid, 47, &pay),
                    _ => frame::udp(&mut buf, s, d, l.s.vlan, ipid, &pay),
                }
            }
        } else {
            let i = if l.step < npre { l.step } else { l.step - npre - f.bulk } as usize;
            let seg = if l.step < npre { &mut l.s.pre[i] } else { &mut l.s.post[i] };
            let c2s = seg.c2s;
            let what = std::mem::replace(&mut seg.what, What::Udp(vec![]));
            if i == 0 && l.step == 0 && matches!(what, What::Tcp(..)) {
                l.s.pre[0].what = What::Tcp(0, vec![]); // keeps the mark that this flow is TCP
            }
            let (s, d) = if c2s { (&l.s.c, &l.s.s) } else { (&l.s.s, &l.s.c) };
            match what {
                What::Udp(p) => frame::udp(&mut buf, s, d, l.s.vlan, ipid, &p),
                What::Ip(proto, p) => frame::ip(&mut buf, s, d, l.s.vlan, ipid, proto, &p),
                What::Raw(et, dst, p) => frame::raw(&mut buf, &s.mac, &dst, l.s.vlan, et, &p),
                What::Tcp(flags, p) => {
                    let k = !c2s as usize;
                    let seq = l.seq[k];
                    emit_tcp(&mut buf, l, t, c2s, flags, seq, &p, ipid);
                    l.seq[k] = seq.wrapping_add(p.len() as u32 + (flags & (SYN | FIN) != 0) as u32);
                }
            }
        }
        out.frame(o.start + now, &buf)?;
        counts.entry(f.kind).or_default().add(&buf);
        l.step += 1;
        let dt = if l.step < npre {
            l.s.pre[l.step as usize].dt
        } else if l.step < npre + f.bulk {
            if f.kind == TlsKeepalive {
                if (l.step - npre) % 3 == 0 { 29_950_000 } else { 25_000 }
            } else {
                (l.rng.exp(l.gap) as u64).min(4 * l.gap as u64)
            }
        } else if l.step < total {
            l.s.post[(l.step - npre - f.bulk) as usize].dt
        } else {
            live.remove(&id);
            continue;
        };
        heap.push(Reverse(((t + dt).min(o.duration - 1).max(t), id)));
    }
    let total = |of: fn(&Count) -> u64| counts.values().map(of).sum();
    let external_names = sni.len() + relays.len();
    let flows = |kinds: &[Kind]| kinds.iter().filter_map(|kind| counts.get(kind)).map(|c| c.flows).sum();
    Ok(Truth {
        profile: "hospital".to_owned(),
        seed: o.seed,
        packets: total(|c| c.packets),
        bytes: total(|c| c.bytes),
        distinct_external_names: external_names as u64,
        sessions: [
            ("http", flows(&[Http])),
            ("quic", flows(&[Quic])),
            ("tls", flows(&[TlsOut, TlsKeepalive])),
        ]
        .map(|(service, conns)| (service.to_owned(), conns))
        .into(),
        external: external.into_iter().collect(),
        kinds: counts.into_iter().map(|(kind, count)| (format!("{kind:?}"), count)).collect(),
        ..Truth::default()
    })
}

/// What must be found of a flow that goes to an outside party which is no site.
fn outside_party(f: &Flow, s: &Script) -> Option<External> {
    let (transport, service) = match f.kind {
        TlsKeepalive => ("tcp", Some("tls")),
        IkeEsp => ("esp", Some("ipsec")),
        IkeNatT => ("udp", Some("ipsec")),
        // Their resets carry another packet number than a client's first: too little to tell them by.
        OpenVpnUdp => ("udp", None),
        OpenVpnTcp => ("tcp", None),
        WireGuard => ("udp", Some("wireguard")),
        Gre => ("gre", Some("gre")),
        L2tp => ("udp", Some("l2tp")),
        _ => return None,
    };
    let port = if matches!(f.kind, IkeEsp | Gre) { 0 } else { s.s.port };
    match s.s.ip {
        Ip::V4(ip) => Some(External::new(transport, port, ip, service)),
        Ip::V6(_) => None,
    }
}

#[allow(clippy::too_many_arguments)]
fn emit_tcp(buf: &mut Vec<u8>, l: &mut Live, t: u64, c2s: bool, flags: u8, seq: u32, p: &[u8], ipid: u16) {
    let (s, d) = if c2s { (&l.s.c, &l.s.s) } else { (&l.s.s, &l.s.c) };
    let ts = (t / 1000) as u32;
    let other = c2s as usize;
    l.ts[1 - other] = ts;
    let ack = if flags & ACK != 0 { l.seq[other] } else { 0 };
    let os = l.s.cos;
    let mut opts: Vec<u8> = vec![];
    let mut win = if os.scales() { 1026 } else { os.syn(0).1 };
    if flags & SYN != 0 {
        let (o, w) = os.syn(ts);
        (opts, win) = if c2s { (o, w) } else { (os.syn_reply(ts, l.ts[0]), 65160) };
    } else if os.timestamps() {
        opts.extend_from_slice(&[1, 1, 8, 10]);
        opts.extend_from_slice(&ts.to_be_bytes());
        opts.extend_from_slice(&l.ts[other].to_be_bytes());
    }
    frame::tcp(buf, s, d, l.s.vlan, ipid, &Tcp { seq, ack, flags, win, opts: &opts }, p);
}
