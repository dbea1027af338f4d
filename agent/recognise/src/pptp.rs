//! PPTP (RFC 2637): the control connection over TCP, and its GRE (IP protocol 47, version 1).
//!
//! ```text
//! control   0  length     2  message type 1   4  magic cookie   8  control message   10  reserved 0
//! GRE       0  flags, version 1   2  protocol 0x880b   4  payload length   6  call id
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const GRE: u8 = 47;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "pptp",
    tunnel: true,
    over: &[Over::Tcp, Over::Ip(GRE)],
    ports: &[1723],
    start: Start::ANYHOW,
    look,
};

/// RFC 2637 §2.1.
const MAGIC_COOKIE: u32 = 0x1a2b_3c4d;

/// Length, message type and cookie, up to the reserved field.
const HEADER_BYTES: usize = 12;

const START_REQUEST: u16 = 1;
const START_REPLY: u16 = 2;

/// RFC 2637 §2: the last is Set-Link-Info.
const LAST_MESSAGE: u16 = 15;

/// RFC 2637 §4.1: the flags that may be set are sequence number and acknowledgment; the key (the
/// call id) is always there, the version is 1.
const GRE_OPTIONAL: u16 = 0x1080;
const GRE_FIXED: u16 = 0x2001;
const GRE_PPP: u16 = 0x880b;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    if sight.over == Over::Ip(GRE) {
        return match is_call(sight.data) {
            Ok(true) => Look::Is(Found::new(96)),
            Ok(false) | Err(_) => Look::No,
        };
    }
    match control(sight) {
        Ok(look) => look,
        // The length's high byte is 0 in every message: the longest has 168 bytes.
        Err(_) if sight.data.first().is_none_or(|byte| *byte == 0) => Look::More,
        Err(_) => Look::No,
    }
}

fn control(sight: &Sight<'_>) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let length = usize::from(cursor.u16()?);
    if cursor.u16()? != 1 || length < HEADER_BYTES || cursor.u32()? != MAGIC_COOKIE {
        return Ok(Look::No);
    }
    let message = cursor.u16()?;
    if !(1..=LAST_MESSAGE).contains(&message) || cursor.u16()? != 0 {
        return Ok(Look::No);
    }
    Ok(Look::Is(match message {
        START_REQUEST => Found::served_by(98, sight.sender().peer()),
        START_REPLY => Found::served_by(98, sight.sender()),
        _ => Found::new(96),
    }))
}

fn is_call(data: &[u8]) -> Result<bool, DecodeError> {
    let mut cursor = Cursor::new(Layer::Gre, data);
    let flags = cursor.u16()?;
    let protocol = cursor.u16()?;
    let _payload_length = cursor.u16()?;
    let _call_id = cursor.u16()?;
    Ok(flags & !GRE_OPTIONAL == GRE_FIXED && protocol == GRE_PPP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Side, recorder};

    fn message(kind: u16, reserved: u16) -> Vec<u8> {
        let mut bytes = vec![0, 156, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d];
        bytes.extend(kind.to_be_bytes());
        bytes.extend(reserved.to_be_bytes());
        bytes.resize(156, 0);
        bytes
    }

    #[test]
    fn the_start_messages_tell_who_serves() {
        // (sent by orig, message, finding)
        let cases = [
            (true, message(1, 0), Look::Is(Found::served_by(98, Side::Resp))),
            (false, message(2, 0), Look::Is(Found::served_by(98, Side::Resp))),
            (false, message(1, 0), Look::Is(Found::served_by(98, Side::Orig))), // the first packet was missed
            (true, message(5, 0), Look::Is(Found::new(96))),                    // an echo of an old session
            (true, message(16, 0), Look::No),                                   // no such message
            (true, message(1, 1), Look::No),                                    // reserved bits set
        ];
        for (from_orig, bytes, expected) in cases {
            let (look, _) = recorder::look(&PROTOCOL, &recorder::sight(Over::Tcp, from_orig, 1723, &bytes));
            assert_eq!(look, expected, "{:02x?}", &bytes[..12]);
        }
    }

    #[test]
    fn a_cut_header_asks_for_more() {
        let bytes = message(1, 0);
        for len in 0..HEADER_BYTES {
            let sight = recorder::sight(Over::Tcp, true, 1723, &bytes[..len]);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::More, "{len} bytes");
        }
        assert_eq!(recorder::look(&PROTOCOL, &recorder::sight(Over::Tcp, true, 1723, b"GE")).0, Look::No);
    }

    #[test]
    fn version_1_of_gre_is_a_call() {
        // (packet, pptp)
        let cases: [(&[u8], bool); 5] = [
            (&[0x30, 0x81, 0x88, 0x0b, 0, 9, 0x12, 0x34, 0, 0], true), // with both numbers
            (&[0x20, 0x01, 0x88, 0x0b, 0, 0, 0x12, 0x34], true),
            (&[0x00, 0x00, 0x08, 0x00, 0x45, 0, 0, 0], false), // version 0
            (&[0x30, 0x01, 0x08, 0x00, 0, 9, 0x12, 0x34], false), // not PPP
            (&[0x30, 0x81, 0x88, 0x0b, 0, 9, 0x12], false),    // cut
        ];
        for (packet, expected) in cases {
            let (look, _) = recorder::look(&PROTOCOL, &recorder::sight(Over::Ip(GRE), true, 0, packet));
            assert_eq!(look == Look::Is(Found::new(96)), expected, "{packet:02x?}");
        }
    }
}
