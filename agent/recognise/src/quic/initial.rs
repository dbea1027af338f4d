//! Long headers (RFC 9000 §17.2) and the protection of a client's Initial (RFC 9001 §5).

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf;

use super::crypto::Crypto;
use super::{cursor, varint};

pub(super) const V2: u32 = 0x6b33_43cf;

/// The longest connection ID of the versions known here.
const CONNECTION_ID_BYTES: u8 = 20;

/// The shortest that a client makes for its server (RFC 9000 §7.2).
const CLIENT_ID_BYTES: usize = 8;

/// The shortest that is no chance where it comes back.
const ANSWERED_ID_BYTES: usize = 4;

/// The shortest datagram that may carry a client's Initial (RFC 9000 §14.1).
const CLIENT_DATAGRAM_BYTES: usize = 1200;

/// The longest datagram that is decrypted: an Ethernet frame's.
const DATAGRAM_BYTES: usize = 1500;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PacketKind {
    Initial,
    /// 0-RTT, Handshake or Retry.
    Other,
    VersionNegotiation,
}

/// What of a long header no version may change (RFC 8999 §5.1).
#[derive(Clone, Copy, Debug)]
pub(super) struct Invariant<'a> {
    pub(super) version: u32,
    pub(super) destination: &'a [u8],
    pub(super) source: &'a [u8],
}

impl<'a> Invariant<'a> {
    /// Parses the beginning of a datagram; gives what follows as well.
    fn parse(datagram: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut cursor = cursor(datagram);
        cursor.u8().ok().filter(|first| first & 0x80 != 0)?;
        let version = cursor.u32().ok()?;
        let destination_len = cursor.u8().ok().filter(|len| *len <= CONNECTION_ID_BYTES)?;
        let destination = cursor.take(destination_len.into()).ok()?;
        let source_len = cursor.u8().ok().filter(|len| *len <= CONNECTION_ID_BYTES)?;
        let source = cursor.take(source_len.into()).ok()?;
        Some((Self { version, destination, source }, cursor.rest()))
    }

    /// Tells whether a datagram may open a connection in a version that is not known here: it is as long as in
    /// those that are known, and its connection ID as long as a client makes it (RFC 9000 §7.2, §14.1).
    pub(super) fn opens(datagram: &[u8], wire_len: usize) -> bool {
        let long = |(header, _): (Invariant<'_>, _)| {
            header.version != 0 && header.destination.len() >= CLIENT_ID_BYTES
        };
        wire_len >= CLIENT_DATAGRAM_BYTES && Invariant::parse(datagram).is_some_and(long)
    }

    /// Tells whether a datagram answers one that begins with these bytes: in the same version, to the connection
    /// ID that was given there.
    pub(super) fn answers(datagram: &[u8], asked: &[u8]) -> bool {
        let (Some((answer, _)), Some((asked, _))) = (Invariant::parse(datagram), Invariant::parse(asked))
        else {
            return false;
        };
        let by_id = asked.source.len() >= ANSWERED_ID_BYTES && answer.destination == asked.source;
        let opened = asked.destination.len() >= CLIENT_ID_BYTES;
        by_id && opened && answer.version == asked.version && answer.version != 0
    }
}

/// A packet with a long header whose lengths were checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct LongHeader<'a> {
    pub(super) kind: PacketKind,
    pub(super) version: u32,
    destination: &'a [u8],
    /// Where the packet number begins, and how long it and the payload are together.
    number_at: usize,
    length: usize,
}

impl<'a> LongHeader<'a> {
    /// Parses a datagram's first packet, of a version known or reserved (RFC 9000 §15).
    pub(super) fn parse(datagram: &'a [u8], wire_len: usize) -> Option<Self> {
        let first = *datagram.first()?;
        let (Invariant { version, destination, source }, rest) = Invariant::parse(datagram)?;
        let mut cursor = cursor(rest);
        let header = Self { kind: PacketKind::Other, version, destination, number_at: 0, length: 0 };
        if version == 0 {
            // Its source is what the client made for a destination.
            let is_list = source.len() >= CLIENT_ID_BYTES && is_version_list(cursor.rest());
            return is_list.then_some(Self { kind: PacketKind::VersionNegotiation, ..header });
        }
        let is_reserved = version & 0x0f0f_0f0f == 0x0a0a_0a0a;
        let is_anybody = destination.is_empty() && source.is_empty();
        if first & 0x40 == 0 || is_anybody || !(is_known(version) || is_reserved) {
            return None;
        }
        // Version 2 moved the types by one (RFC 9369 §3.2).
        let kind = (first >> 4 & 3).wrapping_sub(u8::from(version == V2)) & 3;
        if kind == 3 {
            // A Retry ends with a tag of 16 bytes (RFC 9000 §17.2.5).
            return (cursor.rest().len() >= 16).then_some(header);
        }
        let is_initial = kind == 0;
        if is_initial {
            let token_len = varint(&mut cursor)?;
            cursor.take(token_len).ok()?;
        }
        let length = varint(&mut cursor)?;
        let number_at = datagram.len() - cursor.rest().len();
        // A packet number, a byte and the tag are the least there is.
        if length < 20 || number_at.checked_add(length)? > wire_len {
            return None;
        }
        let kind = if is_initial { PacketKind::Initial } else { PacketKind::Other };
        Some(Self { kind, number_at, length, ..header })
    }
}

