//! WebRTC over UDP, TCP, or a TURN relay (RFC 8825): STUN finds the way, DTLS follows on it (RFC 8827 §6.5), then
//! voice and video (SRTP), a data channel (RFC 8831), or both.
//!
//! STUN's own recogniser hands a conn over when DTLS begins on it. What is told besides is what passes then: a
//! conference has media, a file or somebody's screen and keyboard may pass in a data channel alone.

use crate::stun::carried;
use crate::{Found, Key, Look, Over, Protocol, Side, Sight, Sink, Start, rtp};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "webrtc",
    tunnel: false,
    over: &[Over::Udp, Over::Tcp],
    ports: &[],
    // It never begins by itself.
    start: Start::with(&[]),
    look,
};

/// How sure STUN with DTLS makes, in percent.
pub(crate) const CONFIDENCE: u8 = 93;

/// Payloads followed after DTLS began: of a conference, some seconds.
const MAX_PAYLOADS: u32 = 256;
const COUNT: u32 = 0xffff;
const DATA: u32 = 1 << 16;
const MEDIA: u32 = 1 << 17;
/// Sealed records of DTLS 1.3 so far, of which a handshake has a few as well.
const SEALED: u32 = 1 << 24;
const HANDSHAKE_RECORDS: u32 = 10;

/// What the memo is when DTLS has begun.
pub(crate) const BEGUN: u32 = 1;

const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// Tells whether a datagram is a DTLS handshake's first record (RFC 9147 §4, RFC 7983 §7).
pub(crate) fn is_handshake(data: &[u8]) -> bool {
    matches!(data, [HANDSHAKE, 0xfe, 0xfd | 0xff, 0, 0, ..])
}

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    if *memo & COUNT == 0 {
        return Look::No;
    }
    *memo += 1;
    match carried(sight) {
        [APPLICATION_DATA, 0xfe, 0xfd | 0xff, epoch, low, ..] if (*epoch, *low) != (0, 0) => {
            note(memo, DATA, "webrtc-data", sink);
        }
        // RFC 9147 §4: a sealed record's unified header, with connection, length and epoch as may be.
        [0x20..=0x3f, ..] if *memo / SEALED < HANDSHAKE_RECORDS => *memo += SEALED,
        [0x20..=0x3f, ..] => note(memo, DATA, "webrtc-data", sink),
        data if rtp::is_beside(data) => note(memo, MEDIA, "webrtc-media", sink),
        _ => {}
    }
    let both = *memo & DATA != 0 && *memo & MEDIA != 0;
    if both || *memo & COUNT >= MAX_PAYLOADS { Look::Is(Found::new(CONFIDENCE)) } else { Look::More }
}

/// Notes something once.
fn note(memo: &mut u32, mark: u32, variant: &str, sink: &mut dyn Sink) {
    if *memo & mark == 0 {
        *memo |= mark;
        sink.note(Side::Orig, Key::TunnelVariant, variant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{Recorder, hex, sight};

    #[test]
    fn what_passes_after_the_handshake_is_told() {
        const RECORD: &str = "17 fefd 0001 000000000007 0004 deadbeef";
        const VOICE: &str = "80 6f 0001 00000001 12345678 d5d5";
        const SEALED_RECORD: &str = "2e 0001 0004 deadbeef";
        let data = &["webrtc-data"][..];
        // (what, datagrams, noted)
        let cases: [(&str, Vec<&str>, &[&str]); 8] = [
            ("a data channel", vec![RECORD, RECORD], data),
            ("voice", vec![VOICE, VOICE], &["webrtc-media"]),
            ("both", vec![RECORD, VOICE], &["webrtc-data", "webrtc-media"]),
            ("a data channel of DTLS 1.3", vec![SEALED_RECORD; 11], data),
            ("a handshake of DTLS 1.3", vec![SEALED_RECORD; 10], &[]),
            ("within a relay's channel", vec!["4000 0011 17fefd0001000000000007 0004 deadbeef 000000"], data),
            ("a handshake goes on", vec!["16 fefd 0000 000000000007 0004 deadbeef"], &[]),
            ("STUN goes on", vec!["0001 0000 2112a442 0102030405060708090a0b0c"], &[]),
        ];
        for (what, datagrams, noted) in cases {
            let (mut memo, mut recorder) = (BEGUN, Recorder::default());
            for wire in datagrams {
                let wire = hex(wire);
                look(&sight(Over::Udp, true, 40_000, &wire), &mut memo, &mut recorder);
            }
            assert_eq!(recorder.values(Key::TunnelVariant), noted, "{what}");
        }
    }

    #[test]
    fn it_is_followed_for_a_while_and_never_begins_by_itself() {
        let wire = hex("17 fefd 0001 000000000007 0004 deadbeef");
        let sight = sight(Over::Udp, true, 40_000, &wire);
        let mut recorder = Recorder::default();
        assert_eq!(look(&sight, &mut 0, &mut recorder), Look::No);
        let mut memo = BEGUN;
        let followed = (0..1000).take_while(|_| look(&sight, &mut memo, &mut recorder) == Look::More).count();
        assert_eq!(followed, MAX_PAYLOADS as usize - 2);
    }
}
