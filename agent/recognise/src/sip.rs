//! SIP (RFC 3261 §7.1, §7.2): told by the first line, of which nothing is kept: it names people.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "sip",
    tunnel: false,
    over: &[Over::Udp, Over::Tcp],
    ports: &[5060],
    start: Start::between(b'A', b'Z'),
    look,
};

/// RFC 3261 and its extensions: RFC 3262, 3265, 3311, 3428, 3515, 3903, 6086.
const METHODS: [&[u8]; 14] = [
    b"INVITE ",
    b"ACK ",
    b"BYE ",
    b"CANCEL ",
    b"OPTIONS ",
    b"REGISTER ",
    b"PRACK ",
    b"SUBSCRIBE ",
    b"NOTIFY ",
    b"PUBLISH ",
    b"INFO ",
    b"REFER ",
    b"MESSAGE ",
    b"UPDATE ",
];
const SCHEMES: [&[u8]; 3] = [b"sip:", b"sips:", b"tel:"];
const VERSION: &[u8] = b"SIP/2.0";

/// The longest first line waited for.
const LINE_BYTES: usize = 512;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    let bytes = sight.data;
    if !bytes.first().is_none_or(u8::is_ascii_uppercase) {
        return Look::No;
    }
    let may_go_on = sight.over == Over::Tcp && bytes.len() < LINE_BYTES;
    let verdict = match bytes.strip_prefix(VERSION) {
        Some(rest) => is_status(rest),
        None => is_request(bytes, may_go_on),
    };
    match verdict {
        Some(true) => Look::Is(Found::new(97)),
        None if may_go_on => Look::More,
        _ => Look::No,
    }
}

/// Reads what follows the version of a status line; `None` while it is too short to tell.
fn is_status(rest: &[u8]) -> Option<bool> {
    let [space, hundreds, tens, ones, end] = *rest.first_chunk()?;
    let is_code = (b'1'..=b'6').contains(&hundreds) && tens.is_ascii_digit() && ones.is_ascii_digit();
    Some((space, end) == (b' ', b' ') && is_code)
}

/// Reads a request line; `None` while it is too short to tell.
fn is_request(bytes: &[u8], may_go_on: bool) -> Option<bool> {
    let Some(method) = METHODS.iter().find(|method| bytes.starts_with(method)) else {
        let may_become = METHODS.iter().chain([&VERSION]).any(|start| start.starts_with(bytes));
        return if may_become { None } else { Some(false) };
    };
    let uri = bytes.get(method.len()..).unwrap_or_default();
    if !SCHEMES.iter().any(|scheme| uri.starts_with(scheme)) {
        return if SCHEMES.iter().any(|scheme| scheme.starts_with(uri)) { None } else { Some(false) };
    }
    match uri.iter().take(LINE_BYTES).position(|byte| *byte == b'\r') {
        Some(end) => Some(uri.get(..end).is_some_and(|line| line.ends_with(b" SIP/2.0"))),
        // A datagram cut by a small snaplen: method and scheme stand for themselves.
        None if may_go_on => None,
        None => Some(uri.len() < LINE_BYTES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{look, sight};

    const INVITE: &[u8] = b"INVITE sip:101@192.0.2.5 SIP/2.0\r\n";

    #[test]
    fn requests_and_answers_are_sip() {
        for line in [INVITE, b"SIP/2.0 200 OK\r\n", b"REGISTER sip:example.org SIP/2.0\r\n"] {
            for over in [Over::Udp, Over::Tcp] {
                let (found, recorder) = look(&PROTOCOL, &sight(over, true, 5060, line));
                assert_eq!(found, Look::Is(Found::new(97)));
                assert!(recorder.notes.is_empty());
            }
        }
    }

    #[test]
    fn a_short_stream_waits() {
        for len in 0..INVITE.len() - 1 {
            assert_eq!(
                look(&PROTOCOL, &sight(Over::Tcp, true, 5060, &INVITE[..len])).0,
                Look::More,
                "{len} bytes"
            );
        }
    }

    #[test]
    fn http_and_its_kin_are_not_sip() {
        // (why, bytes)
        let cases: [(&str, &[u8]); 4] = [
            ("RTSP", b"OPTIONS rtsp://192.0.2.5/ RTSP/1.0\r\n"),
            ("SSDP", b"NOTIFY * HTTP/1.1\r\n"),
            ("HTTP", b"GET / HTTP/1.1\r\n"),
            ("a status of no class", b"SIP/2.0 999 Odd\r\n"),
        ];
        for (why, bytes) in cases {
            for over in [Over::Udp, Over::Tcp] {
                assert_eq!(look(&PROTOCOL, &sight(over, true, 5060, bytes)).0, Look::No, "{why}");
            }
        }
    }
}
