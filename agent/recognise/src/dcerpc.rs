//! DCE/RPC over TCP, on which Windows is administered (C706 §12.6.3, MS-RPCE §2.2.2): the common header. Over UDP the
//! connectionless one (C706 §12.5.2), by which the controllers of PROFINET set up their devices.
//!
//! ```text
//! 05 │ minor 1 │ type 1 │ flags 1 │ data representation 4 │ length 2 │ length of authentication 2 │ call 4
//! 04 │ type 1 │ flags 2 │ data representation 3 │ serial 1 │ object 16 │ interface 16 │ activity 16 │ boot 4
//!    │ version 4 │ sequence 4 │ operation 2 │ hints 4 │ length of what follows 2 │ fragment 2 │ authentication 1 │ serial 1
//! ```
//!
//! A bind may authenticate with NTLM, which names the ends.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::refuse;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start, ntlm};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "dcerpc",
    tunnel: false,
    over: &[Over::Tcp, Over::Udp],
    ports: &[135],
    start: Start::with(&[4, 5]),
    look,
};

const REQUEST: u8 = 0;
const BIND: u8 = 11;
const BIND_ACK: u8 = 12;
const ALTER_CONTEXT: u8 = 14;
const AUTH_3: u8 = 16;
const LAST_TYPE: u8 = 19;
const HEADER_BYTES: u16 = 16;
/// C706 §12.6.2: a fragment's most that is negotiated.
const MOST_BYTES: u16 = 5840;
/// The memo: PDUs that named nothing so far.
const MOST_PDUS: u32 = 4;

/// Types without a connection (C706 §12.5.2.1): a client's requests, pings, acknowledgements and cancellations, and
/// what either side sends of fragments it got.
const LAST_DATAGRAM: u8 = 10;
const CLIENTS: [u8; 4] = [0, 1, 7, 8];
const FRAGMENT_ACK: u8 = 9;
const DATAGRAM_HEADER_BYTES: usize = 80;
/// Octets of an identifier, and of the numbers before the length: boot, version, sequence; operation and hints.
const IDENTIFIER_BYTES: usize = 16;
const NUMBERS_BYTES: usize = 3 * 4;
const OPERATION_BYTES: usize = 3 * 2;
/// Flags that nobody sends: reserved (C706 §12.5.2.2).
const RESERVED_FLAGS: [u8; 2] = [0x80, 0xfd];
/// Who authenticates: nobody, a shared secret (C706 §13.1), Windows' providers (MS-RPCE §2.2.1.1.7).
const AUTHENTICATIONS: [u8; 7] = [0, 1, 0x09, 0x0a, 0x0e, 0x10, 0x44];

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    if sight.over == Over::Udp {
        return datagram(sight).map_or(Look::No, Look::Is);
    }
    if *memo > 0 {
        return read_on(sight, memo, sink);
    }
    match sight.data {
        [5] | [5, 0 | 1] | [5, 0 | 1, 0..=LAST_TYPE, ..] => {}
        _ => return Look::No,
    }
    let header = match read(sight.data) {
        Ok(header) => header,
        Err(error) if sight.from_start => return refuse(sight, error),
        Err(_) => return Look::No,
    };
    let from_client = matches!(header.kind, REQUEST | BIND | ALTER_CONTEXT | AUTH_3);
    let server = if from_client { sight.sender().peer() } else { sight.sender() };
    let found = Found::served_by(95, server);
    ntlm::note(sight, 0, sink);
    if header.authenticated && matches!(header.kind, BIND | BIND_ACK) && sight.from_start {
        *memo = 1;
        return Look::Reading(found);
    }
    Look::Is(found)
}

/// A challenge comes with the bind's answer, the client's name with what follows.
fn read_on(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    *memo += 1;
    if ntlm::note(sight, 0, sink) == Some(ntlm::Message::Authenticate) || *memo > MOST_PDUS {
        return Look::No;
    }
    Look::Reading(Found::new(95))
}

/// Reads a datagram's header: whole, with a length that fits.
fn datagram(sight: &Sight<'_>) -> Option<Found> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let [version, kind, flags, more_flags] = cursor.array().ok()?;
    let [representation, floats, reserved, _serial] = cursor.array().ok()?;
    let _object = cursor.take(IDENTIFIER_BYTES).ok()?;
    let interface = cursor.take(IDENTIFIER_BYTES).ok()?;
    cursor.take(IDENTIFIER_BYTES + NUMBERS_BYTES + OPERATION_BYTES).ok()?;
    let length: [u8; 2] = cursor.array().ok()?;
    let length = match representation {
        0x00 => u16::from_be_bytes(length),
        0x10 => u16::from_le_bytes(length),
        _ => return None,
    };
    let _fragment = cursor.u16().ok()?;
    let [authentication, _serial] = cursor.array().ok()?;
    let whole = DATAGRAM_HEADER_BYTES + usize::from(length);
    // Only a seal comes behind what the length tells.
    let fits = if authentication == 0 { sight.wire_len == whole } else { sight.wire_len >= whole };
    let [low, high] = RESERVED_FLAGS;
    // The variant that its makers gave all interfaces (C706 appendix A).
    let is_interface = matches!(interface, [_, _, _, _, _, _, _, _, 0x80..=0xbf, ..]);
    let is_header = version == 4
        && is_interface
        && AUTHENTICATIONS.contains(&authentication)
        && kind <= LAST_DATAGRAM
        && floats == 0
        && reserved == 0
        && flags & low == 0
        && more_flags & high == 0;
    let server = match kind {
        FRAGMENT_ACK => None,
        kind if CLIENTS.contains(&kind) => Some(sight.sender().peer()),
        _ => Some(sight.sender()),
    };
    (is_header && fits).then_some(Found { confidence: 92, server })
}

