//! A DNS message (RFC 1035 §4), as DNS, mDNS, LLMNR and the NetBIOS name service share it.
//!
//! Nothing allocates: names are read into a fixed buffer, records are slices of the message.
//! A compression pointer must point before the run of labels it ends, so every walk terminates.

use sekisho_decode::{Addr, Cursor, DecodeError, Layer};

use crate::text::{HOST_BYTES, is_host};

/// `A`, `TXT`, `AAAA`, `SVCB` and `HTTPS` (RFC 1035, RFC 3596, RFC 9460), and class `IN`.
pub(crate) const A: u16 = 1;
pub(crate) const TXT: u16 = 16;
pub(crate) const AAAA: u16 = 28;
pub(crate) const SVCB: u16 = 64;
pub(crate) const HTTPS: u16 = 65;
pub(crate) const IN: u16 = 1;

/// The shortest record: root name, type, class, TTL, length.
const RECORD_BYTES: usize = 11;

/// The header's fields after the ID.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) flags: u16,
    pub(crate) questions: u16,
    pub(crate) answers: u16,
    pub(crate) authorities: u16,
    pub(crate) additionals: u16,
}

impl Header {
    pub(crate) const fn is_response(self) -> bool {
        self.flags & 0x8000 != 0
    }
    pub(crate) const fn opcode(self) -> u8 {
        Self::opcode_of(self.flags)
    }
    pub(crate) const fn opcode_of(flags: u16) -> u8 {
        (flags >> 11 & 0xf) as u8
    }
    pub(crate) const fn rcode(self) -> u8 {
        (self.flags & 0xf) as u8
    }
    /// How many records of all three sections.
    pub(crate) fn records(self) -> usize {
        usize::from(self.answers) + usize::from(self.authorities) + usize::from(self.additionals)
    }
}

/// A question, its name unread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) name_at: usize,
    pub(crate) kind: u16,
    pub(crate) class: u16,
}

/// A resource record, its owner unread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) owner_at: usize,
    pub(crate) kind: u16,
    pub(crate) class: u16,
    pub(crate) ttl_s: u32,
    pub(crate) data: &'a [u8],
}

impl Record<'_> {
    /// Gives the address of an `A` or `AAAA` record, whatever the class' cache-flush bit.
    pub(crate) fn address(&self) -> Option<Addr> {
        match self.kind {
            A => Some(Addr::v4(self.data.try_into().ok()?)),
            AAAA => Some(Addr::v6(self.data.try_into().ok()?)),
            _ => None,
        }
    }
}

/// A domain name in presentation form, as it stood on the wire.
#[derive(Debug)]
pub(crate) struct Name {
    bytes: [u8; HOST_BYTES],
    len: usize,
    /// A label holds a dot, which the presentation form cannot show.
    odd: bool,
}

impl Name {
    /// Gives the name if it is safe and plausible as a host's.
    pub(crate) fn host(&self) -> Option<&str> {
        let text = std::str::from_utf8(self.bytes()).ok()?;
        (!self.odd && is_host(text)).then_some(text)
    }
    /// Gives the bytes, dots between the labels.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
    /// Folds ASCII letters: names are compared without case (RFC 4343).
    pub(crate) fn lower(mut self) -> Self {
        self.bytes.make_ascii_lowercase();
        self
    }

    fn push(&mut self, label: &[u8]) -> Option<()> {
        if self.len > 0 {
            *self.bytes.get_mut(self.len)? = b'.';
            self.len += 1;
        }
        self.bytes.get_mut(self.len..self.len + label.len())?.copy_from_slice(label);
        self.len += label.len();
        self.odd |= label.contains(&b'.');
        Some(())
    }
}

/// Walks a message from front to back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    message: &'a [u8],
    cursor: Cursor<'a>,
}

impl<'a> Reader<'a> {
    /// Reads the header and stands at the first question.
    pub(crate) fn start(message: &'a [u8]) -> Result<(Header, Self), DecodeError> {
        let mut cursor = Cursor::new(Layer::Application, message);
        cursor.u16()?;
        let header = Header {
            flags: cursor.u16()?,
            questions: cursor.u16()?,
            answers: cursor.u16()?,
            authorities: cursor.u16()?,
            additionals: cursor.u16()?,
        };
        Ok((header, Self { message, cursor }))
    }

