//! EtherNet/IP, of controllers and drives (ODVA's CIP volume 2 §2): the encapsulation, and CIP's cyclic data
//! over UDP, which has a shape of its own (§2-6, §3-2.2).
//!
//! ```text
//! command 2 │ length of the rest 2 │ session 4 │ status 4 │ sender's own 8 │ options 4: 0 │ …   little-endian
//! 0002 │ 8002, length 8: connection 4, number 4 │ 00B1, length 2: data                         cyclic
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::{refuse, settle};
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 44_818;
const CYCLIC_PORT: u16 = 2222;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ethernet-ip",
    tunnel: false,
    over: &[Over::Tcp, Over::Udp],
    ports: &[PORT],
    start: Start::with(&[0x02, 0x04, 0x63, 0x64, 0x65, 0x66, 0x6f, 0x70]),
    look,
};

const LIST_SERVICES: u16 = 0x04;
const LIST_IDENTITY: u16 = 0x63;
const LIST_INTERFACES: u16 = 0x64;
const REGISTER: u16 = 0x65;
const UNREGISTER: u16 = 0x66;
const SEND_RR_DATA: u16 = 0x6f;
const SEND_UNIT_DATA: u16 = 0x70;

/// §2-3.6: success, and what a target may refuse with.
const STATUSES: [u32; 7] = [0, 1, 2, 3, 0x64, 0x65, 0x69];

// Items of the common packet format (§2-6.2).
const NO_ADDRESS: u16 = 0;
const IDENTITY: u16 = 0x0c;
const CONNECTION: u16 = 0xa1;
const CONNECTED_DATA: u16 = 0xb1;
const UNCONNECTED_DATA: u16 = 0xb2;
const SERVICES: u16 = 0x100;
const SEQUENCED_CONNECTION: u16 = 0x8002;
/// Address and data, and the sockets that an answer may add.
const MOST_ITEMS: u16 = 4;
/// A service that is answered bears this bit (volume 1 §2-4.2).
const ANSWERED: u8 = 0x80;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match (sight.over, sight.data) {
        (Over::Udp, [2, 0, 2, 0x80, 8, 0, ..]) => settle(sight, cyclic(sight)),
        (_, [0x04 | 0x63..=0x66 | 0x6f | 0x70] | [0x04 | 0x63..=0x66 | 0x6f | 0x70, 0, ..]) => {
            match encapsulated(sight) {
                Ok(Some(found)) => Look::Is(found),
                Ok(None) => Look::More,
                Err(error) => refuse(sight, error),
            }
        }
        _ => Look::No,
    }
}

fn cyclic(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let head = [cursor.u16_le()?, cursor.u16_le()?, cursor.u16_le()?];
    let [_connection, _number] = [cursor.u32()?, cursor.u32()?];
    let (item, length) = (cursor.u16_le()?, usize::from(cursor.u16_le()?));
    let fits = sight.wire_len == sight.data.len() - cursor.rest().len() + length;
    if head != [2, SEQUENCED_CONNECTION, 8] || item != CONNECTED_DATA || !fits {
        return Err(cursor.malformed("no cyclic data of CIP"));
    }
    // Either side sends to this port.
    Ok(Found::new(if sight.on_port(&[CYCLIC_PORT]) { 95 } else { 90 }))
}

/// Gives nothing where more must be seen.
fn encapsulated(sight: &Sight<'_>) -> Result<Option<Found>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let (command, length) = (cursor.u16_le()?, cursor.u16_le()?);
    let (session, status) = (cursor.u32()?, cursor.u32_le()?);
    let _context = cursor.take(8)?;
    let options = cursor.u32()?;
    let fills = sight.over == Over::Tcp
        || sight.data.len() - cursor.rest().len() + usize::from(length) == sight.wire_len;
    if options != 0 || !STATUSES.contains(&status) || !fills {
        return Err(cursor.malformed("no encapsulation of EtherNet/IP"));
    }
    let (sender, peer) = (sight.sender(), sight.sender().peer());
    let is_request = session == 0 && status == 0;
    let server = match (command, length) {
        // One header of little more than zeros: where it is not expected, the answer must tell.
        (LIST_SERVICES | LIST_IDENTITY | LIST_INTERFACES, 0) if is_request && cursor.rest().is_empty() => {
            return Ok(sight.on_port(&[PORT]).then_some(Found::served_by(85, peer)));
        }
        (LIST_SERVICES, 6..) if [cursor.u16_le()?, cursor.u16_le()?] == [1, SERVICES] => sender,
        (LIST_IDENTITY, 6..) if [cursor.u16_le()?, cursor.u16_le()?] == [1, IDENTITY] => sender,
        // The version of the protocol, no options.
        (REGISTER, 4) if [cursor.u16_le()?, cursor.u16_le()?] == [1, 0] => {
            if is_request {
                peer
            } else {
                sender
            }
        }
        (UNREGISTER, 0)
            if session != 0 && status == 0 && cursor.rest().is_empty() && sight.on_port(&[PORT]) =>
        {
            peer
        }
        (SEND_RR_DATA | SEND_UNIT_DATA, 16..) if session != 0 => {
            if is_answer(&mut cursor)? {
                sender
            } else {
                peer
            }
        }
        _ => return Err(cursor.malformed("no command of EtherNet/IP")),
    };
    Ok(Some(Found::served_by(95, server)))
}

