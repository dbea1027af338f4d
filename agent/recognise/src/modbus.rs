//! Modbus over TCP (Modbus Messaging on TCP/IP Implementation Guide 1.0b §3.1.3).
//!
//! ```text
//! transaction 2 │ 0000 │ length of the rest 2 │ unit 1 │ function 1 │ …
//! ```
//!
//! The header says little: off its port a request is believed only once the answer bears its number.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::refuse;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 502;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "modbus",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[PORT],
    start: Start::ANYHOW,
    look,
};

/// A frame's most after the length (§3.1.3: 260 bytes in all).
const MOST_BYTES: u16 = 254;
/// An answer that refuses bears the function with this bit.
const EXCEPTION: u8 = 0x80;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [_, _, 1..=255, ..] | [_, _, _, 1..=255, ..] => Look::No,
        data => judge(sight, read(data)),
    }
}

fn judge(sight: &Sight<'_>, frame: Result<Frame, DecodeError>) -> Look {
    let frame = match frame {
        Ok(frame) => frame,
        Err(error) if sight.from_start => return refuse(sight, error),
        Err(_) => return Look::No,
    };
    let port = sight.on_port(&[PORT]);
    let server_speaks = sight.source().1 == PORT;
    match read(sight.other) {
        Ok(other) if other.transaction == frame.transaction && other.unit == frame.unit => {
            // The request came first; an answer to it repeats its function.
            let answers = frame.function & !EXCEPTION == other.function & !EXCEPTION;
            if !answers {
                return Look::No;
            }
            Look::Is(Found::served_by(if port { 95 } else { 85 }, sight.sender()))
        }
        _ if port => {
            let server = if server_speaks { sight.sender() } else { sight.sender().peer() };
            Look::Is(Found::served_by(88, server))
        }
        _ if sight.from_start && sight.other.is_empty() => Look::More,
        _ => Look::No,
    }
}

struct Frame {
    transaction: u16,
    length: u16,
    unit: u8,
    function: u8,
}

impl Frame {
    fn is_plausible(&self) -> bool {
        let public = matches!(self.function & !EXCEPTION, 1..=8 | 11 | 12 | 15..=17 | 20..=24 | 43);
        public && (2..=MOST_BYTES).contains(&self.length)
    }
}

fn read(data: &[u8]) -> Result<Frame, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, data);
    let transaction = cursor.u16()?;
    if cursor.u16()? != 0 {
        return Err(cursor.malformed("no protocol identifier of Modbus"));
    }
    let length = cursor.u16()?;
    let [unit, function] = cursor.array()?;
    let frame = Frame { transaction, length, unit, function };
    if !frame.is_plausible() {
        return Err(cursor.malformed("no length and function of Modbus"));
    }
    // What is announced is sent in one piece.
    cursor.take(usize::from(length.saturating_sub(2)))?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{Turn, converse, hex};

    #[test]
    fn a_request_needs_its_port_or_its_answer() {
        let request = hex("0001 0000 0006 01 03 0000 000a");
        let answer = hex("0001 0000 0017 01 03 14 0000000000000000000000000000000000000000");
        let refusal = hex("0001 0000 0003 01 83 02");
        let other = hex("0002 0000 0003 01 83 02");
        let is = |confidence| Some(Look::Is(Found::served_by(confidence, Side::Resp)));
        // (what, port, turns, answer)
        let cases: [(&str, u16, &[Turn<'_>], Option<Look>); 5] = [
            ("a request on its port", 502, &[(true, &request)], is(88)),
            ("and elsewhere", 5020, &[(true, &request)], Some(Look::More)),
            ("answered", 5020, &[(true, &request), (false, &answer)], is(85)),
            ("refused", 5020, &[(true, &request), (false, &refusal)], is(85)),
            ("another's number", 5020, &[(true, &request), (false, &other)], Some(Look::No)),
        ];
        for (what, port, turns, expected) in cases {
            assert_eq!(converse(&PROTOCOL, port, turns, 1000).0, expected, "{what}");
        }
        for step in 1..request.len() {
            assert_eq!(
                converse(&PROTOCOL, 502, &[(true, &request)], step).0,
                is(88),
                "{step} bytes a segment"
            );
        }
        let cut = &request[..request.len() - 1];
        assert_eq!(converse(&PROTOCOL, 502, &[(true, cut)], 1).0, Some(Look::More));
    }

    #[test]
    fn other_headers_are_not_modbus() {
        for wire in
            ["0001 0001 0006 01 03 0000 000a", "0001 0000 0006 01 63 0000 000a", "0001 0000 0001 0103"]
        {
            let bytes = hex(wire);
            assert_eq!(converse(&PROTOCOL, 502, &[(true, &bytes)], 1000).0, Some(Look::No), "{wire}");
        }
    }
}
