//! Remote Desktop: over TCP by its X.224 connection request and confirm (MS-RDPBCGR §2.2.1.1,
//! §2.2.1.2), over UDP by the handshake and the TLS records of MS-RDPEUDP.
//!
//! Other protocols open with X.224 in TPKT too (S7, MMS, IEC 61850): what follows the fixed fields
//! must be RDP's negotiation or its cookie. The cookie holds a user's name and is never noted.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 3389;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "rdp",
    tunnel: true,
    over: &[Over::Tcp, Over::Udp],
    ports: &[PORT],
    start: Start::ANYHOW,
    look,
};

/// RFC 1006 §6: version 3, reserved 0.
const TPKT: u16 = 0x0300;
const CONNECTION_REQUEST: u8 = 0xe0;
const CONNECTION_CONFIRM: u8 = 0xd0;
/// The fields after X.224's length indicator: type, two references, class.
const FIXED_FIELDS: u8 = 6;

/// `Cookie: mstshash=` and the load balancers' `Cookie: msts=`.
const COOKIE: &[u8] = b"Cookie: msts";

/// RDP_NEG_REQ, RDP_NEG_RSP and RDP_NEG_FAILURE: type, flags, then this length, little-endian.
const NEGOTIATION_BYTES: u16 = 8;
const NEGOTIATION_REQUEST: u8 = 1;
const NEGOTIATION_RESPONSE: u8 = 2;
const NEGOTIATION_FAILURE: u8 = 3;
/// The protocols (MS-RDPBCGR §2.2.1.1.1) and failure codes that exist fit into five bits.
const NEGOTIATION_VALUES: u32 = 0x1f;

/// MCS Connect-Initial: X.224 data, then BER's application 101. Sent by clients that negotiate nothing.
const MCS_CONNECT_INITIAL: &[u8] = &[0x02, 0xf0, 0x80, 0x7f, 0x65];

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match sight.over {
        Over::Tcp => match x224(sight) {
            Ok(look) => look,
            Err(_) if sight.from_start && may_become_tpkt(sight.data) => Look::More,
            Err(_) => Look::No,
        },
        Over::Udp => match handshake(sight) {
            Ok(Some(found)) => Look::Is(found),
            Ok(None) | Err(_) => match secured(sight) {
                Ok(true) => Look::Is(Found::new(85)),
                Ok(false) | Err(_) if sight.on_port(&[PORT]) => Look::More,
                Ok(false) | Err(_) => Look::No,
            },
        },
        Over::Ip(_) => Look::No,
    }
}

fn may_become_tpkt(data: &[u8]) -> bool {
    TPKT.to_be_bytes().iter().zip(data).all(|(expected, byte)| expected == byte)
}

fn x224(sight: &Sight<'_>) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    if cursor.u16()? != TPKT {
        return Ok(Look::No);
    }
    let length = usize::from(cursor.u16()?);
    let indicator = cursor.u8()?;
    let kind = cursor.u8()?;
    // The indicator counts what follows it: the whole packet less the TPKT header and itself.
    if length != usize::from(indicator) + 5 || indicator < FIXED_FIELDS {
        return Ok(Look::No);
    }
    let _destination_reference = cursor.u16()?;
    let _source_reference = cursor.u16()?;
    let class = cursor.u8()?;
    let variable = cursor.take(usize::from(indicator - FIXED_FIELDS))?;
    if class != 0 {
        return Ok(Look::No);
    }
    Ok(match kind {
        CONNECTION_REQUEST if variable.starts_with(COOKIE) => request(sight, 95),
        CONNECTION_REQUEST if negotiates(variable, &[NEGOTIATION_REQUEST]) => request(sight, 95),
        CONNECTION_REQUEST if variable.is_empty() => bare_request(sight, cursor.rest()),
        CONNECTION_CONFIRM if negotiates(variable, &[NEGOTIATION_RESPONSE, NEGOTIATION_FAILURE]) => {
            Look::Is(Found::served_by(95, sight.sender()))
        }
        // An old server confirms without a word; its client's request tells.
        CONNECTION_CONFIRM if variable.is_empty() => Look::More,
        _ => Look::No,
    })
}

fn request(sight: &Sight<'_>, confidence: u8) -> Look {
    Look::Is(Found::served_by(confidence, sight.sender().peer()))
}

