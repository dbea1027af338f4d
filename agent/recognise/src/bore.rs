//! bore over TCP (bore's `shared.rs`): JSON with a zero behind, in which an inside port is given to the outside,
//! and each visitor's conn is fetched by its number.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "bore",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[7835],
    start: Start::with(b"{"),
    look,
};

/// A message of the longest kind has under 100 octets.
const MOST_BYTES: usize = 128;
const UUID_BYTES: usize = 36;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    let head = sight.data.get(..MOST_BYTES).unwrap_or(sight.data);
    let Some(end) = head.iter().position(|byte| *byte == 0) else {
        let may_be = MESSAGES.iter().any(|(name, _)| head.starts_with(name) || name.starts_with(head));
        return if may_be && head.len() < MOST_BYTES && sight.from_start { Look::More } else { Look::No };
    };
    let message = head.get(..end).unwrap_or_default();
    let fits =
        |(name, kind): &&(&[u8], Kind)| message.strip_prefix(*name).is_some_and(|value| kind.holds(value));
    match MESSAGES.iter().find(fits) {
        Some((_, Kind::Challenge)) => Look::Is(Found::served_by(94, sight.sender())),
        Some(_) => Look::Is(Found::served_by(94, sight.sender().peer())),
        None => Look::No,
    }
}

/// What a side may begin with.
const MESSAGES: [(&[u8], Kind); 3] = [
    (b"{\"Hello\":", Kind::Port),
    (b"{\"Accept\":\"", Kind::Accept),
    (b"{\"Challenge\":\"", Kind::Challenge),
];

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The port that the client would have.
    Port,
    /// The number of the visitor whom it fetches.
    Accept,
    /// What the server wants proved.
    Challenge,
}

impl Kind {
    /// Tells whether the rest of a message is this.
    fn holds(self, value: &[u8]) -> bool {
        match self {
            Self::Port => {
                let digits = value.strip_suffix(b"}").unwrap_or_default();
                (1..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
            }
            Self::Accept | Self::Challenge => {
                let uuid = value.strip_suffix(b"\"}").unwrap_or_default();
                uuid.len() == UUID_BYTES && uuid.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-')
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn its_messages_are_told_whole() {
        // (whether the client says it, what)
        let cases: [(bool, &[u8]); 3] = [
            (true, b"{\"Hello\":9100}\0"),
            (true, b"{\"Accept\":\"01234567-89ab-cdef-0123-456789abcdef\"}\0"),
            (false, b"{\"Challenge\":\"01234567-89ab-cdef-0123-456789abcdef\"}\0"),
        ];
        for (from_client, wire) in cases {
            let sight = sight(Over::Tcp, from_client, 7835, wire);
            assert_eq!(look(&PROTOCOL, &sight).0, Look::Is(Found::served_by(94, Side::Resp)));
            assert_eq!(believed_from(&PROTOCOL, &sight), Some(wire.len()));
        }
    }

    #[test]
    fn other_json_is_not_its() {
        for wire in [
            &b"{\"Hello\":\"world\"}\0"[..],
            b"{\"Hello\":}\0",
            b"{\"Accept\":\"application/json\"}\0",
            b"{\"jsonrpc\":\"2.0\"}\0",
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 7835, wire)).0, Look::No, "{wire:?}");
        }
        let endless = [&b"{\"Hello\":"[..], &[b'1'; 200]].concat();
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 7835, &endless)).0, Look::No);
    }
}
