//! BACnet/IP, which air conditioning, lifts and lights of a building speak (ASHRAE 135 Annex J).
//!
//! ```text
//! 81 │ function 1 │ length of the whole 2 │ … │ 01: version of the network layer │ control │ …
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "bacnet",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[47808],
    start: Start::with(&[BVLL_IP]),
    look,
};

const BVLL_IP: u8 = 0x81;
/// Functions that carry a network layer, and the bytes between (J.2): Forwarded-NPDU names whom it is from.
const FORWARDED: u8 = 0x04;
const CARRY: [u8; 3] = [0x09, 0x0a, 0x0b];
const LAST_FUNCTION: u8 = 0x0b;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data.first() {
        Some(&BVLL_IP) => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _type = cursor.u8()?;
    let function = cursor.u8()?;
    if function > LAST_FUNCTION || usize::from(cursor.u16()?) != sight.wire_len {
        return Err(cursor.malformed("no function and length of BACnet"));
    }
    if function == FORWARDED {
        cursor.take(6)?;
    }
    if (function == FORWARDED || CARRY.contains(&function)) && cursor.u8()? != 1 {
        return Err(cursor.malformed("no version of BACnet's network layer"));
    }
    Ok(Found::new(if function == FORWARDED || CARRY.contains(&function) { 92 } else { 80 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn who_is_and_its_kin_are_bacnet() {
        // (what, wire, confidence)
        let cases = [
            ("Who-Is to all", "810b 000c 01 20 ffff 00 ff 10 08", Some(92)),
            ("a forwarded one", "8104 0012 c0000205 bac0 01 20 ffff 00 ff 10 08", Some(92)),
            ("a registration", "8105 0006 003c", Some(80)),
            ("a wrong length", "810b 000d 01 20 ffff 00 ff 10 08", None),
            ("another network layer", "810a 0008 02 00 1008", None),
            ("no function", "8140 0004", None),
        ];
        for (what, wire, confidence) in cases {
            let found = look(&PROTOCOL, &sight(Over::Udp, true, 40_000, &hex(wire))).0;
            assert_eq!(found, confidence.map_or(Look::No, |sure| Look::Is(Found::new(sure))), "{what}");
        }
        let bytes = hex(cases[0].1);
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Udp, true, 47_808, &bytes)), Some(bytes.len()));
    }
}
