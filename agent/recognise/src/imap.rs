//! IMAP4 on any port (RFC 9051 §7.1): the server's greeting; the service only, never the user.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "imap",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[143],
    start: Start::ANYHOW,
    look,
};

const GREETINGS: [&[u8]; 2] = [b"* OK", b"* PREAUTH"];
/// A greeting with a long list of capabilities fits.
const LINE_BYTES: usize = 1024;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    let head = sight.data.get(..LINE_BYTES).unwrap_or(sight.data);
    if GREETINGS.iter().any(|greeting| greeting.starts_with(head)) {
        return Look::More;
    }
    if GREETINGS.iter().any(|greeting| head.starts_with(greeting)) {
        let names = head.windows(4).any(|word| word.eq_ignore_ascii_case(b"imap"));
        let may_go_on = head.len() < LINE_BYTES && !head.contains(&b'\n');
        return match (names, may_go_on) {
            (true, _) => Look::Is(Found::served_by(94, sight.sender())),
            (false, true) => Look::More,
            // The client's first line tells.
            (false, false) if sight.other.is_empty() => Look::More,
            (false, false) => Look::No,
        };
    }
    if !GREETINGS.iter().any(|greeting| sight.other.starts_with(greeting)) {
        return Look::No;
    }
    // A tag of the client's choice, then a command that only IMAP has.
    let mut words = head.split(|byte| matches!(byte, b' ' | b'\r' | b'\n'));
    let (_tag, command) = (words.next(), words.next().unwrap_or_default());
    let commands: [&[u8]; 6] = [b"CAPABILITY", b"LOGIN", b"AUTHENTICATE", b"STARTTLS", b"ID", b"NOOP"];
    if commands.iter().any(|known| command.eq_ignore_ascii_case(known)) {
        return Look::Is(Found::served_by(90, sight.sender().peer()));
    }
    if head.contains(&b'\n') || head.len() == LINE_BYTES { Look::No } else { Look::More }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{Turn, converse};

    #[test]
    fn a_greeting_that_names_it_or_a_command_is_imap() {
        let is = |confidence| Some(Look::Is(Found::served_by(confidence, Side::Resp)));
        let cases: [(&[Turn<'_>], Option<Look>); 4] = [
            (&[(false, b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n")], is(94)),
            (&[(false, b"* OK ready\r\n"), (true, b"a1 CAPABILITY\r\n")], is(90)),
            (&[(false, b"* OK ready\r\n"), (true, b"a1 SING\r\n")], Some(Look::No)),
            (&[(false, b"** OK IMAP\r\n")], Some(Look::No)),
        ];
        for (turns, expected) in cases {
            for step in [1, 1000] {
                assert_eq!(converse(&PROTOCOL, 1430, turns, step).0, expected, "{turns:?}, {step} bytes");
            }
        }
    }
}
