//! Application payload builders. Each returns the bytes of one message.

use super::rng::Rng;

pub(crate) fn be16(v: &mut Vec<u8>, x: usize) {
    v.extend_from_slice(&(x as u16).to_be_bytes());
}
fn be24(v: &mut Vec<u8>, x: usize) {
    v.extend_from_slice(&(x as u32).to_be_bytes()[1..]);
}
pub(crate) fn be32(v: &mut Vec<u8>, x: u32) {
    v.extend_from_slice(&x.to_be_bytes());
}

// ---------------------------------------------------------------- DNS

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

// ---------------------------------------------------------------- TLS

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TlsClient {
    Chromium,
    Firefox,
    Schannel,
    Openssl,
    Java,
    Embedded,
}

const GREASE: [u16; 16] = [
    0x0a0a, 0x1a1a, 0x2a2a, 0x3a3a, 0x4a4a, 0x5a5a, 0x6a6a, 0x7a7a, 0x8a8a, 0x9a9a, 0xaaaa, 0xbaba, 0xcaca,
    0xdada, 0xeaea, 0xfafa,
];

fn ext(t: u16, d: &[u8]) -> Vec<u8> {
    let mut v = vec![];
    be16(&mut v, t as usize);
    be16(&mut v, d.len());
    v.extend_from_slice(d);
    v
}
fn list16(xs: &[u16]) -> Vec<u8> {
    let mut v = vec![];
    be16(&mut v, xs.len() * 2);
    xs.iter().for_each(|x| be16(&mut v, *x as usize));
    v
}
fn list8(xs: &[u16]) -> Vec<u8> {
    let mut v = vec![xs.len() as u8 * 2];
    xs.iter().for_each(|x| be16(&mut v, *x as usize));
    v
}
fn alpn_list(ps: &[&str]) -> Vec<u8> {
    let mut b = vec![];
    for p in ps {
        b.push(p.len() as u8);
        b.extend_from_slice(p.as_bytes());
    }
    let mut v = vec![];
    be16(&mut v, b.len());
    v.extend_from_slice(&b);
    v
}

