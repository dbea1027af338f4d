//! The r-commands of BSD over TCP, with which old consoles are worked at: rlogin (RFC 1282), and rsh and rexec.
//! Everything passes in the clear; neither users nor commands are read further than their ends.
//!
//! ```text
//! rlogin   00 │ user there 00 │ user here 00 │ terminal/speed 00              →  00 │ …
//! rsh      port for errors, or nothing 00 │ user 00 │ user 00 │ command 00     →  00 │ …
//! ```
//!
//! The server of rsh opens a conn of errors to the client's port: it is announced.

use crate::{Fact, Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "rlogin",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[512, 513, 514],
    start: Start::with(&[0]).or_between(b'1', b'9'),
    look,
};

/// The longest name of a user; rshd takes 16, rexecd a password of as many.
const NAME_BYTES: usize = 32;
/// The longest that is waited for: a command of rsh may be longer, and then ends the wait.
const MOST_BYTES: usize = 512;
/// What rsh and rexec end errors' ports with.
const PORT_DIGITS: usize = 5;

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    // A server has nothing to say before, and then a zero.
    if !sight.from_start || !matches!(sight.other, [] | [0, ..]) {
        return Look::No;
    }
    let Some(end) = sight.data.iter().position(|byte| *byte == 0) else {
        let digits = sight.data.len() <= PORT_DIGITS && sight.data.iter().all(u8::is_ascii_digit);
        let is_port = digits && !sight.data.starts_with(b"0");
        return if is_port && sight.from_orig { Look::More } else { Look::No };
    };
    let (first, rest) = sight.data.split_at_checked(end).unwrap_or_default();
    let port = std::str::from_utf8(first).ok().and_then(|digits| digits.parse::<u16>().ok());
    if !sight.from_orig {
        // The answer settles nothing by itself.
        return if first.is_empty() { Look::More } else { Look::No };
    }
    if !first.is_empty() && port.is_none_or(|port| port == 0) || first.starts_with(b"0") {
        return Look::No;
    }
    let words = rest.get(1..).unwrap_or_default();
    let answer = three(words, first.is_empty());
    if matches!(answer, Look::Is(_))
        && let Some(port) = port.filter(|port| *port > 0)
        && *memo == 0
    {
        sink.fact(Fact::Announced(sight.announced(PROTOCOL.service, true, false, port)));
    }
    answer
}

/// Judges the three words behind the first zero; only behind an empty first word they may be rlogin's.
fn three(words: &[u8], may_be_rlogin: bool) -> Look {
    let mut ends = words.split(|byte| *byte == 0);
    let mut last = &[][..];
    for number in 0..3 {
        let Some(word) = ends.next() else { break };
        let is_name =
            number == 2 || word.len() <= NAME_BYTES && word.iter().all(|letter| is_of_name(*letter));
        let is_text = word.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        if !is_name || !is_text {
            return Look::No;
        }
        // A user there without one here is nobody, and the other way round; the last word may still grow.
        if number < 2 && word.is_empty() && ends.clone().next().is_some() {
            return Look::No;
        }
        last = word;
    }
    if ends.next().is_none() {
        return if words.len() < MOST_BYTES { Look::More } else { Look::No };
    }
    let speed = last.split(|byte| *byte == b'/').nth(1);
    let is_terminal = speed.is_some_and(|speed| !speed.is_empty() && speed.iter().all(u8::is_ascii_digit));
    match (is_terminal && may_be_rlogin, last) {
        (true, _) => Look::Is(Found::served_by(90, crate::Side::Resp)),
        // Wide letters in big-endian are a zero each and one letter.
        (false, [_, _, ..]) => Look::Is(Found::served_by(80, crate::Side::Resp)),
        (false, [] | [_]) => Look::No,
    }
}

/// Letters of users' names, of Windows' with their domain as well.
fn is_of_name(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || b"_-.$@\\+".contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{Turn, converse};

    #[test]
    fn a_login_and_a_command_are_told_and_no_name_is_kept() {
        let is = |confidence| Some(Look::Is(Found::served_by(confidence, Side::Resp)));
        // (what was said, answer, announced)
        let cases: [(&[Turn], Option<Look>, &[&str]); 12] = [
            (&[(true, b"\0root\0root\0xterm/38400\0")], is(90), &[]),
            (&[(true, b"1022\0"), (true, b"ct\0ct\0ls -l\0")], is(80), &["rlogin by server at 1022"]),
            (&[(true, b"\0ct\0ct\0ls -l\0"), (false, b"\0")], is(80), &[]),
            (&[(true, b"\0root\0root\0")], Some(Look::More), &[]),
            (&[(true, b"\0root\0\0xterm/38400\0")], Some(Look::No), &[]),
            (&[(true, b"\0\0root\0xterm/38400\0")], Some(Look::No), &[]),
            (&[(true, b"\0H\0a\0l\0l\0o\0")], Some(Look::No), &[]),
            (&[(true, b"\0(a)\0ct\0ls\0")], Some(Look::No), &[]),
            (&[(true, b"\0\x01\x02\0")], Some(Look::No), &[]),
            (&[(true, b"99999\0ct\0ct\0ls\0")], Some(Look::No), &[]),
            (&[(true, b"\0\0\0\0\0\0")], Some(Look::No), &[]),
            (&[(true, b"220 ready\r\n")], Some(Look::No), &[]),
        ];
        for (turns, expected, announced) in cases {
            for step in [1, 1000] {
                let (found, recorder) = converse(&PROTOCOL, 514, turns, step);
                assert_eq!(found, expected, "{turns:?} by {step}");
                assert_eq!(recorder.facts, announced, "{turns:?} by {step}");
                assert!(recorder.notes.is_empty());
            }
        }
    }
}
