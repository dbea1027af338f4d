//! ClientHello and ServerHello (RFC 8446 §4.1, RFC 5246 §7.4.1, RFC 9147 §5.3), without allocation.

use sekisho_decode::{Cursor, DecodeError, Layer};

use super::ja4;
use crate::text::{self, HOST_BYTES};
use crate::{Key, Side, Sink};

/// Extension types (IANA, TLS ExtensionType Values).
pub(super) const SERVER_NAME: u16 = 0x0000;
const SIGNATURE_ALGORITHMS: u16 = 0x000d;
pub(super) const ALPN: u16 = 0x0010;
const SUPPORTED_VERSIONS: u16 = 0x002b;

/// The longest list of protocols that is noted, in bytes.
const ALPN_BYTES: usize = 128;

/// What carries the hello.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transport {
    /// TLS over TCP.
    Tcp,
    /// DTLS, whose hello has a cookie and whose versions count downwards.
    Dtls,
    /// QUIC's CRYPTO stream.
    Quic,
}

/// A ClientHello whose every length was checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientHello<'a> {
    pub(super) version: u16,
    ciphers: &'a [u8],
    extensions: &'a [u8],
    /// The data of those extensions that are read, where the client sent them.
    server_name: Option<&'a [u8]>,
    alpn: Option<&'a [u8]>,
    pub(super) algorithms: Option<&'a [u8]>,
    pub(super) versions: Option<&'a [u8]>,
}

impl<'a> ClientHello<'a> {
    /// Parses a whole message without its handshake header.
    pub(crate) fn parse(body: &'a [u8], transport: Transport) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(Layer::Application, body);
        let version = cursor.u16()?;
        let version_ok = match transport {
            Transport::Tcp | Transport::Quic => matches!(version, 0x0300..=0x0304),
            Transport::Dtls => matches!(version, 0x0100 | 0xfefc..=0xfeff),
        };
        if !version_ok {
            return Err(cursor.malformed("ClientHello of an unknown version"));
        }
        cursor.array::<32>()?;
        skip_session(&mut cursor)?;
        if transport == Transport::Dtls {
            let cookie = cursor.u8()?;
            cursor.take(cookie.into())?;
        }
        let length = cursor.u16()?;
        if length == 0 || length % 2 != 0 {
            return Err(cursor.malformed("odd list of cipher suites"));
        }
        let ciphers = cursor.take(length.into())?;
        let compressions = cursor.u8()?;
        cursor.take(compressions.into())?;
        let block = extension_block(&mut cursor)?;
        let (mut server_name, mut alpn, mut algorithms, mut versions) = (None, None, None, None);
        for (kind, data) in extensions(block) {
            let place = match kind {
                SERVER_NAME => &mut server_name,
                ALPN => &mut alpn,
                SIGNATURE_ALGORITHMS => &mut algorithms,
                SUPPORTED_VERSIONS => &mut versions,
                _ => continue,
            };
            place.get_or_insert(data);
        }
        Ok(Self { version, ciphers, extensions: block, server_name, alpn, algorithms, versions })
    }

    /// The cipher suites in the client's order.
    pub(super) fn ciphers(&self) -> impl Iterator<Item = u16> + use<'a> {
        numbers(self.ciphers)
    }

    /// The kinds of the extensions in the client's order.
    pub(super) fn extensions(&self) -> impl Iterator<Item = u16> + use<'a> {
        extensions(self.extensions).map(|(kind, _)| kind)
    }

    /// Tells whether the client says which server it means.
    pub(crate) const fn names_server(&self) -> bool {
        self.server_name.is_some()
    }

    /// The host name of the SNI extension (RFC 6066 §3).
    fn server_name(&self) -> Option<&'a [u8]> {
        let mut cursor = Cursor::new(Layer::Application, self.server_name?);
        cursor.u16().ok()?;
        let kind = cursor.u8().ok()?;
        let length = cursor.u16().ok()?;
        cursor.take(length.into()).ok().filter(|_| kind == 0)
    }

    /// The protocols offered (RFC 7301 §3.1).
    pub(super) fn protocols(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        protocols(self.alpn.unwrap_or_default())
    }

    /// Notes SNI, ALPN and JA4 about the client's side.
    pub(crate) fn note(&self, transport: Transport, side: Side, sink: &mut dyn Sink) {
        self.note_name(side, sink);
        self.note_protocols(side, sink);
        self.note_fingerprint(transport, side, sink);
    }

    /// Notes the host that the client asked for.
    pub(crate) fn note_name(&self, side: Side, sink: &mut dyn Sink) {
        if let Some(name) = self.server_name() {
            note_name(name, side, sink);
        }
    }

    /// Notes the protocols that the client offers.
    pub(crate) fn note_protocols(&self, side: Side, sink: &mut dyn Sink) {
        note_protocols(self.protocols(), side, sink);
    }

    /// Notes the client's JA4.
    pub(crate) fn note_fingerprint(&self, transport: Transport, side: Side, sink: &mut dyn Sink) {
        if let Some(ja4) = ja4::fingerprint(self, transport) {
            sink.note(side, Key::Ja4, ja4.as_str());
        }
    }
}