/// The handshake message (type 1), without the record header. Big hellos (with a
/// post-quantum key share) exceed one segment, as in current browsers.
pub(crate) fn client_hello_msg(c: TlsClient, sni: &str, alpn: &[&str], quic: bool, r: &mut Rng) -> Vec<u8> {
    use TlsClient::*;
    let g = *r.pick(&GREASE);
    let g2 = *r.pick(&GREASE);
    let t13 = matches!(c, Chromium | Firefox | Openssl | Java);
    let pq = c == Chromium || (c == Firefox && r.chance(0.5));
    let base13: &[u16] = &[0x1301, 0x1302, 0x1303];
    let mut ciphers: Vec<u16> = match c {
        Chromium => [
            &[g][..],
            base13,
            &[0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35],
        ]
        .concat(),
        Firefox => vec![
            0x1301, 0x1303, 0x1302, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030, 0xc00a, 0xc009, 0xc013,
            0xc014, 0x9c, 0x9d, 0x2f, 0x35,
        ],
        Schannel => vec![
            0xc02c, 0xc02b, 0xc030, 0xc02f, 0xc024, 0xc023, 0xc028, 0xc027, 0xc00a, 0xc009, 0xc014, 0xc013,
            0x9d, 0x9c, 0x3d, 0x3c, 0x35, 0x2f, 0x0a,
        ],
        Openssl => [
            &[0x1302, 0x1303, 0x1301][..],
            &[
                0xc02c, 0xc030, 0x9f, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f, 0x9e, 0xc024, 0xc028, 0x6b,
                0xc023, 0xc027, 0x67, 0xc00a, 0xc014, 0x39, 0xc009, 0xc013, 0x33, 0x9d, 0x9c, 0x3d, 0x3c,
                0x35, 0x2f, 0xff,
            ],
        ]
        .concat(),
        Java => vec![
            0x1302, 0x1301, 0x1303, 0xc02c, 0xc02b, 0xcca9, 0xc030, 0xcca8, 0xc02f, 0x9f, 0xccaa, 0xa3, 0x9e,
            0xa2, 0xc024, 0xc028, 0xc023, 0xc027, 0x6b, 0x6a, 0x67, 0x40, 0xff,
        ],
        Embedded => vec![0xc02b, 0xc02f, 0xc023, 0xc027, 0x3c, 0x2f],
    };
    if quic {
        ciphers.retain(|x| (0x1301..=0x1303).contains(x));
    }
    let mut groups: Vec<u16> = match c {
        Chromium => vec![g2, 0x11ec, 29, 23, 24],
        Firefox => vec![29, 23, 24, 25, 256, 257],
        Schannel => vec![29, 23, 24],
        Embedded => vec![23],
        _ => vec![29, 23, 30, 25, 24],
    };
    if c == Firefox && pq {
        groups.insert(0, 0x11ec);
    }
    let sig: &[u16] = match c {
        Chromium => &[0x403, 0x804, 0x401, 0x503, 0x805, 0x501, 0x806, 0x601],
        Firefox => &[0x403, 0x503, 0x603, 0x804, 0x805, 0x806, 0x401, 0x501, 0x601, 0x203, 0x201],
        Schannel => &[0x804, 0x805, 0x806, 0x401, 0x501, 0x201, 0x403, 0x503, 0x203, 0x202, 0x601, 0x603],
        Embedded => &[0x403, 0x401],
        _ => &[
            0x403, 0x503, 0x603, 0x807, 0x808, 0x809, 0x80a, 0x80b, 0x804, 0x805, 0x806, 0x401, 0x501, 0x601,
        ],
    };
    let mut exts: Vec<Vec<u8>> = vec![];
    if !sni.is_empty() {
        let mut d = vec![];
        be16(&mut d, sni.len() + 3);
        d.push(0);
        be16(&mut d, sni.len());
        d.extend_from_slice(sni.as_bytes());
        exts.push(ext(0, &d));
    }
    if c != Embedded && !quic {
        exts.push(ext(23, &[]));
        exts.push(ext(0xff01, &[0]));
        exts.push(ext(35, &[]));
    }
    exts.push(ext(10, &list16(&groups)));
    if !quic {
        exts.push(ext(11, &[1, 0]));
    }
    if !alpn.is_empty() {
        exts.push(ext(16, &alpn_list(alpn)));
    }
    if matches!(c, Chromium | Firefox | Schannel) {
        exts.push(ext(5, &[1, 0, 0, 0, 0]));
    }
    exts.push(ext(13, &list16(sig)));
    if c == Chromium {
        exts.push(ext(18, &[]));
    }
    if t13 {
        let mut ks = vec![];
        if c == Chromium {
            be16(&mut ks, g2 as usize);
            ks.extend_from_slice(&[0, 1, 0]);
        }
        if pq && !quic {
            be16(&mut ks, 0x11ec);
            be16(&mut ks, 1216);
            ks.extend(r.bytes(1216));
        }
        be16(&mut ks, 29);
        be16(&mut ks, 32);
        ks.extend(r.bytes(32));
        let mut d = vec![];
        be16(&mut d, ks.len());
        d.extend_from_slice(&ks);
        exts.push(ext(51, &d));
        exts.push(ext(45, &[1, 1]));
        let vs: &[u16] = match (c, quic) {
            (_, true) => &[0x304],
            (Chromium, _) => &[g, 0x304, 0x303],
            _ => &[0x304, 0x303],
        };
        exts.push(ext(43, &list8(vs)));
    }
    if c == Chromium {
        exts.push(ext(27, &[2, 0, 2]));
        exts.push(ext(0x44cd, &[0, 3, 2, b'h', b'2']));
        let mut ech = vec![0, 0, 1, 0, 1, r.u32() as u8, 0, 32];
        ech.extend(r.bytes(32));
        be16(&mut ech, 144);
        ech.extend(r.bytes(144));
        exts.push(ext(0xfe0d, &ech));
    }
    if quic {
        let mut tp = vec![1, 4, 0x80, 0, 0x75, 0x30, 4, 4, 0x80, 0xf0, 0, 0, 15, 8];
        tp.extend(r.bytes(8));
        exts.push(ext(57, &tp));
    }
    if c == Chromium {
        for i in (1..exts.len()).rev() {
            exts.swap(i, r.below(i as u64 + 1) as usize);
        }
        exts.insert(0, ext(g, &[]));
        exts.push(ext(*r.pick(&GREASE), &[0]));
    }
    let exts = exts.concat();
    let mut b = vec![3, 3];
    b.extend(r.bytes(32));
    if t13 && !quic {
        b.push(32);
        b.extend(r.bytes(32));
    } else {
        b.push(0);
    }
    b.extend(list16(&ciphers));
    b.extend_from_slice(&[1, 0]);
    be16(&mut b, exts.len());
    b.extend_from_slice(&exts);
    handshake(1, &b)
}

