//! Nebula over UDP, any port (usually 4242): slackhq/nebula, `header/header.go`.
//!
//! ```text
//! version 4 bits (1), type 4 bits │ subtype 1 │ reserved 2 (zero) │ remote index 4 │ counter 8
//! ```
//!
//! A handshake's first message is fixed in all sixteen bytes and goes on as Noise's IX does: the ephemeral
//! key, the static key, and in the clear what the sender says of itself. Its answer and data need the
//! other side.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::noise::is_noise;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "nebula",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[4242],
    start: Start::between(HANDSHAKE, CLOSE),
    look,
};

/// Version 1 in the upper half.
const HANDSHAKE: u8 = 0x10;
const MESSAGE: u8 = 0x11;
const RECEIVE_ERROR: u8 = 0x12;
const CLOSE: u8 = 0x15;

/// Which handshake: Noise IX with or without a pre-shared key; data may be relayed.
const MOST_SUBTYPE: u8 = 1;

/// A tunnel is made anew long before its counter has more bits.
const COUNTER_BITS: u32 = 40;

/// Behind the keys stands a protobuf message whose first field is the handshake's details.
const DETAILS_TAG: u8 = 0x0a;

/// How long a key is, on Curve25519 and on P-256.
const KEY_BYTES: [usize; 2] = [32, 65];

#[derive(Clone, Copy, Debug)]
struct Header {
    kind: u8,
    index: u32,
    counter: u64,
}

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    packet(sight).unwrap_or(Look::No)
}

fn packet(sight: &Sight<'_>) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let Some(own) = header(&mut cursor)? else { return Ok(Look::No) };
    let other = header(&mut Cursor::new(Layer::Application, sight.other)).ok().flatten();
    let body = cursor.rest();
    let opens = own.kind == HANDSHAKE && own.counter == 1 && own.index == 0;
    if opens && KEY_BYTES.iter().any(|len| body.get(2 * len) == Some(&DETAILS_TAG)) {
        return Ok(Look::Is(Found::served_by(92, sight.sender().peer())));
    }
    if own.kind == HANDSHAKE {
        let answers = own.counter == 2 && own.index != 0;
        return Ok(if answers && other.is_some_and(|other| other.kind == HANDSHAKE) {
            Look::Is(Found::served_by(94, sight.sender()))
        } else {
            Look::No
        });
    }
    let sealed = own.index != 0 && is_noise(body);
    Ok(match other {
        None if sealed => Look::More,
        Some(other) if sealed && other.index != own.index => Look::Is(Found::new(82)),
        Some(_) | None => Look::No,
    })
}

fn header(cursor: &mut Cursor<'_>) -> Result<Option<Header>, DecodeError> {
    let (kind, subtype, reserved) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    let header = Header { kind, index: cursor.u32()?, counter: u64::from_be_bytes(cursor.array()?) };
    let plausible = (HANDSHAKE..=CLOSE).contains(&kind)
        && !(kind == RECEIVE_ERROR && header.counter != 0)
        && subtype <= if kind == MESSAGE { MOST_SUBTYPE } else { MOST_SUBTYPE + 1 }
        && reserved == 0
        && header.counter >> COUNTER_BITS == 0;
    Ok(plausible.then_some(header))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::noise;
    use crate::{Side, recorder};

    fn message(kind: u8, index: u32, counter: u64, body: &[u8]) -> Vec<u8> {
        [&[kind, 0, 0, 0][..], &index.to_be_bytes(), &counter.to_be_bytes(), body].concat()
    }

    #[test]
    fn a_handshake_is_believed_and_data_both_ways() {
        let hello = |key: usize| [&noise(1, 2 * key)[..], &[DETAILS_TAG, 0x60], &noise(4, 96)].concat();
        let details = hello(32);
        let first = message(HANDSHAKE, 0, 1, &details);
        let first_p256 = message(HANDSHAKE, 0, 1, &hello(65));
        let second = message(HANDSHAKE, 0x5566_7788, 2, &details);
        let (there, back) = (message(MESSAGE, 7, 5, &noise(2, 80)), message(MESSAGE, 9, 4, &noise(3, 80)));
        // (datagram, the other side's first, finding, why)
        let cases = [
            (&first, &b""[..], Look::Is(Found::served_by(92, Side::Resp)), "the first"),
            (&first_p256, b"", Look::Is(Found::served_by(92, Side::Resp)), "the first, of longer keys"),
            (&second, b"", Look::No, "an answer to nothing seen"),
            (&there, b"", Look::More, "data one way"),
            (&there, &back[..], Look::Is(Found::new(82)), "data both ways"),
            (&message(MESSAGE, 7, 5, &[b'a'; 80]), &back, Look::No, "no ciphertext"),
            (&message(0x21, 7, 5, &noise(2, 80)), &back, Look::No, "another version"),
            (&message(MESSAGE, 7, 1 << 50, &noise(2, 80)), &back, Look::No, "a counter of 51 bits"),
        ];
        for (data, other, expected, why) in cases {
            let sight = Sight { other, ..recorder::sight(Over::Udp, true, 4242, data) };
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{why}");
        }
        let answered = Sight { other: &first, ..recorder::sight(Over::Udp, false, 4242, &second) };
        assert_eq!(recorder::look(&PROTOCOL, &answered).0, Look::Is(Found::served_by(94, Side::Resp)));
    }

    #[test]
    fn cut_headers_are_not_believed() {
        let first = message(HANDSHAKE, 0, 1, &[&noise(1, 64)[..], &[DETAILS_TAG]].concat());
        for len in 0..first.len() {
            let sight = recorder::sight(Over::Udp, true, 4242, &first[..len]);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{len} bytes");
        }
    }
}
