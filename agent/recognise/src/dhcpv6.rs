//! DHCPv6 (RFC 8415 §8, §9): told by its ports, its type and options that fill the datagram.
//!
//! The format has no mark of its own, so the ports, which RFC 8415 §7.2 fixes, must agree.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

/// Clients', and servers' and relays'.
const PORTS: [u16; 2] = [546, 547];

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "dhcpv6",
    tunnel: false,
    over: &[Over::Udp],
    ports: &PORTS,
    start: Start::on(&PORTS),
    look,
};

const RELAY_FORW: u8 = 12;
const RELAY_REPL: u8 = 13;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    if !sight.on_port(&PORTS) || sight.data.len() < sight.wire_len {
        return Look::No;
    }
    settle(sight, read(sight))
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let kind = cursor.u8()?;
    let from_server = match kind {
        // SOLICIT, REQUEST, CONFIRM, RENEW, REBIND, RELEASE, DECLINE, INFORMATION-REQUEST
        1 | 3..=6 | 8 | 9 | 11 | RELAY_FORW => false,
        // ADVERTISE, REPLY, RECONFIGURE
        2 | 7 | 10 | RELAY_REPL => true,
        _ => return Err(cursor.malformed("no message type of DHCPv6")),
    };
    // A transaction id, or for relays a hop count and two addresses.
    cursor.take(if matches!(kind, RELAY_FORW | RELAY_REPL) { 33 } else { 3 })?;
    cursor.u16()?;
    let len = cursor.u16()?;
    cursor.take(usize::from(len))?;
    while !cursor.rest().is_empty() {
        cursor.u16()?;
        let len = cursor.u16()?;
        cursor.take(usize::from(len))?;
    }
    let sender = sight.sender();
    Ok(Found::served_by(90, if from_server { sender } else { sender.peer() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{hex, look, sight};

    const SOLICIT: &str = "01 10 08 74 0001 000a 0003 0001 00005e005301 0006 0004 0017 0018 0008 0002 0000";

    #[test]
    fn a_solicit_is_dhcpv6() {
        let bytes = hex(SOLICIT);
        let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 547, &bytes));
        assert_eq!(found, Look::Is(Found::served_by(90, Side::Resp)));
        assert!(recorder.facts.is_empty());
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 5000, &bytes)).0, Look::No, "another port");
    }

    #[test]
    fn a_truncated_solicit_is_not_dhcpv6() {
        let bytes = hex(SOLICIT);
        for len in 0..bytes.len() {
            let cut = Sight { wire_len: bytes.len(), ..sight(Over::Udp, true, 547, &bytes[..len]) };
            assert_eq!(look(&PROTOCOL, &cut).0, Look::No, "{len} bytes");
        }
    }
}
