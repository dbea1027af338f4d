//! TFTP's requests (RFC 1350 §5): the service only, never the file.
//!
//! The data that follow come from a port of their own (RFC 1350 §4) and have no mark: they are announced.

use crate::{Fact, Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "tftp",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[69],
    start: Start::with(&[0]),
    look,
};

/// RFC 1350 §1, and its letters may be of either case.
const MODES: [&[u8]; 3] = [b"octet", b"netascii", b"mail"];

fn look(sight: &Sight<'_>, _: &mut u32, sink: &mut dyn Sink) -> Look {
    // Read or write request.
    let [0, 1 | 2, rest @ ..] = sight.data else { return Look::No };
    let mut words = rest.split(|byte| *byte == 0);
    let (Some(file), Some(mode), Some(_end)) = (words.next(), words.next(), words.next()) else {
        return Look::No;
    };
    let is_mode = MODES.iter().any(|known| mode.eq_ignore_ascii_case(known));
    let is_name = !file.is_empty() && !file.iter().any(u8::is_ascii_control);
    if !is_mode || !is_name {
        return Look::No;
    }
    sink.fact(Fact::Announced(sight.announced(PROTOCOL.service, true, false, sight.source().1)));
    Look::Is(Found::served_by(95, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn a_request_names_a_file_and_a_mode() {
        // (wire, tftp)
        let cases: [(&[u8], bool); 5] = [
            (b"\0\x01boot.cfg\0octet\0", true),
            (b"\0\x02running-config\0NetASCII\0blksize\x001428\0", true),
            (b"\0\x01\0octet\0", false),          // no name
            (b"\0\x01boot.cfg\0binary\0", false), // no mode of TFTP's
            (b"\0\x03\0\x01data", false),         // data
        ];
        for (wire, tftp) in cases {
            let (found, notes) = look(&PROTOCOL, &sight(Over::Udp, true, 10_069, wire));
            assert_eq!(matches!(found, Look::Is(_)), tftp, "{wire:?}");
            assert!(notes.notes.is_empty());
            assert_eq!(notes.facts, if tftp { vec!["tftp by server at 49152"] } else { vec![] });
        }
        let wire = b"\0\x01boot.cfg\0octet\0";
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Udp, true, 69, wire)), Some(wire.len()));
    }
}
