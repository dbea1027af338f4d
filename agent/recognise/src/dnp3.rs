//! DNP3, of power and water control (IEEE 1815 §9.2): its link frame, believed by its checksum.
//!
//! ```text
//! 05 64 │ length 1 │ control 1 │ destination 2 │ source 2 │ CRC 2, little-endian
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "dnp3",
    tunnel: false,
    over: &[Over::Tcp, Over::Udp],
    ports: &[20000],
    start: Start::with(&[0x05]),
    look,
};

/// Control, destination and source are counted.
const LEAST_LENGTH: u8 = 5;
/// IEEE 1815 §9.2.4.1.3: set by the master.
const FROM_MASTER: u8 = 0x80;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [0x05] | [0x05, 0x64, ..] => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let header: [u8; 8] = cursor.array()?;
    let crc = cursor.u16_le()?;
    let [_, _, length, control, ..] = header;
    if length < LEAST_LENGTH || checksum(&header) != crc {
        return Err(cursor.malformed("no length and checksum of DNP3"));
    }
    let from_master = control & FROM_MASTER != 0;
    Ok(Found::served_by(98, if from_master { sight.sender().peer() } else { sight.sender() }))
}

/// CRC-16/DNP: polynomial 0x3d65 reflected, complemented (IEEE 1815 §9.2.4.1.6).
fn checksum(bytes: &[u8]) -> u16 {
    let mut crc = 0_u16;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xa6bc } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    /// "Reset link" from master 1 to station 1024, as the standard's examples print it.
    const RESET: &str = "0564 05 c0 0100 0004 e921";

    #[test]
    fn the_checksum_decides() {
        assert_eq!(checksum(b"123456789"), 0xea82); // CRC-16/DNP's published check value
        let bytes = hex(RESET);
        let found = look(&PROTOCOL, &sight(Over::Tcp, true, 40_000, &bytes)).0;
        assert_eq!(found, Look::Is(Found::served_by(98, Side::Resp)));
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, 20_000, &bytes)), Some(10));
        for at in 2..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1;
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 20_000, &wrong)).0, Look::No, "byte {at}");
        }
    }
}
