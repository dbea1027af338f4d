//! MQTT 3.1, 3.1.1 and 5: told by CONNECT's fixed and variable header (MQTT 5.0 §3.1).
//!
//! The client's identifier, name and password lie behind and are not read.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const CONNECT: u8 = 0x10;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "mqtt",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[1883],
    start: Start::with(&[CONNECT]),
    look,
};

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data.first() {
        Some(&CONNECT) => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    cursor.u8()?;
    // §1.5.5: seven bits a byte, at most four bytes.
    let mut len_bytes = 1;
    while cursor.u8()? & 0x80 != 0 {
        len_bytes += 1;
        if len_bytes > 4 {
            return Err(cursor.malformed("remaining length of more than four bytes"));
        }
    }
    let name_len = usize::from(cursor.u16()?);
    if !matches!(name_len, 4 | 6) {
        return Err(cursor.malformed("no protocol name of MQTT"));
    }
    let name = cursor.take(name_len)?;
    let level = cursor.u8()?;
    let flags = cursor.u8()?;
    let is_mqtt = matches!((name, level), (b"MQTT", 4 | 5) | (b"MQIsdp", 3));
    if !is_mqtt || flags & 1 == 1 {
        return Err(cursor.malformed("no protocol name, level and flags of MQTT"));
    }
    Ok(Found::served_by(98, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{look, sight};

    const CONNECT: &[u8] = b"\x10\x13\x00\x04MQTT\x04\x02\x00\x3c\x00\x07ward-01";

    #[test]
    fn a_connect_is_mqtt_from_its_flags_on() {
        for len in 1..CONNECT.len() {
            let (found, recorder) = look(&PROTOCOL, &sight(Over::Tcp, true, 1883, &CONNECT[..len]));
            let expected = if len < 10 { Look::More } else { Look::Is(Found::served_by(98, Side::Resp)) };
            assert_eq!(found, expected, "{len} bytes");
            assert!(recorder.notes.is_empty());
        }
    }

    #[test]
    fn others_that_begin_alike_are_not_mqtt() {
        // (why, bytes)
        let cases: [(&str, &[u8]); 4] = [
            ("another name", b"\x10\x13\x00\x04MQTX\x04\x02"),
            ("a level there is not", b"\x10\x13\x00\x04MQTT\x09\x02"),
            ("the reserved flag set", b"\x10\x13\x00\x04MQTT\x04\x03"),
            ("a length without end", b"\x10\xff\xff\xff\xff\xff"),
        ];
        for (why, bytes) in cases {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 1883, bytes)).0, Look::No, "{why}");
        }
    }
}
