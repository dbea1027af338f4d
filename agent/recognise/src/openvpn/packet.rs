//! One OpenVPN packet: what can be read of it in each of its dresses, and whether it can be one.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::noise::is_noise;

const HARD_RESET_CLIENT_V1: u8 = 1;
const HARD_RESET_SERVER_V1: u8 = 2;
const SOFT_RESET_V1: u8 = 3;
const CONTROL_V1: u8 = 4;
const ACK_V1: u8 = 5;
pub(super) const DATA_V1: u8 = 6;
const HARD_RESET_CLIENT_V2: u8 = 7;
const HARD_RESET_SERVER_V2: u8 = 8;
pub(super) const DATA_V2: u8 = 9;
const HARD_RESET_CLIENT_V3: u8 = 10;
const CONTROL_WKC_V1: u8 = 11;

/// MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512.
const HMAC_BYTES: [usize; 6] = [16, 20, 28, 32, 48, 64];

/// tls-crypt's HMAC is SHA-256's; what it seals has at least a count of acks and, but for an
/// acknowledgment's, a packet id.
const SEALED_HMAC_BYTES: usize = 32;
const LEAST_SEALED_BYTES: usize = 5;

/// `ACK_SIZE`: the most a packet acknowledges.
const MOST_ACKS: u8 = 8;

/// A handshake has hundreds of packets at most, and renegotiations are hourly.
const PACKET_ID_BITS: u32 = 16;

/// The replay id of a handshake's packets, without its upper byte: 0, or the mark of a client that
/// can negotiate early (`EARLY_NEG_START`, 0x0f; 0x0a in early builds).
const REPLAY_ID_BITS: u32 = 17;
const REPLAY_ID_MARKS: [u8; 3] = [0x00, 0x0a, 0x0f];

/// Net time, in seconds: from 2004, when OpenVPN 2.0 was near, to 2061.
const TIMES: std::ops::Range<u32> = 0x4000_0000..0xac00_0000;

/// The wrapped client key of tls-crypt-v2 ends with its own length: a 256-byte key, its HMAC and
/// that length at least, 1024 bytes at most (`TLS_CRYPT_V2_MAX_WKC_LEN`).
const WRAPPED_KEY_BYTES: std::ops::RangeInclusive<usize> = 290..=1024;

/// How a control packet is protected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dress {
    Plain,
    /// tls-auth.
    Signed,
    /// tls-crypt and tls-crypt-v2.
    Sealed,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    Client,
    Server,
}

/// A control packet that fits at least one dress.
#[derive(Clone, Copy, Debug)]
pub(super) struct Control<'a> {
    opcode: u8,
    pub(super) session: [u8; 8],
    pub(super) dress: Dress,
    /// What follows the session id.
    rest: &'a [u8],
}

/// Reads the opcode; `None` for a number without meaning.
pub(super) fn opcode(packet: &[u8]) -> Option<u8> {
    let opcode = packet.first()? >> 3;
    (HARD_RESET_CLIENT_V1..=CONTROL_WKC_V1).contains(&opcode).then_some(opcode)
}

/// Gives a data packet's sealed part if its clear part can be one.
///
/// A cipher of old, without a packet id in clear, is believed on the usual port only.
pub(super) fn data(packet: &[u8], on_port: bool) -> Option<&[u8]> {
    let mut cursor = Cursor::new(Layer::Application, packet);
    if cursor.u8().ok()? >> 3 == DATA_V2 {
        let [upper, _, _] = cursor.array().ok()?;
        // A server numbers its clients from 0; a client that has no number yet sends all ones.
        if upper != 0 && upper != 0xff {
            return None;
        }
    }
    let packet_id = cursor.u32().ok()?;
    let is_small = packet_id != 0 && packet_id >> 24 == 0;
    (is_small || on_port).then_some(cursor.rest())
}

