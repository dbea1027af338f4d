//! POP3 on any port (RFC 1939): a greeting and a command; the service only, never the user.

use crate::smtp::command;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "pop3",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[110],
    start: Start::with(b"+ACSUacsu"),
    look,
};

const GREETING: &[u8] = b"+OK";
const COMMANDS: [&[u8]; 5] = [b"USER ", b"CAPA", b"AUTH", b"STLS", b"APOP "];
/// The longest answer (RFC 1939 §3).
const LINE_BYTES: usize = 512;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    if sight.other.starts_with(GREETING) {
        return command(sight, &COMMANDS).unwrap_or(Look::No);
    }
    let head = sight.data.get(..LINE_BYTES).unwrap_or(sight.data);
    if !GREETING.iter().zip(head).all(|(expected, byte)| expected == byte) {
        // A client that was heard before its server.
        return match command(sight, &COMMANDS) {
            Some(_) if sight.from_start && sight.other.is_empty() && head.len() < LINE_BYTES => Look::More,
            _ => Look::No,
        };
    }
    let names = head.windows(4).any(|word| word.eq_ignore_ascii_case(b"pop3"));
    if names { Look::Is(Found::served_by(92, sight.sender())) } else { Look::More }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{Turn, converse};

    #[test]
    fn a_greeting_and_a_command_are_pop3() {
        let is = |confidence| Some(Look::Is(Found::served_by(confidence, Side::Resp)));
        let cases: [(&[Turn<'_>], Option<Look>); 4] = [
            (&[(false, b"+OK ready\r\n"), (true, b"USER someone\r\n")], is(90)),
            (&[(false, b"+OK POP3 ready\r\n")], is(92)),
            (&[(false, b"+OK\r\n"), (true, b"HELLO\r\n")], Some(Look::No)),
            (&[(false, b"220 ready\r\n")], Some(Look::No)),
        ];
        for (turns, expected) in cases {
            for step in [1, 1000] {
                assert_eq!(converse(&PROTOCOL, 1100, turns, step).0, expected, "{turns:?}, {step} bytes");
            }
        }
    }
}
