//! Zoom's media over UDP, as its analysis by Princeton ("Enabling Passive Measurement of Zoom Performance",
//! and that project's dissector) and its own traffic show it: an opening and its answer that repeats 16 bytes;
//! then media, where the server is an SFU.
//!
//! ```text
//! 01 00 │ 02, 03 │ id 16 │ 0 7 │ 02 │ time 4 │ the same 4 │ 00000040 │ token 64 …      opening
//! 02 00 │ 01, 03 │ id 16 │ …                                                           answer
//! 05 │ number 2 │ session 4 │ 00 to, 04 from the server │ 0F audio, 10 video │ …  RTP   media
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORTS: [u16; 10] = [8801, 8802, 8803, 8804, 8805, 8806, 8807, 8808, 8809, 8810];

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "zoom",
    tunnel: false,
    over: &[Over::Udp],
    ports: &PORTS,
    start: Start::with(&[OPENING, ANSWER, MEDIA]),
    look,
};

const OPENING: u8 = 1;
const ANSWER: u8 = 2;
const MEDIA: u8 = 5;
const TOKEN_BYTES: u32 = 64;
const AUDIO: u8 = 15;
const VIDEO: u8 = 16;
/// Between the kind of the media and RTP.
const AUDIO_BYTES: usize = 18;
const VIDEO_BYTES: usize = 23;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [OPENING, 0, 2 | 3, ..] => settle(sight, opening(sight)),
        [ANSWER, 0, 1 | 3, answered @ ..] => match (answered.get(..16), sight.other) {
            (Some(id), [OPENING, 0, 2 | 3, asked @ ..]) if asked.starts_with(id) && id != [0; 16] => {
                Look::Is(Found::served_by(95, sight.sender()))
            }
            _ => Look::No,
        },
        [MEDIA, ..] if sight.on_port(&PORTS) => settle(sight, media(sight)),
        _ => Look::No,
    }
}

fn opening(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _kind: [u8; 3] = cursor.array()?;
    let _id: [u8; 16] = cursor.array()?;
    let fixed: [u8; 8] = cursor.array()?;
    let times = [cursor.u32()?, cursor.u32()?];
    let token = cursor.u32()?;
    if fixed != [0, 0, 0, 0, 0, 0, 0, 2] || times[0] != times[1] || token != TOKEN_BYTES {
        return Err(cursor.malformed("no opening of Zoom"));
    }
    cursor.take(TOKEN_BYTES as usize)?;
    Ok(Found::served_by(95, sight.sender().peer()))
}

/// Where the opening was missed: a version of RTP at its place, and the direction that the port has too.
fn media(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let [_media, _, _, _, _, _, _, direction, kind] = cursor.array()?;
    let server = match direction {
        0 => sight.sender().peer(),
        4 => sight.sender(),
        _ => return Err(cursor.malformed("no direction of Zoom")),
    };
    cursor.take(match kind {
        AUDIO => AUDIO_BYTES,
        VIDEO => VIDEO_BYTES,
        _ => return Err(cursor.malformed("no media of Zoom")),
    })?;
    if cursor.u8()? >> 6 != 2 || sight.side_on(&PORTS) != Some(server) {
        return Err(cursor.malformed("no RTP within Zoom"));
    }
    Ok(Found::served_by(85, server))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::noise::noise;
    use crate::recorder::{believed_from, hex, look, sight};

    const ID: &str = "c84ac4528718cda2b8477a1b899f3383";

    fn opens() -> Vec<u8> {
        [hex(&format!("010003 {ID} 0000000000000002 006f613f 006f613f 00000040")), noise(1, 64)].concat()
    }

    #[test]
    fn the_opening_and_its_answer_are_told() {
        let opens = opens();
        let is = Look::Is(Found::served_by(95, Side::Resp));
        let sent = sight(Over::Udp, true, 40_000, &opens);
        assert_eq!(look(&PROTOCOL, &sent).0, is);
        assert_eq!(believed_from(&PROTOCOL, &sent), Some(opens.len()));
        let answer = hex(&format!("020003 {ID} 004f8378 006f613f 0000000000000000 00400040 0003e003 00"));
        let head = &opens[..crate::HEAD_BYTES];
        assert_eq!(look(&PROTOCOL, &Sight { other: head, ..sight(Over::Udp, false, 40_000, &answer) }).0, is);
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, false, 8801, &answer)).0, Look::No, "unasked");
        for (at, octet) in [(2, 1), (19, 1), (26, 3), (27, 1), (38, 0x41)] {
            let mut wire = opens.clone();
            wire[at] = octet;
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 8801, &wire)).0, Look::No, "octet {at}");
        }
    }

    #[test]
    fn media_is_told_on_its_port_in_its_direction() {
        let audio = hex("050002 004f8379 04 0f 0100fb90141104ff00005cfb035e0001006a 90700b16 00115080");
        let from_server = |port, wire: &[u8]| look(&PROTOCOL, &sight(Over::Udp, false, port, wire)).0;
        assert_eq!(from_server(8801, &audio), Look::Is(Found::served_by(85, Side::Resp)));
        assert_eq!(from_server(40_000, &audio), Look::No);
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 8801, &audio)).0, Look::No, "the other direction");
        for (at, octet) in [(7, 1), (8, 14), (27, 0x10)] {
            let mut wire = audio.clone();
            wire[at] = octet;
            assert_eq!(from_server(8801, &wire), Look::No, "octet {at}");
        }
    }
}
