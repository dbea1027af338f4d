//! NetBIOS over UDP (RFC 1001, RFC 1002): the name service and the datagram service.
//!
//! Registrations, positive answers, node status and the sender of a datagram become
//! [`Fact::Named`], for unique names of a workstation (suffix 0x00) or file server (0x20) only:
//! group names are workgroups, other suffixes are users and roles.

use sekisho_decode::{Addr, Cursor, DecodeError, Layer};

use crate::dns::message::{Header, IN, Name, Question, Reader, Record};
use crate::text::is_host;
use crate::{Fact, Found, Look, NameSource, Over, Protocol, Side, Sight, Sink, Start};

#[cfg(test)]
mod tests;

const NAME_PORT: u16 = 137;
const DATAGRAM_PORT: u16 = 138;

/// Record types (RFC 1002 §4.2.1.3). NBSTAT is also DNS's SRV: the encoded name tells them apart.
const NB: u16 = 0x0020;
const NBSTAT: u16 = 0x0021;

/// The group bit of NB_FLAGS and of NAME_FLAGS (RFC 1002 §4.2.1.3, §4.2.18).
const GROUP: u16 = 0x8000;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "netbios",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[NAME_PORT, DATAGRAM_PORT],
    start: Start::ANYHOW,
    look,
};

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let server = name_service(sight, sink).map(Some).or_else(|| datagram(sight, sink).map(|()| None));
    if server.is_some() {
        *memo = 1;
    }
    match (server, *memo) {
        (Some(Some(server)), _) => Look::Reading(Found::served_by(95, server)),
        (Some(None), _) | (None, 1) => Look::Reading(Found::new(95)),
        (None, _) => Look::No,
    }
}

/// Reads a name service packet and tells who answers; `None` if it is not one.
fn name_service(sight: &Sight<'_>, sink: &mut dyn Sink) -> Option<Side> {
    const RELEASE: u8 = 6;
    let (header, mut reader) = Reader::start(sight.data).ok()?;
    if !is_name_service(header) {
        return None;
    }
    let question = if header.questions == 1 { Some(reader.question().ok()?) } else { None };
    if let Some(Question { name_at, kind, class }) = question {
        NetbiosName::decode(&reader.name_at(name_at).ok()?)?;
        if !matches!(kind, NB | NBSTAT) || class != IN {
            return None;
        }
    }
    for _ in 0..header.records() {
        let record = reader.record().ok()?;
        let owner = NetbiosName::decode(&reader.name_at(record.owner_at).ok()?)?;
        if header.rcode() != 0 || header.opcode() == RELEASE {
            continue;
        }
        // A half-read record of a damaged packet has named whom it could.
        let _ = match record.kind {
            NB => named_addresses(&record, &owner, sink),
            NBSTAT => node_status(&record, sight.source().0, sink),
            _ => Ok(()),
        };
    }
    Some(if header.is_response() { sight.sender() } else { sight.sender().peer() })
}

/// Says whether the header is that of a packet of RFC 1002 §4.2.
fn is_name_service(header: Header) -> bool {
    const RESERVED: u16 = 0x0060;
    let opcode_ok = matches!(header.opcode(), 0 | 5..=9 | 15);
    let one_record = header.records() == 1;
    let counts_ok = if header.is_response() {
        header.questions == 0 && one_record
    } else {
        // A query asks only; a registration, refresh or release brings its record.
        header.questions == 1 && header.authorities == 0 && one_record == (header.opcode() != 0)
    };
    opcode_ok && counts_ok && header.flags & RESERVED == 0
}

/// Reads an NB record's list of flags and addresses.
fn named_addresses(record: &Record<'_>, owner: &NetbiosName, sink: &mut dyn Sink) -> Result<(), DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, record.data);
    while !cursor.rest().is_empty() {
        let (flags, address) = (cursor.u16()?, Addr::v4(cursor.array()?));
        if flags & GROUP == 0 {
            name(owner, address, sink);
        }
    }
    Ok(())
}

/// Reads a node status answer (RFC 1002 §4.2.18): every name that its sender holds.
fn node_status(record: &Record<'_>, sender: Addr, sink: &mut dyn Sink) -> Result<(), DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, record.data);
    for _ in 0..cursor.u8()? {
        let held = NetbiosName(cursor.array()?);
        if cursor.u16()? & GROUP == 0 {
            name(&held, sender, sink);
        }
    }
    Ok(())
}

/// Reads a datagram service packet (RFC 1002 §4.4): its source name is the sender's own.
fn datagram(sight: &Sight<'_>, sink: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    // DIRECT_UNIQUE, DIRECT_GROUP and BROADCAST DATAGRAM.
    if !matches!(cursor.u8().ok()?, 0x10..=0x12) || cursor.u8().ok()? & 0xf0 != 0 {
        return None;
    }
    cursor.u16().ok()?;
    let address = Addr::v4(cursor.array().ok()?);
    // Some stacks leave the source port zero, so it tells nothing.
    let _port = cursor.u16().ok()?;
    let (length, _offset) = (cursor.u16().ok()?, cursor.u16().ok()?);
    if usize::from(length) + 14 > sight.wire_len {
        return None;
    }
    let source = NetbiosName::first_level(cursor.rest())?;
    name(&source, address, sink);
    Some(())
}

fn name(held: &NetbiosName, address: Addr, sink: &mut dyn Sink) {
    if let Some(name) = held.host().filter(|_| !address.is_group()) {
        sink.fact(Fact::Named { address, name, source: NameSource::Netbios });
    }
}

/// Fifteen bytes padded with spaces, and the suffix that says what bears the name.
struct NetbiosName([u8; 16]);

impl NetbiosName {
    /// Decodes a name's first label: two letters from `A` to `P` a byte (RFC 1001 §14.1).
    fn decode(name: &Name) -> Option<Self> {
        let (letters, scope) = name.bytes().split_first_chunk::<32>()?;
        matches!(scope.first(), None | Some(b'.')).then_some(())?;
        Self::from_letters(letters)
    }

    /// Decodes an uncompressed name: its length byte, its letters.
    fn first_level(bytes: &[u8]) -> Option<Self> {
        let letters = bytes.strip_prefix(&[32])?.first_chunk()?;
        Self::from_letters(letters)
    }

    fn from_letters(letters: &[u8; 32]) -> Option<Self> {
        let mut bytes = [0; 16];
        for (byte, [high, low]) in bytes.iter_mut().zip(letters.as_chunks().0) {
            if !matches!((high, low), (b'A'..=b'P', b'A'..=b'P')) {
                return None;
            }
            *byte = (high - b'A') << 4 | (low - b'A');
        }
        Some(Self(bytes))
    }

    /// Gives the name of a workstation or file server, `None` for any other or for unsafe text.
    fn host(&self) -> Option<&str> {
        let [name @ .., suffix] = &self.0;
        if !matches!(suffix, 0x00 | 0x20) {
            return None;
        }
        std::str::from_utf8(name.trim_ascii_end()).ok().filter(|name| is_host(name))
    }
}
