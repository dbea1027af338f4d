//! Openings of VPNs: IKEv2, WireGuard, OpenVPN.

use super::bytes::{be16, be32};
use crate::workload::rng::Rng;

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
