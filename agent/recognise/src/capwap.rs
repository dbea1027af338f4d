//! CAPWAP, between wireless access points and their controller (RFC 5415 §4.3, §4.5.1).
//!
//! ```text
//! preamble 1 │ header length in words 5 bits, radio, binding, flags … │ type 4 │ sequence 1 │ length 2 │ flags 1
//! ```
//!
//! Its ports go with the structure: the header alone says little. DTLS in CAPWAP has a preamble of its own.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const CONTROL: u16 = 5246;
const DATA: u16 = 5247;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "capwap",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[CONTROL, DATA],
    start: Start::on(&[CONTROL, DATA]),
    look,
};

const CLEAR: u8 = 0x00;
const DTLS: u8 = 0x01;
/// RFC 5415 §4.5.1.1: types without an enterprise number.
const LAST_TYPE: u32 = 26;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data.first() {
        Some(&(CLEAR | DTLS)) if sight.on_port(&[CONTROL, DATA]) => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    if cursor.u8()? == DTLS {
        // Three reserved bytes, then a record of DTLS 1.0 or 1.2 (RFC 5415 §4.2).
        let [a, b, c, kind, major, _] = cursor.array()?;
        if [a, b, c] == [0; 3] && matches!(kind, 20..=23) && major == 0xfe {
            return Ok(Found::new(92));
        }
        return Err(cursor.malformed("no DTLS in CAPWAP"));
    }
    let [lengths, _, flags] = cursor.array()?;
    let words = usize::from(lengths >> 3);
    if words < 2 || flags & 0x07 != 0 {
        return Err(cursor.malformed("no header of CAPWAP"));
    }
    cursor.take(words * 4 - 4)?;
    if !sight.on_port(&[CONTROL]) {
        // Frames of the air follow.
        return Ok(Found::new(75));
    }
    let kind = cursor.u32()?;
    let _sequence = cursor.u8()?;
    let length = usize::from(cursor.u16()?);
    // The length counts itself and the flags before the elements on.
    let rest = sight.wire_len.saturating_sub(words * 4 + 5);
    if !(1..=LAST_TYPE).contains(&(kind & 0xff)) || length > rest {
        return Err(cursor.malformed("no message of CAPWAP"));
    }
    Ok(Found::new(90))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, hex, look, sight};

    const DISCOVERY: &str = "00 10 02 00 00000000 00000001 00 0008 00 0014 0001 01";

    #[test]
    fn the_ports_and_the_structure_are_needed() {
        // (what, wire, port, confidence)
        let cases = [
            ("a discovery", DISCOVERY, 5246, Some(90)),
            ("and elsewhere", DISCOVERY, 40_000, None),
            ("secured", "01 000000 16 feff 0000", 5246, Some(92)),
            ("something else secured", "01 000000 16 0301 0000", 5246, None),
            ("data", "00 10 02 00 00000000 8842", 5247, Some(75)),
            ("no message", "00 10 02 00 00000000 000000ff 00 0004 00", 5246, None),
        ];
        for (what, wire, port, confidence) in cases {
            let found = look(&PROTOCOL, &sight(Over::Udp, true, port, &hex(wire))).0;
            assert_eq!(found, confidence.map_or(Look::No, |sure| Look::Is(Found::new(sure))), "{what}");
        }
        let bytes = hex(DISCOVERY);
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Udp, true, 5246, &bytes)), Some(bytes.len()));
    }
}
