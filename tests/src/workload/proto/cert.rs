//! Certificates (RFC 5280).

use super::bytes::der;
use crate::workload::rng::Rng;

/// A well-formed X.509 v3 certificate with a random key and signature.
pub(super) fn certificate(cn: &str, r: &mut Rng) -> Vec<u8> {
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
