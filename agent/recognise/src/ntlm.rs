//! The names in NTLM's messages (MS-NLMP §2.2.1), whatever carries them: the server's computer, domain and
//! Windows version in a CHALLENGE, the client's computer in an AUTHENTICATE. Users are never read.
//!
//! ```text
//! "NTLMSSP" 00 │ type 4 │ fields: length 2, room 2, offset 4 … │ flags 4 │ … all little-endian
//! ```

use sekisho_decode::{Addr, Cursor, DecodeError, Layer};

use crate::text;
use crate::{Fact, Key, NameSource, Sight, Sink};

/// What opens each message.
pub(crate) const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// Flags (§2.2.2.5) that say that texts are in UTF-16 and that a version is there.
const UNICODE: u32 = 0x0000_0001;
const VERSION: u32 = 0x0200_0000;

/// The longest name that is taken, in letters: a DNS name's most (RFC 1035 §2.3.4).
const NAME_LETTERS: usize = 255;
/// Pairs of a CHALLENGE: eleven are defined (§2.2.2.1).
const MOST_PAIRS: usize = 16;

/// What was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Message {
    /// The client's opening, which names nothing.
    Negotiate,
    /// The server's answer.
    Challenge,
    /// The client's last message.
    Authenticate,
}

/// Notes the names of the first message found in the sender's bytes from `from` on.
pub(crate) fn note(sight: &Sight<'_>, from: usize, sink: &mut dyn Sink) -> Option<Message> {
    note_message(find(sight.data.get(from..)?)?, sight, sink)
}

/// Gives the bytes from the first message on.
pub(crate) fn find(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(text::find(bytes, SIGNATURE)?..)
}

/// Notes the names of a message that starts here.
pub(crate) fn note_message(message: &[u8], sight: &Sight<'_>, sink: &mut dyn Sink) -> Option<Message> {
    read(message, sight, sink).ok()
}

fn read(message: &[u8], sight: &Sight<'_>, sink: &mut dyn Sink) -> Result<Message, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, message);
    if cursor.array()? != *SIGNATURE {
        return Err(cursor.malformed("no message of NTLM"));
    }
    match cursor.u32_le()? {
        1 => Ok(Message::Negotiate),
        2 => challenge(message, cursor, sight, sink),
        3 => authenticate(message, cursor, sight, sink),
        _ => Err(cursor.malformed("no type of NTLM")),
    }
}

fn challenge(
    message: &[u8],
    mut cursor: Cursor<'_>,
    sight: &Sight<'_>,
    sink: &mut dyn Sink,
) -> Result<Message, DecodeError> {
    let _target = cursor.take(8)?;
    let flags = cursor.u32_le()?;
    let _challenge_and_reserved = cursor.take(16)?;
    let info = field(message, &mut cursor)?;
    if flags & VERSION != 0 {
        note_version(&mut cursor, sight, sink)?;
    }
    let mut pairs = Cursor::new(Layer::Application, info);
    let (mut computer, mut dns_computer) = (None, None);
    for _ in 0..MOST_PAIRS {
        let id = pairs.u16_le()?;
        let len = pairs.u16_le()?;
        let value = pairs.take(usize::from(len))?;
        match id {
            // §2.2.2.1: the end; names of computer and domain, each NetBIOS's and DNS's.
            0 => break,
            1 => computer = Some(value),
            3 => dns_computer = Some(value),
            4 => with_name(value, true, |domain| sink.note(sight.sender(), Key::Domain, domain)),
            _ => {}
        }
    }
    if let Some(name) = dns_computer.filter(|name| !name.is_empty()).or(computer) {
        name_sender(name, true, sight.source().0, sink);
    }
    Ok(Message::Challenge)
}

fn authenticate(
    message: &[u8],
    mut cursor: Cursor<'_>,
    sight: &Sight<'_>,
    sink: &mut dyn Sink,
) -> Result<Message, DecodeError> {
    // Two responses, domain, user: stepped over.
    cursor.take(32)?;
    let workstation = field(message, &mut cursor)?;
    let _session_key = cursor.take(8)?;
    let flags = cursor.u32_le()?;
    name_sender(workstation, flags & UNICODE != 0, sight.source().0, sink);
    if flags & VERSION != 0 {
        note_version(&mut cursor, sight, sink)?;
    }
    Ok(Message::Authenticate)
}

/// A field's bytes, which lie anywhere in the message.
fn field<'a>(message: &'a [u8], cursor: &mut Cursor<'_>) -> Result<&'a [u8], DecodeError> {
    let len = usize::from(cursor.u16_le()?);
    let _room = cursor.u16()?;
    let offset = cursor.u32_le()? as usize;
    let mut at = Cursor::new(Layer::Application, message);
    at.take(offset)?;
    at.take(len)
}

/// §2.2.2.10: major, minor, build.
fn note_version(cursor: &mut Cursor<'_>, sight: &Sight<'_>, sink: &mut dyn Sink) -> Result<(), DecodeError> {
    let [major, minor, low, high, ..] = cursor.array::<8>()?;
    let build = u16::from_le_bytes([low, high]);
    // Samba and macOS say 6.1 and build 0.
    if major < 5 || build == 0 {
        return Ok(());
    }
    let mut text = Text::default();
    text.push_text("Windows ");
    text.push_number(u16::from(major));
    text.push_text(".");
    text.push_number(u16::from(minor));
    text.push_text(".");
    text.push_number(build);
    sink.note(sight.sender(), Key::Software, text.as_str());
    Ok(())
}

