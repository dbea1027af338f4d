//! Servers and management: SNMP, SMB2, RDP, LDAP, Kerberos.

use super::bytes::{be24, der};
use crate::workload::rng::Rng;

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