fn handshake(t: u8, body: &[u8]) -> Vec<u8> {
    let mut v = vec![t];
    be24(&mut v, body.len());
    v.extend_from_slice(body);
    v
}

pub(crate) fn record(t: u8, ver: u16, body: &[u8]) -> Vec<u8> {
    let mut v = vec![t];
    be16(&mut v, ver as usize);
    be16(&mut v, body.len());
    v.extend_from_slice(body);
    v
}

pub(crate) fn client_hello(c: TlsClient, sni: &str, alpn: &[&str], r: &mut Rng) -> Vec<u8> {
    record(22, 0x301, &client_hello_msg(c, sni, alpn, false, r))
}

pub(crate) fn server_hello_msg(t13: bool, cipher: u16, alpn: Option<&str>, r: &mut Rng) -> Vec<u8> {
    let mut exts = vec![];
    if t13 {
        exts.extend(ext(43, &[3, 4]));
        let mut ks = vec![0, 29, 0, 32];
        ks.extend(r.bytes(32));
        exts.extend(ext(51, &ks));
    } else {
        exts.extend(ext(0xff01, &[0]));
        exts.extend(ext(11, &[1, 0]));
        if let Some(a) = alpn {
            exts.extend(ext(16, &alpn_list(&[a])));
        }
    }
    let mut b = vec![3, 3];
    b.extend(r.bytes(32));
    b.push(32);
    b.extend(r.bytes(32));
    be16(&mut b, cipher as usize);
    b.push(0);
    be16(&mut b, exts.len());
    b.extend(exts);
    handshake(2, &b)
}

/// What the server sends after the ClientHello, as one byte string.
pub(crate) fn server_flight(t13: bool, cn: &str, alpn: Option<&str>, r: &mut Rng) -> Vec<u8> {
    if t13 {
        let mut v = record(22, 0x303, &server_hello_msg(true, 0x1301, None, r));
        v.extend(record(20, 0x303, &[1]));
        let n = r.range(2200, 3600) as usize;
        v.extend(record(23, 0x303, &r.bytes(n)));
        v
    } else {
        let cert = certificate(cn, r);
        let mut c = vec![];
        be24(&mut c, cert.len() + 3);
        be24(&mut c, cert.len());
        c.extend(cert);
        let mut m = server_hello_msg(false, 0xc02f, alpn, r);
        m.extend(handshake(11, &c));
        let mut k = vec![3, 0, 29, 32];
        k.extend(r.bytes(32));
        k.extend_from_slice(&[8, 4, 1, 0]);
        k.extend(r.bytes(256));
        m.extend(handshake(12, &k));
        m.extend(handshake(14, &[]));
        record(22, 0x303, &m)
    }
}

pub(crate) fn client_finish(t13: bool, r: &mut Rng) -> Vec<u8> {
    let mut v = vec![];
    if !t13 {
        let mut k = vec![32];
        k.extend(r.bytes(32));
        v.extend(record(22, 0x303, &handshake(16, &k)));
    }
    v.extend(record(20, 0x303, &[1]));
    v.extend(record(if t13 { 23 } else { 22 }, 0x303, &r.bytes(if t13 { 53 } else { 40 })));
    v
}

pub(crate) fn der(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut v = vec![tag];
    match body.len() {
        n if n < 128 => v.push(n as u8),
        n if n < 256 => v.extend_from_slice(&[0x81, n as u8]),
        n => {
            v.push(0x82);
            be16(&mut v, n);
        }
    }
    v.extend_from_slice(body);
    v
}

