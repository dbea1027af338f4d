//! SMTP on any port (RFC 5321): the service only.
//!
//! A `220` greeting that names SMTP, or a client's `EHLO` or `HELO`. FTP greets with the same number.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "smtp",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[25, 587],
    start: Start::between(b' ', b'~').or_between(b'\t', b'\r'),
    look,
};

/// The longest line (RFC 5321 §4.5.3.1.5).
const LINE_BYTES: usize = 512;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    command(sight, &[b"EHLO ", b"HELO "]).unwrap_or_else(|| greeting(sight, b"smtp"))
}

/// Judges whether a stream begins with a line that holds one of a client's commands.
///
/// `None` if it begins otherwise.
pub(crate) fn command(sight: &Sight<'_>, commands: &[&[u8]]) -> Option<Look> {
    let head = sight.data.get(..LINE_BYTES).unwrap_or(sight.data);
    let agrees = |command: &&&[u8]| {
        let len = head.len().min(command.len());
        let starts = command.get(..len).zip(head.get(..len));
        starts.is_some_and(|(command, head)| command.eq_ignore_ascii_case(head))
    };
    let command = commands.iter().find(agrees)?;
    match (head.len() > command.len() && head.contains(&b'\n'), head.len() < LINE_BYTES) {
        (true, _) => Some(Look::Is(Found::served_by(90, sight.sender().peer()))),
        (false, true) => Some(Look::More),
        (false, false) => None,
    }
}

/// Judges a server's greeting, `220` and a line with the protocol's name in it.
///
/// A greeting without the name asks for more, and so does what a client says to it.
pub(crate) fn greeting(sight: &Sight<'_>, name: &[u8]) -> Look {
    let head = sight.data.get(..LINE_BYTES).unwrap_or(sight.data);
    let has_code = b"220".iter().zip(head).all(|(expected, byte)| expected == byte)
        && matches!(head.get(3), None | Some(b' ' | b'-'));
    if !has_code {
        let greeted = sight.other.starts_with(b"220");
        let is_text = || head.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
        return if greeted && head.len() < LINE_BYTES && is_text() { Look::More } else { Look::No };
    }
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = lines.next().unwrap_or_default();
    let named = line.windows(name.len()).any(|word| word.eq_ignore_ascii_case(name));
    let whole = lines.next().is_some() || head.len() == LINE_BYTES;
    if whole && named { Look::Is(Found::served_by(95, sight.sender())) } else { Look::More }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{Turn, converse, look, sight};

    #[test]
    fn a_greeting_or_a_hello_is_enough() {
        let found = |confidence| Some(Look::Is(Found::served_by(confidence, Side::Resp)));
        // (what was said, answer)
        let cases: [(&[Turn], Option<Look>); 4] = [
            (&[(false, b"220 mail.example.org ESMTP Postfix\r\n")], found(95)),
            (&[(false, b"220 ready\r\n"), (true, b"EHLO ct01.example.org\r\n")], found(90)),
            (&[(true, b"HELO ct01\r\n")], found(90)),
            (&[(false, b"220 FTP server ready\r\n"), (true, b"USER x\r\n")], Some(Look::More)), // FTP's to claim
        ];
        for (turns, expected) in cases {
            for step in [1, 1000] {
                assert_eq!(converse(&PROTOCOL, 2525, turns, step).0, expected, "{turns:?} by {step}");
            }
        }
    }

    #[test]
    fn other_streams_are_not_smtp() {
        for bytes in [&b"221 bye\r\n"[..], b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\n", b"2200"] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 25, bytes)).0, Look::No, "{bytes:?}");
        }
    }
}
