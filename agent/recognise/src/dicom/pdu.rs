//! The PDUs of DICOM's upper layer (PS3.8 §9.3): association requests and answers in full, of every
//! other PDU the header alone.
//!
//! ```text
//! type 0 | length (4) | version (2) 0 0 | called AE (16) | calling AE (16) | reserved (32) | items
//! item: type 0 | length (2) | value        0x10 application context
//!                                          0x20 proposed context, 0x21 accepted or refused context
//!                                          0x50 user information: 0x52, 0x54, 0x55
//! ```
//!
//! The user identity item (0x58) holds names and passwords; nothing here reads it.

use std::iter;

use sekisho_decode::{Cursor, DecodeError, Layer};

pub(super) const ASSOCIATE_RQ: u8 = 0x01;
pub(super) const ASSOCIATE_AC: u8 = 0x02;
const ASSOCIATE_RJ: u8 = 0x03;
pub(super) const P_DATA: u8 = 0x04;
const RELEASE_RQ: u8 = 0x05;
const RELEASE_RP: u8 = 0x06;
const ABORT: u8 = 0x07;

const APPLICATION_CONTEXT: u8 = 0x10;
const USER_INFORMATION: u8 = 0x50;
const ABSTRACT_SYNTAX: u8 = 0x30;
const IMPLEMENTATION_CLASS: u8 = 0x52;
const ROLE_SELECTION: u8 = 0x54;
const IMPLEMENTATION_VERSION: u8 = 0x55;

/// Bytes of a PDU before its items, without the six of its header.
const FIXED_BYTES: usize = 68;

/// The longest association PDU believed: 128 contexts of a few dozen transfer syntaxes stay below it.
const MOST_BYTES: usize = 1 << 18;

/// The longest P-DATA-TF believed where nothing went before: what is agreed on is KiB, of the boldest some MiB.
const MOST_DATA_BYTES: u32 = 1 << 24;

/// Of a value's control header: the last fragment of a command or a data set (PS3.8 §E.2).
const LAST: u8 = 2;

/// Context ids are odd bytes (PS3.8 §9.3.2.2), so an association has at most 128.
const MOST_CONTEXTS: usize = 128;

/// The longest UID (PS3.5 §9.1).
pub(super) const UID_BYTES: usize = 64;

/// An A-ASSOCIATE-RQ or A-ASSOCIATE-AC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Association<'a> {
    /// The application asked for; `None` where the field is blank.
    pub(super) called_ae: Option<&'a str>,
    /// The application that asks; `None` where the field is blank.
    pub(super) calling_ae: Option<&'a str>,
    /// Whether every item is there.
    pub(super) is_complete: bool,
    items: Items<'a>,
    /// What was sent after this PDU.
    after: &'a [u8],
}

/// A presentation context: proposed (0x20) or answered (0x21).
#[derive(Clone, Copy, Debug)]
struct Context<'a> {
    id: u8,
    result: u8,
    syntaxes: Items<'a>,
}

impl<'a> Association<'a> {
    /// Reads a PDU of type `kind` from a stream's start, as far as it is there.
    ///
    /// Truncated means that the fixed part or the application context is not there yet.
    pub(super) fn parse(kind: u8, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(Layer::Application, bytes);
        if cursor.u8()? != kind {
            return Err(cursor.malformed("another PDU type"));
        }
        cursor.u8()?;
        let len = cursor.u32()? as usize;
        if !(FIXED_BYTES..=MOST_BYTES).contains(&len) {
            return Err(cursor.malformed("length no association has"));
        }
        if cursor.u16()? & 1 == 0 {
            return Err(cursor.malformed("not protocol version 1"));
        }
        cursor.u16()?;
        let (called, calling) = (cursor.take(16)?, cursor.take(16)?);
        let (Some(called_ae), Some(calling_ae)) = (ae_title(called), ae_title(calling)) else {
            return Err(cursor.malformed("an AE title of other than ISO 646 characters"));
        };
        cursor.take(32)?;
        let is_complete = cursor.rest().len() >= len - FIXED_BYTES;
        let items = if is_complete { cursor.take(len - FIXED_BYTES)? } else { cursor.rest() };
        let mut first = Cursor::new(Layer::Application, items);
        if first.u8()? != APPLICATION_CONTEXT {
            return Err(first.malformed("no application context in front"));
        }
        first.u8()?;
        let name_len = usize::from(first.u16()?);
        if uid(first.take(name_len)?).is_none() {
            return Err(first.malformed("an application context that is no UID"));
        }
        let after = if is_complete { cursor.rest() } else { &[] };
        Ok(Self { called_ae, calling_ae, is_complete, items: Items(first.rest()), after })
    }

