//! HL7 version 2 over the minimal lower layer protocol: which system sends what kind of message to which.
//!
//! ```text
//! 0x0b MSH|^~\&|SENDING_APP|FACILITY|RECEIVING_APP|FACILITY|time|security|ADT^A08|id|P|2.5 … CR … 0x1c CR
//! ```
//!
//! Of each message MSH-3 to MSH-6 and MSH-9 are read (HL7 v2.5.1 §2.15.9); the framing is
//! HL7's "Transport Specification: MLLP".
//!
//! Invariant: fields end at the header's carriage return. The segments behind it, which name
//! patients, are only stepped over to find the end of the frame.

#[cfg(test)]
mod tests;

use crate::text::find;
use crate::{Found, Key, Look, Over, Protocol, STREAM_BUDGET, Side, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "hl7",
    tunnel: false,
    over: &[Over::Tcp],
    // IANA hl7; 6661 is what the most common interface engine comes with.
    ports: &[2575, 6661],
    start: Start::ANYHOW,
    look,
};

const START: &[u8] = b"\x0bMSH";
const END: &[u8] = b"\x1c\r";

/// The longest MSH segment waited for. Real ones stay below 300 bytes.
const HEADER_BYTES: usize = 1024;

/// The longest application or facility noted. HD fields were 180 at most, names in use are short.
const NAME_BYTES: usize = 64;

/// Segments read of a stream picked up in the middle, where nothing else ends the reading.
const MOST_SEGMENTS: u32 = 64;

/// The memo holds how far each side's stream is read, orig's in the lower half, and that it is HL7.
const IS_HL7: u32 = 1 << 31;
const _: () = assert!(STREAM_BUDGET < 1 << 15, "two offsets and a mark share the memo");

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    if sight.from_start { look_at_stream(sight, memo, sink) } else { look_at_segment(sight, memo, sink) }
}

/// Looks at a stream from its start: frame follows frame.
fn look_at_stream(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let shift = if sight.from_orig { 0 } else { 16 };
    let mut at = (*memo >> shift & 0x7fff) as usize;
    loop {
        let rest = sight.data.get(at..).unwrap_or_default();
        let message = match read_frame(rest) {
            Frame::Header(message) => message,
            Frame::Partial if *memo & IS_HL7 == 0 => return Look::More,
            Frame::Partial => break,
            Frame::Other if *memo & IS_HL7 == 0 => return Look::No,
            // Between frames: only the end of the last one is of interest.
            Frame::Other => {
                let Some(end) = find(rest, END) else {
                    // The first byte of the end may be there already.
                    at = at.max(sight.data.len().saturating_sub(1));
                    break;
                };
                at += end + END.len();
                continue;
            }
        };
        *memo |= IS_HL7;
        message.note(sight.sender(), sink);
        // Past the mark, so that the next search begins inside the frame.
        at += START.len();
    }
    *memo = *memo & !(0x7fff << shift) | (at.min(0x7fff) as u32) << shift;
    if sight.data.len() >= STREAM_BUDGET { Look::Is(Found::new(98)) } else { Look::Reading(Found::new(98)) }
}

/// Looks at one segment of a stream picked up in the middle: its first message, if one begins in it.
fn look_at_segment(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let from = if sight.data.starts_with(START) {
        Some(0)
    } else {
        find(sight.data, b"\x1c\r\x0bMSH").map(|end| end + END.len())
    };
    let frame = from.and_then(|from| sight.data.get(from..)).map(read_frame);
    if let Some(Frame::Header(message)) = frame {
        *memo |= IS_HL7;
        message.note(sight.sender(), sink);
    }
    if *memo & IS_HL7 == 0 {
        return Look::No;
    }
    *memo += 1;
    if *memo & !IS_HL7 >= MOST_SEGMENTS { Look::Is(Found::new(95)) } else { Look::Reading(Found::new(95)) }
}

/// What stands at a place of the stream.
enum Frame<'a> {
    Header(Message<'a>),
    /// The beginning of a frame whose header is not all there.
    Partial,
    Other,
}

/// The fields that are read of an MSH segment.
#[derive(Default)]
struct Message<'a> {
    /// MSH-3 to MSH-6.
    names: [Option<&'a str>; 4],
    /// Message code and trigger event.
    kind: Option<(&'a str, Option<&'a str>)>,
}

