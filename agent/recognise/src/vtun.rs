//! vtun over TCP: the server greets with its name and version (vtun's `auth.c`, `VTUN server ver`).

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "vtun",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[5000],
    start: Start::with(b"V"),
    look,
};

const GREETING: &[u8] = b"VTUN server ver ";

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    if sight.data.starts_with(GREETING) {
        return Look::Is(Found::served_by(96, sight.sender()));
    }
    if sight.from_start && GREETING.starts_with(sight.data) { Look::More } else { Look::No }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{look, sight};

    #[test]
    fn its_greeting_is_believed_and_waited_for() {
        let line = b"VTUN server ver 3.X 10/10/2020\n";
        let found = Look::Is(Found::served_by(96, Side::Resp));
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, false, 5000, line)).0, found);
        for len in 1..GREETING.len() {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, false, 5000, &line[..len])).0, Look::More);
        }
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, false, 5000, b"220 mail.example.org")).0, Look::No);
    }
}