/// A well-formed X.509 v3 certificate with a random key and signature.
fn certificate(cn: &str, r: &mut Rng) -> Vec<u8> {
    let rdn = |cn: &str| {
        let mut a = der(6, &[0x55, 4, 3]);
        a.extend(der(12, cn.as_bytes()));
        der(0x30, &der(0x31, &der(0x30, &a)))
    };
    let sha256rsa =
        der(0x30, &[der(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]), der(5, &[])].concat());
    let mut serial = r.bytes(16);
    serial[0] = serial[0] & 0x7f | 1;
    let mut n = r.bytes(257);
    n[0] = 0;
    n[1] |= 0x80;
    let key = der(0x30, &[der(2, &n), der(2, &[1, 0, 1])].concat());
    let spki = der(
        0x30,
        &[
            der(0x30, &[der(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]), der(5, &[])].concat()),
            der(3, &[&[0], &key[..]].concat()),
        ]
        .concat(),
    );
    let san = der(0x30, &der(0x82, cn.as_bytes()));
    let exts = der(0xa3, &der(0x30, &der(0x30, &[der(6, &[0x55, 0x1d, 17]), der(4, &san)].concat())));
    let tbs = der(
        0x30,
        &[
            der(0xa0, &der(2, &[2])),
            der(2, &serial),
            sha256rsa.clone(),
            rdn("Example Issuing CA"),
            der(0x30, &[der(23, b"250101000000Z"), der(23, b"270101000000Z")].concat()),
            rdn(cn),
            spki,
            exts,
        ]
        .concat(),
    );
    let sig = r.bytes(256);
    der(0x30, &[tbs, sha256rsa, der(3, &[&[0], &sig[..]].concat())].concat())
}

/// CRYPTO frame at offset 0.
pub(crate) fn quic_crypto_frame(msg: &[u8]) -> Vec<u8> {
    let mut v = vec![6, 0];
    be16(&mut v, 0x4000 | msg.len());
    v.extend_from_slice(msg);
    v
}

// ---------------------------------------------------------------- HTTP, SIP

