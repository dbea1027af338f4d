//! The ClientHello as each family of clients sends it: what fingerprints tell apart.

use super::bytes::be16;
use super::tls::{alpn_list, ext, handshake, list8, list16, record};
use crate::workload::rng::Rng;

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

pub(crate) fn client_hello(c: TlsClient, sni: &str, alpn: &[&str], r: &mut Rng) -> Vec<u8> {
    record(22, 0x301, &client_hello_msg(c, sni, alpn, false, r))
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