/// A client of before 2003 offers nothing: only its next message is RDP's.
fn bare_request(sight: &Sight<'_>, next: &[u8]) -> Look {
    match next.get(4..) {
        Some(x224) if x224.starts_with(MCS_CONNECT_INITIAL) => request(sight, 95),
        Some(x224) if x224.len() >= MCS_CONNECT_INITIAL.len() => Look::No,
        Some(_) | None => Look::More,
    }
}

fn negotiates(variable: &[u8], kinds: &[u8]) -> bool {
    let [kind, _flags, length @ .., _, _, _, _] = variable else { return false };
    let Some(value) = variable.last_chunk::<4>() else { return false };
    kinds.contains(kind)
        && *length == NEGOTIATION_BYTES.to_le_bytes()
        && u32::from_le_bytes(*value) <= NEGOTIATION_VALUES
}

/// MS-RDPEUDP §2.2.2.1: the flags of a datagram.
const SYN: u16 = 0x0001;
const ACK: u16 = 0x0004;
const DATA: u16 = 0x0008;
const EVERY_FLAG: u16 = 0x1fff;
/// With SYN: ACK, SYNLOSSY, CORRELATION_ID, SYNEX.
const SYN_FLAGS: u16 = SYN | ACK | 0x0200 | 0x0800 | 0x1000;
/// All that those bring, before the padding with zeros (MS-RDPEUDP §3.1.5.1.1).
const SYN_BYTES: usize = 128;

/// MS-RDPEUDP §3.1.5.1.1: the first datagram acknowledges nothing.
const NOTHING_SEEN: u32 = 0xffff_ffff;

/// MS-RDPEUDP §2.2.2.5: both MTUs, and so the padded datagram, lie between these.
const LEAST_MTU: u16 = 1132;
const MOST_MTU: u16 = 1232;

/// Recognises SYN and SYN-ACK (MS-RDPEUDP §2.2.2.1, §2.2.2.5).
fn handshake(sight: &Sight<'_>) -> Result<Option<Found>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let acknowledged = cursor.u32()?;
    let _window = cursor.u16()?;
    let flags = cursor.u16()?;
    let _initial_sequence = cursor.u32()?;
    let mtus = [cursor.u16()?, cursor.u16()?];
    let fits = mtus.iter().all(|mtu| (LEAST_MTU..=MOST_MTU).contains(mtu));
    let padded = sight.wire_len >= usize::from(LEAST_MTU)
        && sight.data.get(SYN_BYTES..).unwrap_or_default().iter().all(|octet| *octet == 0);
    if flags & SYN == 0 || flags & !SYN_FLAGS != 0 || !fits || !padded {
        return Ok(None);
    }
    Ok(match (flags & ACK == 0, acknowledged == NOTHING_SEEN) {
        (true, true) => Some(Found::served_by(94, sight.sender().peer())),
        (false, false) => Some(Found::served_by(90, sight.sender())),
        (true, false) | (false, true) => None,
    })
}

/// Recognises a TLS or DTLS record in a data packet (MS-RDPEUDP §2.2.3.1): header, acknowledgment
/// vector padded to four bytes, source numbers, record.
fn secured(sight: &Sight<'_>) -> Result<bool, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _acknowledged = cursor.u32()?;
    let _window = cursor.u16()?;
    let flags = cursor.u16()?;
    if flags & (SYN | ACK | DATA) != ACK | DATA || flags & !EVERY_FLAG != 0 {
        return Ok(false);
    }
    let vector = usize::from(cursor.u16()?);
    let padding = (2 + vector).next_multiple_of(4) - 2 - vector;
    cursor.take(vector + padding)?;
    let coded = cursor.u32()?;
    let source = cursor.u32()?;
    if coded.wrapping_sub(source) > u32::from(u8::MAX) {
        return Ok(false);
    }
    let kind = cursor.u8()?;
    let version = cursor.u16()?;
    // Change cipher spec, alert, handshake, application data; TLS 1.0 to 1.2, DTLS 1.0 and 1.2.
    Ok(matches!(kind, 20..=23) && matches!(version, 0x0301..=0x0303 | 0xfeff | 0xfefd))
}

#[cfg(test)]
mod tests;