/// Reads the start of a frame and its MSH segment.
fn read_frame(bytes: &[u8]) -> Frame<'_> {
    if START.starts_with(bytes) {
        return Frame::Partial;
    }
    let Some(header) = bytes.strip_prefix(START) else {
        return Frame::Other;
    };
    let header = header.get(..HEADER_BYTES).unwrap_or(header);
    let header_end = header.iter().position(|byte| *byte < b' ' && *byte != ESCAPE);
    let is_whole = header_end.is_some();
    let header = header.get(..header_end.unwrap_or(HEADER_BYTES)).unwrap_or(header);
    match Message::parse(header) {
        Some(message) if is_whole || header.len() >= HEADER_BYTES => Frame::Header(message),
        Some(_) => Frame::Partial,
        None if header.len() < DELIMITERS && !is_whole => Frame::Partial,
        None => Frame::Other,
    }
}

/// Opens a change of character set (ISO 2022), as in Japanese names.
const ESCAPE: u8 = 0x1b;
/// The field separator, four encoding characters, the separator again.
const DELIMITERS: usize = 6;

impl<'a> Message<'a> {
    /// Reads the MSH segment from its field separator on.
    ///
    /// `None` if the first fields are not the delimiters that every MSH begins with.
    fn parse(header: &'a [u8]) -> Option<Self> {
        let (separator, fields) = header.split_first()?;
        let mut fields = fields.split(|byte| byte == separator);
        // HL7 v2.5.1 §2.15.9.2: component, repetition, escape, subcomponent; since v2.7 perhaps truncation.
        let encoding = fields.next()?;
        let component = *encoding.first()?;
        let are_delimiters = matches!(encoding.len(), 2..=5)
            && separator.is_ascii_punctuation()
            && encoding.iter().all(u8::is_ascii_punctuation);
        // Without what follows it, the last field may be cut.
        if !are_delimiters || header.len() <= encoding.len() + 1 {
            return None;
        }
        let mut message = Self::default();
        // The second byte of a Japanese character may look like a separator. Behind the first byte that
        // is not ASCII the count of fields is trusted for UTF-8 only, whose later bytes never do.
        let is_counted = || std::str::from_utf8(header).is_ok() && !header.contains(&ESCAPE);
        let mut is_plain = true;
        for (number, field) in (3..=9).zip(fields) {
            is_plain &= field.iter().all(|byte| (b' '..=b'~').contains(byte));
            match number {
                3..=6 if is_plain || is_counted() => {
                    if let Some(place) = message.names.get_mut(number - 3) {
                        *place = name(field);
                    }
                }
                9 => message.kind = kind(field, component),
                _ => {}
            }
        }
        Some(message)
    }

    fn note(&self, sender: Side, sink: &mut dyn Sink) {
        let [application, facility, receiving_application, receiving_facility] = self.names;
        let names = [
            (sender, Key::SendingApplication, application),
            (sender, Key::SendingFacility, facility),
            (sender.peer(), Key::ReceivingApplication, receiving_application),
            (sender.peer(), Key::ReceivingFacility, receiving_facility),
        ];
        for (side, key, name) in names {
            if let Some(name) = name {
                sink.note(side, key, name);
            }
        }
        let Some((code, event)) = self.kind else {
            return;
        };
        let mut text = [0; 7];
        let letters =
            code.bytes().chain(event.iter().flat_map(|event| b"^".iter().copied().chain(event.bytes())));
        let mut len = 0;
        for (place, letter) in text.iter_mut().zip(letters) {
            *place = letter;
            len += 1;
        }
        if let Some(Ok(text)) = text.get(..len).map(std::str::from_utf8) {
            sink.note(sender, Key::Hl7Type, text);
        }
    }
}

/// Reads an application or facility: printable ASCII, or nothing.
fn name(field: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(field).ok()?.trim_matches(' ');
    let is_name =
        (1..=NAME_BYTES).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    is_name.then_some(text)
}

/// Reads MSH-9: three letters or digits, and three more for the event (`ORU^R01^ORU_R01`, `ACK`).
fn kind(field: &[u8], component: u8) -> Option<(&str, Option<&str>)> {
    let mut components = field.split(|byte| *byte == component);
    let code = three(components.next()?)?;
    Some((code, components.next().and_then(three)))
}

fn three(bytes: &[u8]) -> Option<&str> {
    let is_code =
        bytes.len() == 3 && bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if is_code { std::str::from_utf8(bytes).ok() } else { None }
}
