//! tinc's meta connection over TCP: each side opens with its name and the protocol's version.
//!
//! ```text
//! 0 ct_room_1 17\n        tinc 1.0: request ID, name, version
//! 0 ct_room_1 17.7\n      tinc 1.1: with a minor version
//! ```
//!
//! tinc's `protocol_auth.c` (`send_id`), `protocol.h` (`PROT_MAJOR` 17) and the manual's chapter
//! "The meta-protocol". The tunnel's packets over UDP have no mark: they go between the same two ports.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "tinc",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[655],
    start: Start::with(b"0"),
    look,
};

/// Request 0, "ID".
const ID: &[u8] = b"0 ";

/// The versions since 1999; 17 has been the last since 2003.
const VERSIONS: std::ops::RangeInclusive<u8> = 8..=17;

/// `MAX_STRING_SIZE` is longer, but a name becomes a file's and has at most 255 letters.
const MOST_NAME_BYTES: usize = 255;

/// "17.7": two digits, a dot, three more at the most.
const MOST_VERSION_BYTES: usize = 6;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    if !sight.from_start {
        return Look::No;
    }
    match greeting(sight.data) {
        Greeting::Other => Look::No,
        Greeting::Open => Look::More,
        Greeting::Whole if greeting(sight.other) == Greeting::Whole => Look::Is(Found::new(97)),
        // The side that answers waits for this line, and sends nothing if it is not its.
        Greeting::Whole => Look::Is(Found::new(88)),
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Greeting {
    Whole,
    Open,
    Other,
}

fn greeting(stream: &[u8]) -> Greeting {
    let Some(rest) = stream.strip_prefix(ID) else {
        return if !stream.is_empty() && ID.starts_with(stream) { Greeting::Open } else { Greeting::Other };
    };
    // `?` stands before a name taken from an invitation, `^` before a local control connection's cookie.
    let rest = rest.strip_prefix(b"?").unwrap_or(rest);
    let name_bytes = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    if name_bytes > MOST_NAME_BYTES {
        return Greeting::Other;
    }
    let Some((name, rest)) = rest.split_at_checked(name_bytes) else { return Greeting::Other };
    match rest {
        [] => Greeting::Open,
        [b' ', version @ ..] if !name.is_empty() => self::version(version),
        _ => Greeting::Other,
    }
}

fn version(text: &[u8]) -> Greeting {
    let end = text.iter().position(|byte| *byte == b'\n');
    let digits = end.and_then(|end| text.get(..end)).unwrap_or(text);
    let plausible = digits.len() <= MOST_VERSION_BYTES
        && digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
        && digits.first() != Some(&b'.');
    if !plausible {
        return Greeting::Other;
    }
    if end.is_none() {
        return Greeting::Open;
    }
    let major = digits.split(|byte| *byte == b'.').next().and_then(|major| std::str::from_utf8(major).ok());
    let known = major.and_then(|major| major.parse().ok()).is_some_and(|major| VERSIONS.contains(&major));
    if known { Greeting::Whole } else { Greeting::Other }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{converse, look, sight};

    #[test]
    fn both_greetings_are_believed_and_one_is_as_well() {
        for (client, server) in
            [("0 ct_room 17\n1 94 64 0 0 A0\n", "0 relay 17\n"), ("0 a 17.7\n", "0 b 17.7\n")]
        {
            let turns = [(true, client.as_bytes()), (false, server.as_bytes())];
            for step in [1, 7, 100] {
                let (found, _) = converse(&PROTOCOL, 655, &turns, step);
                assert_eq!(found, Some(Look::Is(Found::new(88))), "{client:?} by {step}");
            }
            let answered =
                Sight { other: client.as_bytes(), ..sight(Over::Tcp, false, 655, server.as_bytes()) };
            assert_eq!(look(&PROTOCOL, &answered).0, Look::Is(Found::new(97)), "{server:?}");
        }
    }

    #[test]
    fn other_lines_are_not() {
        for line in [
            "0 \n",
            "0 a b 17\n",
            "0 a 99\n",
            "0 a 17.7.x\n",
            "1 a 17\n",
            "0 host-a 17\n",
            "0 a .17\n",
            "GET /",
        ] {
            assert_eq!(
                look(&PROTOCOL, &sight(Over::Tcp, true, 655, line.as_bytes())).0,
                Look::No,
                "{line:?}"
            );
        }
        let endless = [b"0 ".to_vec(), vec![b'a'; 300]].concat();
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 655, &endless)).0, Look::No);
    }

    #[test]
    fn a_cut_greeting_asks_for_more() {
        let line = b"0 ct_room 17.7\n";
        for len in 1..line.len() {
            assert_eq!(
                look(&PROTOCOL, &sight(Over::Tcp, true, 655, &line[..len])).0,
                Look::More,
                "{len} bytes"
            );
        }
    }
}
