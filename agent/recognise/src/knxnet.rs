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

/// Core, device management, tunnelling, routing, remote logging, configuration, object server, secure.
const FAMILIES: std::ops::RangeInclusive<u8> = 0x02..=0x09;

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
    let fits = if sight.over == Over::Tcp { length >= 6 } else { length == sight.wire_len };
    if !FAMILIES.contains(&family) || service > 0x40 || !fits {
        return Err(cursor.malformed("no service and length of KNXnet/IP"));
    }
    Ok(Found::new(90))
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
    }
}
