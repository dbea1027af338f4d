//! TLS records and handshakes (RFC 5246, RFC 8446), and the ClientHello of QUIC.

use super::bytes::{be16, be24};
use super::cert::certificate;
use crate::workload::rng::Rng;

pub(super) fn handshake(t: u8, body: &[u8]) -> Vec<u8> {
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

/// CRYPTO frame at offset 0.
pub(crate) fn quic_crypto_frame(msg: &[u8]) -> Vec<u8> {
    let mut v = vec![6, 0];
    be16(&mut v, 0x4000 | msg.len());
    v.extend_from_slice(msg);
    v
}
pub(super) fn ext(t: u16, d: &[u8]) -> Vec<u8> {
    let mut v = vec![];
    be16(&mut v, t as usize);
    be16(&mut v, d.len());
    v.extend_from_slice(d);
    v
}
pub(super) fn list16(xs: &[u16]) -> Vec<u8> {
    let mut v = vec![];
    be16(&mut v, xs.len() * 2);
    xs.iter().for_each(|x| be16(&mut v, *x as usize));
    v
}
pub(super) fn list8(xs: &[u16]) -> Vec<u8> {
    let mut v = vec![xs.len() as u8 * 2];
    xs.iter().for_each(|x| be16(&mut v, *x as usize));
    v
}
pub(super) fn alpn_list(ps: &[&str]) -> Vec<u8> {
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
