//! X11's connection set-up (X Window System Protocol, appendix B): a program shows its windows, and is
//! worked, on another machine. The secret that it shows for admission is not read.
//!
//! ```text
//! byte order B or l │ 00 │ major 11 2 │ minor 0 2 │ length of scheme 2 │ length of secret 2 │ 0000 │ scheme
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "x11",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[6000, 6001, 6010],
    start: Start::with(b"Bl"),
    look,
};

/// `MIT-MAGIC-COOKIE-1`, `XDM-AUTHORIZATION-1` and their secrets.
const MOST_BYTES: u16 = 256;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [b'B' | b'l'] | [b'B' | b'l', _, ..] if sight.from_start => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let big = cursor.u8()? == b'B';
    if cursor.u8()? != 0 {
        return Err(cursor.malformed("no padding of X11"));
    }
    let mut word = || -> Result<u16, DecodeError> {
        let bytes = cursor.array()?;
        Ok(if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let version = [word()?, word()?];
    let lengths = [word()?, word()?];
    let padding = word()?;
    if version != [11, 0] || lengths.iter().any(|length| *length > MOST_BYTES) || padding != 0 {
        return Err(cursor.malformed("no set-up of X11"));
    }
    Ok(Found::served_by(95, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn a_set_up_of_either_byte_order_is_recognised() {
        for wire in ["42 00 000b 0000 0012 0010 0000 4d49", "6c 00 0b00 0000 0000 0000 0000"] {
            let bytes = hex(wire);
            let sent = sight(Over::Tcp, true, 6002, &bytes);
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(95, Side::Resp)), "{wire}");
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(12), "{wire}");
        }
        for wire in ["42 00 0b00 0000 0000 0000 0000", "6c 01 0b00", "42 00 000b 0000 ffff 0000 0000"] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 6000, &hex(wire))).0, Look::No, "{wire}");
        }
    }
}