/// Checks as much of a hello's fixed part as is there: the version and the session ID's length.
pub(super) fn check_head(body: &[u8]) -> Result<(), DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, body);
    if !matches!(cursor.u16()?, 0x0300..=0x0304) {
        return Err(cursor.malformed("hello of an unknown version"));
    }
    cursor.array::<32>()?;
    skip_session(&mut cursor)
}

/// A version that a server chose.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Version(u16);

impl Version {
    /// Gives the name that reports show.
    pub(crate) const fn name(self) -> &'static str {
        match self.0 {
            0x0300 => "ssl3",
            0x0301 => "1.0",
            0x0302 => "1.1",
            0x0303 => "1.2",
            // 0x7fxx are the drafts of 1.3.
            _ => "1.3",
        }
    }
    /// From 1.3 on, what follows the ServerHello is encrypted.
    pub(super) const fn hides_certificates(self) -> bool {
        self.0 > 0x0303
    }
}

/// Reads the negotiated version out of a whole ServerHello (RFC 8446 §4.2.1).
pub(super) fn server_version(body: &[u8]) -> Result<Version, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, body);
    let legacy = cursor.u16()?;
    if !matches!(legacy, 0x0300..=0x0304 | 0x7f00..=0x7fff) {
        return Err(cursor.malformed("ServerHello of an unknown version"));
    }
    cursor.array::<32>()?;
    // The early drafts of 1.3 have neither a session ID nor a compression method.
    if legacy >= 0x7f00 {
        return Ok(Version(legacy));
    }
    skip_session(&mut cursor)?;
    cursor.array::<3>()?;
    let chosen = extensions(extension_block(&mut cursor)?)
        .find(|(kind, _)| *kind == SUPPORTED_VERSIONS)
        .and_then(|(_, data)| data.try_into().ok())
        .map(u16::from_be_bytes)
        .filter(|version| matches!(version, 0x0304 | 0x7f00..=0x7fff));
    Ok(Version(chosen.unwrap_or(legacy)))
}

/// The random of a ServerHello that is a HelloRetryRequest: SHA-256 of its name (RFC 8446 §4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Tells whether a ServerHello asks the client for another hello, which has a fingerprint of its own.
pub(super) fn asks_again(body: &[u8]) -> bool {
    body.get(2..34).is_some_and(|random| *random == RETRY_RANDOM)
}

/// Notes a host name that a client asked for.
pub(crate) fn note_name(name: &[u8], side: Side, sink: &mut dyn Sink) {
    if let Some(name) = text::host(name, &mut [0; HOST_BYTES]) {
        sink.note(side, Key::Sni, name);
    }
}

/// Notes the protocols that a client offers, joined by commas; the preferred one stands first.
pub(crate) fn note_protocols<'a>(protocols: impl Iterator<Item = &'a [u8]>, side: Side, sink: &mut dyn Sink) {
    let mut list = [0; ALPN_BYTES];
    let mut len = 0;
    for protocol in protocols.filter(|protocol| protocol.iter().all(u8::is_ascii_graphic)) {
        let comma = usize::from(len > 0);
        let Some(place) = list.get_mut(len..len + comma + protocol.len()) else { break };
        if let [separator, rest @ ..] = place
            && comma == 1
        {
            *separator = b',';
            rest.copy_from_slice(protocol);
        } else {
            place.copy_from_slice(protocol);
        }
        len += comma + protocol.len();
    }
    if let Some(list) = list.get(..len).and_then(text::note) {
        sink.note(side, Key::Alpn, list);
    }
}

/// The names in an ALPN extension's data.
pub(crate) fn protocols(extension: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut cursor = Cursor::new(Layer::Application, extension.get(2..).unwrap_or_default());
    std::iter::from_fn(move || {
        let length = cursor.u8().ok()?;
        cursor.take(length.into()).ok()
    })
}

/// The numbers of a list of two-byte codes.
pub(super) fn numbers(list: &[u8]) -> impl Iterator<Item = u16> {
    list.as_chunks().0.iter().map(|code| u16::from_be_bytes(*code))
}

fn skip_session(cursor: &mut Cursor<'_>) -> Result<(), DecodeError> {
    let length = cursor.u8()?;
    if length > 32 {
        return Err(cursor.malformed("session ID longer than 32 bytes"));
    }
    cursor.take(length.into()).map(|_| ())
}

/// Takes the extensions that end a hello; none at all before TLS 1.2 (RFC 5246 §7.4.1.2).
fn extension_block<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], DecodeError> {
    if cursor.rest().is_empty() {
        return Ok(&[]);
    }
    let length = cursor.u16()?;
    let block = cursor.take(length.into())?;
    let covered: usize = extensions(block).map(|(_, data)| 4 + data.len()).sum();
    if covered != block.len() || !cursor.rest().is_empty() {
        return Err(cursor.malformed("extensions do not fill the hello"));
    }
    Ok(block)
}

fn extensions(mut block: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let ([kind_high, kind_low, high, low], rest) = block.split_first_chunk()?;
        let (data, rest) = rest.split_at_checked(u16::from_be_bytes([*high, *low]).into())?;
        block = rest;
        Some((u16::from_be_bytes([*kind_high, *kind_low]), data))
    })
}
