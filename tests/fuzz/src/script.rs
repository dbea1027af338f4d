//! A conversation in bytes: a head of seven octets, then messages, each with who speaks and its length.
//!
//! ```text
//! 0      how it travels: 0 TCP, 1 UDP, else an IP protocol
//! 1      bit 0: its beginning was not seen; bit 1: IPv6
//! 2      the IP protocol
//! 3..7   ports of who opened it and of who answers
//! then   bit 0: the answering side speaks; bit 1: something was lost before it; length (2); octets
//! ```

use sekisho_decode::Cursor;
use sekisho_recognise::Over;

/// Messages that are read of one input.
pub const MAX_MESSAGES: usize = 64;
/// Octets that are lost where something was lost.
pub const LOST_BYTES: u32 = 1400;

const MISSED_START: u8 = 1;
const IPV6: u8 = 2;
const ANSWERS: u8 = 1;
const LOST: u8 = 2;

/// What a conversation is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// How it travels.
    pub over: Over,
    /// Whether its beginning was seen.
    pub from_start: bool,
    /// Whether its ends have IPv6 addresses.
    pub v6: bool,
    /// Ports: of who opened it, of who answers.
    pub ports: (u16, u16),
}

/// One thing said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Message<'a> {
    /// Whether the side that opened the conversation says it.
    pub from_orig: bool,
    /// Whether something was lost before it.
    pub after_loss: bool,
    /// What is said.
    pub payload: &'a [u8],
}

/// Reads a head.
pub fn head(cursor: &mut Cursor<'_>) -> Option<Head> {
    let [kind, flags, protocol] = [cursor.u8().ok()?, cursor.u8().ok()?, cursor.u8().ok()?];
    let ports = (cursor.u16().ok()?, cursor.u16().ok()?);
    let over = match kind % 3 {
        0 => Over::Tcp,
        1 => Over::Udp,
        _ => Over::Ip(protocol),
    };
    Some(Head { over, from_start: flags & MISSED_START == 0, v6: flags & IPV6 != 0, ports })
}

/// Reads the next message; the last may be shorter than it says.
pub fn message<'a>(cursor: &mut Cursor<'a>) -> Option<Message<'a>> {
    let (flags, length) = (cursor.u8().ok()?, usize::from(cursor.u16().ok()?));
    let payload = cursor.take(length.min(cursor.rest().len())).ok()?;
    Some(Message { from_orig: flags & ANSWERS == 0, after_loss: flags & LOST != 0, payload })
}

/// Writes a head.
pub fn write_head(head: Head, input: &mut Vec<u8>) {
    let (kind, protocol) = match head.over {
        Over::Tcp => (0, 6),
        Over::Udp => (1, 17),
        Over::Ip(protocol) => (2, protocol),
    };
    let flags = if head.from_start { 0 } else { MISSED_START } | if head.v6 { IPV6 } else { 0 };
    input.extend([kind, flags, protocol]);
    input.extend(head.ports.0.to_be_bytes());
    input.extend(head.ports.1.to_be_bytes());
}

/// Writes a message, of which no more than 65,535 octets.
pub fn write_message(message: &Message<'_>, input: &mut Vec<u8>) {
    let length = message.payload.len().min(usize::from(u16::MAX));
    let flags = if message.from_orig { 0 } else { ANSWERS } | if message.after_loss { LOST } else { 0 };
    input.push(flags);
    input.extend((length as u16).to_be_bytes());
    input.extend(message.payload.iter().take(length));
}

#[cfg(test)]
mod tests {
    use sekisho_decode::Layer;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for over in [Over::Tcp, Over::Udp, Over::Ip(47)] {
            let wanted = Head { over, from_start: false, v6: true, ports: (49_152, 443) };
            let said = Message { from_orig: false, after_loss: true, payload: b"hello" };
            let mut input = Vec::new();
            write_head(wanted, &mut input);
            write_message(&said, &mut input);
            let mut cursor = Cursor::new(Layer::Application, &input);
            assert_eq!(head(&mut cursor).unwrap(), wanted);
            assert_eq!(message(&mut cursor).unwrap(), said);
            assert_eq!(message(&mut cursor), None);
        }
    }

    #[test]
    fn a_message_that_promises_too_much_gives_what_there_is() {
        let mut cursor = Cursor::new(Layer::Application, &[0, 0xff, 0xff, b'a']);
        assert_eq!(message(&mut cursor).unwrap().payload, b"a");
    }
}
