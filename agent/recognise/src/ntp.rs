//! NTP on any port (RFC 5905 §7.3): who asks whom for the time.
//!
//! A packet of 48 bytes has no mark of its own. Off port 123 an answer is believed by its clocks: two
//! timestamps of this era less than a second or two apart; a question by its zeros. What `ntpdc` asks (mode 7, `ntpd`'s
//! `ntp_request.h`) is told by its answer, whose items fill it: to strangers it serves to multiply their datagrams.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 123;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ntp",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[PORT],
    start: Start::between(0x08, 0x27).or_between(0x48, 0x67).or_between(0x88, 0xa7).or_between(0xc8, 0xe7),
    look,
};

const PACKET_BYTES: usize = 48;

/// What a MAC has with its key's number: nothing, a refusal, MD5 to SHA-512 (RFC 5905 §7.3, RFC 8573, ntp.org's `ntp-keygen`).
const MAC_BYTES: [usize; 8] = [0, 4, 20, 24, 32, 36, 52, 68];
/// The shortest extension field, with its type and length (RFC 7822 §3).
const LEAST_FIELD_BYTES: usize = 16;

/// A private answer: the bit that says so over the mode, ntpd's two implementations, the highest request of both.
const PRIVATE: u8 = 7;
const ANSWER_BIT: u8 = 0x80;
const IMPLEMENTATIONS: std::ops::RangeInclusive<u8> = 2..=3;
const LAST_REQUEST: u8 = 46;
const PRIVATE_HEADER_BYTES: usize = 8;
/// Items of no answer are larger, nor is the answer (`RESP_DATA_SIZE`).
const MOST_ITEM_BYTES: u16 = 500;

/// The precision of a client that hides its own: 2^32 seconds.
const MINIMIZED: u8 = 0x20;

/// Delay and dispersion to the reference: four times what ntpd lets them grow to (RFC 5905's MAXDISP).
const MOST_ROOT_S: u16 = 64;

/// How often a client asks and how finely it tells time, as powers of two seconds: what nearly all say.
const USUAL_POLL: std::ops::RangeInclusive<u8> = 4..=10;
const USUAL_PRECISION: std::ops::RangeInclusive<u8> = 0xe6..=0xf5;

/// 2000-01-01 in seconds since 1900: no answering clock stands before it.
const YEAR_2000_S: u32 = 3_155_673_600;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    if is_private_answer(sight) {
        return Look::Is(Found::served_by(85, sight.sender()));
    }
    match Packet::read(sight.data) {
        Ok(packet) => packet.judge(sight),
        Err(_) => Look::No,
    }
}

/// Tells whether a datagram answers what was asked of ntpd in private.
fn is_private_answer(sight: &Sight<'_>) -> bool {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let (Ok([first, _sequence, implementation, request]), Ok(items), Ok(item_bytes)) =
        (cursor.array(), cursor.u16(), cursor.u16())
    else {
        return false;
    };
    // Errors have no items.
    let (items, item_bytes) = (items & 0x0fff, item_bytes & 0x0fff);
    first & PRIVATE == PRIVATE
        && first & ANSWER_BIT != 0
        && matches!(first >> 3 & 7, 1..=4)
        && IMPLEMENTATIONS.contains(&implementation)
        && request <= LAST_REQUEST
        && items > 0
        && (1..=MOST_ITEM_BYTES).contains(&item_bytes)
        && sight.wire_len == PRIVATE_HEADER_BYTES + usize::from(items) * usize::from(item_bytes)
}

/// Tells whether what follows the header is extension fields and a MAC, where all of it was captured.
fn is_tail(packet: &[u8], tail_bytes: usize) -> bool {
    let Some(mut tail) = packet.get(PACKET_BYTES..).filter(|tail| tail.len() == tail_bytes) else {
        return tail_bytes.is_multiple_of(4);
    };
    while !MAC_BYTES.contains(&tail.len()) {
        let [_, _, high, low, ..] = tail else { return false };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some(rest) = tail.get(length..).filter(|_| length >= LEAST_FIELD_BYTES) else { return false };
        tail = rest;
    }
    true
}

