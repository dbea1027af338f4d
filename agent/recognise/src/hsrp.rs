//! HSRP, by which Cisco's routers agree who bears a gateway's address (RFC 2281 §5; version 2 by its TLV).

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 1985;
const PORT_IPV6: u16 = 2029;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "hsrp",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[PORT, PORT_IPV6],
    start: Start::on(&[PORT, PORT_IPV6]),
    look,
};

/// Hello, coup and resign come before it (RFC 2281 §5.1); Cisco's own, of another shape.
const ADVERTISEMENT: u8 = 3;
/// Twenty octets, and thirty of authentication by MD5.
const MOST_BYTES: usize = 50;
/// Initial to active (RFC 2281 §5.1).
const STATES: [u8; 6] = [0, 1, 2, 4, 8, 16];
/// A group state's TLV of version 2: type and length.
const GROUP_STATE: [u8; 2] = [1, 40];

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    if sight.on_port(&[PORT, PORT_IPV6]) { settle(sight, read(sight)) } else { Look::No }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let start = cursor.array()?;
    if start == GROUP_STATE {
        // The version follows.
        return match cursor.u8()? {
            2 => Ok(Found::new(92)),
            _ => Err(cursor.malformed("no version of HSRP")),
        };
    }
    let [version, opcode] = start;
    if version != 0 || opcode > ADVERTISEMENT {
        return Err(cursor.malformed("no version and opcode of HSRP"));
    }
    let [state, hello_s, hold_s, _priority, _group, reserved] = cursor.array()?;
    let is_group = STATES.contains(&state) && reserved == 0 && (1..=hold_s).contains(&hello_s);
    if opcode < ADVERTISEMENT && !is_group || sight.wire_len > MOST_BYTES {
        return Err(cursor.malformed("no state of HSRP"));
    }
    // Authentication, the virtual address.
    cursor.take(12)?;
    Ok(Found::new(92))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn both_versions_are_recognised_on_their_port() {
        let hello = hex("00 00 10 03 0a 78 01 00 636973636f000000 c0000201");
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Udp, true, PORT, &hello)), Some(20));
        let second = hex("01 28 02 00 06 04 0001 005300000001");
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Udp, true, PORT, &second)), Some(3));
        for (wire, port) in [
            (&hello[..], 1986),
            (&second[..], 1984),
            (&hex("00 07 10")[..], PORT),
            (&hex("00 00 03 03 0a 78 01 00 636973636f000000 c0000201")[..], PORT),
            (&hex("00 00 10 0a 03 78 01 00 636973636f000000 c0000201")[..], PORT),
            (&hex("00 00 10 03 0a 78 01 01 636973636f000000 c0000201")[..], PORT),
            (&[0; 40][..], PORT),
            (&hex("0128 03")[..], PORT),
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, port, wire)).0, Look::No, "{wire:02x?}");
        }
    }
}