impl<'a> Control<'a> {
    /// Reads a whole control packet.
    pub(super) fn read(packet: &'a [u8], wire_len: usize) -> Option<Self> {
        let control = Self::read_head(packet)?;
        let cut = wire_len.saturating_sub(packet.len());
        let dress = control.fitting(cut)?;
        Some(Self { dress, ..control })
    }

    /// Reads as much as the head of a packet shows, whatever its dress.
    pub(super) fn read_head(packet: &'a [u8]) -> Option<Self> {
        let opcode = opcode(packet).filter(|opcode| !matches!(*opcode, DATA_V1 | DATA_V2))?;
        let mut cursor = Cursor::new(Layer::Application, packet);
        let key_id = cursor.u8().ok()? & 0x07;
        let session = cursor.array().ok()?;
        let control = Self { opcode, session, dress: Dress::Plain, rest: cursor.rest() };
        // A session opens with key 0 (a soft reset makes the next), and its id is random.
        (session != [0; 8] && (key_id == 0 || !control.is_opening())).then_some(control)
    }

    /// Tells whether the packet opens a session.
    pub(super) fn is_opening(&self) -> bool {
        matches!(
            self.opcode,
            HARD_RESET_CLIENT_V1
                | HARD_RESET_SERVER_V1
                | HARD_RESET_CLIENT_V2
                | HARD_RESET_SERVER_V2
                | HARD_RESET_CLIENT_V3
        )
    }

    pub(super) fn acknowledges_only(&self) -> bool {
        self.opcode == ACK_V1
    }

    /// Who sends such packets, where only one of the two does.
    pub(super) fn role(&self) -> Option<Role> {
        match self.opcode {
            HARD_RESET_CLIENT_V1 | HARD_RESET_CLIENT_V2 | HARD_RESET_CLIENT_V3 | CONTROL_WKC_V1 => {
                Some(Role::Client)
            }
            HARD_RESET_SERVER_V1 | HARD_RESET_SERVER_V2 => Some(Role::Server),
            _ => None,
        }
    }

    /// Tells whether the packet acknowledges the session: where the peer's session id stands in
    /// clear, after 1 to 8 acks, with or without an HMAC before them.
    pub(super) fn echoes(&self, session: [u8; 8]) -> bool {
        let offsets = HMAC_BYTES.iter().map(|hmac| hmac + 8);
        std::iter::once(0).chain(offsets).any(|offset| {
            let Some(rest) = self.rest.get(offset..) else { return false };
            acknowledged(&mut Cursor::new(Layer::Application, rest)) == Ok(Some(session))
        })
    }

    /// The net time of a packet that can be sealed.
    pub(super) fn sealed_at(&self) -> Option<u32> {
        let mut cursor = Cursor::new(Layer::Application, self.rest);
        let time = replay_protection(&mut cursor).ok().flatten()?;
        // A question of DNS has a name here, and four of its letters for a time.
        cursor.take(SEALED_HMAC_BYTES).ok().filter(|hmac| is_noise(hmac)).map(|_| time)
    }

    /// The first dress that the packet fits, `cut` bytes of which were not captured.
    ///
    /// Sealed comes first: its replay id of leading zeros would also pass for "no acks" of a plain
    /// packet, while a plain packet's small numbers give no plausible time.
    fn fitting(&self, cut: usize) -> Option<Dress> {
        if self.sealed_at().is_some() && self.is_sealed_length(cut) {
            return Some(Dress::Sealed);
        }
        // The third generation of client resets, and what answers its cookie, exist sealed only.
        if matches!(self.opcode, HARD_RESET_CLIENT_V3 | CONTROL_WKC_V1) {
            return None;
        }
        if matches!(self.is_reliable(self.rest, cut), Ok(true)) {
            return Some(Dress::Plain);
        }
        let is_signed = |hmac: &usize| matches!(self.is_signed(*hmac, cut), Ok(true));
        HMAC_BYTES.iter().any(is_signed).then_some(Dress::Signed)
    }

