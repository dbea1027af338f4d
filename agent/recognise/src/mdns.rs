//! Multicast DNS (RFC 6762): the names that hosts on the link give themselves.
//!
//! `A` and `AAAA` records of announcements and answers, owned by `host.local`, become
//! [`Fact::Named`] as the host spells itself. Queries, their known answers and probes name nobody.

use crate::dns::message::{IN, Reader};
use crate::{Fact, Found, Look, NameSource, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 5353;

/// The top bit of a class: "unicast response" in questions, "flush the cache" in records
/// (RFC 6762 §5.4, §10.2).
const CLASS_BITS: u16 = 0x7fff;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "mdns",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[PORT],
    start: Start::on(&[PORT]),
    look,
};

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    // The port is part of the protocol: a query from elsewhere still goes to it (RFC 6762 §6.7).
    if !sight.on_port(&[PORT]) {
        return Look::No;
    }
    if read(sight, sink).is_some() {
        *memo = 1;
    }
    if *memo == 1 { Look::Reading(Found::new(95)) } else { Look::No }
}

fn read(sight: &Sight<'_>, sink: &mut dyn Sink) -> Option<()> {
    let (header, mut reader) = Reader::start(sight.data).ok()?;
    let is_empty = header.questions == 0 && header.records() == 0;
    if is_empty || header.opcode() != 0 || header.rcode() != 0 {
        return None;
    }
    for _ in 0..header.questions {
        let question = reader.question().ok()?;
        if !matches!(question.class & CLASS_BITS, IN | 255) {
            return None;
        }
    }
    reader.walk(header, sight.wire_len > sight.data.len()).ok()?;
    if !header.is_response() {
        return Some(());
    }
    for _ in 0..header.records() {
        let Ok(record) = reader.record() else { break };
        let Some(address) = record.address() else { continue };
        let Ok(owner) = reader.name_at(record.owner_at) else { continue };
        let name = owner.host().filter(|name| is_host_local(name));
        if let (Some(name), IN) = (name, record.class & CLASS_BITS) {
            sink.fact(Fact::Named { address, name, source: NameSource::Mdns });
        }
    }
    Some(())
}

fn is_host_local(name: &str) -> bool {
    name.split_once('.').is_some_and(|(_, domain)| domain.eq_ignore_ascii_case("local"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{hex, look, sight};

    /// An announcement of `Echo-3.local`: A with the cache-flush bit, AAAA by compression, an NSEC.
    const ANNOUNCEMENT: &str = "0000 8400 0000 0002 0000 0001
        06 4563686f2d33 05 6c6f63616c 00 0001 8001 00000078 0004 c0000207
        c00c 001c 8001 00000078 0010 20010db8000000000000000000000007
        c00c 002f 8001 00000078 0004 c00c 0000";

    #[test]
    fn an_announcement_names_its_host() {
        let bytes = hex(ANNOUNCEMENT);
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, PORT, &bytes));
        assert_eq!(found, Look::Reading(Found::new(95)));
        assert_eq!(recorder.facts, ["192.0.2.7 Echo-3.local Mdns", "2001:db8::7 Echo-3.local Mdns"]);
    }

    #[test]
    fn a_service_query_is_recognised_and_names_nobody() {
        let query = hex("0000 0000 0001 0000 0000 0000 04 5f697070 04 5f746370 05 6c6f63616c 00 000c 8001");
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, PORT, &query));
        assert_eq!(found, Look::Reading(Found::new(95)));
        assert!(recorder.facts.is_empty());
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 5000, &query)).0, Look::No, "another port");
    }

    #[test]
    fn a_truncated_announcement_names_nobody_unless_the_capture_cut_it() {
        let bytes = hex(ANNOUNCEMENT);
        for len in 0..bytes.len() {
            let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, PORT, &bytes[..len]));
            assert_eq!((found, recorder.facts.len()), (Look::No, 0), "{len} bytes");
            let cut = Sight { wire_len: bytes.len(), ..sight(Over::Udp, true, PORT, &bytes[..len]) };
            let names = look(&PROTOCOL, &cut).1.facts.len();
            assert!(names <= 2, "{len} bytes");
        }
    }
}