    fn contexts(&self, kind: u8) -> impl Iterator<Item = Context<'a>> {
        self.items.of(kind).take(MOST_CONTEXTS).filter_map(|value| {
            let mut cursor = Cursor::new(Layer::Application, value);
            let [id, _, result, _] = cursor.array().ok()?;
            Some(Context { id, result, syntaxes: Items(cursor.rest()) })
        })
    }

    /// The proposed SOP classes with their context ids, as they stand in a request.
    fn proposals(&self) -> impl Iterator<Item = (u8, &'a str)> {
        self.contexts(0x20)
            .filter_map(|context| Some((context.id, uid(context.syntaxes.of(ABSTRACT_SYNTAX).next()?)?)))
    }

    /// The SOP classes a request proposes to use or to serve the ordinary way, each once.
    ///
    /// Left out are those for which it offers itself as provider only (PS3.7 §D.3.3.4): a viewer that
    /// will be sent its images by C-GET is no source of such images.
    pub(super) fn classes(&self) -> impl Iterator<Item = &'a str> {
        self.proposals().enumerate().filter_map(|(index, (_, class))| {
            let is_first = !self.proposals().take(index).any(|(_, earlier)| earlier == class);
            (is_first && !self.only_provides(class)).then_some(class)
        })
    }

    /// The SOP class a request proposed under a context id.
    pub(super) fn class_of(&self, id: u8) -> Option<&'a str> {
        self.proposals().find(|(proposed, _)| *proposed == id).map(|(_, class)| class)
    }

    /// The classes of `request` that this answer accepts (result 0, PS3.8 §9.3.3.2), each once.
    pub(super) fn accepted(&self, request: &Association<'a>) -> impl Iterator<Item = &'a str> {
        let mut ids: u128 = 0;
        for context in self.contexts(0x21).filter(|context| context.result == 0) {
            ids |= 1 << (context.id >> 1);
        }
        request.classes().filter(move |class| {
            request.proposals().any(|(id, proposed)| proposed == *class && ids >> (id >> 1) & 1 == 1)
        })
    }

    pub(super) fn implementation_uid(&self) -> Option<&'a str> {
        self.user_information(IMPLEMENTATION_CLASS).next().and_then(uid)
    }

    pub(super) fn implementation_version(&self) -> Option<&'a str> {
        let value = self.user_information(IMPLEMENTATION_VERSION).next()?;
        // PS3.7 §D.3.3.2: 1 to 16 characters; some send a few more.
        if value.len() > 32 { None } else { iso_646(value).filter(|text| !text.is_empty()) }
    }

    /// The context that the sender's first P-DATA names, `Ok(None)` if another PDU follows.
    pub(super) fn first_use(&self) -> Result<Option<u8>, DecodeError> {
        if !self.is_complete {
            return Ok(None);
        }
        match data_context(self.after) {
            Ok(id) => Ok(Some(id)),
            Err(error @ DecodeError::Truncated { .. }) => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn only_provides(&self, class: &str) -> bool {
        self.user_information(ROLE_SELECTION).any(|value| {
            let mut cursor = Cursor::new(Layer::Application, value);
            let Ok(len) = cursor.u16() else { return false };
            let Ok(name) = cursor.take(usize::from(len)) else { return false };
            // The SCU role, then the SCP role.
            uid(name) == Some(class) && cursor.rest() == [0, 1]
        })
    }

    fn user_information(&self, kind: u8) -> impl Iterator<Item = &'a [u8]> {
        self.items.of(USER_INFORMATION).take(1).flat_map(move |value| Items(value).of(kind))
    }
}

