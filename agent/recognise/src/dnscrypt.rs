//! DNSCrypt over UDP and TCP on any port (draft-denis-dprive-dnscrypt): look-ups that a resolver outside answers and
//! nobody between reads, as its own port 443 is HTTPS's too.
//!
//! ```text
//! question: magic of the resolver's certificate 8 │ key 32 │ nonce 12 │ sealed
//! answer:   "r6fnvWj8" │ the same nonce 12 │ the resolver's 12 │ sealed
//! ```
//!
//! Over TCP each has its length before it, in two octets. A question has no mark of its own: one of a length that
//! padding gives it waits for its answer.
//! The certificate itself is asked for in plain DNS, at the same port: what answers with one is part of it.

use crate::dns::message::{Reader, TXT};
use crate::noise::is_noise;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "dnscrypt",
    tunnel: false,
    over: &[Over::Udp, Over::Tcp],
    ports: &[],
    start: Start::ANYHOW,
    look,
};

const RESOLVER_MAGIC: &[u8; 8] = b"r6fnvWj8";
const NONCE_BYTES: usize = 12;
/// Where a question's nonce stands.
const ASKED_AT: usize = 8 + 32;
/// A seal, and a question padded to whole blocks or a message of DNS.
const LEAST_QUESTION: usize = ASKED_AT + NONCE_BYTES + 16 + 64;
const LEAST_ANSWER: usize = 8 + 2 * NONCE_BYTES + 16 + 12;
/// What a length over TCP may be.
const MESSAGE_BYTES: std::ops::RangeInclusive<usize> = LEAST_ANSWER..=4096;
/// A certificate's record: its length, and its mark.
const CERTIFICATE: &[u8] = b"\x7cDNSC";
const MOST_CERTIFICATES: u16 = 8;
/// What a question has beyond whole blocks: nothing, as dnscrypt-proxy 2 pads it, or as the draft pads what is sealed in
/// it; and an answer.
const BLOCK_BYTES: usize = 64;
const QUESTION_RESTS: [usize; 2] = [0, 4];
const ANSWER_REST: usize = 48;
/// Questions that wait for an answer.
const MOST_QUESTIONS: u32 = 3;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    let Some((message, whole)) = message(sight.over, sight.data) else {
        return if sight.from_start && sight.data.len() < 2 { Look::More } else { Look::No };
    };
    let [a, b, c, d, e, f, g, h, nonce @ ..] = message else {
        return if whole { Look::No } else { Look::More };
    };
    if &[*a, *b, *c, *d, *e, *f, *g, *h] == RESOLVER_MAGIC {
        let asked = self::message(sight.over, sight.other).and_then(|(asked, _)| asked.get(ASKED_AT..));
        let nonce = nonce.get(..NONCE_BYTES);
        let answers =
            asked.and_then(|asked| asked.get(..NONCE_BYTES)).is_some_and(|asked| Some(asked) == nonce);
        let long_enough = sight.data.len() >= LEAST_ANSWER;
        return match (answers, long_enough) {
            (true, true) => Look::Is(Found::served_by(98, sight.sender())),
            (false, true) => Look::Is(Found::served_by(92, sight.sender())),
            _ if whole => Look::No,
            _ => Look::More,
        };
    }
    let waits = sight.other.is_empty() && sight.from_start && sight.count <= MOST_QUESTIONS;
    let may_be = if whole {
        is_question(message, if sight.over == Over::Tcp { message.len() } else { sight.wire_len })
    } else {
        sight.over == Over::Tcp
    };
    if waits && may_be { Look::More } else { Look::No }
}

/// Tells whether a message may be a question: padded, and noise behind the magic.
fn is_question(message: &[u8], length: usize) -> bool {
    length >= LEAST_QUESTION
        && QUESTION_RESTS.contains(&(length % BLOCK_BYTES))
        && message.get(RESOLVER_MAGIC.len()..).is_some_and(is_noise)
}

/// Tells whether a message of DNS answers with a certificate.
pub(crate) fn certifies(message: &[u8]) -> bool {
    let Ok((header, mut reader)) = Reader::start(message) else { return false };
    header.is_response()
        && reader.question().is_ok()
        && (0..header.answers.min(MOST_CERTIFICATES)).any(|_| {
            reader.record().is_ok_and(|record| record.kind == TXT && record.data.starts_with(CERTIFICATE))
        })
}

