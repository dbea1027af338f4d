//! NTP on any port (RFC 5905 §7.3): who asks whom for the time.
//!
//! A packet of 48 bytes has no mark of its own. Off port 123 an answer is believed by its clocks: two
//! timestamps of this era less than a second or two apart; a question by its zeros.

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

/// 2000-01-01 in seconds since 1900: no answering clock stands before it.
const YEAR_2000_S: u32 = 3_155_673_600;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match Packet::read(sight.data) {
        Ok(packet) => packet.judge(sight),
        Err(_) => Look::No,
    }
}

/// The header's fields that are judged.
struct Packet {
    version: u8,
    mode: u8,
    stratum: u8,
    precision: u8,
    /// Root delay and dispersion, whole seconds.
    root_s: [u16; 2],
    /// Reference, origin, receive and transmit timestamps, whole seconds.
    stamps_s: [u32; 4],
}

impl Packet {
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(Layer::Application, bytes);
        let [first, stratum, _poll, precision] = cursor.array()?;
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
        // A MAC and extension fields are whole words (RFC 5905 §7.5).
        let length_ok = if usual_port { extension.is_multiple_of(4) } else { extension == 0 };
        // A precision is a negative power of two, or zero while unset.
        let precision_ok = self.precision == 0 || self.precision >= 0xe0;
        if !length_ok || !matches!(self.version, 1..=4) || self.stratum > 16 || !precision_ok {
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
    fn other_datagrams_are_not_ntp() {
        let rtp = [&hex("80600001 00000000 12345678")[..], &[0x5a; 36]].concat();
        let mut clock = hex(ANSWER);
        clock[40] = 0x12; // sent eighty years before it was received
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
