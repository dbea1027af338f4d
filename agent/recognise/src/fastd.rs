//! fastd over UDP: the handshake, whose names are in the clear (fastd's `handshake.h`); data has no mark.
//!
//! ```text
//! 1 │ 0 │ length of records 2 (big-endian) │ records: type 2, length 2 (little-endian), value
//! ```
//!
//! A session control header of L2TPv3 (RFC 3931 §3.2.1) stands before where fastd offers to hand its data to the
//! kernel's L2TP.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "fastd",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[10_000],
    start: Start::with(&[HANDSHAKE, 0xc8]),
    look,
};

const HANDSHAKE: u8 = 1;
/// A control message of no session: flags and version, its own length, zeros.
const CONTROL: [u8; 12] = [0xc8, 3, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0];

const HANDSHAKE_TYPE: u16 = 0;
const PROTOCOL_NAME: u16 = 5;
/// The records that there are.
const LAST_RECORD: u16 = 32;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    settle(sight, read(sight))
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let wire = sight.data.strip_prefix(&CONTROL).unwrap_or(sight.data);
    let mut cursor = Cursor::new(Layer::Application, wire);
    let (kind, reserved, length) = (cursor.u8()?, cursor.u8()?, usize::from(cursor.u16()?));
    if kind != HANDSHAKE || reserved != 0 || length != cursor.rest().len() {
        return Err(cursor.malformed("no handshake of fastd"));
    }
    let (mut step, mut is_named) = (None, false);
    while !cursor.rest().is_empty() {
        let record = cursor.u16()?.swap_bytes();
        let length = cursor.u16()?.swap_bytes();
        let value = cursor.take(length.into())?;
        match (record, value) {
            (HANDSHAKE_TYPE, [kind @ 1..=3]) => step = Some(*kind),
            (PROTOCOL_NAME, _) => is_named = !value.is_empty() && value.iter().all(u8::is_ascii_graphic),
            (..=LAST_RECORD, _) => {}
            _ => return Err(cursor.malformed("no record of fastd")),
        }
    }
    let sender = sight.sender();
    match step.filter(|_| is_named) {
        // Whoever answers serves; but peers of one configuration may both begin.
        Some(2) => Ok(Found::served_by(95, sender)),
        Some(_) => Ok(Found::served_by(95, sender.peer())),
        None => Err(cursor.malformed("no handshake of fastd")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    /// As fastd 22 sends it, the keys made up.
    fn request() -> Vec<u8> {
        let key = "aa".repeat(32);
        hex(&format!(
            "01000094 00000100 01 03000100 01 04000100 01 0d000300 763232 05000e00 {} 06002000 {key} 07002000 {key} \
             08002000 {key}",
            "656332353531392d66686d717663"
        ))
    }

    #[test]
    fn its_handshake_is_told_whole_only_and_says_who_serves() {
        let wire = request();
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Udp, true, 10_000, &wire)), Some(wire.len()));
        let within = [&CONTROL[..], &wire].concat();
        for wire in [&wire, &within] {
            let found = look(&PROTOCOL, &sight(Over::Udp, true, 655, wire)).0;
            assert_eq!(found, Look::Is(Found::served_by(95, Side::Resp)));
        }
        let mut reply = wire;
        reply[8] = 2;
        assert_eq!(
            look(&PROTOCOL, &sight(Over::Udp, false, 655, &reply)).0,
            Look::Is(Found::served_by(95, Side::Resp))
        );
    }

    #[test]
    fn other_records_are_not_its() {
        for (at, octet) in [(0, 2), (1, 1), (3, 0x95), (8, 4), (9, 99), (26, b' ')] {
            let mut wire = request();
            wire[at] = octet;
            let found = look(&PROTOCOL, &sight(Over::Udp, true, 10_000, &wire)).0;
            assert_eq!(found, Look::No, "octet {at}");
        }
    }
}
