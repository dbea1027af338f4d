//! Kerberos 5 (RFC 4120 §5.4, §5.9): requests to a key distribution centre, its answers and errors.
//!
//! Told by the application tag, `pvno` 5 and the message type that repeats the tag. Principals and
//! tickets lie behind and are not read.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::ber::{Ber, INTEGER, SEQUENCE};
use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "kerberos",
    tunnel: false,
    over: &[Over::Udp, Over::Tcp],
    // The second changes passwords (RFC 3244), in messages of its own.
    ports: &[88, 464],
    start: Start::between(0x6a, 0x6d).or_with(&[0, 0x7e]),
    look,
};

const ERROR: u32 = 30;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    settle(sight, read(sight))
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    // RFC 4120 §7.2.2: over TCP four bytes of length, the highest bit zero.
    let expected = match sight.over {
        Over::Tcp => {
            if cursor.rest().first().is_some_and(|first| *first != 0) {
                return Err(cursor.malformed("longer than a message of Kerberos"));
            }
            cursor.u32()? as usize
        }
        Over::Udp | Over::Ip(_) => sight.wire_len,
    };
    let bytes = cursor.rest();
    let mut ber = Ber::new(bytes);
    // AS-REQ 10, AS-REP 11, TGS-REQ 12, TGS-REP 13, KRB-ERROR 30: [APPLICATION n] constructed.
    if bytes.first().is_some_and(|tag| !matches!(tag, 0x6a..=0x6d | 0x7e)) {
        return Err(ber.malformed("no message to or from a key distribution centre"));
    }
    let (tag, len) = ber.header()?;
    if bytes.len() - ber.rest().len() + len != expected {
        return Err(ber.malformed("a message of another length than told"));
    }
    let kind = u32::from(tag & 0x1f);
    ber.expect(SEQUENCE)?;
    // Requests number their fields from 1, the others from 0.
    let first = if matches!(kind, 10 | 12) { 0xa1 } else { 0xa0 };
    ber.expect(first)?;
    let version = ber.small(INTEGER)?;
    ber.expect(first + 1)?;
    if version != 5 || ber.small(INTEGER)? != kind {
        return Err(ber.malformed("another version or type than the tag's"));
    }
    let server = match kind {
        10 | 12 => sight.sender().peer(),
        11 | 13 | ERROR => sight.sender(),
        _ => return Err(ber.malformed("no message to or from a key distribution centre")),
    };
    Ok(Found::served_by(97, server))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{hex, look, sight};

    const AS_REQ: &str = "6a 0e 30 0c a1 03 0201 05 a2 03 0201 0a 0500";
    const ERROR: &str = "7e 0e 30 0c a0 03 0201 05 a1 03 0201 1e 0500";

    #[test]
    fn a_request_and_its_answer_name_the_server() {
        for (sample, from_orig) in [(AS_REQ, true), (ERROR, false)] {
            let bytes = hex(sample);
            let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, from_orig, 88, &bytes));
            assert_eq!(found, Look::Is(Found::served_by(97, Side::Resp)), "{sample}");
            assert!(recorder.notes.is_empty());
        }
    }

    #[test]
    fn a_stream_waits_until_the_type_is_there() {
        let bytes = hex(&format!("00000010 {AS_REQ}"));
        for len in 0..bytes.len() - 2 {
            assert_eq!(
                look(&PROTOCOL, &sight(Over::Tcp, true, 88, &bytes[..len])).0,
                Look::More,
                "{len} bytes"
            );
        }
        assert!(matches!(look(&PROTOCOL, &sight(Over::Tcp, true, 88, &bytes)).0, Look::Is(_)));
    }

    #[test]
    fn a_truncated_datagram_and_a_wrong_type_are_not_kerberos() {
        let bytes = hex(AS_REQ);
        for len in 0..bytes.len() {
            assert_eq!(
                look(&PROTOCOL, &sight(Over::Udp, true, 88, &bytes[..len])).0,
                Look::No,
                "{len} bytes"
            );
        }
        let wrong = hex("6a 0e 30 0c a1 03 0201 05 a2 03 0201 0c 0500");
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 88, &wrong)).0, Look::No);
    }
}
