//! DNS messages (RFC 1035), and mDNS and NetBIOS names that are shaped like them.

use super::bytes::{be16, be32};

pub(crate) fn dns_name(v: &mut Vec<u8>, name: &str) {
    for l in name.split('.').filter(|l| !l.is_empty()) {
        let l = &l.as_bytes()[..l.len().min(63)];
        v.push(l.len() as u8);
        v.extend_from_slice(l);
    }
    v.push(0);
}

pub(crate) enum Rr<'a> {
    A([u8; 4]),
    Aaaa([u8; 16]),
    Cname(&'a str),
    Ptr(&'a str),
    Txt(&'a [u8]),
    Srv(u16, &'a str),
}

pub(crate) fn dns_query(id: u16, name: &str, qtype: u16, edns: bool) -> Vec<u8> {
    let mut v = Vec::with_capacity(64);
    be16(&mut v, id as usize);
    v.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, edns as u8]);
    dns_name(&mut v, name);
    be16(&mut v, qtype as usize);
    be16(&mut v, 1);
    if edns {
        v.extend_from_slice(&[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
    }
    v
}

/// Response; a record with owner `None` is compressed to the question's name.
pub(crate) fn dns_response(
    id: u16,
    flags: u16,
    name: &str,
    qtype: u16,
    rrs: &[(Option<&str>, u32, Rr)],
) -> Vec<u8> {
    let mut v = Vec::with_capacity(160);
    be16(&mut v, id as usize);
    be16(&mut v, flags as usize);
    if name.is_empty() {
        v.extend_from_slice(&[0, 0]);
    } else {
        v.extend_from_slice(&[0, 1]);
    }
    be16(&mut v, rrs.len());
    v.extend_from_slice(&[0; 4]);
    if !name.is_empty() {
        dns_name(&mut v, name);
        be16(&mut v, qtype as usize);
        be16(&mut v, 1);
    }
    for (owner, ttl, rr) in rrs {
        match owner {
            Some(n) => dns_name(&mut v, n),
            None => v.extend_from_slice(&[0xc0, 12]),
        }
        let (t, d) = match rr {
            Rr::A(a) => (1, a.to_vec()),
            Rr::Aaaa(a) => (28, a.to_vec()),
            Rr::Cname(n) | Rr::Ptr(n) => {
                let mut d = vec![];
                dns_name(&mut d, n);
                (if matches!(rr, Rr::Cname(_)) { 5 } else { 12 }, d)
            }
            Rr::Txt(t) => {
                let mut d = vec![];
                for c in t.chunks(255) {
                    d.push(c.len() as u8);
                    d.extend_from_slice(c);
                }
                (16, d)
            }
            Rr::Srv(p, n) => {
                let mut d = vec![0, 0, 0, 0];
                be16(&mut d, *p as usize);
                dns_name(&mut d, n);
                (33, d)
            }
        };
        be16(&mut v, t);
        be16(&mut v, 1);
        be32(&mut v, *ttl);
        be16(&mut v, d.len());
        v.extend_from_slice(&d);
    }
    v
}

pub(crate) fn mdns_announce(host: &str, service: &str, ip: [u8; 4]) -> Vec<u8> {
    let inst = format!("{host}.{service}");
    let local = format!("{host}.local");
    dns_response(
        0,
        0x8400,
        "",
        0,
        &[
            (Some(service), 4500, Rr::Ptr(&inst)),
            (Some(&inst), 120, Rr::Srv(631, &local)),
            (Some(&inst), 4500, Rr::Txt(b"ty=Example Printer 400")),
            (Some(&local), 120, Rr::A(ip)),
        ],
    )
}

pub(crate) fn nbns(host: &str, id: u16) -> Vec<u8> {
    let mut v = vec![];
    be16(&mut v, id as usize);
    v.extend_from_slice(&[1, 0x10, 0, 1, 0, 0, 0, 0, 0, 0, 32]);
    for i in 0..16 {
        let c = *host.as_bytes().get(i).unwrap_or(&b' ');
        let c = c.to_ascii_uppercase();
        v.extend_from_slice(&[b'A' + (c >> 4), b'A' + (c & 15)]);
    }
    v.extend_from_slice(&[0, 0, 0x20, 0, 1]);
    v
}
