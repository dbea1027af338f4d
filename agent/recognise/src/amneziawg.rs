//! AmneziaWG: WireGuard whose message types are numbers of the tunnel's own (amnezia-vpn's
//! `device/noise-protocol.go`: `H1` … `H4`), on any UDP port. A hint, not proof.
//!
//! Without its marks a handshake still has its lengths, its index in its place, and nothing but noise
//! around it: an answer of 92 bytes that repeats bytes 4 to 7 of the 148 it answers at 8. Where junk is
//! sent before (`Jc`) or put into the handshake (`S1`, `S2`), nothing is left to tell by.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::noise::is_noise;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "amneziawg",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[],
    start: Start::ANYHOW,
    look,
};

const INITIATION_BYTES: usize = 148;
const RESPONSE_BYTES: usize = 92;

/// What types have at least: the first four are WireGuard's own.
const LEAST_TYPE: u32 = 5;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match sight.wire_len {
        INITIATION_BYTES if sight.other.is_empty() => initiation(sight.data).unwrap_or(Look::No),
        RESPONSE_BYTES if !sight.other.is_empty() => response(sight).unwrap_or(Look::No),
        _ => Look::No,
    }
}

fn initiation(data: &[u8]) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, data);
    let kind = cursor.u32_le()?;
    Ok(if kind >= LEAST_TYPE && is_noise(cursor.rest()) { Look::More } else { Look::No })
}

fn response(sight: &Sight<'_>) -> Result<Look, DecodeError> {
    let mut asked = Cursor::new(Layer::Application, sight.other);
    let (initiation, sender): ([u8; 4], [u8; 4]) = (asked.array()?, asked.array()?);
    let mut answer = Cursor::new(Layer::Application, sight.data);
    let (response, own, receiver): ([u8; 4], [u8; 4], [u8; 4]) =
        (answer.array()?, answer.array()?, answer.array()?);
    let types = [initiation, response].map(u32::from_le_bytes);
    let fits = receiver == sender
        && own != sender
        && types[0] != types[1]
        && types.iter().all(|kind| *kind >= LEAST_TYPE)
        && is_noise(asked.rest())
        && is_noise(answer.rest());
    if !fits {
        return Ok(Look::No);
    }
    Ok(Look::Is(Found::served_by(70, sight.sender())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::noise;
    use crate::{Side, recorder};

    fn message(kind: u32, indexes: &[u32], len: usize) -> Vec<u8> {
        let mut bytes = kind.to_le_bytes().to_vec();
        bytes.extend(indexes.iter().flat_map(|index| index.to_le_bytes()));
        bytes.extend(noise(kind, len - bytes.len()));
        bytes
    }

    #[test]
    fn an_answer_of_the_right_shape_is_a_hint() {
        let first = message(0x5ab1_0c7d, &[0x1111_2222], 148);
        let answer = message(0x77e0_1d02, &[0x3333_4444, 0x1111_2222], 92);
        let sight = Sight { other: &first[..64], ..recorder::sight(Over::Udp, false, 40_000, &answer) };
        assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::Is(Found::served_by(70, Side::Resp)));
        assert_eq!(
            recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, true, 40_000, &first)).0,
            Look::More
        );
        for (other, data, why) in [
            (&first, message(0x77e0_1d02, &[0x3333_4444, 0x5555_6666], 92), "another's index"),
            (&first, message(2, &[0x3333_4444, 0x1111_2222], 92), "WireGuard's own type"),
            (&first, message(0x5ab1_0c7d, &[0x3333_4444, 0x1111_2222], 92), "the same type both ways"),
            (&first, message(0x77e0_1d02, &[0x3333_4444, 0x1111_2222], 93), "another length"),
        ] {
            let sight = Sight { other: &other[..64], ..recorder::sight(Over::Udp, false, 40_000, &data) };
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{why}");
        }
        for len in 0..28 {
            let cut = Sight { wire_len: 92, ..recorder::sight(Over::Udp, false, 40_000, &answer[..len]) };
            let cut = Sight { other: &first[..64], ..cut };
            assert_eq!(recorder::look(&PROTOCOL, &cut).0, Look::No, "{len} bytes");
        }
    }
}
