//! Mosh over UDP (mosh's `crypto.cc`, `network.cc`): a terminal whose keys went over SSH before.
//!
//! ```text
//! direction 1 bit, number 63 bits │ sealed: times 2 + 2, what was typed or shown, tag 16
//! ```
//!
//! Each side counts its datagrams from 0, and the server sets the direction: eight octets that are known before
//! they come, and noise behind.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::noise::is_noise;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "mosh",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[],
    start: Start::with(&[0, 0x80]),
    look,
};

const FROM_SERVER: u64 = 1 << 63;
/// Number, times and tag.
const LEAST_BYTES: usize = 8 + 4 + 16;
/// Datagrams of one side that count on before they are believed; fewer where the other side counts as well.
const ENOUGH: u64 = 3;
const ENOUGH_BOTH_WAYS: u64 = 1;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    read(sight).unwrap_or(Look::No)
}

fn read(sight: &Sight<'_>) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let word = u64::from_be_bytes(cursor.array()?);
    let (by_server, number) = (word & FROM_SERVER != 0, word & !FROM_SERVER);
    // Datagrams that the mirror lost leave gaps, and a conn is seen from its start or not told.
    let counts = number < u64::from(sight.count) * 2;
    if !counts || sight.wire_len < LEAST_BYTES || !is_noise(cursor.rest()) {
        return Ok(Look::No);
    }
    let answers = match sight.other.first_chunk().map(|head| u64::from_be_bytes(*head)) {
        None => false,
        Some(other) if (other & FROM_SERVER != 0) != by_server && other & !FROM_SERVER < 4 => true,
        Some(_) => return Ok(Look::No),
    };
    let enough = if answers { ENOUGH_BOTH_WAYS } else { ENOUGH };
    // As many were sent before: a number that stands still is none.
    if number < enough || u64::from(sight.count) <= number {
        return Ok(Look::More);
    }
    let server = if by_server { sight.sender() } else { sight.sender().peer() };
    Ok(Look::Is(Found::served_by(if answers { 92 } else { 80 }, server)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::noise::noise;
    use crate::recorder::{look, sight};

    fn datagram(word: u64, len: usize) -> Vec<u8> {
        [&word.to_be_bytes()[..], &noise(3, len)].concat()
    }

    #[test]
    fn numbers_that_go_on_before_noise_are_mosh() {
        let first_of_server = datagram(FROM_SERVER, 57);
        let heard = &first_of_server[..64];
        let is = |confidence| Look::Is(Found::served_by(confidence, Side::Resp));
        // (what, number, of what follows, heard of the other, count, answer)
        let cases = [
            ("the first", 0, 76, &b""[..], 1, Look::More),
            ("the second, answered", 1, 56, heard, 2, is(92)),
            ("the third, not answered", 2, 56, b"", 3, Look::More),
            ("the fourth, not answered", 3, 56, b"", 4, is(80)),
            ("a number that leaps", 40, 56, heard, 2, Look::No),
            ("a number ahead of those seen", 2, 56, heard, 2, Look::More),
            ("too short", 1, 19, heard, 2, Look::No),
            ("answered by the same direction", 1, 56, &[0; 8], 2, Look::No),
            ("answered by something else", 1, 56, b"HTTP/1.1", 2, Look::No),
        ];
        for (what, number, len, other, count, expected) in cases {
            let wire = datagram(number, len);
            let sight = Sight { other, count, ..sight(Over::Udp, true, 60_001, &wire) };
            assert_eq!(look(&PROTOCOL, &sight).0, expected, "{what}");
            for len in 0..8 {
                let cut = Sight { data: &wire[..len], wire_len: len, ..sight };
                assert_eq!(look(&PROTOCOL, &cut).0, Look::No, "{what}");
            }
        }
        let zeros = [0, 0, 0, 0, 0, 0, 0, 1, 0].repeat(5);
        let plain = Sight { other: heard, count: 2, ..sight(Over::Udp, true, 60_001, &zeros) };
        assert_eq!(look(&PROTOCOL, &plain).0, Look::No, "no noise");
    }
}