struct Header {
    kind: u8,
    authenticated: bool,
}

fn read(data: &[u8]) -> Result<Header, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, data);
    let [_version, _minor, kind, _flags] = cursor.array()?;
    // Little-endian integers, ASCII, IEEE floats: nobody sends another.
    if cursor.u32()? != 0x1000_0000 {
        return Err(cursor.malformed("no data representation of DCE/RPC"));
    }
    let length = cursor.u16_le()?;
    let auth = cursor.u16_le()?;
    if !(HEADER_BYTES..=MOST_BYTES).contains(&length) || auth > length {
        return Err(cursor.malformed("no length of DCE/RPC"));
    }
    Ok(Header { kind, authenticated: auth > 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn the_header_is_recognised_and_tells_who_serves() {
        // (what, from orig, wire)
        let cases = [
            ("a bind", true, "05 00 0b 03 10000000 4800 0000 02000000"),
            ("its answer", false, "05 00 0c 03 10000000 3c00 0000 02000000"),
        ];
        for (what, from_orig, wire) in cases {
            let bytes = hex(wire);
            let sent = sight(Over::Tcp, from_orig, 49_676, &bytes);
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(95, Side::Resp)), "{what}");
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(12), "{what}");
        }
        for wire in
            ["05 02 0b 03", "05 00 40 03", "05 00 0b 03 00000000 4800 0000", "05 00 0b 03 10000000 0400 0000"]
        {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 135, &hex(wire))).0, Look::No, "{wire}");
        }
    }

    #[test]
    fn a_datagram_has_a_length_that_fits() {
        // A read of PROFINET's (IEC 61158-6-10), and its answer; identifiers from its standard, object and activity made up.
        let datagram = |head: &str, length: &str, authentication: &str, variant: &str| {
            let interface = format!("dea00001 6c97 11d1 {variant}71 00a02442df7d");
            let numbers = "00000000 00000001 00000000 0002 ffff ffff";
            hex(&format!(
                "{head} {} {interface} {} {numbers} {length} 0000 {authentication}00 {}",
                "11".repeat(16),
                "22".repeat(16),
                "33".repeat(20)
            ))
        };
        // (what, head, length, server)
        let cases = [
            ("a request", "0400 2000 000000 00", "0014", Some(Side::Resp)),
            ("an answer of a little machine", "0402 0a00 100000 00", "1400", Some(Side::Orig)),
            ("another length", "0400 2000 000000 00", "0015", None),
            ("the other order", "0400 2000 100000 00", "0014", None),
            ("no type", "040b 2000 000000 00", "0014", None),
            ("another version", "0500 2000 000000 00", "0014", None),
            ("floats of a VAX", "0400 2000 000100 00", "0014", None),
            ("flags that are none", "0400 2001 000000 00", "0014", None),
        ];
        for (what, head, length, server) in cases {
            let bytes = datagram(head, length, "00", "82");
            assert_eq!(bytes.len(), DATAGRAM_HEADER_BYTES + 20, "{what}");
            let sent = sight(Over::Udp, true, 34_964, &bytes);
            let expected = server.map_or(Look::No, |server| Look::Is(Found::served_by(92, server)));
            assert_eq!(look(&PROTOCOL, &sent).0, expected, "{what}");
            for len in 0..bytes.len() {
                let cut = Sight { data: &bytes[..len], wire_len: len, ..sent };
                assert_eq!(look(&PROTOCOL, &cut).0, Look::No, "{what}, {len} octets");
            }
        }
        // (what, length, authentication, the interface's variant, whether it is believed)
        for (what, length, authentication, variant, believed) in [
            ("a seal behind it", "000c", "0a", "82", true),
            ("more than it tells, without a seal", "000c", "00", "82", false),
            ("nobody's seal", "000c", "02", "82", false),
            ("no interface", "0014", "00", "02", false),
        ] {
            let bytes = datagram("0400 2000 000000 00", length, authentication, variant);
            let found = look(&PROTOCOL, &sight(Over::Udp, true, 34_964, &bytes)).0;
            assert_eq!(found != Look::No, believed, "{what}");
        }
    }
}
