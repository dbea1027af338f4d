//! L2TP: version 2 over UDP (RFC 2661), version 3 over UDP and as IP protocol 115 (RFC 3931).
//!
//! ```text
//! flags and version 2 │ length 2 │ tunnel id 2, session id 2 (v3: connection id 4) │ Ns 2 │ Nr 2 │ AVPs
//! ```
//!
//! A control message is believed on any port by its fixed flags, its length and its first AVP, the
//! message type. Data has little structure: version 2 is believed if PPP follows, version 3 over UDP
//! only on the usual port.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start};

const L2TP: u8 = 115;
const PORT: u16 = 1701;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "l2tp",
    tunnel: true,
    over: &[Over::Udp, Over::Ip(L2TP)],
    ports: &[PORT],
    start: Start::between(0, 0x4b).or_with(&[0xc8]),
    look,
};

/// Type, length and sequence bits set, offset and priority clear (RFC 2661 §3.1).
const CONTROL: u16 = 0xc800;

/// A data message's length, sequence, offset and priority bits.
const DATA_BITS: u16 = 0x4b00;
const LENGTH_BIT: u16 = 0x4000;
const SEQUENCE_BIT: u16 = 0x0800;
const OFFSET_BIT: u16 = 0x0200;
const VERSION_MASK: u16 = 0x000f;

/// A control header, and all of an acknowledgment without a message ("ZLB").
const HEADER_BYTES: usize = 12;

/// The message type AVP: mandatory, 8 bytes, IETF's, attribute 0 (RFC 2661 §4.4.1).
const MESSAGE_TYPE_AVP: [u8; 6] = [0x80, 8, 0, 0, 0, 0];
const SCCRQ: u16 = 1;
const SCCRP: u16 = 2;
/// RFC 3931 §5.4.1 and its extensions end here (IANA "L2TP Parameters").
const LAST_MESSAGE: u16 = 29;

/// RFC 1661 §2, RFC 1662 §3.1: a PPP frame's address and control.
const PPP_ALL_STATIONS: u16 = 0xff03;
/// IPv4, IPv6, compressed datagram; their control protocols and CCP; LCP, PAP, LQR, CHAP, EAP.
const PPP_PROTOCOLS: [u16; 11] =
    [0x0021, 0x0057, 0x00fd, 0x8021, 0x8057, 0x80fd, 0xc021, 0xc023, 0xc025, 0xc223, 0xc227];

/// How many of a sender's datagrams, all of them data messages, are believed without a PPP frame.
const DATA_MESSAGES: u32 = 4;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Message {
    /// The control message's type; `None` for an acknowledgment.
    Control(u16, Option<u16>),
    /// A data message that carries a PPP frame.
    Ppp,
    /// A data message of version 3.
    Session,
}

fn look(sight: &Sight<'_>, _memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let message = match sight.over {
        Over::Udp => over_udp(sight.data, sight.wire_len),
        Over::Ip(L2TP) => return over_ip(sight, sink),
        Over::Ip(_) | Over::Tcp => return Look::No,
    };
    match message {
        Ok(Some(Message::Control(version, kind))) => control(sight, version, kind, sink),
        Ok(Some(Message::Ppp)) => {
            sink.note(sight.sender(), Key::TunnelVariant, "l2tpv2");
            Look::Is(Found::new(if sight.on_port(&[PORT]) { 92 } else { 80 }))
        }
        Ok(Some(Message::Session)) if sight.on_port(&[PORT]) => session_data(sight, sink),
        Ok(_) | Err(_) => Look::No,
    }
}

fn control(sight: &Sight<'_>, version: u16, kind: Option<u16>, sink: &mut dyn Sink) -> Look {
    sink.note(sight.sender(), Key::TunnelVariant, if version == 3 { "l2tpv3" } else { "l2tpv2" });
    Look::Is(match kind {
        Some(SCCRQ) => Found::served_by(97, sight.sender().peer()),
        Some(SCCRP) => Found::served_by(97, sight.sender()),
        Some(_) => Found::new(96),
        None => Found::new(80),
    })
}

fn session_data(sight: &Sight<'_>, sink: &mut dyn Sink) -> Look {
    // "No" is final: at a sender's fourth datagram, each before has fitted.
    if sight.count < DATA_MESSAGES {
        return Look::More;
    }
    sink.note(sight.sender(), Key::TunnelVariant, "l2tpv3");
    Look::Is(Found::new(75))
}

/// RFC 3931 §4.1.1: session id 0 announces a control message, any other the session's data.
fn over_ip(sight: &Sight<'_>, sink: &mut dyn Sink) -> Look {
    let Some((session, rest)) = sight.data.split_first_chunk::<4>() else { return Look::No };
    if *session != [0; 4] {
        sink.note(sight.sender(), Key::TunnelVariant, "l2tpv3");
        return Look::Is(Found::new(92));
    }
    match over_udp(rest, sight.wire_len.saturating_sub(session.len())) {
        Ok(Some(Message::Control(3, kind))) => control(sight, 3, kind, sink),
        Ok(_) | Err(_) => Look::No,
    }
}

fn over_udp(data: &[u8], wire_len: usize) -> Result<Option<Message>, DecodeError> {
    let mut cursor = Cursor::new(Layer::L2tp, data);
    let flags = cursor.u16()?;
    let version = flags & VERSION_MASK;
    match (version, flags & !VERSION_MASK) {
        (2 | 3, CONTROL) => control_message(cursor, version, wire_len),
        (2, bits) if bits & !DATA_BITS == 0 => ppp_data(cursor, bits, wire_len),
        // RFC 3931 §4.1.2.1: no bits, two reserved bytes, then the session id.
        (3, 0) => {
            let reserved = cursor.u16()?;
            let session = cursor.u32()?;
            Ok((reserved == 0 && session != 0).then_some(Message::Session))
        }
        _ => Ok(None),
    }
}

fn control_message(
    mut cursor: Cursor<'_>,
    version: u16,
    wire_len: usize,
) -> Result<Option<Message>, DecodeError> {
    let length = usize::from(cursor.u16()?);
    let _ids_and_numbers: [u8; 8] = cursor.array()?;
    // Ethernet padding may follow, nothing may be missing.
    if length < HEADER_BYTES || length > wire_len {
        return Ok(None);
    }
    if length == HEADER_BYTES {
        return Ok(Some(Message::Control(version, None)));
    }
    let avp: [u8; 6] = cursor.array()?;
    let kind = cursor.u16()?;
    let plausible = avp == MESSAGE_TYPE_AVP && (1..=LAST_MESSAGE).contains(&kind);
    Ok(plausible.then_some(Message::Control(version, Some(kind))))
}

fn ppp_data(mut cursor: Cursor<'_>, bits: u16, wire_len: usize) -> Result<Option<Message>, DecodeError> {
    if bits & LENGTH_BIT != 0 && usize::from(cursor.u16()?) != wire_len {
        return Ok(None);
    }
    let tunnel = cursor.u16()?;
    let session = cursor.u16()?;
    if bits & SEQUENCE_BIT != 0 {
        cursor.u32()?;
    }
    if bits & OFFSET_BIT != 0 {
        let offset = usize::from(cursor.u16()?);
        cursor.take(offset)?;
    }
    let plausible = tunnel != 0
        && session != 0
        && cursor.u16()? == PPP_ALL_STATIONS
        && PPP_PROTOCOLS.contains(&cursor.u16()?);
    Ok(plausible.then_some(Message::Ppp))
}

#[cfg(test)]
mod tests;