fn name_sender(name: &[u8], wide: bool, address: Addr, sink: &mut dyn Sink) {
    with_name(name, wide, |name| {
        // What a client without a name sends.
        if name != "null" {
            sink.fact(Fact::Named { address, name, source: NameSource::Ntlm });
        }
    });
}

/// Shows a computer's or domain's name, in small letters.
fn with_name(wire: &[u8], wide: bool, show: impl FnOnce(&str)) {
    let mut text = Text::default();
    let fits = if wide {
        wire.chunks_exact(2).take(NAME_LETTERS).all(|pair| match pair {
            [letter, 0] => text.push(*letter),
            // A name in another script would have to be decoded; computers are not called so.
            _ => false,
        })
    } else {
        wire.iter().take(NAME_LETTERS).all(|letter| text.push(*letter))
    };
    if fits && text::is_host(text.as_str()) {
        show(text.as_str());
    }
}

/// ASCII put together without a heap.
struct Text {
    bytes: [u8; NAME_LETTERS],
    len: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self { bytes: [0; NAME_LETTERS], len: 0 }
    }
}

impl Text {
    fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    fn push(&mut self, letter: u8) -> bool {
        match self.bytes.get_mut(self.len) {
            Some(place) if letter.is_ascii() && !letter.is_ascii_control() => {
                *place = letter.to_ascii_lowercase();
                self.len += 1;
                true
            }
            _ => false,
        }
    }

    fn push_text(&mut self, text: &str) {
        for letter in text.bytes() {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = letter;
                self.len += 1;
            }
        }
    }

    fn push_number(&mut self, number: u16) {
        let mut power = 10_000;
        while power > 1 && number < power {
            power /= 10;
        }
        while power > 0 {
            self.push(b'0' + (number / power % 10) as u8);
            power /= 10;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::recorder::{Recorder, sight};
    use crate::{Over, Side};

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn pair(id: u16, value: &str) -> Vec<u8> {
        let value = wide(value);
        [&id.to_le_bytes()[..], &(value.len() as u16).to_le_bytes(), &value].concat()
    }

    /// A challenge of WARD-PC in ward.example, Windows 10.0.19045.
    pub(crate) fn challenge_of() -> Vec<u8> {
        let info = [
            pair(2, "WARD"),
            pair(1, "WARD-PC"),
            pair(4, "ward.example"),
            pair(3, "Ward-PC.ward.example"),
            pair(0, ""),
        ]
        .concat();
        let len = (info.len() as u16).to_le_bytes();
        [
            &SIGNATURE[..],
            &[2, 0, 0, 0],
            &[0, 0, 0, 0, 56, 0, 0, 0],
            &(UNICODE | VERSION).to_le_bytes(),
            &[7; 8],
            &[0; 8],
            &len,
            &len,
            &[56, 0, 0, 0],
            &[10, 0, 0x65, 0x4a, 0, 0, 0, 15],
            &info,
        ]
        .concat()
    }

    /// An authentication from LAB-3, by somebody.
    pub(crate) fn authenticate_of() -> Vec<u8> {
        let (user, workstation) = (wide("somebody"), wide("LAB-3"));
        let field = |len: usize, at: usize| {
            [&(len as u16).to_le_bytes()[..], &(len as u16).to_le_bytes(), &(at as u32).to_le_bytes()]
                .concat()
        };
        [
            SIGNATURE.to_vec(),
            vec![3, 0, 0, 0],
            field(0, 72),
            field(0, 72),
            field(0, 72),
            field(user.len(), 72),
            field(workstation.len(), 72 + user.len()),
            field(0, 72),
            UNICODE.to_le_bytes().to_vec(),
            vec![0; 8],
            user,
            workstation,
        ]
        .concat()
    }

    #[test]
    fn computers_domain_and_version_are_noted_and_no_user() {
        let mut recorder = Recorder::default();
        let challenge = [b"before it".to_vec(), challenge_of()].concat();
        let answer = sight(Over::Tcp, false, 445, &challenge);
        assert_eq!(note(&answer, 0, &mut recorder), Some(Message::Challenge));
        assert_eq!(recorder.facts, ["198.51.100.20 ward-pc.ward.example Ntlm"]);
        assert_eq!(recorder.values(Key::Software), ["Windows 10.0.19045"]);
        assert_eq!(recorder.values(Key::Domain), ["ward.example"]);
        assert!(recorder.notes.iter().all(|note| note.0 == Side::Resp));

        let mut recorder = Recorder::default();
        let authenticate = authenticate_of();
        let last = sight(Over::Tcp, true, 445, &authenticate);
        assert_eq!(note(&last, 0, &mut recorder), Some(Message::Authenticate));
        assert_eq!(recorder.facts, ["192.0.2.10 lab-3 Ntlm"]);
        assert!(!format!("{recorder:?}").contains("somebody"));
    }

    #[test]
    fn cut_messages_and_offsets_beyond_the_end_name_nobody() {
        for message in [challenge_of(), authenticate_of()] {
            for len in 0..message.len() {
                let mut recorder = Recorder::default();
                note(&sight(Over::Tcp, true, 445, &message[..len]), 0, &mut recorder);
                assert!(recorder.facts.iter().all(|fact| fact.ends_with("Ntlm")), "{len} bytes");
            }
            let mut wild = message.clone();
            wild[44..52].copy_from_slice(&[0xff; 8]);
            let mut recorder = Recorder::default();
            assert_eq!(note(&sight(Over::Tcp, true, 445, &wild), 0, &mut recorder), None);
            assert!(recorder.facts.is_empty());
        }
    }
}