    fn is_signed(&self, hmac: usize, cut: usize) -> Result<bool, DecodeError> {
        let mut cursor = Cursor::new(Layer::Application, self.rest);
        let is_hmac = is_noise(cursor.take(hmac)?);
        Ok(is_hmac && replay_protection(&mut cursor)?.is_some() && self.is_reliable(cursor.rest(), cut)?)
    }

    /// Checks the reliability layer: acks, packet id, and what may follow in such a packet.
    fn is_reliable(&self, rest: &[u8], cut: usize) -> Result<bool, DecodeError> {
        let mut cursor = Cursor::new(Layer::Application, rest);
        let acknowledged = acknowledged(&mut cursor)?;
        if self.opcode == ACK_V1 {
            return Ok(acknowledged.is_some() && cursor.rest().is_empty() && cut == 0);
        }
        let packet_id = cursor.u32()?;
        Ok(match self.opcode {
            // A client's reset answers nothing, and resets carry nothing.
            HARD_RESET_CLIENT_V1 | HARD_RESET_CLIENT_V2 => {
                acknowledged.is_none() && packet_id == 0 && cursor.rest().is_empty()
            }
            HARD_RESET_SERVER_V1 | HARD_RESET_SERVER_V2 => packet_id == 0 && cursor.rest().is_empty(),
            SOFT_RESET_V1 => packet_id >> PACKET_ID_BITS == 0 && cursor.rest().is_empty(),
            CONTROL_V1 => packet_id >> PACKET_ID_BITS == 0 && !cursor.rest().is_empty(),
            _ => false,
        })
    }

    fn is_sealed_length(&self, cut: usize) -> bool {
        let Some(sealed) = self.rest.get(8 + SEALED_HMAC_BYTES..) else { return false };
        let length = sealed.len() + cut;
        let wrapped_key = length.saturating_sub(LEAST_SEALED_BYTES);
        match self.opcode {
            HARD_RESET_CLIENT_V1 | HARD_RESET_CLIENT_V2 => length == LEAST_SEALED_BYTES,
            HARD_RESET_CLIENT_V3 if cut == 0 => {
                WRAPPED_KEY_BYTES.contains(&wrapped_key)
                    && sealed
                        .last_chunk()
                        .is_some_and(|own| usize::from(u16::from_be_bytes(*own)) == wrapped_key)
            }
            HARD_RESET_CLIENT_V3 => WRAPPED_KEY_BYTES.contains(&wrapped_key),
            // One ack with the peer's session id, a packet id; since 2.6 a flag may follow.
            HARD_RESET_SERVER_V1 | HARD_RESET_SERVER_V2 => (17..=64).contains(&length),
            _ => length >= LEAST_SEALED_BYTES,
        }
    }
}

/// Reads the acks; gives the session that they are for, `None` if there are none.
fn acknowledged(cursor: &mut Cursor<'_>) -> Result<Option<[u8; 8]>, DecodeError> {
    let count = cursor.u8()?;
    if count > MOST_ACKS {
        return Err(cursor.malformed("more acks than a packet holds"));
    }
    if count == 0 {
        return Ok(None);
    }
    for _ in 0..count {
        if cursor.u32()? >> PACKET_ID_BITS != 0 {
            return Err(cursor.malformed("ack of a packet that was never sent"));
        }
    }
    cursor.array().map(Some)
}

/// Reads replay id and net time; gives the time if both are those of a handshake.
fn replay_protection(cursor: &mut Cursor<'_>) -> Result<Option<u32>, DecodeError> {
    let id = cursor.u32()?;
    let time = cursor.u32()?;
    let [mark, ..] = id.to_be_bytes();
    let number = id & 0x00ff_ffff;
    let plausible = REPLAY_ID_MARKS.contains(&mark)
        && number != 0
        && number >> REPLAY_ID_BITS == 0
        && TIMES.contains(&time);
    Ok(plausible.then_some(time))
}