/// Takes what stands in a datagram, or after its length in a stream, and tells whether that is all of it.
fn message(over: Over, data: &[u8]) -> Option<(&[u8], bool)> {
    if over != Over::Tcp {
        return Some((data, true));
    }
    let (length, rest) = data.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let beyond = length % BLOCK_BYTES;
    let plausible =
        MESSAGE_BYTES.contains(&length) && (QUESTION_RESTS.contains(&beyond) || beyond == ANSWER_REST);
    plausible.then(|| rest.get(..length).map_or((rest, false), |message| (message, true)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::noise::noise;
    use crate::recorder::{look, sight};

    fn exchange() -> [Vec<u8>; 2] {
        let question = noise(5, 512);
        let answer =
            [&RESOLVER_MAGIC[..], &question[ASKED_AT..ASKED_AT + NONCE_BYTES], &noise(6, 92)].concat();
        [question, answer]
    }

    #[test]
    fn an_answer_is_told_by_its_mark_and_surer_by_the_nonce() {
        let [question, answer] = exchange();
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 443, &question)).0, Look::More);
        // (what the other side sent, how sure)
        for (other, sure) in [(&question[..64], 98), (&[][..], 92), (&answer[..64], 92)] {
            let sent = Sight { other, ..sight(Over::Udp, false, 443, &answer) };
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(sure, Side::Resp)));
            for len in 0..LEAST_ANSWER {
                let cut = Sight { data: &answer[..len], ..sent };
                assert_eq!(look(&PROTOCOL, &cut).0, Look::No, "{len} octets");
            }
        }
    }

    #[test]
    fn over_tcp_each_has_its_length() {
        let framed = |message: &[u8]| [&(message.len() as u16).to_be_bytes()[..], message].concat();
        let [question, answer] = exchange().map(|message| framed(&message));
        for len in 1..=question.len() {
            let asked = sight(Over::Tcp, true, 443, &question[..len]);
            assert_eq!(look(&PROTOCOL, &asked).0, Look::More, "{len} octets of the question");
        }
        let sent = Sight { other: &question, ..sight(Over::Tcp, false, 443, &answer) };
        assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(98, Side::Resp)));
        assert_eq!(look(&PROTOCOL, &Sight { data: &answer[2..], ..sent }).0, Look::No, "without it");
    }

    #[test]
    fn other_answers_are_not() {
        let [question, answer] = exchange();
        let mut other = answer;
        other[7] ^= 1;
        let sent = Sight { other: &question[..64], ..sight(Over::Udp, false, 443, &other) };
        assert_eq!(look(&PROTOCOL, &sent).0, Look::No);
        let text = b"0123456789abcdef".repeat(32);
        for (other, why) in [
            (&question[..64], "a short question"),
            (&question[..500], "one that is not padded"),
            (&text, "text"),
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 443, other)).0, Look::No, "{why}");
        }
        assert_eq!(
            look(&PROTOCOL, &sight(Over::Udp, true, 443, &question[..452])).0,
            Look::More,
            "the draft's"
        );
        let cut = Sight { wire_len: 512, ..sight(Over::Udp, true, 443, &question[..100]) };
        assert_eq!(look(&PROTOCOL, &cut).0, Look::More, "a small snaplen");
        let unanswered = Sight { count: 4, ..sight(Over::Udp, true, 443, &question) };
        assert_eq!(look(&PROTOCOL, &unanswered).0, Look::No, "nobody answers");
    }

    #[test]
    fn a_certificate_is_told_among_the_answers_of_dns() {
        let answer = |kind: u8, value: &[u8]| {
            let question = "b1c2 8180 0001 0001 0000 0000 01 32 0d 646e7363727970742d63657274 07 6578616d706c65 00 0010 0001";
            let record =
                [&crate::recorder::hex("c00c 00")[..], &[kind], &crate::recorder::hex("0001 00000e10 00")];
            [&crate::recorder::hex(question)[..], &record.concat(), &[value.len() as u8], value].concat()
        };
        let certificate = [CERTIFICATE, &[0, 2, 0, 0], &noise(7, 116)].concat();
        let whole = answer(16, &certificate);
        assert!(certifies(&whole));
        for len in 0..whole.len() {
            assert!(!certifies(&whole[..len]), "{len} octets");
        }
        assert!(!certifies(&answer(10, &certificate)), "no text");
        assert!(!certifies(&answer(16, b"\x06v=spf1")), "another text");
    }
}
