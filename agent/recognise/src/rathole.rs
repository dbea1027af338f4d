//! rathole over TCP without encryption (rathole's `protocol.rs`): a hello of fixed size from both sides on the
//! control channel, from the client on each data channel, which the server then tells what to forward.
//!
//! ```text
//! 0 control, 1 data 4 │ version 1 │ digest of the service, or what the server drew 32
//! ```

use crate::noise::is_noise;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "rathole",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[2333],
    start: Start::with(&[0, 1]),
    look,
};

const HELLO_BYTES: usize = 37;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    if !sight.from_start {
        return Look::No;
    }
    match (sight.data, sight.other) {
        (hello, []) => match channel(hello) {
            // Nothing goes with a hello before the other side has answered.
            Some(_) if hello.len() == HELLO_BYTES => Look::More,
            None if hello.len() < HELLO_BYTES && may_begin(hello) => Look::More,
            _ => Look::No,
        },
        (answer, hello) if hello.len() == HELLO_BYTES => match (channel(hello), channel(answer), answer) {
            (Some(0), Some(0), _) => Look::Is(Found::served_by(90, sight.sender())),
            // Forward TCP, or UDP.
            (Some(1), _, [0 | 1, 0, 0, 0, ..]) => Look::Is(Found::served_by(85, sight.sender())),
            (Some(_), None, _) if answer.len() < HELLO_BYTES && may_begin(answer) => Look::More,
            _ => Look::No,
        },
        _ => Look::No,
    }
}

/// The channel that a hello opens.
fn channel(data: &[u8]) -> Option<u8> {
    let hello = data.first_chunk::<HELLO_BYTES>()?;
    let [channel @ (0 | 1), 0, 0, 0, 1, digest @ ..] = hello else { return None };
    is_noise(digest).then_some(*channel)
}

/// Whether a hello may begin so.
fn may_begin(data: &[u8]) -> bool {
    [0, 1].iter().any(|channel| data.iter().zip([*channel, 0, 0, 0, 1]).all(|(byte, known)| *byte == known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::noise::noise;
    use crate::recorder::{look, sight};

    #[test]
    fn both_hellos_or_a_command_tell_it() {
        let hello = |channel: u8| [&[channel, 0, 0, 0, 1][..], &noise(channel.into(), 32)].concat();
        let (control, data) = (hello(0), hello(1));
        let more = [&control[..], b"x"].concat();
        let is = |confidence| Look::Is(Found::served_by(confidence, Side::Resp));
        // (what, client, server, answer)
        let cases: [(&str, &[u8], &[u8], Look); 7] = [
            ("a control channel", &control, &control, is(90)),
            ("a data channel", &data, &[0, 0, 0, 0], is(85)),
            ("a data channel with what is forwarded", &data, b"\0\0\0\0GET / HTTP/1.1", is(85)),
            ("half an answer", &control, &control[..20], Look::More),
            ("another answer", &control, b"\0\0\0\x25", Look::No),
            ("text", &control, b"HTTP/1.1 400", Look::No),
            ("more behind the hello", &more, &control, Look::No),
        ];
        for (what, client, server, expected) in cases {
            let answer = Sight { other: client, ..sight(Over::Tcp, false, 2333, server) };
            assert_eq!(look(&PROTOCOL, &answer).0, expected, "{what}");
        }
        for len in 1..=HELLO_BYTES {
            assert_eq!(
                look(&PROTOCOL, &sight(Over::Tcp, true, 2333, &control[..len])).0,
                Look::More,
                "{len}"
            );
        }
        for wire in [&more[..], &[0; 37], b"\0\0\0\x25\x01"] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 2333, wire)).0, Look::No, "{wire:?}");
        }
    }
}
