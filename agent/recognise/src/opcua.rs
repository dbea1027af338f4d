//! OPC UA's binary protocol (OPC 10000-6 §7.1.2): a type of three letters, a chunk's kind, a length.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "opc-ua",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[4840],
    start: Start::with(b"HAORE"),
    look,
};

/// Hello and reverse hello have at least version, four limits and an empty text.
const LEAST_BYTES: u32 = 8;
/// No server takes a first message of more.
const MOST_BYTES: u32 = 1 << 16;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [b'H' | b'A' | b'O' | b'R' | b'E', ..] => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let kinds: [(&[u8; 4], bool); 5] =
        [(b"HELF", true), (b"ACKF", false), (b"OPNF", true), (b"RHEF", false), (b"ERRF", false)];
    let known = |data: &[u8]| kinds.iter().find(|(kind, _)| kind.starts_with(data)).map(|(_, asks)| *asks);
    let head = sight.data.get(..4).unwrap_or(sight.data);
    let Some(asks) = known(head) else { return Err(cursor.malformed("no message type of OPC UA")) };
    let _kind = cursor.u32()?;
    let length = cursor.u32_le()?;
    if !(LEAST_BYTES..MOST_BYTES).contains(&length) {
        return Err(cursor.malformed("no length of OPC UA"));
    }
    Ok(Found::served_by(95, if asks { sight.sender().peer() } else { sight.sender() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn a_hello_and_an_acknowledgment_tell_who_serves() {
        let hello = b"HELF\x20\0\0\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0";
        let sent = sight(Over::Tcp, true, 48_400, hello);
        assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(95, Side::Resp)));
        assert_eq!(believed_from(&PROTOCOL, &sent), Some(8));
        let answer = sight(Over::Tcp, false, 48_400, b"ACKF\x1c\0\0\0");
        assert_eq!(look(&PROTOCOL, &answer).0, Look::Is(Found::served_by(95, Side::Resp)));
        for wire in [&b"HELO example\r\n"[..], b"HELF\xff\xff\xff\xff", b"RHEX\x20\0\0\0", b"EHLO x\r\n"] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 4840, wire)).0, Look::No, "{wire:?}");
        }
    }
}
