//! Yggdrasil's link handshake over TCP: each side opens with `meta` and its version
//! (yggdrasil-go, `src/core/version.go`). Over TLS and QUIC it shows nothing of its own.
//!
//! ```text
//! 0.4:  "meta" │ 0 │ 4 │ public key 32
//! 0.5:  "meta" │ length 2 │ type 2 (0, the major version) │ length 2 │ …
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "yggdrasil",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[],
    start: Start::with(b"m"),
    look,
};

const MARK: &[u8] = b"meta";

/// Version 0.4.
const OLD: [u8; 2] = [0, 4];
const KEY_BYTES: usize = 32;

/// The first field is the major version, a number of two bytes.
const MAJOR: [u8; 4] = [0, 0, 0, 2];
/// A handshake is its versions, a key, a priority and a signature.
const MOST_BYTES: u16 = 512;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    let head = sight.data.get(..MARK.len()).unwrap_or(sight.data);
    if !sight.from_start || !MARK.starts_with(head) {
        return Look::No;
    }
    settle(sight, hello(sight.data))
}

fn hello(stream: &[u8]) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, stream);
    cursor.take(MARK.len())?;
    let next: [u8; 2] = cursor.array()?;
    if next == OLD {
        cursor.take(KEY_BYTES)?;
        return Ok(Found::new(80));
    }
    if u16::from_be_bytes(next) > MOST_BYTES || cursor.array::<4>()? != MAJOR {
        return Err(cursor.malformed("no version after the mark"));
    }
    Ok(Found::new(92))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{look, sight};

    #[test]
    fn both_versions_are_believed_and_waited_for() {
        let old = [MARK, &OLD, &[7; KEY_BYTES]].concat();
        let new = [MARK, &[0, 110], &MAJOR, &[0, 0]].concat();
        for (bytes, confidence, needed) in [(&old, 80, old.len()), (&new, 92, 10)] {
            assert_eq!(
                look(&PROTOCOL, &sight(Over::Tcp, true, 9001, bytes)).0,
                Look::Is(Found::new(confidence))
            );
            for len in 1..needed {
                let cut = sight(Over::Tcp, true, 9001, &bytes[..len]);
                assert_eq!(look(&PROTOCOL, &cut).0, Look::More, "{len} bytes");
            }
        }
        for bytes in [&b"meta tags"[..], b"metadata", b"GET /"] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 9001, bytes)).0, Look::No);
        }
    }
}
