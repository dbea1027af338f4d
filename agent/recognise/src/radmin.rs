//! Radmin: its client's first ten bytes and its server's answer, as probes have recorded them since
//! version 2 (nmap's service probe "radmin"; the protocol is not published).
//!
//! ```text
//! 01 │ length of the body 4 │ checksum 4 … │ body
//! ```

use crate::opening::believe;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "radmin",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[4899],
    start: Start::with(&[1]),
    look,
};

const HELLO: &[u8] = b"\x01\0\0\0\x01\0\0\0\x08\x08";
/// A body of 37 bytes.
const ANSWER: &[u8] = b"\x01\0\0\0\x25";

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    if sight.other.starts_with(HELLO) {
        return believe(sight, &[ANSWER], Found::served_by(96, sight.sender()));
    }
    believe(sight, &[HELLO], Found::served_by(90, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn the_greeting_is_believed_whole() {
        let sent = sight(Over::Tcp, true, 48_990, HELLO);
        assert_eq!(believed_from(&PROTOCOL, &sent), Some(10));
        assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(90, Side::Resp)));
        let answer = [ANSWER, b"\0\0\x02\x12\x08\x02\0\0\x0a"].concat();
        let answered = Sight { other: HELLO, ..sight(Over::Tcp, false, 48_990, &answer) };
        assert_eq!(look(&PROTOCOL, &answered).0, Look::Is(Found::served_by(96, Side::Resp)));
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 4899, b"\x01\0\0\0\x02")).0, Look::No);
    }
}
