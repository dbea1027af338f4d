//! Oracle's database (TNS): a CONNECT and the description in it. The description names program, host and
//! user and is not noted.
//!
//! ```text
//! length 2 │ checksum 2 │ 01: connect │ reserved 1 │ checksum 2 │ version 2 │ compatible 2 │ …
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "oracle",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[1521],
    start: Start::ANYHOW,
    look,
};

const CONNECT: u8 = 1;
/// From Oracle 7 (300) to what is to come.
const VERSIONS: std::ops::RangeInclusive<u16> = 300..=340;
const LEAST_BYTES: u16 = 34;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        // No checksums are made.
        [_, _, 1..=255, ..] | [_, _, _, 1..=255, ..] => Look::No,
        [_, _, _, _, kind, ..] if *kind != CONNECT => Look::No,
        _ if sight.from_start => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let length = cursor.u16()?;
    let [_, _, _connect, reserved, _, _] = cursor.array()?;
    let version = cursor.u16()?;
    let compatible = cursor.u16()?;
    let known = VERSIONS.contains(&version) && VERSIONS.contains(&compatible);
    if length < LEAST_BYTES || reserved > 0x0f || !known {
        return Err(cursor.malformed("no connect of TNS"));
    }
    Ok(Found::served_by(92, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn a_connect_is_recognised() {
        let bytes = hex("00c6 0000 01 00 0000 013e 012c 0c41 2000 7fff 7f08 0000 0001");
        let sent = sight(Over::Tcp, true, 15_210, &bytes);
        assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(92, Side::Resp)));
        assert_eq!(believed_from(&PROTOCOL, &sent), Some(12));
        for other in [
            "00c6 0001 01 00 0000 013e 012c",
            "00c6 0000 02 00 0000 013e 012c",
            "00c6 0000 01 00 0000 0001 012c",
            "0010 0000 01 00 0000 013e 012c",
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 1521, &hex(other))).0, Look::No, "{other}");
        }
    }
}
