//! iodine's raw mode: a tunnel on DNS's port whose datagrams are no DNS (iodine,
//! `doc/proto_00000502.txt`, "Raw UDP protocol").
//!
//! ```text
//! 0x10d19e │ command 4 bits (1 login, 2 data, 3 ping), user 4 bits │ …
//! ```
//!
//! What travels in well-formed DNS messages is told by [`super::dns`], and judged by its sum.

use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "dns-tunnel",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[],
    start: Start::with(&[0x10]),
    look,
};

const MARK: &[u8] = &[0x10, 0xd1, 0x9e];

const LOGIN: u8 = 1;
const DATA: u8 = 2;
const PING: u8 = 3;

/// A login is an MD5.
const LOGIN_BYTES: usize = 4 + 16;

fn look(sight: &Sight<'_>, _memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let Some(confidence) = note_raw(sight, sink) else { return Look::No };
    Look::Is(Found::new(confidence))
}

/// Notes a datagram of the raw mode, and says how sure it is. Where nothing lies between the two, a conn
/// begins with DNS and goes over to it.
pub(crate) fn note_raw(sight: &Sight<'_>, sink: &mut dyn Sink) -> Option<u8> {
    let [command, ..] = sight.data.strip_prefix(MARK)? else { return None };
    let confidence = match command >> 4 {
        LOGIN if sight.wire_len == LOGIN_BYTES => 96,
        DATA => 90,
        PING if sight.wire_len == 4 => 92,
        _ => return None,
    };
    sink.note(sight.sender(), Key::TunnelVariant, "iodine-raw");
    Some(confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{look, sight};

    #[test]
    fn its_three_commands_are_believed() {
        let message = |command: u8, body: usize| [MARK, &[command << 4], &vec![7; body]].concat();
        // (datagram, finding)
        let cases = [
            (message(LOGIN, 16), Look::Is(Found::new(96))),
            (message(LOGIN, 15), Look::No),
            (message(DATA, 90), Look::Is(Found::new(90))),
            (message(PING, 0), Look::Is(Found::new(92))),
            (message(PING, 1), Look::No),
            (message(4, 16), Look::No),
            (vec![0x10, 0xd1, 0x9f, 0x10], Look::No),
        ];
        for (data, expected) in cases {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 53, &data)).0, expected, "{data:02x?}");
        }
        for len in 0..4 {
            let cut = message(PING, 0);
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 53, &cut[..len])).0, Look::No, "{len} bytes");
        }
    }
}