/// Reads the header of a P-DATA-TF and of its first value, and gives the presentation context's id.
///
/// Twelve bytes (PS3.8 §9.3.5 and §E.2), never the value.
pub(super) fn data_context(bytes: &[u8]) -> Result<u8, DecodeError> {
    data(bytes).map(|data| data.context)
}

/// Tells whether what nothing went before is a P-DATA-TF: then its first value is all of it, or ends a message,
/// which another follows.
pub(super) fn is_data(bytes: &[u8]) -> Result<bool, DecodeError> {
    let data = data(bytes)?;
    Ok(data.reserved == 0 && data.pdu_len < MOST_DATA_BYTES && (data.is_alone || data.control & LAST != 0))
}

/// The header of a P-DATA-TF and of its first value.
struct Data {
    reserved: u8,
    pdu_len: u32,
    /// Whether the value fills the PDU.
    is_alone: bool,
    context: u8,
    control: u8,
}

fn data(bytes: &[u8]) -> Result<Data, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, bytes);
    if cursor.u8()? != P_DATA {
        return Err(cursor.malformed("another PDU type"));
    }
    let reserved = cursor.u8()?;
    let pdu_len = cursor.u32()?;
    let value_len = cursor.u32()?;
    // Each value has its id, its control byte and an even number of bytes; together they fill the PDU.
    if value_len < 2 || value_len % 2 == 1 || u64::from(value_len) + 4 > u64::from(pdu_len) {
        return Err(cursor.malformed("a value that does not fit its PDU"));
    }
    let [context, control] = cursor.array()?;
    if context % 2 == 0 || control > 3 {
        return Err(cursor.malformed("no presentation context, or no control header"));
    }
    Ok(Data { reserved, pdu_len, is_alone: value_len + 4 == pdu_len, context, control })
}

/// Tells whether the whole of `bytes` is one reject, release or abort PDU (PS3.8 §9.3.4, §9.3.6 to §9.3.8).
pub(super) fn is_closing(bytes: &[u8]) -> bool {
    let Ok([kind, 0, 0, 0, 0, 4, a, b, c, d]) = <[u8; 10]>::try_from(bytes) else {
        return false;
    };
    match kind {
        ASSOCIATE_RJ => a == 0 && matches!(b, 1 | 2) && matches!(c, 1..=3) && matches!(d, 1..=10),
        RELEASE_RQ | RELEASE_RP => (a, b, c, d) == (0, 0, 0, 0),
        ABORT => (a, b) == (0, 0) && c <= 2 && d <= 6,
        _ => false,
    }
}

/// A row of items, each a type, a reserved byte and a length of two bytes.
#[derive(Clone, Copy, Debug)]
struct Items<'a>(&'a [u8]);

impl<'a> Items<'a> {
    /// The values of the items of one type. Ends at an item that is not all there.
    fn of(self, kind: u8) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = Cursor::new(Layer::Application, self.0);
        iter::from_fn(move || item(&mut rest).ok())
            .filter(move |(found, _)| *found == kind)
            .map(|(_, value)| value)
    }
}

fn item<'a>(cursor: &mut Cursor<'a>) -> Result<(u8, &'a [u8]), DecodeError> {
    let [kind, _reserved] = cursor.array()?;
    let len = cursor.u16()?;
    Ok((kind, cursor.take(usize::from(len))?))
}

/// Reads an AE title: `Some(None)` where it is blank, `None` where it is no text.
#[expect(clippy::option_option, reason = "blank and wrong are different answers")]
fn ae_title(field: &[u8]) -> Option<Option<&str>> {
    iso_646(field).map(|text| if text.is_empty() { None } else { Some(text) })
}

/// Reads a UID (PS3.5 §9.1): digits and dots, perhaps padded.
fn uid(field: &[u8]) -> Option<&str> {
    let text = iso_646(field)?;
    let is_uid = text.len() <= UID_BYTES
        && text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_uid.then_some(text)
}

/// Reads a field of printable ISO 646 characters, padded with spaces or, against the standard, zeros.
fn iso_646(field: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(field).ok()?.trim_end_matches('\0').trim_matches(' ');
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte)).then_some(text)
}
