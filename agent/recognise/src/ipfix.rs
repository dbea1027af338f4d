//! IPFIX on any port (RFC 7011 §3): told by a length that is the datagram's and sets that fill it. What hands
//! exports on may put several messages into one datagram.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start, netflow};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ipfix",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[4739],
    start: Start::with(&[0]),
    look,
};

const HEADER_BYTES: usize = 16;

/// Set ids of IPFIX: templates, options templates; data from 256.
const TEMPLATES: u16 = 2;
const OPTIONS: u16 = 3;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match *sight.data {
        [0, 10, ..] => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _version = cursor.u16()?;
    let len = usize::from(cursor.u16()?);
    if !netflow::ends_or_goes_on(sight, len, [0, 10]) {
        return Err(cursor.malformed("another length than the datagram's"));
    }
    cursor.take(HEADER_BYTES - 4)?;
    let filled = netflow::fill(cursor, len.saturating_sub(HEADER_BYTES), TEMPLATES, OPTIONS)?;
    Ok(Found::served_by(filled.confidence(), sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{hex, look, sight};

    /// A template of addresses and octets, and a record of it.
    const EXPORT: &str = "000a 0034 6553f100 00000001 00000000
        0002 0014 0100 0003 0008 0004 000c 0004 0001 0004
        0100 0010 c0000201 c6336414 000003e8";

    #[test]
    fn an_export_is_ipfix_on_any_port_and_the_collector_serves() {
        let bytes = hex(EXPORT);
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 40_000, &bytes));
        assert_eq!(found, Look::Is(Found::served_by(97, Side::Resp)));
        assert!(recorder.notes.is_empty());
        for len in 0..bytes.len() {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 4739, &bytes[..len])).0, Look::No, "{len}");
        }
    }

    #[test]
    fn several_messages_in_one_datagram_are_ipfix() {
        let bytes = hex(EXPORT).repeat(3);
        let (found, _) = look(&PROTOCOL, &sight(Over::Udp, true, 40_000, &bytes));
        assert_eq!(found, Look::Is(Found::served_by(97, Side::Resp)));
    }

    #[test]
    fn what_does_not_fit_is_not_ipfix() {
        // (why, datagram)
        let cases = [
            ("another length", "000a 0035 6553f100 00000001 00000000 0100 0010 c0000201 c6336414 000003e8"),
            ("a set of NetFlow v9", "000a 0018 6553f100 00000001 00000000 0000 0008 0100 0000"),
            ("no set", "000a 0010 6553f100 00000001 00000000"),
            (
                "bytes left over",
                "000a 0020 6553f100 00000001 00000000 0100 0010 c0000201 c6336414 000003e8 00",
            ),
            ("DNS with id 10", "000a 0100 0001 0000 0000 0000 03777777 076578616d706c65 00 0001 0001"),
        ];
        for (why, bytes) in cases {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 4739, &hex(bytes))).0, Look::No, "{why}");
        }
    }
}
