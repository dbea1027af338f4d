//! FTP's control connection on any port (RFC 959): the service only, never the user.

use crate::smtp::{command, greeting};
use crate::{Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ftp",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[21],
    start: Start::between(b' ', b'~').or_between(b'\t', b'\r'),
    look,
};

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    // POP3 has `USER` too, and no 220.
    let greeted = sight.other.starts_with(b"220");
    let commands: [&[u8]; 5] = [b"USER ", b"AUTH TLS", b"FEAT", b"SYST", b"OPTS "];
    let command = if greeted { command(sight, &commands) } else { None };
    command.unwrap_or_else(|| greeting(sight, b"ftp"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{Turn, converse};
    use crate::{Found, Side};

    #[test]
    fn a_greeting_or_a_login_is_enough() {
        let found = |confidence| Some(Look::Is(Found::served_by(confidence, Side::Resp)));
        // (what was said, answer)
        let cases: [(&[Turn], Option<Look>); 4] = [
            (&[(false, b"220 ProFTPD Server ready.\r\n")], found(95)),
            (&[(false, b"220 ready\r\n"), (true, b"USER anonymous\r\n")], found(90)),
            (&[(true, b"USER someone\r\n")], Some(Look::No)), // POP3, or nobody answered
            (&[(false, b"220 mail.example.org ESMTP\r\n")], Some(Look::More)), // SMTP's to claim
        ];
        for (turns, expected) in cases {
            assert_eq!(converse(&PROTOCOL, 2121, turns, 1000).0, expected, "{turns:?}");
        }
    }
}
