//! Cloudflare WARP: WireGuard's messages with three bytes that name the device, on any UDP port.
//!
//! Where WireGuard has three zero bytes after the type, WARP's client puts the identifier that its
//! registration gave it, and the server repeats it (the `reserved` setting of `wireguard-go` forks).
//! Newer clients set the type's two upper bits as well, so that a message passes for a QUIC long header:
//!
//! ```text
//! type 1 (1 … 4, or 0xc1 … 0xc4) │ identifier 3 │ index 4 │ counter 8 (data) │ sealed
//! ```
//!
//! The identifier alone proves nothing: a message is believed where its index is the one that the
//! other side gave, or where both sides' data bear the same identifier. MASQUE, WARP's other way, is
//! QUIC and told by its name.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::noise::is_noise;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "cloudflare-warp",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[2408],
    start: Start::between(1, 4).or_between(0xc1, 0xc4),
    look,
};

const INITIATION: u8 = 1;
const RESPONSE: u8 = 2;
const DATA: u8 = 4;
/// The bits that disguise a type.
const DISGUISE: u8 = 0xc0;

const INITIATION_BYTES: usize = 148;
const RESPONSE_BYTES: usize = 92;
const LEAST_DATA_BYTES: usize = 32;
/// Newer handshakes carry more, and never more than a datagram.
const MOST_HANDSHAKE_BYTES: usize = 1400;

/// As WireGuard's: no session counts so far.
const COUNTER_BITS: u32 = 40;

/// The start of every message.
#[derive(Clone, Copy, Debug)]
struct Head {
    disguised: bool,
    kind: u8,
    identifier: [u8; 3],
    index: [u8; 4],
}

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    message(sight).unwrap_or(Look::No)
}

fn message(sight: &Sight<'_>) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let Some(head) = head(&mut cursor)? else { return Ok(Look::No) };
    let other = self::head(&mut Cursor::new(Layer::Application, sight.other)).ok().flatten();
    // The first message of a disguised handshake has no identifier yet; plain zeros are WireGuard's own.
    if head.identifier == [0; 3] && (!head.disguised || head.kind != INITIATION) {
        return Ok(Look::No);
    }
    match head.kind {
        INITIATION if handshake_length(head, sight.wire_len, INITIATION_BYTES) && is_noise(cursor.rest()) => {
            Ok(Look::More)
        }
        RESPONSE if handshake_length(head, sight.wire_len, RESPONSE_BYTES) => {
            response(head, cursor, other, sight)
        }
        DATA if sight.wire_len >= LEAST_DATA_BYTES => data(head, cursor, other),
        _ => Ok(Look::No),
    }
}

fn head(cursor: &mut Cursor<'_>) -> Result<Option<Head>, DecodeError> {
    let first = cursor.u8()?;
    let disguised = first & DISGUISE == DISGUISE;
    let kind = if disguised { first & !DISGUISE } else { first };
    if !matches!(kind, INITIATION..=DATA) {
        return Ok(None);
    }
    Ok(Some(Head { disguised, kind, identifier: cursor.array()?, index: cursor.array()? }))
}

fn handshake_length(head: Head, wire_len: usize, plain: usize) -> bool {
    if head.disguised { (plain..=MOST_HANDSHAKE_BYTES).contains(&wire_len) } else { wire_len == plain }
}

/// A response repeats the index of the initiation that it answers.
fn response(
    head: Head,
    mut cursor: Cursor<'_>,
    other: Option<Head>,
    sight: &Sight<'_>,
) -> Result<Look, DecodeError> {
    let receiver: [u8; 4] = cursor.array()?;
    if !is_noise(cursor.rest()) {
        return Ok(Look::No);
    }
    let answers = other.is_some_and(|other| {
        other.kind == INITIATION && other.disguised == head.disguised && other.index == receiver
    });
    // The disguised one scrambles the index: its data decide.
    let undecided = if head.disguised { Look::More } else { Look::No };
    Ok(if answers { Look::Is(Found::served_by(94, sight.sender())) } else { undecided })
}

