//! Link-local multicast name resolution (RFC 4795): Windows hosts answering for their own name.
//!
//! A query goes to 224.0.0.252 or ff02::1:3, the answer comes back from the named host, and its
//! `A` and `AAAA` records become [`Fact::Named`].

use crate::dns::message::{IN, Reader};
use crate::{Fact, Found, Look, NameSource, Over, Protocol, Side, Sight, Sink, Start};

const PORT: u16 = 5355;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "llmnr",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[PORT],
    start: Start::on(&[PORT]),
    look,
};

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    if !sight.on_port(&[PORT]) {
        return Look::No;
    }
    let server = read(sight, sink);
    if server.is_some() {
        *memo = 1;
    }
    match (server, *memo) {
        (Some(server), _) => Look::Reading(Found::served_by(95, server)),
        (None, 1) => Look::Reading(Found::new(95)),
        (None, _) => Look::No,
    }
}

/// Reads one message and tells who answers; `None` if it is not LLMNR.
fn read(sight: &Sight<'_>, sink: &mut dyn Sink) -> Option<Side> {
    let (header, mut reader) = Reader::start(sight.data).ok()?;
    // RFC 4795 §2.1.1: one question, opcode 0, and queries carry no records but EDNS.
    let is_llmnr = header.opcode() == 0
        && header.questions == 1
        && (header.is_response() || (header.answers == 0 && header.authorities == 0));
    let question = reader.question().ok()?;
    if !is_llmnr || question.class != IN {
        return None;
    }
    let end = reader.walk(header, sight.wire_len > sight.data.len()).ok()?;
    if !end.rest().is_empty() {
        return None;
    }
    if !header.is_response() {
        return Some(sight.sender().peer());
    }
    for _ in 0..header.answers {
        let Ok(record) = reader.record() else { break };
        let Some(address) = record.address() else { continue };
        let Ok(owner) = reader.name_at(record.owner_at) else { continue };
        if let Some(name) = owner.host() {
            sink.fact(Fact::Named { address, name, source: NameSource::Llmnr });
        }
    }
    Some(sight.sender())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{hex, look, sight};

    const ANSWER: &str = "beef 8000 0001 0001 0000 0000 08 7861792d72306f6d 00 0001 0001
        08 7861792d72306f6d 00 0001 0001 0000001e 0004 c000020b";

    #[test]
    fn an_answer_names_its_host() {
        let bytes = hex(ANSWER);
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, false, PORT, &bytes));
        assert_eq!(found, Look::Reading(Found::served_by(95, Side::Resp)));
        assert_eq!(recorder.facts, ["192.0.2.11 xay-r0om Llmnr"]);
    }

    #[test]
    fn a_query_names_nobody() {
        let query = hex("beef 0000 0001 0000 0000 0000 08 7861792d72306f6d 00 001c 0001");
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, PORT, &query));
        assert_eq!(found, Look::Reading(Found::served_by(95, Side::Resp)));
        assert!(recorder.facts.is_empty());
    }

    #[test]
    fn a_truncated_answer_is_nothing() {
        let bytes = hex(ANSWER);
        for len in 0..bytes.len() {
            let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, false, PORT, &bytes[..len]));
            assert_eq!((found, recorder.facts.len()), (Look::No, 0), "{len} bytes");
        }
    }
}
