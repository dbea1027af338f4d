//! Tailscale's path discovery over UDP, any port: `disco` of tailscale.com, package `disco`.
//!
//! ```text
//! 54 53 f0 9f 92 ac   "TS" and a speech balloon
//! 32 bytes            the sender's discovery key
//! 24 bytes            nonce
//! ≥ 18 bytes          sealed: 16 of the seal, message type, version
//! ```
//!
//! The traffic itself is WireGuard; peers that cannot reach each other relay it in TLS, which rules
//! tell by its names.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 41641;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "tailscale",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[PORT],
    start: Start::between(1, 4).or_with(b"T").or_on(&[PORT]),
    look,
};

const MAGIC: &[u8] = b"TS\xf0\x9f\x92\xac";

const LEAST_BYTES: usize = 6 + 32 + 24 + 18;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    if sight.data.starts_with(MAGIC) && sight.wire_len >= LEAST_BYTES {
        return Look::Is(Found::new(97));
    }
    // WireGuard's messages, and STUN's on the usual port, go between two of discovery's.
    if sight.on_port(&[PORT]) || matches!(sight.data, [1..=4, 0, 0, 0, ..]) { Look::More } else { Look::No }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder;

    fn disco() -> Vec<u8> {
        [MAGIC, &[7; LEAST_BYTES - 6]].concat()
    }

    #[test]
    fn the_magic_is_believed_on_any_port() {
        for port in [41_641, 53_211] {
            let disco = disco();
            let (look, _) = recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, true, port, &disco));
            assert_eq!(look, Look::Is(Found::new(97)), "port {port}");
        }
    }

    #[test]
    fn cut_or_other_bytes_are_not_believed() {
        let disco = disco();
        for cut in 0..disco.len() {
            let (look, _) =
                recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, true, 9_999, &disco[..cut]));
            assert_eq!(look, Look::No, "{cut} bytes");
        }
        // A WireGuard datagram in between: wait for the next discovery.
        let data = [&[4, 0, 0, 0][..], &[9; 28]].concat();
        assert_eq!(recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, true, 9_999, &data)).0, Look::More);
    }
}
