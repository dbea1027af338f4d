//! SNMP (RFC 1157, RFC 3416, RFC 3412): the version and which side is managed.
//!
//! `snmp_version` is noted on the managed side: that of the answers and of the traps. The community
//! string, which is a password, is stepped over.

use sekisho_decode::DecodeError;

use crate::ber::{Ber, INTEGER, OCTET_STRING, SEQUENCE};
use crate::settle::refuse;
use crate::{Found, Key, Look, Over, Protocol, Side, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "snmp",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[161, 162],
    start: Start::with(&[0x30]),
    look,
};

/// What a message's header tells.
struct Message {
    version: &'static str,
    managed: Side,
    server: Option<Side>,
}

fn look(sight: &Sight<'_>, _: &mut u32, sink: &mut dyn Sink) -> Look {
    match read(sight) {
        Ok(message) => {
            sink.note(message.managed, Key::SnmpVersion, message.version);
            Look::Is(Found { confidence: 95, server: message.server })
        }
        Err(error) => refuse(sight, error),
    }
}

fn read(sight: &Sight<'_>) -> Result<Message, DecodeError> {
    let mut ber = Ber::new(sight.data);
    let len = ber.expect(SEQUENCE)?;
    if sight.data.len() - ber.rest().len() + len != sight.wire_len {
        return Err(ber.malformed("a message that does not fill its datagram"));
    }
    let version = match ber.small(INTEGER)? {
        0 => "1",
        1 => "2c",
        3 => return read_v3(ber, sight.sender()),
        _ => return Err(ber.malformed("no version of SNMP")),
    };
    ber.skip(OCTET_STRING)?;
    let (pdu, len) = ber.header()?;
    if ber.rest().len() < len && sight.data.len() == sight.wire_len {
        return Err(ber.malformed("a PDU longer than its message"));
    }
    let (sender, receiver) = (sight.sender(), sight.sender().peer());
    let (managed, server) = match pdu {
        // get, get-next, set, get-bulk
        0xa0 | 0xa1 | 0xa3 | 0xa5 => (receiver, receiver),
        // response, report
        0xa2 | 0xa8 => (sender, sender),
        // trap, inform, trap version 2
        0xa4 | 0xa6 | 0xa7 => (sender, receiver),
        _ => return Err(ber.malformed("no PDU of SNMP")),
    };
    Ok(Message { version, managed, server: Some(server) })
}

/// Reads on in an SNMPv3 message (RFC 3412 §6).
fn read_v3(mut ber: Ber<'_>, sender: Side) -> Result<Message, DecodeError> {
    ber.expect(SEQUENCE)?;
    ber.small(INTEGER)?;
    let most = ber.small(INTEGER)?;
    if ber.expect(OCTET_STRING)? != 1 {
        return Err(ber.malformed("msgFlags of other than one byte"));
    }
    let flags = ber.flags()?;
    let model = ber.small(INTEGER)?;
    // §6.3: at least 484 bytes; §6.4: privacy needs authentication; the lowest model is 1.
    if most < 484 || flags & 0xfb == 0x02 || flags > 7 || model == 0 {
        return Err(ber.malformed("msgGlobalData that contradicts itself"));
    }
    ber.expect(OCTET_STRING)?;
    // A message that asks for a report is a request; one that does not is an answer or a trap.
    let (managed, server) =
        if flags & 4 == 4 { (sender.peer(), Some(sender.peer())) } else { (sender, None) };
    Ok(Message { version: "3", managed, server })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{hex, look, sight};

    const GET: &str = "30 1c 02 01 01 04 06 736563726574 a0 0f 02 01 05 02 01 00 02 01 00 30 04 3002 0500";
    const V3: &str = "30 2b 02 01 03 30 0f 02 02 1234 02 03 00ffe3 04 01 04 02 01 03
        04 10 300e 0400 0201 00 0201 00 0400 0400 0400 30 03 040100";

    #[test]
    fn the_version_is_noted_on_the_managed_side() {
        // (version byte, PDU, sent by orig, version, managed, server)
        let cases = [
            (0, 0xa0, true, "1", Side::Resp, Side::Resp),
            (1, 0xa5, true, "2c", Side::Resp, Side::Resp),
            (1, 0xa2, false, "2c", Side::Resp, Side::Resp),
            (1, 0xa7, true, "2c", Side::Orig, Side::Resp),
        ];
        for (version, pdu, from_orig, name, managed, server) in cases {
            let mut bytes = hex(GET);
            (bytes[4], bytes[13]) = (version, pdu);
            let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, from_orig, 161, &bytes));
            assert_eq!(found, Look::Is(Found::served_by(95, server)));
            assert_eq!(recorder.notes, [(managed, Key::SnmpVersion, name.to_owned())]);
        }
    }

    #[test]
    fn version_3_is_told_from_its_global_data() {
        let bytes = hex(V3);
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 161, &bytes));
        assert_eq!(found, Look::Is(Found::served_by(95, Side::Resp)));
        assert_eq!(recorder.values(Key::SnmpVersion), ["3"]);
    }

    #[test]
    fn the_community_reaches_no_one() {
        let bytes = hex(GET);
        let (_, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 161, &bytes));
        assert!(!format!("{recorder:?}").contains("secret"));
    }

    #[test]
    fn a_truncated_message_is_not_snmp() {
        for sample in [GET, V3] {
            let bytes = hex(sample);
            for len in 0..bytes.len() {
                let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 161, &bytes[..len]));
                assert_eq!((found, recorder.notes.len()), (Look::No, 0), "{len} bytes");
            }
        }
    }

    #[test]
    fn a_small_snaplen_hides_the_variables_only() {
        let bytes = hex(GET);
        let cut = Sight { wire_len: bytes.len(), ..sight(Over::Udp, true, 161, &bytes[..20]) };
        assert!(matches!(look(&PROTOCOL, &cut).0, Look::Is(_)));
    }

    #[test]
    fn ldap_is_not_snmp() {
        let bind = hex("300c 0201 01 6007 0201 03 0400 8000");
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 389, &bind)).0, Look::No);
    }
}
