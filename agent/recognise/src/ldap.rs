//! LDAP (RFC 4511) over TCP and, as Windows looks for its domain controllers, over UDP.
//!
//! Told by the envelope and the first fields of a bind, search or extended request. Names are
//! stepped over.

use sekisho_decode::DecodeError;

use crate::ber::{Ber, ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE};
use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ldap",
    tunnel: false,
    over: &[Over::Tcp, Over::Udp],
    // The second is the global catalogue.
    ports: &[389, 3268],
    start: Start::with(&[0x30]),
    look,
};

const BIND_REQUEST: u8 = 0x60;
const SEARCH_REQUEST: u8 = 0x63;
const EXTENDED_REQUEST: u8 = 0x77;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    settle(sight, read(sight))
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut ber = Ber::new(sight.data);
    let outer = ber.expect(SEQUENCE)?;
    let before = ber.rest().len();
    ber.small(INTEGER)?;
    let (operation, inner) = ber.header()?;
    // Nothing but controls may follow the operation (RFC 4511 §4.1.1).
    if inner + (before - ber.rest().len()) > outer {
        return Err(ber.malformed("an operation longer than its message"));
    }
    match operation {
        BIND_REQUEST => {
            if !matches!(ber.small(INTEGER)?, 2 | 3) {
                return Err(ber.malformed("no version of LDAP"));
            }
            ber.skip(OCTET_STRING)?;
            // simple [0], Kerberos [1] and [2] of version 2, sasl [3], Microsoft's [9] to [11]
            if !matches!(ber.header()?.0, 0x80..=0x82 | 0xa3 | 0x89..=0x8b) {
                return Err(ber.malformed("no authentication of LDAP"));
            }
        }
        SEARCH_REQUEST => {
            ber.skip(OCTET_STRING)?;
            if ber.small(ENUMERATED)? > 3 || ber.small(ENUMERATED)? > 3 {
                return Err(ber.malformed("no scope or dereferencing of LDAP"));
            }
        }
        EXTENDED_REQUEST => {
            let name = ber.expect(0x80)?;
            if name == 0 || name > inner || !ber.rest().first().is_none_or(u8::is_ascii_digit) {
                return Err(ber.malformed("an extended operation without its number"));
            }
        }
        _ => return Err(ber.malformed("no request of LDAP")),
    }
    Ok(Found::served_by(95, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{hex, look, sight};

    const BIND: &str = "300c 0201 01 6007 0201 03 0400 8000";
    const SEARCH: &str = "30 84 0000002d 0201 02 63 84 00000024 0400 0a01 00 0a01 00 0201 00 0201 00 0101 00
        87 0b 6f626a656374636c617373 30 84 00000000";

    #[test]
    fn requests_are_ldap() {
        for sample in [BIND, SEARCH, "301d 0201 01 7718 8016 312e332e362e312e342e312e313436362e3230303337"] {
            let bytes = hex(sample);
            for over in [Over::Tcp, Over::Udp] {
                let (found, recorder) = look(&PROTOCOL, &sight(over, true, 389, &bytes));
                assert_eq!(found, Look::Is(Found::served_by(95, Side::Resp)), "{sample}");
                assert!(recorder.notes.is_empty());
            }
        }
    }

    #[test]
    fn a_short_stream_waits_and_a_short_datagram_does_not() {
        let bytes = hex(BIND);
        for len in 0..bytes.len() - 2 {
            assert_eq!(
                look(&PROTOCOL, &sight(Over::Tcp, true, 389, &bytes[..len])).0,
                Look::More,
                "{len} bytes"
            );
            assert_eq!(
                look(&PROTOCOL, &sight(Over::Udp, true, 389, &bytes[..len])).0,
                Look::No,
                "{len} bytes"
            );
        }
    }

    #[test]
    fn other_messages_in_ber_are_not_ldap() {
        // (why, bytes)
        let cases = [
            ("SNMP", "301c 0201 01 0406 736563726574 a00f 0201 05 0201 00 0201 00 3004 3002 0500"),
            ("a bind of version 9", "300c 0201 01 6007 0201 09 0400 8000"),
            ("an operation that leaves its message", "3005 0201 01 6017 0201 03 0400 8000"),
        ];
        for (why, bytes) in cases {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 389, &hex(bytes))).0, Look::No, "{why}");
        }
    }
}
