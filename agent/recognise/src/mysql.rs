//! MySQL and MariaDB: the server's greeting, version 10 (MySQL's Protocol::HandshakeV10).
//!
//! ```text
//! length 3, little-endian │ 00 │ 0A │ version, text up to a zero │ thread 4 │ salt 8 │ 00 │ …
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::text;
use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "mysql",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[3306],
    start: Start::ANYHOW,
    look,
};

const VERSION_10: u8 = 10;
/// `5.5.5-10.11.6-MariaDB-0+deb12u1-log` and its like.
const VERSION_BYTES: usize = 80;
/// A greeting has no certificates in it.
const MOST_BYTES: u32 = 512;

fn look(sight: &Sight<'_>, _: &mut u32, sink: &mut dyn Sink) -> Look {
    match sight.data {
        [_, 2..=255, ..] | [_, _, 1..=255, ..] | [_, _, _, 1..=255, ..] => Look::No,
        [_, _, _, _, VERSION_10, ..] | [] | [_] | [_, _] | [_, _, _] | [_, _, _, _] if sight.from_start => {
            settle(sight, read(sight, sink))
        }
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>, sink: &mut dyn Sink) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let [low, middle, high, _sequence, _version] = cursor.array()?;
    let length = u32::from_le_bytes([low, middle, high, 0]);
    let rest = cursor.rest();
    let Some(len) = rest.iter().take(VERSION_BYTES).position(|byte| *byte == 0) else {
        if rest.iter().all(u8::is_ascii_graphic) {
            cursor.take(VERSION_BYTES)?;
        }
        return Err(cursor.malformed("no version of MySQL"));
    };
    let version = cursor.take(len)?;
    let is_version =
        version.first().is_some_and(u8::is_ascii_digit) && version.iter().all(u8::is_ascii_graphic);
    let [_zero, _thread @ .., filler] = cursor.array::<14>()?;
    if !is_version || filler != 0 || length > MOST_BYTES || (length as usize) < len + 14 {
        return Err(cursor.malformed("no greeting of MySQL"));
    }
    if let Some(version) = text::note(version) {
        sink.note(sight.sender(), Key::Software, version);
    }
    Ok(Found::served_by(95, sight.sender()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, look, sight};

    const GREETING: &[u8] = b"\x32\0\0\0\x0a8.0.36\0\x2a\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15";

    #[test]
    fn the_greeting_is_recognised_with_its_version() {
        let sent = sight(Over::Tcp, false, 33_060, GREETING);
        let (found, notes) = look(&PROTOCOL, &sent);
        assert_eq!(found, Look::Is(Found::served_by(95, Side::Resp)));
        assert_eq!(notes.values(Key::Software), ["8.0.36"]);
        assert_eq!(believed_from(&PROTOCOL, &sent), Some(25));
    }

    #[test]
    fn other_openings_are_not_mysql() {
        for wire in [
            &b"\x32\0\0\0\x09\x38.0\0"[..],
            b"\x32\0\0\0\x0a\x80\x81\x82\0\x2a\0\0\0abcdefgh\0",
            b"\x32\x10\0\0\x0a8.0.36\0",
            b"\x05\0\0\0\x0a8.0.36\0\x2a\0\0\0abcdefgh\0",
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, false, 3306, wire)).0, Look::No, "{wire:?}");
        }
    }
}
