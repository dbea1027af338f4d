//! KNXnet/IP, the building's bus over IP (EN 50090, ISO 22510): its fixed header.
//!
//! ```text
//! 06 │ 10: version 1.0 │ service 2 │ length of the whole 2
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "knxnet",
    tunnel: false,
    over: &[Over::Udp, Over::Tcp],
    ports: &[3671],
    start: Start::with(&[0x06]),
    look,
};

const HEADER_BYTES: usize = 6;
/// No service has more over TCP.
const MOST_BYTES: usize = 1024;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [0x06] | [0x06, 0x10, ..] => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _header = cursor.u16()?;
    let [family, service] = cursor.array()?;
    let length = usize::from(cursor.u16()?);
    let fits = match sight.over {
        Over::Tcp => (HEADER_BYTES..=MOST_BYTES).contains(&length),
        Over::Udp | Over::Ip(_) => length == sight.wire_len,
    };
    if !is_service(family, service) || !fits {
        return Err(cursor.malformed("no service and length of KNXnet/IP"));
    }
    Ok(Found::new(90))
}

/// Core, device management, tunnelling, routing, remote configuration, security: each numbers its services on.
const fn is_service(family: u8, service: u8) -> bool {
    matches!(
        (family, service),
        (0x02, 0x01..=0x0c)
            | (0x03, 0x10..=0x11)
            | (0x04, 0x20..=0x25)
            | (0x05, 0x30..=0x33)
            | (0x07, 0x40..=0x43)
            | (0x09, 0x50..=0x55)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn the_header_is_believed_whole() {
        let search = hex("0610 0201 000e 0801 c000020a 0e57");
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Udp, true, 40_000, &search)), Some(search.len()));
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, 3671, &search)), Some(6));
    }

    #[test]
    fn other_headers_are_not_knx() {
        for wire in
            ["0610 0201 000f 0801 c000020a 0e57", "0610 1201 0006", "0620 0201 0006", "0710 0201 0006"]
        {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 3671, &hex(wire))).0, Look::No, "{wire}");
        }
        // Samples of sixteen bits that hardly change.
        for wire in ["0610 060e 060c 060b", "0610 0409 0410 0412", "0610 0201 0611 0612"] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 3671, &hex(wire))).0, Look::No, "{wire}");
        }
        let secured = hex("0610 0950 0006");
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 3671, &secured)).0, Look::Is(Found::new(90)));
    }
}
