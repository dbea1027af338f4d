//! The first pass: draws the flows and shares out the packets so that the total is exact.

use super::kind::Kind::{self, *};
use super::kind::{MIX, TUNNELS};
use super::scenes::script;
use super::script::{Flow, zipf};
use crate::workload::Options as Opts;
use crate::workload::rng::Rng;
use crate::workload::world::*;
use std::collections::HashMap;
use std::io;

/// Draws the flows, in the order of their start.
pub(super) fn plan(w: &World, o: &Opts) -> io::Result<Vec<Flow>> {
    let mut r = Rng::stream(o.seed, 2, 0);
    let r = &mut r;
    let mut ports: HashMap<u32, u16> = HashMap::new();
    let mut port = |a: u32| {
        let p = ports.entry(a).or_insert(49152 + (a as u16 % 997));
        *p = if *p == 65535 { 49152 } else { *p + 1 };
        *p
    };
    let end = o.duration;
    let mut v: Vec<Flow> = vec![];
    let total: u64 = MIX.iter().map(|m| m.1).sum();
    let mut counted = 0;
    let client = |r: &mut Rng, roles: &[Role]| {
        let role = *r.pick(roles);
        *r.pick(w.role(role)) as u32
    };
    let any = |r: &mut Rng| r.below(w.hosts.len() as u64) as u32;
    for (kind, n, _) in TUNNELS {
        for i in 0..(o.flows * n / 10_000).max(1) {
            let a = match kind {
                TlsKeepalive => client(r, &[Role::Modality, Role::Server, Role::Iot]),
                Vxlan => client(r, &[Role::Server]),
                Gre | L2tp | IkeEsp => w.role(Role::Modality)[i as usize % 64] as u32,
                _ => client(r, &[Role::Modality, Role::Pc, Role::Server]),
            };
            let start = r.below(end / 10);
            let b = if *kind == Vxlan { *r.pick(w.role(Role::Server)) as u32 } else { i as u32 };
            v.push(Flow { start, dur: end - start - end / 50, kind: *kind, a, b, bulk: 0, port: port(a) });
            counted += 1;
        }
    }
    while counted < o.flows {
        let mut x = r.below(total);
        let kind = MIX
            .iter()
            .find(|m| {
                let hit = x < m.1;
                if !hit {
                    x -= m.1
                }
                hit
            })
            .unwrap()
            .0;
        use Role::*;
        let a = match kind {
            TlsOut => client(r, &[Pc, Pc, Pc, Pc, Mobile, Mobile, Server, Iot]),
            Quic => client(r, &[Pc, Mobile]),
            Http => client(r, &[Pc, Iot, Server, Modality]),
            Dicom => client(r, &[Modality]),
            Hl7 => client(r, &[Iot, Server]),
            Smb | Ldap | Kerberos | TlsInternal | Rdp => client(r, &[Pc, Pc, Pc, Modality]),
            Snmp => w.mgmt as u32,
            Sip | Rtp => client(r, &[Phone]),
            Mdns => client(r, &[Printer, Mobile]),
            Scan => client(r, &[Pc]),
            _ => any(r),
        };
        let site = zipf(r, w.sites.len()) as u32;
        let b = match kind {
            TlsOut | Quic | Http => site << 1 | (w.hosts[a as usize].vlan == 0 && r.chance(0.12)) as u32,
            TlsInternal => *r.pick(&w.his) as u32,
            Dicom => *r.pick(&w.pacs) as u32,
            Hl7 => *r.pick(&w.his) as u32,
            Smb => *r.pick(&w.files) as u32,
            Ldap | Kerberos | Ntp => *r.pick(&w.dcs) as u32,
            Syslog => w.mgmt as u32,
            Sip => 20,
            Rtp => client(r, &[Phone]),
            Rdp | Ssh => client(r, &[Server]),
            _ => any(r),
        };
        let median = match kind {
            TlsOut | Quic => 20e6,
            TlsInternal | Smb => 120e6,
            Rdp | Ssh => 900e6,
            Dicom | Rtp => 90e6,
            Hl7 => 300e6,
            _ => 3e6,
        };
        let start = r.range(60_000, end.max(100_000) - 30_000);
        let dur = (r.exp(median) as u64).clamp(20_000, (end - start).max(20_001));
        let f = Flow { start, dur, kind, a, b, bulk: 0, port: port(a) };
        if matches!(kind, TlsOut | Quic | Http) && r.chance(0.7) && counted + 1 < o.flows {
            let lead = r.range(9_500, 40_000);
            v.push(Flow { start: start - lead, dur: 0, kind: Dns, port: port(a), ..f.clone() });
            counted += 1;
        }
        v.push(f);
        counted += 1;
    }
    for _ in 0..o.flows / 20 {
        let a = any(r);
        let b = any(r);
        v.push(Flow { start: r.below(end), dur: 0, kind: Arp, a, b, bulk: 0, port: 0 });
    }
    for sw in 0..24u32 {
        for t in (0..end).step_by(30_000_000) {
            v.push(Flow {
                start: t + sw as u64 * 1_000_003 % 30_000_000,
                dur: 0,
                kind: Lldp,
                a: sw,
                b: sw * 2,
                bulk: 0,
                port: 0,
            });
        }
    }
    v.sort_by_key(|f| f.start);
    share_out(w, o, &mut v)?;
    Ok(v)
}

/// Gives every bulk-carrying flow its number of packets, so that the total is exact.
fn share_out(w: &World, o: &Opts, v: &mut [Flow]) -> io::Result<()> {
    let mut fixed = 0u64;
    for (i, f) in v.iter_mut().enumerate() {
        let s = script(w, o.seed, i as u64, f);
        fixed += (s.pre.len() + s.post.len()) as u64;
        if f.kind == TlsKeepalive {
            f.bulk = (f.dur / 30_000_000) as u32 * 3; // every 30 s: ping, pong, ack
            fixed += f.bulk as u64;
        }
    }
    if fixed > o.packets {
        let short = format!("{} flows need at least {fixed} packets (asked for {})", o.flows, o.packets);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, short));
    }
    let rest = o.packets - fixed;
    let shares: Vec<(Kind, u64)> =
        MIX.iter().chain(TUNNELS).filter(|m| m.2 > 0).map(|m| (m.0, m.2)).collect();
    let all: u64 = shares.iter().map(|s| s.1).sum();
    let mut given = 0;
    let mut r = Rng::stream(o.seed, 3, 0);
    for (kind, share) in shares {
        let idx: Vec<usize> = (0..v.len()).filter(|&i| v[i].kind == kind).collect();
        let wt: Vec<f64> = idx.iter().map(|_| r.pareto(1.15, 3000.0)).collect();
        let sum: f64 = wt.iter().sum();
        let pool = rest * share / all;
        for (i, x) in idx.iter().zip(wt) {
            v[*i].bulk = (pool as f64 * x / sum) as u32;
            given += v[*i].bulk as u64;
        }
    }
    if let Some(f) = v.iter_mut().find(|f| f.kind == TlsOut) {
        f.bulk += (rest - given) as u32;
    }
    Ok(())
}
