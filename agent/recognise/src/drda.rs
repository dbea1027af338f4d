//! DRDA, by which programs reach IBM's DB2 and Apache Derby (The Open Group's C114 and C116, "Distributed Data
//! Management"): both sides open with what they are, EXCSAT and EXCSATRD.
//!
//! ```text
//! length 2 │ D0 │ kind 1 │ number 2 │ length less these six 2 │ 1041 or 1443 │ parameters: length 2, code 2, value …
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "db2",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[446, 50_000],
    // The first octet of a length below 2 KiB.
    start: Start::between(0, 7),
    look,
};

const MAGIC: u8 = 0xd0;
/// What a structure is, in the lower half of its kind: a request, or an object, as what is replied with is. The upper
/// half tells whether others follow.
const REQUEST: u8 = 1;
const OBJECT: u8 = 3;
const HEADER_BYTES: u16 = 6;

const EXCHANGE: u16 = 0x1041;
const EXCHANGE_REPLY: u16 = 0x1443;
/// Name, class, managers, release level: of what both sides tell, whatever comes first.
const PARAMETERS: [u16; 5] = [0x115e, 0x1147, 0x1404, 0x116d, 0x115a];

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [0..=7] | [0..=7, _] | [0..=7, _, MAGIC, ..] => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let (length, _magic, kind, _number) = (cursor.u16()?, cursor.u8()?, cursor.u8()?, cursor.u16()?);
    let inner = cursor.u16()?;
    let server = match (kind & 0x0f, cursor.u16()?) {
        (REQUEST, EXCHANGE) => sight.sender().peer(),
        (OBJECT, EXCHANGE_REPLY) => sight.sender(),
        _ => return Err(cursor.malformed("no exchange of attributes")),
    };
    let parameter = cursor.u16()?;
    let told = PARAMETERS.contains(&cursor.u16()?);
    if length != inner.saturating_add(HEADER_BYTES) || !(4..inner).contains(&parameter) || !told {
        return Err(cursor.malformed("no exchange of attributes"));
    }
    Ok(Found::served_by(96, server))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn both_sides_of_the_exchange_are_told() {
        // (from the client, wire)
        for (from_orig, wire) in [
            (
                true,
                "0026 d0 41 0001 0020 1041 0010 115e 8482f2919297404040404040 000c 1404 1403 0007 2407 0007",
            ),
            (false, "005b d0 43 0001 0055 1443 0018 115e 8482f28482f28182"),
            (false, "001a d0 03 0001 0014 1443 0010 1147 d8c4c2f240404040"),
        ] {
            let bytes = hex(wire);
            let sent = sight(Over::Tcp, from_orig, 50_000, &bytes);
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(96, Side::Resp)), "{wire}");
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(14), "{wire}");
        }
    }

    #[test]
    fn other_structures_are_not() {
        for wire in [
            "0026 d0 41 0001 0021 1041 0010 115e", // lengths that disagree
            "0026 d0 43 0001 0020 1041 0010 115e", // a reply's kind
            "0026 d0 41 0001 0020 106d 0010 115e", // another request
            "0026 d0 41 0001 0020 1041 0010 215e", // no parameter of it
            "0026 d0 41 0001 0020 1041 0020 115e", // a parameter that leaves it
            "0026 d1 41 0001 0020 1041 0010 115e",
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 50_000, &hex(wire))).0, Look::No, "{wire}");
        }
    }
}
