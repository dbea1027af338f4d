//! Checkmk's agent, which tells all of its machine to whoever connects (Checkmk's "Monitoring agents": sections
//! headed `<<<name>>>`, the first of which is `check_mk`). What it sends encrypted is TLS.

use crate::opening::believe;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "checkmk",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[6556],
    start: Start::with(b"<"),
    look,
};

/// The first section's head, with either end of a line.
const OPENINGS: [&[u8]; 2] = [b"<<<check_mk>>>\n", b"<<<check_mk>>>\r\n"];

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    believe(sight, &OPENINGS, Found::served_by(97, sight.sender()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, look, sight};

    #[test]
    fn the_agent_speaks_first_and_serves() {
        for (wire, bytes) in
            [(&b"<<<check_mk>>>\nVersion: 1.4.0p9\nAgentOS: linux\n"[..], 15), (b"<<<check_mk>>>\r\nVer", 16)]
        {
            let sent = sight(Over::Tcp, false, 40_000, wire);
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(97, Side::Resp)));
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(bytes));
        }
    }

    #[test]
    fn other_text_is_not_its() {
        for wire in [&b"<<<check_mk>>> "[..], b"<<<df>>>\n", b"<html>", b"<34>Oct 11 22:14:15 host su: "] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, false, 6556, wire)).0, Look::No, "{wire:?}");
        }
    }
}
