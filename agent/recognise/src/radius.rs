//! RADIUS (RFC 2865, RFC 2866, RFC 5176): told by a length that fits, attributes that fill it, and
//! what the kind of packet must hold.
//!
//! Attributes are stepped over by type and length; names and passwords are not read.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

/// Authentication, accounting, changes of authorization, and the first two's ports of old.
const PORTS: [u16; 5] = [1812, 1813, 3799, 1645, 1646];

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "radius",
    tunnel: false,
    over: &[Over::Udp],
    ports: &PORTS,
    start: Start::between(1, 5).or_between(11, 13).or_between(40, 45),
    look,
};

const NAS_IP_ADDRESS: u8 = 4;
const NAS_IDENTIFIER: u8 = 32;
const ACCT_STATUS_TYPE: u8 = 40;
const NAS_IPV6_ADDRESS: u8 = 95;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data.first() {
        Some(1..=5 | 11..=13 | 40..=45) if sight.data.len() == sight.wire_len => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let code = cursor.u8()?;
    cursor.u8()?;
    if usize::from(cursor.u16()?) != sight.wire_len || sight.wire_len > 4096 {
        return Err(cursor.malformed("another length than the datagram's"));
    }
    cursor.take(16)?;
    let (mut names_nas, mut has_status) = (false, false);
    while !cursor.rest().is_empty() {
        let [kind, len] = cursor.array()?;
        let Some(value_len) = usize::from(len).checked_sub(2).filter(|len| *len > 0 && kind != 0) else {
            return Err(cursor.malformed("an attribute without value"));
        };
        cursor.take(value_len)?;
        names_nas |= matches!((kind, value_len), (NAS_IP_ADDRESS, 4) | (NAS_IPV6_ADDRESS, 16));
        names_nas |= kind == NAS_IDENTIFIER;
        has_status |= (kind, value_len) == (ACCT_STATUS_TYPE, 4);
    }
    // RFC 2865 §4.1 and RFC 2866 §4.1 ask requests to name the NAS, accounting to tell its status; clients
    // for testing do not. Answers may be empty: only their port tells them from chance.
    let (is_request, is_marked) = match code {
        1 => (true, names_nas || sight.on_port(&PORTS)),
        4 => (true, names_nas && has_status),
        12 | 40 | 43 => (true, sight.on_port(&PORTS)),
        _ => (false, sight.on_port(&PORTS)),
    };
    if !is_marked {
        return Err(cursor.malformed("nothing that marks a packet of RADIUS"));
    }
    let server = if is_request { sight.sender().peer() } else { sight.sender() };
    Ok(Found::served_by(92, server))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{hex, look, sight};

    const REQUEST: &str = "01 2a 001f 00112233445566778899aabbccddeeff 01 05 616263 04 06 c0000201";

    #[test]
    fn an_access_request_is_radius_on_any_port() {
        let bytes = hex(REQUEST);
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 20_000, &bytes));
        assert_eq!(found, Look::Is(Found::served_by(92, Side::Resp)));
        assert!(recorder.notes.is_empty());
        for len in 0..bytes.len() {
            assert_eq!(
                look(&PROTOCOL, &sight(Over::Udp, true, 1812, &bytes[..len])).0,
                Look::No,
                "{len} bytes"
            );
        }
    }

    #[test]
    fn an_empty_answer_needs_its_port() {
        let accept = hex("02 2a 0014 00112233445566778899aabbccddeeff");
        let answer = look(&PROTOCOL, &sight(Over::Udp, false, 1812, &accept)).0;
        assert_eq!(answer, Look::Is(Found::served_by(92, Side::Resp)));
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, false, 20_000, &accept)).0, Look::No);
    }

    #[test]
    fn a_request_that_names_no_nas_needs_its_port() {
        let request = hex("01 2a 0019 00112233445566778899aabbccddeeff 01 05 616263");
        let asked = look(&PROTOCOL, &sight(Over::Udp, true, 1812, &request)).0;
        assert_eq!(asked, Look::Is(Found::served_by(92, Side::Resp)));
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 20_000, &request)).0, Look::No);
    }

    #[test]
    fn attributes_that_do_not_fit_are_not_radius() {
        // (why, packet)
        let cases = [
            ("an attribute of two bytes", "01 2a 001c 00112233445566778899aabbccddeeff 01 02 04 06 c0000201"),
            (
                "an attribute that leaves the packet",
                "01 2a 0019 00112233445566778899aabbccddeeff 01 09 616263",
            ),
        ];
        for (why, packet) in cases {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 1812, &hex(packet))).0, Look::No, "{why}");
        }
    }
}
