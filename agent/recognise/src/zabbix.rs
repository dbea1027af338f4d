//! Zabbix, by which a maintainer watches machines: its header (Zabbix Manual, Appendix, "Protocols, Header").
//!
//! ```text
//! "ZBXD" │ flags 1: protocol 01, compressed 02, large 04 │ length 4, or 8 if large │ length before 4 or 8 │ data
//! ```
//!
//! A server asks an agent's port, an active agent and a proxy a server's. A server of before 4.0 asks an agent
//! by a line of text, which only the answer explains.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Side, Sight, Sink, Start};

/// The agent's, the server's.
const PORTS: [u16; 2] = [10_050, 10_051];

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "zabbix",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &PORTS,
    start: Start::with(b"Z"),
    look,
};

const MARK: &[u8; 4] = b"ZBXD";
const ANY: u8 = 0x01;
const COMPRESSED: u8 = 0x02;
const LARGE: u8 = 0x04;
/// No message has more, but configuration that is marked as large: 16 GiB.
const MOST_BYTES: u32 = 1 << 30;
const MOST_LARGE_BYTES: u32 = 4;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    let head = sight.data.get(..MARK.len()).unwrap_or(sight.data);
    if MARK.starts_with(head) { settle(sight, read(sight)) } else { Look::No }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _mark = cursor.u32()?;
    let flags = cursor.u8()?;
    let length = cursor.u32_le()?;
    let fits = if flags & LARGE == 0 { length <= MOST_BYTES } else { cursor.u32_le()? <= MOST_LARGE_BYTES };
    let before = cursor.u32_le()?;
    // An old agent's length has eight bytes: their upper half is zero as well.
    if flags & ANY == 0 || flags > ANY | COMPRESSED | LARGE || !fits || (flags == ANY && before != 0) {
        return Err(cursor.malformed("no header of Zabbix"));
    }
    Ok(Found { confidence: 97, server: server(sight, cursor.rest()) })
}

/// What is said first asks; where the start was missed, words or ports must tell.
fn server(sight: &Sight<'_>, data: &[u8]) -> Option<Side> {
    if data.starts_with(b"{\"request\"") {
        Some(sight.sender().peer())
    } else if data.starts_with(b"{\"response\"") {
        Some(sight.sender())
    } else {
        sight.side_on(&PORTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{Turn, believed_from, converse, hex, look, sight};

    #[test]
    fn a_check_of_an_agent_and_a_report_of_one_are_told() {
        let asks = hex("5a425844 01 0a000000 00000000 70726f632e6e756d5b5d");
        let answers = hex("5a425844 01 03000000 00000000 323633");
        let reports = [b"ZBXD\x01\x1b\0\0\0\0\0\0\0".as_slice(), br#"{"request":"agent data"}..."#].concat();
        let packed = hex("5a425844 03 20000000 8c000000 789c");
        let large = hex("5a425844 05 00000000 01000000 00000000 00000000 7b22");
        let is = |server| Some(Look::Is(Found { confidence: 97, server }));
        let resp = Some(Side::Resp);
        // (what, port, turns, answer)
        let cases: [(&str, u16, &[Turn<'_>], Option<Look>); 6] = [
            ("a check", 10_050, &[(true, &asks)], is(resp)),
            (
                "an answer to a line of text",
                10_050,
                &[(true, b"agent.ping\n"), (false, &answers)],
                Some(Look::No),
            ),
            ("an answer", 10_050, &[(false, &answers)], is(resp)),
            ("a report", 40_000, &[(true, &reports)], is(resp)),
            ("packed", 40_000, &[(true, &packed)], is(None)),
            ("large", 10_051, &[(true, &large)], is(resp)),
        ];
        for (what, port, turns, expected) in cases {
            assert_eq!(converse(&PROTOCOL, port, turns, 1000).0, expected, "{what}");
        }
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, false, 10_050, &answers)).0, is(resp).unwrap());
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, 10_050, &asks)), Some(13));
    }

    #[test]
    fn other_headers_are_not_its() {
        for wire in [
            "5a425858 01 0a000000 00000000",
            "5a425844 02 0a000000 00000000",
            "5a425844 09 0a000000 00000000",
            "5a425844 01 0a000080 00000000",
            "5a425844 01 0a000000 00000001",
            "5a425844 05 00000000 ff000000 00000000",
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 10_050, &hex(wire))).0, Look::No, "{wire}");
        }
    }
}
