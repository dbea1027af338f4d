//! Microsoft SQL Server (MS-TDS §2.2.3.1, §2.2.6.5): the client's PRELOGIN.
//!
//! ```text
//! 12 │ status 1 │ length 2 │ SPID 2 │ packet 1 │ window 1 │ options: token 1, offset 2, length 2 … │ FF
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "mssql",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[1433],
    start: Start::with(&[PRELOGIN]),
    look,
};

const PRELOGIN: u8 = 0x12;
const END_OF_MESSAGE: u8 = 0x01;
/// Options there are: VERSION to NONCEOPT, and room.
const MOST_OPTIONS: u16 = 16;
const OPTION_BYTES: u16 = 5;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [PRELOGIN] | [PRELOGIN, END_OF_MESSAGE, ..] => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let [_type, _status, high, low] = cursor.array()?;
    let length = u16::from_be_bytes([high, low]);
    let [_, _, _packet, window] = cursor.array()?;
    let token = cursor.u8()?;
    let offset = cursor.u16()?;
    // VERSION comes first, and its value right after the list.
    let list = offset.wrapping_sub(1);
    let is_list = list.is_multiple_of(OPTION_BYTES) && (1..=MOST_OPTIONS).contains(&(list / OPTION_BYTES));
    if window != 0 || token != 0 || !is_list || cursor.u16()? != 6 || length < offset + 8 {
        return Err(cursor.malformed("no prelogin of TDS"));
    }
    Ok(Found::served_by(95, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn a_prelogin_is_recognised() {
        let wire =
            "1201 002f 0000 01 00 00 001a 0006 01 0020 0001 02 0021 0001 03 0022 0004 04 0026 0001 ff 11 00";
        let bytes = hex(wire);
        let sent = sight(Over::Tcp, true, 14_330, &bytes);
        assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(95, Side::Resp)));
        assert_eq!(believed_from(&PROTOCOL, &sent), Some(13));
        for other in [
            "1201 002f 0000 01 00 01 001a 0006",
            "1201 002f 0000 01 00 00 001b 0006",
            "1204 002f",
            "1201 0010 0000 01 00 00 001a 0006",
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 1433, &hex(other))).0, Look::No, "{other}");
        }
    }
}