    /// What no section has used.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.cursor.rest()
    }

    pub(crate) fn question(&mut self) -> Result<Question, DecodeError> {
        let name_at = self.offset();
        self.skip_name()?;
        Ok(Question { name_at, kind: self.cursor.u16()?, class: self.cursor.u16()? })
    }

    pub(crate) fn record(&mut self) -> Result<Record<'a>, DecodeError> {
        let owner_at = self.offset();
        self.skip_name()?;
        let (kind, class, ttl_s) = (self.cursor.u16()?, self.cursor.u16()?, self.cursor.u32()?);
        let len = usize::from(self.cursor.u16()?);
        Ok(Record { owner_at, kind, class, ttl_s, data: self.cursor.take(len)? })
    }

    /// Walks every record of the header's three sections.
    ///
    /// With `cut`, the capture kept only the message's head and the walk may end early.
    pub(crate) fn walk(mut self, header: Header, cut: bool) -> Result<Self, DecodeError> {
        if !cut && header.records() * RECORD_BYTES > self.rest().len() {
            return Err(self.cursor.malformed("more records than bytes"));
        }
        for _ in 0..header.records() {
            match self.record() {
                Ok(_) => {}
                Err(DecodeError::Truncated { .. }) if cut => break,
                Err(error) => return Err(error),
            }
        }
        Ok(self)
    }

    /// Reads the name at an offset that [`Question`] or [`Record`] gave, compression followed.
    pub(crate) fn name_at(&self, offset: usize) -> Result<Name, DecodeError> {
        let mut name = Name { bytes: [0; HOST_BYTES], len: 0, odd: false };
        let mut run = offset;
        let mut cursor = self.at(run)?;
        loop {
            match cursor.u8()? {
                0 => return Ok(name),
                length @ 1..=0x3f => {
                    let label = cursor.take(usize::from(length))?;
                    name.push(label).ok_or_else(|| cursor.malformed("name longer than 255 bytes"))?;
                }
                high @ 0xc0.. => {
                    let target = usize::from(u16::from_be_bytes([high & 0x3f, cursor.u8()?]));
                    if target >= run {
                        return Err(cursor.malformed("compression pointer does not point back"));
                    }
                    run = target;
                    cursor = self.at(run)?;
                }
                _ => return Err(cursor.malformed("reserved label type")),
            }
        }
    }

    fn at(&self, offset: usize) -> Result<Cursor<'a>, DecodeError> {
        let mut cursor = Cursor::new(Layer::Application, self.message);
        cursor.take(offset)?;
        Ok(cursor)
    }

    const fn offset(&self) -> usize {
        self.message.len() - self.cursor.rest().len()
    }

    fn skip_name(&mut self) -> Result<(), DecodeError> {
        loop {
            match self.cursor.u8()? {
                0 => return Ok(()),
                length @ 1..=0x3f => {
                    self.cursor.take(usize::from(length))?;
                }
                0xc0.. => {
                    self.cursor.u8()?;
                    return Ok(());
                }
                _ => return Err(self.cursor.malformed("reserved label type")),
            }
        }
    }
}

/// Calls `found` with every address hint of an `SVCB` or `HTTPS` record's data (RFC 9460 §7.3).
pub(crate) fn address_hints(data: &[u8], mut found: impl FnMut(Addr)) -> Result<(), DecodeError> {
    const IPV4_HINT: u16 = 4;
    const IPV6_HINT: u16 = 6;
    // The target name is not compressed (RFC 9460 §2.2): the record's data is a message of its own.
    let mut reader = Reader { message: data, cursor: Cursor::new(Layer::Application, data) };
    reader.cursor.u16()?;
    reader.skip_name()?;
    let mut parameters = reader.cursor;
    while !parameters.rest().is_empty() {
        let (key, len) = (parameters.u16()?, parameters.u16()?);
        let value = parameters.take(usize::from(len))?;
        match key {
            IPV4_HINT => value.as_chunks().0.iter().for_each(|hint| found(Addr::v4(*hint))),
            IPV6_HINT => value.as_chunks().0.iter().for_each(|hint| found(Addr::v6(*hint))),
            _ => {}
        }
    }
    Ok(())
}
