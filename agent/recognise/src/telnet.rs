//! Telnet by its option negotiation (RFC 854, RFC 855): `IAC`, will, won't, do or don't, an option.
//!
//! A server that negotiates nothing shows text only and is not recognised here.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "telnet",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[23],
    start: Start::with(&[IAC]),
    look,
};

const IAC: u8 = 0xff;
const WILL: u8 = 0xfb;
const DONT: u8 = 0xfe;

/// The options in use (IANA "Telnet Options"), the last of them by number.
const LAST_OPTION: u8 = 49;

/// Fewer could be chance.
const COMMANDS: usize = 3;
/// Enough if the other side negotiates too, or the port is telnet's.
const COMMANDS_CONFIRMED: usize = 1;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    if !sight.from_start {
        return Look::No;
    }
    let confirmed = commands(sight.other) >= COMMANDS_CONFIRMED || sight.on_port(PROTOCOL.ports);
    let needed = if confirmed { COMMANDS_CONFIRMED } else { COMMANDS };
    if commands(sight.data) >= needed {
        return Look::Is(Found::new(if confirmed { 90 } else { 80 }));
    }
    // More may come if so far there is nothing but whole commands and the start of one.
    match rest(sight.data) {
        [] | [IAC] | [IAC, WILL..=DONT] => Look::More,
        _ => Look::No,
    }
}

/// How many commands the bytes open with.
fn commands(bytes: &[u8]) -> usize {
    (bytes.len() - rest(bytes).len()) / 3
}

/// What follows the commands that the bytes open with.
fn rest(mut bytes: &[u8]) -> &[u8] {
    while let [IAC, WILL..=DONT, 0..=LAST_OPTION, rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder;

    #[test]
    fn negotiation_is_believed_as_far_as_it_is_confirmed() {
        const THREE: &[u8] = b"\xff\xfd\x18\xff\xfd\x20\xff\xfb\x01login: ";
        const ONE: &[u8] = b"\xff\xfb\x01";
        // (port, bytes, other side, finding)
        let cases: [(u16, &[u8], &[u8], Look); 7] = [
            (4001, THREE, b"", Look::Is(Found::new(80))),
            (4001, ONE, THREE, Look::Is(Found::new(90))), // both negotiate
            (23, ONE, b"", Look::Is(Found::new(90))),     // on its port
            (4001, ONE, b"", Look::More),
            (4001, b"\xff\xfb\x01hello", b"", Look::No), // one command, then text
            (4001, b"\xff\xd8\xff\xe0\x00\x10JFIF", b"", Look::No), // a JPEG image
            (23, b"login: ", b"", Look::No),             // nothing to go by
        ];
        for (port, data, other, expected) in cases {
            let sight = Sight { other, ..recorder::sight(Over::Tcp, false, port, data) };
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{port} {data:02x?}");
        }
    }

    #[test]
    fn a_cut_negotiation_asks_for_more() {
        let whole = b"\xff\xfd\x18\xff\xfd\x20\xff\xfb\x01";
        for len in 0..whole.len() {
            let sight = recorder::sight(Over::Tcp, false, 4001, &whole[..len]);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::More, "{len} bytes");
        }
    }
}