/// Reads an address and a message, and tells whether the message answers.
fn is_answer(cursor: &mut Cursor<'_>) -> Result<bool, DecodeError> {
    let interface = cursor.u32()?;
    let _timeout = cursor.u16()?;
    let items = cursor.u16_le()?;
    let address = [cursor.u16_le()?, cursor.u16_le()?];
    let is_address = matches!(address, [NO_ADDRESS, 0] | [CONNECTION, 4]);
    if interface != 0 || !(2..=MOST_ITEMS).contains(&items) || !is_address {
        return Err(cursor.malformed("no address of CIP"));
    }
    let [_, length] = address;
    cursor.take(length.into())?;
    let data = cursor.u16_le()?;
    let _length = cursor.u16_le()?;
    match data {
        CONNECTED_DATA => cursor.u16().map(drop)?, // a number
        UNCONNECTED_DATA => {}
        _ => return Err(cursor.malformed("no message of CIP")),
    }
    Ok(cursor.u8()? & ANSWERED != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{Turn, believed_from, converse, hex, look, sight};

    const REGISTERS: &str = "6500 0400 00000000 00000000 0000000000000000 00000000 0100 0000";
    const REGISTERED: &str = "6500 0400 00010210 00000000 0000000000000000 00000000 0100 0000";
    const ASKS: &str = "7000 1a00 00010210 00000000 1a392f0000000000 00000000 00000000 0a00 0200
        a100 0400 09133500 b100 0600 e46a 0a022002";
    const ANSWERS: &str = "7000 1a00 00010210 00000000 0000000000000000 00000000 00000000 0000 0200
        a100 0400 d7f10080 b100 0600 e46a 8a000000";
    const UNCONNECTED: &str = "6f00 1600 00050213 00000000 6ac0be0000000000 00000000 00000000 1400 0200
        0000 0000 b200 0600 520220062401";
    const LISTS: &str = "6300 0000 00000000 00000000 c1debed100000000 00000000";
    const IDENTIFIED: &str = "6300 0800 00000000 00000000 c1debed100000000 00000000 0100 0c00 0200 0100";

    #[test]
    fn sessions_and_messages_tell_who_serves() {
        // (what, sent by the client, wire, from how many bytes)
        let cases = [
            ("registering", true, REGISTERS, 28),
            ("registered", false, REGISTERED, 28),
            ("asking over a connection", true, ASKS, 47),
            ("answering over it", false, ANSWERS, 47),
            ("asking without", true, UNCONNECTED, 41),
            ("identified", false, IDENTIFIED, 28),
        ];
        for (what, from_client, wire, bytes) in cases {
            let wire = hex(wire);
            let sent = sight(Over::Tcp, from_client, 40_000, &wire);
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(95, Side::Resp)), "{what}");
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(bytes), "{what}");
        }
    }

    #[test]
    fn a_search_needs_its_port_or_an_answer() {
        let [lists, identified] = [LISTS, IDENTIFIED].map(hex);
        let served = |confidence| Look::Is(Found::served_by(confidence, Side::Resp));
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, PORT, &lists)).0, served(85));
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 40_000, &lists)).0, Look::More);
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, false, 40_000, &identified)).0, served(95));
        let turns: [Turn<'_>; 2] = [(true, &lists), (false, &identified)];
        assert_eq!(converse(&PROTOCOL, 40_000, &turns, 5).0, Some(served(95)));
    }

    #[test]
    fn cyclic_data_is_told_by_its_items() {
        let wire = hex("0200 0280 0800 01004512 02000000 b100 0600 010000000000");
        let sent = sight(Over::Udp, true, CYCLIC_PORT, &wire);
        assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::new(95)));
        assert_eq!(believed_from(&PROTOCOL, &sent), Some(wire.len()));
        for (at, octet) in [(0, 3), (3, 0), (4, 4), (14, 0xb2), (16, 7)] {
            let mut wire = wire.clone();
            wire[at] = octet;
            assert_eq!(
                look(&PROTOCOL, &sight(Over::Udp, true, CYCLIC_PORT, &wire)).0,
                Look::No,
                "octet {at}"
            );
        }
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, CYCLIC_PORT, &wire)).0, Look::No);
    }

    #[test]
    fn other_headers_are_not_its() {
        for (wire, why) in [
            ("6500 0400 00000000 00000000 0000000000000000 00000001 0100 0000", "options"),
            ("6500 0400 00000000 04000000 0000000000000000 00000000 0100 0000", "no status"),
            ("6500 0400 00000000 00000000 0000000000000000 00000000 0200 0000", "another version"),
            ("7000 1a00 00000000 00000000 1a392f0000000000 00000000 00000000 0a00 0200", "no session"),
            (
                "6f00 1600 00050213 00000000 6ac0be0000000000 00000000 00000000 1400 0200 0000 0200",
                "no address",
            ),
            ("7100 0000 00000000 00000000 0000000000000000 00000000", "no command"),
            ("6600 0000 00000000 00000000 0000000000000000 00000000", "no session to end"),
            ("6300 0100 00000000 00000000 0000000000000000 00000000 00 00", "no identity"),
        ] {
            for over in [Over::Tcp, Over::Udp] {
                assert_eq!(look(&PROTOCOL, &sight(over, true, PORT, &hex(wire))).0, Look::No, "{why}");
            }
        }
    }
}
