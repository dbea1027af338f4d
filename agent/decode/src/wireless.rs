//! IEEE 802.11 frames, as the air carries them and access points send them on.

use crate::packet::Link;
use crate::{Cursor, DecodeError, Layer, MacAddr};

/// The low nibble of frame control's first octet in a data frame: version 0, type 2 (IEEE 802.11 §9.2.4.1).
const DATA: u8 = 0x08;
const SUBTYPE_QOS: u8 = 0x80;
/// Null frames, which carry nothing.
const SUBTYPE_EMPTY: u8 = 0x40;
const TO_DS: u8 = 0x01;
const FROM_DS: u8 = 0x02;
const PROTECTED: u8 = 0x40;
/// Frame control's last bit: an HT control field follows that of QoS.
const ORDER: u8 = 0x80;
/// QoS control: several frames in one (A-MSDU).
const AGGREGATE: u8 = 0x80;

/// Gives the link header of a data frame and what stands from LLC on; `None` for management, control and
/// encrypted frames, which carry no packet in the clear.
pub(crate) fn data(bytes: &[u8]) -> Result<Option<(Link, &[u8])>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Wireless, bytes);
    let Some((kind, flags)) = frame_control(cursor.array()?) else { return Ok(None) };
    let _duration = cursor.u16()?;
    let [first, second, third]: [[u8; 6]; 3] = [cursor.array()?, cursor.array()?, cursor.array()?];
    let _sequence = cursor.u16()?;
    // §9.3.2.1: which of the addresses are the ends.
    let (dst, src) = match flags & (TO_DS | FROM_DS) {
        0 => (first, second),
        TO_DS => (third, second),
        FROM_DS => (first, third),
        _ => (third, cursor.array()?),
    };
    if kind & SUBTYPE_QOS != 0 {
        let [control, _] = cursor.array()?;
        if flags & ORDER != 0 {
            cursor.take(4)?;
        }
        if control & AGGREGATE != 0 {
            return Ok(None);
        }
    }
    let clear = flags & PROTECTED == 0 && kind & SUBTYPE_EMPTY == 0;
    let link = Link { src: MacAddr(src), dst: MacAddr(dst), ..Link::default() };
    Ok(clear.then(|| (link, cursor.rest())))
}

/// Gives subtype and flags of a data frame. Cisco's access points send both octets swapped in CAPWAP; a frame
/// that goes through an access point is of one direction at least, so its flags are never taken for a type.
const fn frame_control(octets: [u8; 2]) -> Option<(u8, u8)> {
    match octets {
        [kind, flags] if kind & 0x0f == DATA => Some((kind, flags)),
        [flags, kind] if kind & 0x0f == DATA && flags & (TO_DS | FROM_DS) != 0 => Some((kind, flags)),
        _ => None,
    }
}