fn data(head: Head, mut cursor: Cursor<'_>, other: Option<Head>) -> Result<Look, DecodeError> {
    let counter = u64::from_le_bytes(cursor.array()?);
    if counter >> COUNTER_BITS != 0 || !is_noise(cursor.rest()) {
        return Ok(Look::No);
    }
    let Some(other) = other.filter(|other| other.disguised == head.disguised) else { return Ok(Look::More) };
    // The receiver's index is the one that the other side's response announced.
    let announced = other.kind == RESPONSE && other.index == head.index;
    Ok(match (announced, other.kind == DATA, other.identifier == head.identifier) {
        (true, _, true) => Look::Is(Found::new(94)),
        (false, true, true) => Look::Is(Found::new(80)),
        (true | false, _, _) => Look::More,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::noise;
    use crate::{Side, recorder};

    fn message(first: u8, identifier: [u8; 3], indexes: &[u32], len: usize) -> Vec<u8> {
        let mut bytes = [&[first][..], &identifier].concat();
        bytes.extend(indexes.iter().flat_map(|index| index.to_le_bytes()));
        bytes.extend(noise(u32::from(first), len - bytes.len()));
        bytes
    }

    fn transport(first: u8, identifier: [u8; 3], index: u32, counter: u64) -> Vec<u8> {
        let head = message(first, identifier, &[index], 8);
        [&head[..], &counter.to_le_bytes(), &noise(5, 64)].concat()
    }

    const ID: [u8; 3] = [0x11, 0x78, 0x05];

    #[test]
    fn an_answered_handshake_or_data_both_ways_is_believed() {
        let initiation = message(1, ID, &[0x1020_3040], 148);
        let response = message(2, ID, &[0x0908_0706, 0x1020_3040], 92);
        let stranger = message(2, ID, &[0x0908_0706, 0x5555_5555], 92);
        let disguised = message(0xc2, ID, &[0x0908_0706, 0x1111_1111], 778);
        let first = message(0xc1, [0; 3], &[0x1020_3040], 194);
        let data = transport(4, ID, 0x0908_0706, 7);
        let back = transport(4, ID, 0x1020_3040, 0);
        let hidden = transport(0xc4, ID, 0x0908_0706, 1);
        // (message, the other side's first, finding, why)
        let cases = [
            (&initiation, &b""[..], Look::More, "an initiation alone may be anything"),
            (&response, &initiation[..], Look::Is(Found::served_by(94, Side::Resp)), "its answer"),
            (&stranger, &initiation, Look::No, "an answer to another"),
            (&data, &response, Look::Is(Found::new(94)), "data under the announced index"),
            (&data, &back, Look::Is(Found::new(80)), "data both ways under one identifier"),
            (&data, b"", Look::More, "data one way"),
            (&first, b"", Look::More, "a disguised initiation"),
            (&disguised, &first, Look::More, "a disguised response"),
            (&hidden, &disguised, Look::Is(Found::new(94)), "disguised data under the announced index"),
            (&hidden, &data, Look::More, "one disguised, one plain"),
        ];
        for (data, other, expected, why) in cases {
            let sight = Sight { other, ..recorder::sight(Over::Udp, false, 2408, data) };
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{why}");
        }
    }

    #[test]
    fn wireguard_itself_and_other_bytes_are_not() {
        let plain = transport(4, [0; 3], 0x0908_0706, 7);
        let far = transport(4, ID, 0x0908_0706, 1 << 50);
        let text = [&transport(4, ID, 0x0908_0706, 7)[..16], &[b'a'; 64]].concat();
        let long = message(1, ID, &[1], 149);
        // The first bytes of a QUIC version 1 packet (RFC 9000 §17.2).
        let quic = [&[0xc3, 0, 0, 0, 1, 8][..], &noise(9, 1194)].concat();
        for data in [&plain, &far, &text, &long, &quic] {
            let sight = Sight { other: &plain, ..recorder::sight(Over::Udp, true, 2408, data) };
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{:02x?}", &data[..8]);
        }
    }

    #[test]
    fn cut_messages_are_not_believed() {
        let response = message(2, ID, &[0x0908_0706, 0x1020_3040], 92);
        for whole in [response.clone(), transport(4, ID, 0x0908_0706, 7)] {
            for len in 0..whole.len().min(31) {
                let sight =
                    Sight { other: &response, ..recorder::sight(Over::Udp, true, 2408, &whole[..len]) };
                assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{len} bytes");
            }
        }
    }
}