/// Whether a version is one of the RFCs, of the later drafts, or of Facebook's mvfst.
const fn is_known(version: u32) -> bool {
    matches!(version, 1 | V2 | 0xff00_0017..=0xff00_0022 | 0xface_b000..=0xface_b00f)
}

/// A Version Negotiation packet ends in versions, at least one of which is known (RFC 9000 §17.2.1).
fn is_version_list(bytes: &[u8]) -> bool {
    let (versions, rest) = bytes.as_chunks();
    rest.is_empty() && versions.iter().any(|version| is_known(u32::from_be_bytes(*version)))
}

/// Decrypts every Initial of a client's datagram into `crypto`; false if none is one.
pub(super) fn open_all(datagram: &[u8], crypto: &mut Crypto) -> bool {
    let mut opened = false;
    let mut rest = datagram;
    if datagram.len() < CLIENT_DATAGRAM_BYTES {
        return false;
    }
    // Packets may be coalesced (RFC 9000 §12.2): each is shorter than what it was found in.
    while let Some(header) = LongHeader::parse(rest, rest.len()) {
        if header.kind != PacketKind::Initial {
            break;
        }
        let Some((packet, after)) = rest.split_at_checked(header.number_at + header.length) else { break };
        let mut buffer = [0; DATAGRAM_BYTES];
        let Some(copy) = buffer.get_mut(..packet.len()) else { break };
        copy.copy_from_slice(packet);
        let Some(frames) = open(&header, copy) else { break };
        crypto.add_frames(frames);
        opened = true;
        rest = after;
    }
    opened
}

/// Removes header protection and decrypts a packet in place (RFC 9001 §5.3, §5.4).
fn open<'p>(header: &LongHeader<'_>, packet: &'p mut [u8]) -> Option<&'p [u8]> {
    let keys = Keys::of_client(header.version, header.destination)?;
    let sample = packet.get(header.number_at + 4..header.number_at + 20)?;
    let [first_mask, number_mask @ ..] = keys.header.new_mask(sample).ok()?;
    let first = packet.first_mut()?;
    *first ^= first_mask & 0x0f;
    let number_len = usize::from(*first & 3) + 1;
    let (head, payload) = packet.split_at_mut_checked(header.number_at + number_len)?;
    let mut nonce = keys.iv;
    // The packet number lies over the IV's last bytes.
    for ((byte, mask), iv) in
        head.get_mut(header.number_at..)?.iter_mut().zip(number_mask).zip(nonce.get_mut(12 - number_len..)?)
    {
        *byte ^= mask;
        *iv ^= *byte;
    }
    let nonce = Nonce::assume_unique_for_key(nonce);
    keys.packet.open_in_place(nonce, Aad::from(head), payload).ok().map(|frames| &*frames)
}

/// What protects a client's Initial packets.
pub(super) struct Keys {
    pub(super) packet: LessSafeKey,
    pub(super) header: quic::HeaderProtectionKey,
    pub(super) iv: [u8; 12],
}

impl Keys {
    /// Derives the keys from the first connection ID that the client chose (RFC 9001 §5.2).
    pub(super) fn of_client(version: u32, destination: &[u8]) -> Option<Self> {
        const V1_SALT: [u8; 20] =
            *b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a";
        const V2_SALT: [u8; 20] =
            *b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9";
        const DRAFT_29_SALT: [u8; 20] =
            *b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99";
        const DRAFT_23_SALT: [u8; 20] =
            *b"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02";
        let (salt, [key_label, iv_label, header_label]) = match version {
            1 | 0xff00_0021 | 0xff00_0022 => (V1_SALT, V1_LABELS),
            V2 => (V2_SALT, [&b"quicv2 key"[..], b"quicv2 iv", b"quicv2 hp"]),
            0xff00_001d..=0xff00_0020 => (DRAFT_29_SALT, V1_LABELS),
            0xff00_0017..=0xff00_001c | 0xface_b002 => (DRAFT_23_SALT, V1_LABELS),
            _ => return None,
        };
        let initial = hkdf::Salt::new(hkdf::HKDF_SHA256, &salt).extract(destination);
        let client = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &expand::<32>(&initial, b"client in")?);
        let packet = UnboundKey::new(&AES_128_GCM, &expand::<16>(&client, key_label)?).ok()?;
        Some(Self {
            packet: LessSafeKey::new(packet),
            header: quic::HeaderProtectionKey::new(&quic::AES_128, &expand::<16>(&client, header_label)?)
                .ok()?,
            iv: expand(&client, iv_label)?,
        })
    }
}

const V1_LABELS: [&[u8]; 3] = [b"quic key", b"quic iv", b"quic hp"];

/// HKDF-Expand-Label of TLS 1.3, without context (RFC 8446 §7.1).
fn expand<const N: usize>(secret: &hkdf::Prk, label: &[u8]) -> Option<[u8; N]> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    const PREFIX: &[u8] = b"tls13 ";
    let length = u16::try_from(N).ok()?.to_be_bytes();
    let label_len = [u8::try_from(PREFIX.len() + label.len()).ok()?];
    let mut output = [0; N];
    let info = [&length[..], &label_len, PREFIX, label, &[0]];
    secret.expand(&info, Length(N)).ok()?.fill(&mut output).ok()?;
    Some(output)
}
