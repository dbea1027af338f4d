//! WS-Discovery, by which printers, cameras and Windows find each other (OASIS WS-DD 1.1, and the draft of
//! 2005 that most devices speak): a SOAP envelope in a datagram.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ws-discovery",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[3702],
    start: Start::with(b"<"),
    look,
};

/// The names of its vocabulary.
const NAMESPACES: [&[u8]; 2] = [b"/ws/2005/04/discovery", b"/ws-dd/ns/discovery"];
/// The namespace is declared or used in the envelope's first tag or the header after it.
const SEARCHED_BYTES: usize = 1024;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    if sight.data.first() != Some(&b'<') {
        return Look::No;
    }
    let head = sight.data.get(..SEARCHED_BYTES).unwrap_or(sight.data);
    let has = |text: &&[u8]| head.windows(text.len()).any(|window| window == *text);
    if NAMESPACES.iter().any(has) { Look::Is(Found::new(95)) } else { Look::No }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{look, sight};

    #[test]
    fn a_probe_is_recognised_and_other_xml_is_not() {
        const PROBE: &[u8] =
            b"<?xml version=\"1.0\"?><soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\" \
            xmlns:wsd=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\"><soap:Header>";
        let found = |bytes: &[u8]| look(&PROTOCOL, &sight(Over::Udp, true, 40_000, bytes)).0;
        assert_eq!(found(PROBE), Look::Is(Found::new(95)));
        let mark = PROBE.windows(10).position(|window| window == b"/discovery").unwrap() + 10;
        for len in 0..mark {
            assert_eq!(found(&PROBE[..len]), Look::No, "{len} bytes");
        }
        assert_eq!(found(b"<?xml version=\"1.0\"?><soap:Envelope>"), Look::No);
    }
}
