//! DCE/RPC over TCP, on which Windows is administered (C706 §12.6.3, MS-RPCE §2.2.2): the common header.
//!
//! ```text
//! 05 │ minor 1 │ type 1 │ flags 1 │ data representation 4 │ length 2 │ length of authentication 2 │ call 4
//! ```
//!
//! A bind may authenticate with NTLM, which names the ends.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::refuse;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start, ntlm};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "dcerpc",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[135],
    start: Start::with(&[5]),
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

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
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
    let length = u16::from_le_bytes(cursor.array()?);
    let auth = u16::from_le_bytes(cursor.array()?);
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
}