pub(crate) fn http_request(host: &str, path: &str, agent: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

pub(crate) fn http_response(server: &str, ctype: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nServer: {server}\r\nContent-Type: {ctype}\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

pub(crate) fn sip(method: &str, user: u32, host: &str) -> Vec<u8> {
    format!(
        "{method} sip:{user}@{host} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{user:08x}\r\nMax-Forwards: 70\r\nFrom: <sip:{user}@{host}>;tag={user:x}\r\nTo: <sip:{user}@{host}>\r\nCall-ID: {user:016x}@{host}\r\nCSeq: 1 {method}\r\nUser-Agent: ExamplePhone/4.2\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

// ---------------------------------------------------------------- DICOM, HL7

pub(crate) fn item(t: u8, body: &[u8]) -> Vec<u8> {
    let mut v = vec![t, 0];
    be16(&mut v, body.len());
    v.extend_from_slice(body);
    v
}

pub(crate) fn ae(s: &str) -> [u8; 16] {
    let mut a = [b' '; 16];
    let n = s.len().min(16);
    a[..n].copy_from_slice(&s.as_bytes()[..n]);
    a
}

pub(crate) fn dicom_associate(accept: bool, called: &str, calling: &str) -> Vec<u8> {
    let mut b = vec![0, 1, 0, 0];
    b.extend_from_slice(&ae(called));
    b.extend_from_slice(&ae(calling));
    b.extend_from_slice(&[0; 32]);
    b.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    let sops: [&[u8]; 4] = [
        b"1.2.840.10008.5.1.4.1.1.2",
        b"1.2.840.10008.5.1.4.1.1.4",
        b"1.2.840.10008.5.1.4.1.1.1.1",
        b"1.2.840.10008.1.1",
    ];
    for (i, s) in sops.iter().enumerate() {
        let mut p = vec![i as u8 * 2 + 1, 0, 0, 0];
        if !accept {
            p.extend(item(0x30, s));
            p.extend(item(0x40, b"1.2.840.10008.1.2.1"));
        }
        p.extend(item(0x40, b"1.2.840.10008.1.2"));
        b.extend(item(if accept { 0x21 } else { 0x20 }, &p));
    }
    let mut u = item(0x51, &16384u32.to_be_bytes());
    u.extend(item(0x52, b"1.2.826.0.1.3680043.9.9999.1"));
    u.extend(item(0x55, b"EXAMPLE_MOD_12"));
    b.extend(item(0x50, &u));
    dicom_pdu(if accept { 2 } else { 1 }, &b)
}

pub(crate) fn dicom_pdu(t: u8, body: &[u8]) -> Vec<u8> {
    let mut v = vec![t, 0];
    be32(&mut v, body.len() as u32);
    v.extend_from_slice(body);
    v
}

pub(crate) fn hl7(n: u32, ack: bool) -> Vec<u8> {
    let ev = ["ADT^A01", "ADT^A08", "ORM^O01", "ORU^R01"][n as usize % 4];
    let s = if ack {
        format!("\x0bMSH|^~\\&|HIS|HOSP|LIS|LAB|20260101090000||ACK|{n}|P|2.5\rMSA|AA|{n}\r\x1c\r")
    } else {
        format!(
            "\x0bMSH|^~\\&|LIS|LAB|HIS|HOSP|20260101090000||{ev}|{n}|P|2.5\rPID|1||{n:08}^^^HOSP||TEST^PATIENT||19700101|O\rPV1|1|I|W3^{:03}^1\rOBX|1|NM|718-7^HGB||13.{}|g/dL|12-16|N|||F\r\x1c\r",
            n % 400,
            n % 10
        )
    };
    s.into_bytes()
}

// ---------------------------------------------------------------- LAN protocols

pub(crate) fn arp(op: u16, smac: &[u8; 6], sip: &[u8; 4], tmac: &[u8; 6], tip: &[u8; 4]) -> Vec<u8> {
    let mut v = vec![0, 1, 8, 0, 6, 4];
    be16(&mut v, op as usize);
    v.extend_from_slice(smac);
    v.extend_from_slice(sip);
    v.extend_from_slice(tmac);
    v.extend_from_slice(tip);
    v
}

pub(crate) struct Dhcp<'a> {
    pub(crate) kind: u8,
    pub(crate) xid: u32,
    pub(crate) mac: [u8; 6],
    pub(crate) yiaddr: [u8; 4],
    pub(crate) server: [u8; 4],
    pub(crate) host: &'a str,
    pub(crate) vendor: &'a str,
}

pub(crate) fn dhcp(d: &Dhcp) -> Vec<u8> {
    let reply = matches!(d.kind, 2 | 5);
    let mut v = vec![if reply { 2 } else { 1 }, 1, 6, 0];
    be32(&mut v, d.xid);
    v.extend_from_slice(&[0; 8]);
    v.extend_from_slice(if reply { &d.yiaddr } else { &[0; 4] });
    v.extend_from_slice(&[0; 8]);
    v.extend_from_slice(&d.mac);
    v.resize(236, 0);
    v.extend_from_slice(&[0x63, 0x82, 0x53, 0x63, 53, 1, d.kind]);
    if reply {
        v.extend_from_slice(&[54, 4]);
        v.extend_from_slice(&d.server);
        v.extend_from_slice(&[51, 4, 0, 0, 0x1c, 0x20, 1, 4, 255, 255, 252, 0]);
    } else {
        v.extend_from_slice(&[61, 7, 1]);
        v.extend_from_slice(&d.mac);
        v.extend_from_slice(&[12, d.host.len() as u8]);
        v.extend_from_slice(d.host.as_bytes());
        if !d.vendor.is_empty() {
            v.extend_from_slice(&[60, d.vendor.len() as u8]);
            v.extend_from_slice(d.vendor.as_bytes());
        }
        v.extend_from_slice(&[55, 10, 1, 3, 6, 15, 31, 33, 43, 44, 46, 119]);
        if d.kind == 3 {
            v.extend_from_slice(&[50, 4]);
            v.extend_from_slice(&d.yiaddr);
        }
    }
    v.push(255);
    v.resize(v.len().max(300), 0);
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

pub(crate) fn ssdp(host: &str) -> Vec<u8> {
    format!(
        "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\nLOCATION: http://{host}:5000/desc.xml\r\nSERVER: Linux/5.10 UPnP/1.0 Example/1.0\r\nUSN: uuid:{host}\r\nCACHE-CONTROL: max-age=1800\r\n\r\n"
    )
    .into_bytes()
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

pub(crate) fn lldp(chassis: &[u8; 6], port: &str, name: &str, mgmt: [u8; 4]) -> Vec<u8> {
    let mut v = vec![];
    let mut tlv = |t: u8, d: &[u8]| {
        be16(&mut v, (t as usize) << 9 | d.len());
        v.extend_from_slice(d);
    };
    tlv(1, &[&[4], &chassis[..]].concat());
    tlv(2, &[&[5], port.as_bytes()].concat());
    tlv(3, &[0, 120]);
    tlv(4, port.as_bytes());
    tlv(5, name.as_bytes());
    tlv(6, b"Example Switch OS 15.2");
    tlv(7, &[0, 0x14, 0, 4]);
    tlv(8, &[&[5, 1], &mgmt[..], &[2, 0, 0, 0, 1, 0]].concat());
    tlv(0, &[]);
    v
}

pub(crate) fn ntp(server: bool, r: &mut Rng) -> Vec<u8> {
    let mut v = vec![if server { 0x24 } else { 0x23 }, server as u8 * 2, 6, 0xec];
    v.extend(r.bytes(44));
    v
}

/// SNMPv2c GetRequest / GetResponse for one OID.
pub(crate) fn snmp(response: bool, id: u32) -> Vec<u8> {
    let oid = der(6, &[0x2b, 6, 1, 2, 1, 2, 2, 1, 10, (id % 48) as u8 + 1]);
    let val = if response { der(0x41, &id.to_be_bytes()) } else { der(5, &[]) };
    let vb = der(0x30, &der(0x30, &[oid, val].concat()));
    let idb = (id & 0x7fff_ffff).to_be_bytes();
    let pdu =
        der(if response { 0xa2 } else { 0xa0 }, &[der(2, &idb), der(2, &[0]), der(2, &[0]), vb].concat());
    der(0x30, &[der(2, &[1]), der(4, b"public"), pdu].concat())
}

pub(crate) fn syslog(host: &str, n: u32) -> Vec<u8> {
    format!("<134>Jan  1 09:00:{:02} {host} app[{n}]: interface check completed status=ok count={n}", n % 60)
        .into_bytes()
}

pub(crate) fn smb2(cmd: u16, response: bool, extra: usize, r: &mut Rng) -> Vec<u8> {
    let mut b = vec![0xfe, b'S', b'M', b'B', 64, 0, 1, 0, 0, 0, 0, 0];
    b.extend_from_slice(&cmd.to_le_bytes());
    b.extend_from_slice(&[1, 0, response as u8, 0, 0, 0, 0, 0, 0, 0]);
    b.extend_from_slice(&(r.u32() as u64).to_le_bytes());
    b.resize(64, 0);
    if cmd == 0 && !response {
        b.extend_from_slice(&[36, 0, 3, 0, 1, 0, 0, 0, 0x7f, 0, 0, 0]);
        b.extend(r.bytes(16));
        b.extend_from_slice(&[0; 8]);
        b.extend_from_slice(&[0x02, 0x02, 0x10, 0x02, 0x00, 0x03]);
    }
    b.extend(r.bytes(extra));
    let mut v = vec![0];
    be24(&mut v, b.len());
    v.extend(b);
    v
}

/// RDP connection request / confirm (X.224 with a negotiation block asking for TLS).
pub(crate) fn rdp_negotiate(confirm: bool) -> Vec<u8> {
    let (code, neg, sel) = if confirm { (0xd0, 2, 1) } else { (0xe0, 1, 3) };
    vec![3, 0, 0, 19, 14, code, 0, 0, 0, 0, 0, neg, 0, 8, 0, sel, 0, 0, 0]
}

/// LDAP bindRequest / bindResponse.
pub(crate) fn ldap(response: bool, id: u8) -> Vec<u8> {
    let op = if response {
        der(0x61, &[der(10, &[0]), der(4, b""), der(4, b"")].concat())
    } else {
        der(0x60, &[der(2, &[3]), der(4, b"cn=svc,dc=hosp,dc=example"), der(0x80, b"")].concat())
    };
    der(0x30, &[der(2, &[id]), op].concat())
}

/// Kerberos AS-REQ / AS-REP shaped message over UDP.
pub(crate) fn krb(response: bool, r: &mut Rng) -> Vec<u8> {
    let n = if response { 1100 } else { 120 };
    let body = der(
        0x30,
        &[
            der(0xa1, &der(2, &[5])),
            der(0xa2, &der(2, &[if response { 11 } else { 10 }])),
            der(0xa4, &der(4, &r.bytes(n))),
        ]
        .concat(),
    );
    der(if response { 0x6b } else { 0x6a }, &body)
}

// ---------------------------------------------------------------- tunnels

/// IKEv2 IKE_SA_INIT / IKE_AUTH shaped message.
pub(crate) fn ike(exchange: u8, response: bool, spi: u64, n: usize, r: &mut Rng) -> Vec<u8> {
    let mut v = spi.to_be_bytes().to_vec();
    v.extend_from_slice(&if exchange == 34 && !response { 0 } else { spi ^ 0x5555 }.to_be_bytes());
    v.extend_from_slice(&[
        if exchange == 34 { 33 } else { 46 },
        0x20,
        exchange,
        if response { 0x20 } else { 8 },
    ]);
    be32(&mut v, (exchange == 35) as u32);
    be32(&mut v, (28 + n) as u32);
    if exchange == 34 && n > 60 {
        // SA payload with one proposal of four transforms, then the key exchange as filler.
        let sa = [
            34, 0, 0, 44, 0, 0, 0, 40, 1, 1, 0, 4, 3, 0, 0, 8, 1, 0, 0, 12, 3, 0, 0, 8, 2, 0, 0, 5, 3, 0, 0,
            8, 3, 0, 0, 12, 0, 0, 0, 8, 4, 0, 0, 14,
        ];
        v.extend_from_slice(&sa);
        v.push(0);
        v.push(0);
        be16(&mut v, n - 44);
        v.extend_from_slice(&[0, 14, 0, 0]);
        v.extend(r.bytes(n - 44 - 8));
    } else {
        v.extend_from_slice(&[35, 0]);
        be16(&mut v, n);
        v.extend(r.bytes(n - 4));
    }
    v
}

pub(crate) fn wg_init(r: &mut Rng) -> Vec<u8> {
    let mut v = vec![1, 0, 0, 0];
    v.extend(r.bytes(128));
    v.extend_from_slice(&[0; 16]);
    v
}
pub(crate) fn wg_resp(r: &mut Rng) -> Vec<u8> {
    let mut v = vec![2, 0, 0, 0];
    v.extend(r.bytes(72));
    v.extend_from_slice(&[0; 16]);
    v
}

/// OpenVPN control packet (opcode << 3), session id, no tls-auth.
pub(crate) fn ovpn(opcode: u8, session: u64, pid: u32, body: &[u8]) -> Vec<u8> {
    let mut v = vec![opcode << 3];
    v.extend_from_slice(&session.to_be_bytes());
    v.push(0);
    if opcode != 5 {
        be32(&mut v, pid);
    }
    v.extend_from_slice(body);
    v
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn hello_lengths_agree() {
        for c in [
            TlsClient::Chromium,
            TlsClient::Firefox,
            TlsClient::Schannel,
            TlsClient::Openssl,
            TlsClient::Java,
            TlsClient::Embedded,
        ] {
            let h = client_hello(c, "www.example.com", &["h2", "http/1.1"], &mut Rng::new(1));
            assert_eq!(u16::from_be_bytes([h[3], h[4]]) as usize + 5, h.len());
            assert_eq!(u32::from_be_bytes([0, h[6], h[7], h[8]]) as usize + 9, h.len());
        }
    }
}