/// The header's fields that are judged.
struct Packet {
    version: u8,
    mode: u8,
    stratum: u8,
    poll: u8,
    precision: u8,
    /// Root delay and dispersion, whole seconds.
    root_s: [u16; 2],
    /// Reference, origin, receive and transmit timestamps, whole seconds.
    stamps_s: [u32; 4],
}

impl Packet {
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(Layer::Application, bytes);
        let [first, stratum, poll, precision] = cursor.array()?;
        let (delay, dispersion, _reference) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let mut stamps_s = [0; 4];
        for stamp in &mut stamps_s {
            *stamp = cursor.u32()?;
            cursor.u32()?;
        }
        let whole = |fixed: u32| u16::try_from(fixed >> 16).unwrap_or(u16::MAX);
        Ok(Self {
            version: first >> 3 & 7,
            mode: first & 7,
            stratum,
            poll,
            precision,
            root_s: [whole(delay), whole(dispersion)],
            stamps_s,
        })
    }

    fn judge(&self, sight: &Sight<'_>) -> Look {
        const CLIENT: u8 = 3;
        const SERVER: u8 = 4;
        let usual_port = sight.on_port(&[PORT]);
        let extension = sight.wire_len.saturating_sub(PACKET_BYTES);
        let length_ok = extension == 0 || usual_port && is_tail(sight.data, extension);
        // A precision is a negative power of two, or zero while unset; chrony's clients tell nothing of themselves, and
        // so that of the timestamp's field (draft-ietf-ntp-data-minimization).
        let precision_ok = matches!(self.precision, 0 | MINIMIZED | 0xe0..);
        // A clock that is further away serves nobody; a delay may be less than nothing. Small clients leave in these
        // fields what their memory held, and fill in the first four.
        let is_near = self.root_s.iter().all(|seconds| seconds.wrapping_add(MOST_ROOT_S) < 2 * MOST_ROOT_S);
        let is_usual = USUAL_POLL.contains(&self.poll) && USUAL_PRECISION.contains(&self.precision);
        let fields_ok = precision_ok && (is_near || is_usual);
        if !length_ok || !matches!(self.version, 1..=4) || self.stratum > 16 || !fields_ok {
            return Look::No;
        }
        let [_, origin_s, receive_s, transmit_s] = self.stamps_s;
        match self.mode {
            CLIENT => {
                let is_blank = self.stratum == 0 && self.root_s == [0; 2] && origin_s == 0 && receive_s == 0;
                let confidence = if usual_port { 90 } else { 60 };
                let believed = usual_port || is_blank;
                if believed {
                    Look::Is(Found::served_by(confidence, sight.sender().peer()))
                } else {
                    Look::No
                }
            }
            SERVER => {
                let sane = transmit_s >= YEAR_2000_S
                    && transmit_s.abs_diff(receive_s) <= 2
                    && self.root_s.iter().all(|seconds| *seconds < 16);
                let confidence = if usual_port { 95 } else { 80 };
                let believed = usual_port || sane;
                if believed { Look::Is(Found::served_by(confidence, sight.sender())) } else { Look::No }
            }
            // Symmetric peers and broadcasts keep to the port.
            1 | 2 | 5 if usual_port => Look::Is(Found::new(90)),
            _ => Look::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{hex, look, sight};

    const QUESTION: &str = "230006ec 00000000 00000000 00000000 0000000000000000 0000000000000000
        0000000000000000 e9b2c3d4a1b2c3d4";
    const ANSWER: &str = "240206ec 00000010 00000020 c0000201 e9b2c3d000000000 e9b2c3d4a1b2c3d4
        e9b2c3d4b0000000 e9b2c3d4b0001000";

    #[test]
    fn questions_and_answers_are_recognised_on_any_port() {
        for (port, asked, answered) in [(123, 90, 95), (40_123, 60, 80)] {
            let question = hex(QUESTION);
            let found = look(&PROTOCOL, &sight(Over::Udp, true, port, &question)).0;
            assert_eq!(found, Look::Is(Found::served_by(asked, Side::Resp)), "port {port}");
            let answer = hex(ANSWER);
            let found = look(&PROTOCOL, &sight(Over::Udp, false, port, &answer)).0;
            assert_eq!(found, Look::Is(Found::served_by(answered, Side::Resp)), "port {port}");
        }
    }

    #[test]
    fn a_client_that_tells_nothing_of_itself_is_recognised() {
        let question = hex(&QUESTION.replace("230006ec", "23000020"));
        for (port, sure) in [(123, 90), (40_123, 60)] {
            let found = look(&PROTOCOL, &sight(Over::Udp, true, port, &question)).0;
            assert_eq!(found, Look::Is(Found::served_by(sure, Side::Resp)), "port {port}");
        }
        let other = hex(&QUESTION.replace("230006ec", "23000021"));
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 123, &other)).0, Look::No);
    }

    #[test]
    fn fields_and_a_mac_may_follow_on_its_port() {
        // (what, what follows, NTP)
        for (what, tail, ntp) in [
            ("a MAC of MD5", "00000001 11111111 11111111 11111111 11111111".to_owned(), true),
            ("a refusal", "00000000".to_owned(), true),
            ("a field", format!("0104 0028 {}", "22".repeat(36)), true),
            (
                "two fields and a MAC",
                format!("{} {}", "0104 0010 222222222222222222222222".repeat(2), "33".repeat(20)),
                true,
            ),
            ("a field longer than what is there", format!("0104 0029 {}", "22".repeat(36)), false),
            ("a field of nothing", format!("0104 0000 {}", "22".repeat(36)), false),
            ("whole words of anything", "5a".repeat(100), false),
        ] {
            let bytes = hex(&format!("{QUESTION} {tail}"));
            let sent = sight(Over::Udp, true, 123, &bytes);
            assert_eq!(look(&PROTOCOL, &sent).0 != Look::No, ntp, "{what}");
            let elsewhere = sight(Over::Udp, true, 40_123, &bytes);
            assert_eq!(look(&PROTOCOL, &elsewhere).0, Look::No, "{what}");
        }
    }

    #[test]
    fn an_answer_in_private_is_told_by_its_items() {
        // (what, the header, octets of items, NTP)
        let cases = [
            ("who asked it last", "970e032a 0002 0048", 144, true),
            ("the first of several", "d700032a 0001 0048", 72, true),
            ("a question", "1700032a 0000 0000", 40, false),
            ("items that do not fill it", "970e032a 0002 0048", 143, false),
            ("another program", "970e042a 0002 0048", 144, false),
            ("another version", "af0e032a 0002 0048", 144, false),
            ("nothing", "970e032a 4000 0048", 0, false),
        ];
        for (what, header, items, ntp) in cases {
            let bytes = [hex(header), vec![0x11; items]].concat();
            let found = if ntp { Look::Is(Found::served_by(85, Side::Resp)) } else { Look::No };
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, false, 40_123, &bytes)).0, found, "{what}");
        }
    }

    #[test]
    fn other_datagrams_are_not_ntp() {
        let rtp = [&hex("80600001 00000000 12345678")[..], &[0x5a; 36]].concat();
        let mut clock = hex(ANSWER);
        clock[40] = 0x12; // sent eighty years before it was received
        for root in [[0x64, 0x4a], [0x80, 0]] {
            let mut far = hex(QUESTION);
            far[4..6].copy_from_slice(&root);
            let found = |far: &[u8], port| look(&PROTOCOL, &sight(Over::Udp, true, port, far)).0;
            assert_ne!(found(&far, 123), Look::No, "a small client's, {root:02x?}");
            assert_eq!(found(&far, 40_123), Look::No, "{root:02x?}");
            far[2] = 0;
            assert_eq!(found(&far, 123), Look::No, "{root:02x?}");
        }
        for bytes in [rtp, clock, vec![0x24; 48], vec![0; 48]] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, false, 5004, &bytes)).0, Look::No, "{bytes:02x?}");
        }
    }

    #[test]
    fn a_truncated_packet_is_not_ntp() {
        let bytes = hex(ANSWER);
        for len in 0..bytes.len() {
            let found = look(&PROTOCOL, &sight(Over::Udp, false, 123, &bytes[..len])).0;
            assert_eq!(found, Look::No, "{len} bytes");
        }
    }
}
