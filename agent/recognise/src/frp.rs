//! frp, a reverse proxy that opens an inside service to the outside (its source, `pkg/msg`, `pkg/util/net`,
//! and golib's `msg/json`): the client's login, in yamux or bare, or its mark before TLS.
//!
//! ```text
//! (yamux: 00 │ type 1 │ flags 2 │ stream 4 │ length 4, once or twice) │ 6F "o": login │ length 8 │ {"version":"…
//! 17: TLS follows │ 16 03 01 …
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "frp",
    tunnel: true,
    over: &[Over::Tcp],
    ports: &[7000],
    start: Start::with(&[LOGIN, TLS_FOLLOWS, YAMUX]),
    look,
};

const LOGIN: u8 = b'o';
const TLS_FOLLOWS: u8 = 0x17;
/// yamux's window update opens a stream, its data frames carry it (yamux's specification, "Framing").
const YAMUX: u8 = 0x00;
/// The login's first member.
const LOGIN_JSON: &[u8] = b"{\"version\":\"";
/// frp's default for the longest message.
const MOST_BYTES: u64 = 10_240;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    if !sight.from_start {
        return Look::No;
    }
    match sight.data {
        [LOGIN | TLS_FOLLOWS | YAMUX] | [TLS_FOLLOWS, 0x16, ..] | [LOGIN, 0, ..] | [YAMUX, 0 | 1, ..] => {
            settle(sight, read(sight))
        }
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let mut first = cursor.u8()?;
    if first == TLS_FOLLOWS {
        return match cursor.array()? {
            [0x16, 0x03, 0x01..=0x03] => Ok(Found::served_by(88, sight.sender().peer())),
            _ => Err(cursor.malformed("no TLS behind frp's mark")),
        };
    }
    let mut frames = 0;
    while first == YAMUX {
        let [kind, flags_high, flags_low] = cursor.array()?;
        let stream = cursor.u32()?;
        // The first frame opens the first stream.
        let opens = frames > 0 || flags_low & 1 == 1;
        if kind > 1 || flags_high != 0 || flags_low > 1 || stream != 1 || !opens || frames == 2 {
            return Err(cursor.malformed("no opening of yamux"));
        }
        frames += 1;
        let _length_or_window = cursor.u32()?;
        first = cursor.u8()?;
    }
    let length = cursor.array().map(u64::from_be_bytes)?;
    let agrees = LOGIN_JSON.iter().zip(cursor.rest()).all(|(expected, byte)| expected == byte);
    if first != LOGIN || length > MOST_BYTES || !agrees {
        return Err(cursor.malformed("no login of frp"));
    }
    cursor.take(LOGIN_JSON.len())?;
    Ok(Found::served_by(96, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn a_login_is_recognised_in_yamux_and_bare() {
        let login = [&hex("6f 0000000000000053")[..], b"{\"version\":\"0.61.1\",\"os\":\"linux\"}"].concat();
        let opened = [&hex("00 01 0001 00000001 00000000 00 00 0000 00000001 0000005c")[..], &login].concat();
        let data = [&hex("00 00 0001 00000001 0000005c")[..], &login].concat();
        let over_tls = hex("17 16 03 01 0200");
        for (wire, sure, from) in [(&login, 96, 21), (&opened, 96, 45), (&data, 96, 33), (&over_tls, 88, 4)] {
            let sent = sight(Over::Tcp, true, 17_000, wire);
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(sure, Side::Resp)), "{wire:02x?}");
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(from), "{wire:02x?}");
        }
    }

    #[test]
    fn other_openings_are_not_frp() {
        for wire in [
            "17 03 03 0020",                            // TLS picked up late
            "00 01 0000 00000001 00000000",             // no stream opened
            "00 02 0001 00000000 00000000",             // yamux's ping
            "6f 0000000000000053 7b22757365726e616d65", // another object
            "00 01 0001 00000003 00000000",             // another stream
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 7000, &hex(wire))).0, Look::No, "{wire}");
        }
    }
}
