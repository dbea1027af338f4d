//! SMB over TCP, directly or inside a NetBIOS session (MS-SMB2, MS-CIFS, RFC 1002 §4.3): the service only.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Look, Over, Protocol, Sight, Sink};

pub(crate) const PROTOCOL: Protocol =
    Protocol { service: "smb", tunnel: false, over: &[Over::Tcp], ports: &[445, 139], look };

/// Session packet types (RFC 1002 §4.3.1).
const SESSION_MESSAGE: u8 = 0x00;
const SESSION_REQUEST: u8 = 0x81;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match read(sight) {
        Ok(Some(found)) => Look::Is(found),
        Ok(None) => Look::No,
        Err(_) => Look::More,
    }
}

fn read(sight: &Sight<'_>) -> Result<Option<Found>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let kind = cursor.u8()?;
    if kind == SESSION_REQUEST {
        return session_request(&mut cursor, sight);
    }
    if kind != SESSION_MESSAGE {
        return Ok(None);
    }
    let [high, middle, low] = cursor.array()?;
    let length = u32::from_be_bytes([0, high, middle, low]);
    match cursor.array()? {
        // SMB1: command, status, then flags, whose top bit marks a server's reply (MS-CIFS §2.2.3.1).
        [0xff, b'S', b'M', b'B'] if length >= 32 => {
            cursor.array::<5>()?;
            Ok(Some(from(sight, cursor.u8()? & 0x80 != 0)))
        }
        // SMB2: structure size 64, ten bytes, then flags, whose lowest bit marks a reply (MS-SMB2 §2.2.1).
        [0xfe, b'S', b'M', b'B'] if length >= 64 => {
            if cursor.array()? != [64, 0] {
                return Ok(None);
            }
            cursor.array::<10>()?;
            Ok(Some(from(sight, cursor.u8()? & 1 != 0)))
        }
        // Encrypted and compressed SMB 3 (MS-SMB2 §2.2.41, §2.2.42).
        [0xfd | 0xfc, b'S', b'M', b'B'] => Ok(Some(Found::new(90))),
        _ => Ok(None),
    }
}

/// A request for a session: called and calling name, each 32 letters between its length and its end.
fn session_request(cursor: &mut Cursor<'_>, sight: &Sight<'_>) -> Result<Option<Found>, DecodeError> {
    if cursor.array()? != [0, 0, 68] {
        return Ok(None);
    }
    for _ in 0..2 {
        let name: [u8; 34] = cursor.array()?;
        let [32, letters @ .., 0] = name else { return Ok(None) };
        if !letters.iter().all(|letter| matches!(letter, b'A'..=b'P')) {
            return Ok(None);
        }
    }
    Ok(Some(from(sight, false)))
}

const fn from(sight: &Sight<'_>, is_reply: bool) -> Found {
    Found::served_by(95, if is_reply { sight.sender() } else { sight.sender().peer() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{hex, look, sight};

    #[test]
    fn every_dialect_is_recognised_and_tells_who_serves() {
        // (what, wire, answer)
        let request = Look::Is(Found::served_by(95, Side::Resp));
        let names = format!("20{}00 20{}00", "434b".repeat(16), "4641".repeat(16));
        let cases = [
            ("SMB1 negotiate", "00000054 ff534d42 72 00000000 18 01c8".to_owned(), request),
            ("SMB2 negotiate", "000000a8 fe534d42 4000 0000 00000000 0000 1f00 00000000".to_owned(), request),
            ("SMB3 encrypted", "000000a8 fd534d42".to_owned(), Look::Is(Found::new(90))),
            ("session request", format!("81000044 {names}"), request),
            (
                "SMB2 reply",
                "000000a8 fe534d42 4000 0000 00000000 0000 0100 01000000".to_owned(),
                Look::Is(Found::served_by(95, Side::Orig)),
            ),
        ];
        for (what, wire, expected) in cases {
            let bytes = hex(&wire);
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 4450, &bytes)).0, expected, "{what}");
            for len in 0..bytes.len().min(16) {
                let found = look(&PROTOCOL, &sight(Over::Tcp, true, 4450, &bytes[..len])).0;
                assert!(matches!(found, Look::More | Look::Is(_)), "{what}: {len} bytes");
            }
        }
    }

    #[test]
    fn other_streams_are_not_smb() {
        for wire in
            ["00000054 00534d42", "00000004 ff534d42", "81000044 20ff", "160301", "000000a8 fe534d42 4100"]
        {
            let bytes = [&hex(wire)[..], &[0; 80]].concat();
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 445, &bytes)).0, Look::No, "{wire}");
        }
    }
}
