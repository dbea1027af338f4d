//! mKCP over UDP, the reliable datagrams of V2Ray and Xray, as they come without a secret of their own
//! (v2ray-core's `transport/internet/kcp/crypt.go`).
//!
//! ```text
//! checksum 4 (FNV-1a of all behind) │ length 2 (of what is behind) │ segments
//! ```
//!
//! Each octet but the first four is exclusive-ored with the fourth before it, which hides it from eyes and not
//! from whoever knows. What the segments carry (VMess, VLESS) is sealed.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol =
    Protocol { service: "v2ray", tunnel: true, over: &[Over::Udp], ports: &[], start: Start::ANYHOW, look };

const HEADER_BYTES: usize = 6;
const FNV_OFFSET: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    let Some([a, b, c, d, e, f]) = sight.data.first_chunk::<HEADER_BYTES>() else { return Look::No };
    let length = usize::from(u16::from_be_bytes([e ^ a, f ^ b]));
    // Most go no further than this.
    if length + HEADER_BYTES != sight.data.len() || length == 0 || sight.wire_len != sight.data.len() {
        return Look::No;
    }
    let uncovered = sight.data.iter().skip(4).zip(sight.data).map(|(octet, before)| octet ^ before);
    let sum = uncovered.fold(FNV_OFFSET, |sum, octet| (sum ^ u32::from(octet)).wrapping_mul(FNV_PRIME));
    if sum == u32::from_be_bytes([*a, *b, *c, *d]) { Look::Is(Found::new(96)) } else { Look::No }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{hex, look, sight};

    /// An acknowledgement as V2Ray 4.34 sends it, made again from its own header.
    fn datagram() -> Vec<u8> {
        let segments = hex("7f10 0100 00000000 00000001 00000001 00");
        let mut wire = [&[0; 4][..], &(segments.len() as u16).to_be_bytes(), &segments].concat();
        let sum =
            wire[4..].iter().fold(FNV_OFFSET, |sum, octet| (sum ^ u32::from(*octet)).wrapping_mul(FNV_PRIME));
        wire[..4].copy_from_slice(&sum.to_be_bytes());
        for at in 4..wire.len() {
            wire[at] ^= wire[at - 4];
        }
        wire
    }

    #[test]
    fn the_checksum_tells_and_each_octet_counts() {
        let wire = datagram();
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 10_087, &wire)).0, Look::Is(Found::new(96)));
        for at in 0..wire.len() {
            let mut other = wire.clone();
            other[at] ^= 1;
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 10_087, &other)).0, Look::No, "octet {at}");
            let cut = sight(Over::Udp, true, 10_087, &wire[..at]);
            assert_eq!(look(&PROTOCOL, &cut).0, Look::No, "{at} octets");
        }
    }
    #[test]
    fn what_was_captured_is_told() {
        let wire = hex("bf1fca7f bf0ad665 bf0ad665 bc02d665 bc02d665 bc03d765 bc03d7");
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 10_087, &wire)).0, Look::Is(Found::new(96)));
    }
}
