//! DNS: names asked for, and a tunnel in them.

use super::super::script::{Beats, Cast, Script, site_of, zipf};
use crate::workload::proto::*;
use crate::workload::rng::Rng;

/// A name asked for by a client that is about to go there.
pub(super) fn dns(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { w, f, lan, .. } = cast;
    let (site, v6) = site_of(f);
    let site = &w.sites[site];
    let id = r.u32() as u16;
    let qt = if v6 { 28 } else { 1 };
    let mut b = Beats::new(lan);
    b.udp(0, true, dns_query(id, &site.name, qt, r.chance(0.4)));
    let mut rrs: Vec<(Option<&str>, u32, Rr)> = vec![];
    let mut owner = None;
    if let Some(cn) = &site.cname {
        rrs.push((None, 300, Rr::Cname(cn)));
        owner = Some(cn.as_str());
    }
    if v6 {
        rrs.push((owner, 60, Rr::Aaaa(site.ip6)));
    } else {
        site.ips.iter().for_each(|ip| rrs.push((owner, 60, Rr::A(*ip))));
    }
    b.udp(r.range(200, 9000), false, dns_response(id, 0x8180, &site.name, qt, &rrs));
    Script::of(cast).towards(cast.dns(), b.v)
}

/// Every other question: reverse, service, unknown, HTTPS, internal.
pub(super) fn dns_other(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { w, lan, .. } = cast;
    let id = r.u32() as u16;
    let other = &w.hosts[r.below(w.hosts.len() as u64) as usize];
    let fq = format!("{}.hosp.example", other.name);
    let (name, qt, flags, rrs): (String, u16, u16, Vec<(Option<&str>, u32, Rr)>) = match r.below(5) {
        0 => {
            let i = other.ip;
            (
                format!("{}.{}.{}.{}.in-addr.arpa", i[3], i[2], i[1], i[0]),
                12,
                0x8580,
                vec![(None, 1200, Rr::Ptr(&fq))],
            )
        }
        1 => (
            format!("_ldap._tcp.dc{}._msdcs.hosp.example", r.below(4)),
            33,
            0x8580,
            vec![(None, 600, Rr::Srv(389, "srv0000.hosp.example"))],
        ),
        2 => (format!("host{}.hosp.example", r.below(5000)), 1, 0x8583, vec![]),
        3 => (w.sites[zipf(r, w.sites.len())].name.clone(), 65, 0x8180, vec![]),
        _ => (fq.clone(), 1, 0x8580, vec![(None, 1200, Rr::A(other.ip))]),
    };
    let mut b = Beats::new(lan);
    b.udp(0, true, dns_query(id, &name, qt, r.chance(0.4)));
    b.udp(r.range(150, 3000), false, dns_response(id, flags, &name, qt, &rrs));
    Script::of(cast).towards(cast.dns(), b.v)
}

/// Data in names and TXT answers.
pub(super) fn dns_tunnel(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { f, wan, .. } = cast;
    let mut b = Beats::new(wan);
    for _ in 0..200 {
        let id = r.u32() as u16;
        let lab = |r: &mut Rng| {
            (0..56).map(|_| *r.pick(b"abcdefghijklmnopqrstuvwxyz234567") as char).collect::<String>()
        };
        let name = format!("{}.{}.{}.t.tunnel.example", lab(r), lab(r), lab(r));
        b.udp(f.dur / 220, true, dns_query(id, &name, 16, true));
        let t = r.bytes(220);
        b.udp(wan, false, dns_response(id, 0x8180, &name, 16, &[(None, 0, Rr::Txt(&t))]));
    }
    Script::of(cast).towards(cast.dns(), b.v)
}
