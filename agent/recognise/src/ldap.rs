//! LDAP (RFC 4511) over TCP and, as Windows looks for its domain controllers, over UDP.
//!
//! Told by the envelope and the first fields of a bind, search, change or extended request, or of what answers them.
//! Names are stepped over. Once bound, what Windows sends is sealed: on LDAP's port a conn picked up in the middle is
//! told by the seal (RFC 4422 §3.7, RFC 4121 §4.2.6.2, MS-NLMP §2.2.2.9).
//!
//! ```text
//! length 4 │ 05 04, flags, FF │ ...        Kerberos
//! length 4 │ 01 00 00 00 │ ...             NTLM
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::ber::{Ber, ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE};
use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ldap",
    tunnel: false,
    over: &[Over::Tcp, Over::Udp],
    ports: PORTS,
    start: Start::with(&[0x30]).or_on(PORTS),
    look,
};

/// The second is the global catalogue.
const PORTS: &[u16] = &[389, 3268];

const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const SEARCH_REQUEST: u8 = 0x63;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const MODIFY_REQUEST: u8 = 0x66;
const MODIFY_RESPONSE: u8 = 0x67;
const ADD_REQUEST: u8 = 0x68;
const ADD_RESPONSE: u8 = 0x69;
const DELETE_RESPONSE: u8 = 0x6b;
const RENAME_RESPONSE: u8 = 0x6d;
const COMPARE_REQUEST: u8 = 0x6e;
const COMPARE_RESPONSE: u8 = 0x6f;
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
/// The highest of the codes that have a name (RFC 4511 §4.1.9, RFC 3909, RFC 4533).
const MOST_RESULT: u32 = 123;

/// A token of Kerberos' that seals a message, sealed by either side, in the clear or not (flags 0 to 7).
const KERBEROS_SEAL: [u8; 2] = [5, 4];
const MOST_SEAL_FLAGS: u8 = 7;
const FILLER: u8 = 0xff;
/// NTLM's version before its seal.
const NTLM_SEAL: [u8; 4] = [1, 0, 0, 0];
/// What a seal takes at the least.
const SEAL_BYTES: u32 = 16;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    // A sealed message's length begins with a zero.
    if sight.data.first() != Some(&0) {
        return settle(sight, read(sight));
    }
    let sealed =
        sight.over == Over::Tcp && !sight.from_start && sight.on_port(PORTS) && is_sealed(sight.data);
    if sealed { Look::Is(Found::new(75)) } else { Look::No }
}

/// Tells whether a segment is a sealed message, or its beginning.
fn is_sealed(segment: &[u8]) -> bool {
    let mut cursor = Cursor::new(Layer::Application, segment);
    let (Ok(length), Ok([a, b, flags, filler])) = (cursor.u32(), cursor.array()) else { return false };
    let kerberos = [a, b] == KERBEROS_SEAL && flags <= MOST_SEAL_FLAGS && filler == FILLER;
    let ntlm = [a, b, flags, filler] == NTLM_SEAL;
    let held = segment.len() - size_of::<u32>();
    (kerberos || ntlm) && (SEAL_BYTES..1 << 24).contains(&length) && held <= length as usize
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
    let mut server = sight.sender().peer();
    match operation {
        BIND_RESPONSE | SEARCH_DONE | MODIFY_RESPONSE | ADD_RESPONSE | DELETE_RESPONSE | RENAME_RESPONSE
        | COMPARE_RESPONSE | EXTENDED_RESPONSE => {
            if ber.small(ENUMERATED)? > MOST_RESULT {
                return Err(ber.malformed("no result of LDAP"));
            }
            ber.skip(OCTET_STRING)?;
            ber.expect(OCTET_STRING)?;
            server = sight.sender();
        }
        SEARCH_ENTRY => {
            ber.skip(OCTET_STRING)?;
            ber.expect(SEQUENCE)?;
            server = sight.sender();
        }
        // Of whom, and what.
        MODIFY_REQUEST | ADD_REQUEST | COMPARE_REQUEST => {
            ber.skip(OCTET_STRING)?;
            ber.expect(SEQUENCE)?;
        }
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
        _ => return Err(ber.malformed("no operation of LDAP")),
    }
    Ok(Found::served_by(95, server))
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
        for sample in [
            BIND,
            SEARCH,
            "301d 0201 01 7718 8016 312e332e362e312e342e312e313436362e3230303337",
            "301a 0201 07 6815 0407 6f753d61 2c633d 300a 3008 0402 6f75 3102 0400",
            "301c 0201 08 6617 0405 6f753d6161 300e 300c 0a0102 3007 0402 6f75 31 01 04",
            "3013 0201 09 6e0e 0405 6f753d6161 3005 0401 61 0400",
        ] {
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

    #[test]
    fn answers_are_ldap_from_their_sender() {
        // (what, wire, LDAP)
        let cases = [
            ("a bind's", "3084 00000010 0201 03 6184 00000007 0a01 00 0400 0400", true),
            ("a search's end", "300c 0201 02 6507 0a01 00 0400 0400", true),
            ("an entry", "3016 0201 02 6411 0405 64633d6578 3008 3006 0402 636e 3100", true),
            ("an addition's", "300c 0201 02 6907 0a01 00 0400 0400", true),
            ("a change's", "300c 0201 02 6707 0a01 20 0400 0400", true),
            ("a removal's", "300c 0201 02 6b07 0a01 00 0400 0400", true),
            ("what no operation is", "300c 0201 02 6207 0a01 00 0400 0400", false),
            ("a code that none is", "300c 0201 02 6507 0a01 7e 0400 0400", false),
            ("no message after the name", "300c 0201 02 6507 0a01 00 0400 0500", false),
        ];
        for (what, wire, ldap) in cases {
            let bytes = hex(wire);
            let found = if ldap { Look::Is(Found::served_by(95, Side::Resp)) } else { Look::No };
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, false, 389, &bytes)).0, found, "{what}");
        }
    }

    #[test]
    fn a_sealed_message_is_told_on_the_port_of_a_conn_picked_up_in_the_middle() {
        // (what, port, beginning seen, wire, LDAP)
        let kerberos = "00000020 0504 06ff 0000 001c 0000000012345678 c1c2c3c4c5c6c7c8c9cacbcccdcecfd0";
        let ntlm = "00000014 01000000 1122334455667788 00000001 d1d2d3d4";
        let cases = [
            ("Kerberos", 389, false, kerberos.to_owned(), true),
            ("NTLM, in the global catalogue", 3268, false, ntlm.to_owned(), true),
            ("cut", 389, false, kerberos[..40].to_owned(), true),
            ("another port", 636, false, kerberos.to_owned(), false),
            ("at a conn's beginning", 389, true, kerberos.to_owned(), false),
            ("longer than told", 389, false, format!("{ntlm} 00"), false),
            ("no seal", 389, false, kerberos.replace("0504", "0505"), false),
            ("no filler", 389, false, kerberos.replace("06ff", "06fe"), false),
            ("shorter than a seal", 389, false, "00000004 01000000".to_owned(), false),
        ];
        for (what, port, from_start, wire, ldap) in cases {
            let bytes = hex(&wire);
            let segment = Sight { from_start, ..sight(Over::Tcp, true, port, &bytes) };
            let found = if ldap { Look::Is(Found::new(75)) } else { Look::No };
            assert_eq!(look(&PROTOCOL, &segment).0, found, "{what}");
        }
    }
}
