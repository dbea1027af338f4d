//! RTP and RTCP on any port (RFC 3550): voice and video, of telephones, conferences and cameras, and SRTP, whose
//! header is in the clear (RFC 3711 §3.1).
//!
//! ```text
//! 10, padding, extension, sources │ marker, type │ sequence 2 │ time 4 │ source 4
//! ```
//!
//! Two bits and a type are no mark. It is the same source with numbers that go on, datagram for datagram, or a
//! report whose parts fill its datagram. Of SRTCP's reports only the first eight octets are in the clear
//! (RFC 3711 §3.4): there it is the same source again and again, with a length that its blocks need.

use sekisho_decode::{Cursor, Layer};

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "rtp",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[],
    start: Start::between(0x80, 0xbf),
    look,
};

/// Datagrams of one sender after which its numbers tell.
const ENOUGH: u32 = 4;
/// Sources are drawn at random (RFC 3550 §8): smaller ones are another protocol's counters.
const LEAST_SOURCE: u32 = 1 << 16;

/// What SRTCP adds at the least: its number, and a tag of four octets (RFC 3711 §3.4, RFC 4568 §6.2).
const SEAL_BYTES: usize = 8;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const LAST_REPORT: u8 = 207;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    if is_control(sight.data) {
        let look = reports(sight);
        return if look == Look::No { sealed(sight) } else { look };
    }
    let Some(now) = Header::read(sight.data) else { return Look::No };
    let Some(then) = Header::read(sight.first) else { return Look::More };
    let steps = now.sequence.wrapping_sub(then.sequence);
    let goes_on = now.source == then.source
        && now.payload == then.payload
        && (1..=sight.count.saturating_mul(2)).contains(&steps.into())
        && now.time.wrapping_sub(then.time).cast_signed() >= 0;
    if goes_on && sight.count >= ENOUGH { Look::Is(Found::new(85)) } else { Look::More }
}

/// Tells whether a datagram beside others of a known conn is RTP's or RTCP's by its first octets, which is how
/// they are told apart there (RFC 5761 §4, RFC 7983 §7).
pub(crate) fn is_beside(data: &[u8]) -> bool {
    matches!(data, [0x80..=0xbf, ..]) && (is_control(data) || Header::read(data).is_some())
}

/// The types of RTCP, which RTP's marker and type do not take (RFC 5761 §4).
fn is_control(data: &[u8]) -> bool {
    matches!(data, [0x80..=0xbf, SENDER_REPORT..=LAST_REPORT, ..])
}

/// Judges a datagram of RTCP: a whole report with its sender's description is believed (RFC 3550 §6.1); before it
/// applications keep ways open with parts of their own.
fn reports(sight: &Sight<'_>) -> Look {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let mut parts = 0;
    let (mut reported, mut described) = (false, false);
    while !cursor.rest().is_empty() {
        let (Ok(first), Ok(kind), Ok(words)) = (cursor.u8(), cursor.u8(), cursor.u16()) else {
            return Look::No;
        };
        let blocks = usize::from(first & 0x1f);
        let least = match kind {
            SENDER_REPORT => 6 + 6 * blocks,
            RECEIVER_REPORT => 1 + 6 * blocks,
            _ => 0,
        };
        let is_part = first >> 6 == 2 && (SENDER_REPORT..=LAST_REPORT).contains(&kind);
        if !is_part || usize::from(words) < least || cursor.take(usize::from(words) * 4).is_err() {
            return Look::No;
        }
        reported |= parts == 0 && matches!(kind, SENDER_REPORT | RECEIVER_REPORT);
        described |= kind == DESCRIPTION;
        parts += 1;
    }
    let whole = reported && described && sight.data.len() == sight.wire_len;
    if whole { Look::Is(Found::new(85)) } else { Look::More }
}

/// Judges a report that is sealed after its source, by those that went before.
fn sealed(sight: &Sight<'_>) -> Look {
    let Some(now) = sealed_source(sight.data, sight.wire_len) else { return Look::No };
    // Of the first only the beginning is kept.
    let same = sealed_source(sight.first, usize::MAX) == Some(now);
    if same && sight.count >= ENOUGH { Look::Is(Found::new(80)) } else { Look::More }
}

/// Reads a report's source, where its length is what its blocks take and something follows it: the seal.
fn sealed_source(data: &[u8], wire_len: usize) -> Option<u32> {
    let mut cursor = Cursor::new(Layer::Application, data);
    let (first, kind, words) = (cursor.u8().ok()?, cursor.u8().ok()?, usize::from(cursor.u16().ok()?));
    let blocks = usize::from(first & 0x1f);
    let told = match kind {
        SENDER_REPORT => 6 + 6 * blocks,
        RECEIVER_REPORT => 1 + 6 * blocks,
        _ => return None,
    };
    let source = cursor.u32().ok()?;
    // Without padding, which nobody needs here.
    let is_one = first >> 5 == 4 && words == told && source >= LEAST_SOURCE;
    (is_one && (words + 1) * 4 + SEAL_BYTES <= wire_len).then_some(source)
}

/// What goes on from one datagram to the next.
#[derive(Clone, Copy, Debug)]
struct Header {
    payload: u8,
    sequence: u16,
    time: u32,
    source: u32,
}

impl Header {
    fn read(data: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(Layer::Application, data);
        let (first, kind) = (cursor.u8().ok()?, cursor.u8().ok()?);
        let (sequence, time, source) = (cursor.u16().ok()?, cursor.u32().ok()?, cursor.u32().ok()?);
        let payload = kind & 0x7f;
        // Types 64 to 95 would be taken for RTCP's (RFC 5761 §4).
        let is_rtp = first >> 6 == 2 && !(64..96).contains(&payload) && source >= LEAST_SOURCE;
        is_rtp.then_some(Self { payload, sequence, time, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{hex, look, sight};

    fn datagram(kind: u8, sequence: u16, time: u32, source: u32) -> Vec<u8> {
        let head = [&[0x80, kind][..], &sequence.to_be_bytes(), &time.to_be_bytes(), &source.to_be_bytes()];
        [&head.concat()[..], &[0xd5; 160]].concat()
    }

    #[test]
    fn numbers_that_go_on_from_one_source_are_rtp() {
        const SOURCE: u32 = 0x1234_5678;
        let first = datagram(0, 65_534, 1000, SOURCE);
        // (what, the fourth datagram, rtp)
        let cases = [
            ("the next but two", datagram(0, 1, 1480, SOURCE), true),
            ("one lost", datagram(0, 2, 1640, SOURCE), true),
            ("another type, as a key pressed", datagram(101, 1, 1480, SOURCE), false),
            ("another source", datagram(0, 1, 1480, SOURCE + 1), false),
            ("numbers that leap", datagram(0, 900, 1480, SOURCE), false),
            ("the same again", datagram(0, 65_534, 1000, SOURCE), false),
            ("time runs back", datagram(0, 1, 800, SOURCE), false),
        ];
        for (what, now, rtp) in cases {
            let fourth = Sight { first: &first[..64], count: 4, ..sight(Over::Udp, true, 16_384, &now) };
            let expected = if rtp { Look::Is(Found::new(85)) } else { Look::More };
            assert_eq!(look(&PROTOCOL, &fourth).0, expected, "{what}");
            assert_eq!(look(&PROTOCOL, &Sight { count: 3, ..fourth }).0, Look::More, "{what}, too few");
            for len in 0..12 {
                let cut = Sight { data: &now[..len], ..fourth };
                assert_eq!(look(&PROTOCOL, &cut).0, Look::No, "{what}, {len} octets");
            }
        }
        let counter = datagram(0, 1, 1, 7);
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 1, &counter)).0, Look::No, "no source");
    }

    #[test]
    fn a_report_is_told_by_its_parts() {
        let sender = format!("80c80006 12345678 {} ", "00".repeat(20));
        let described = "81ca0003 12345678 01046162 63640000";
        let whole = hex(&format!("{sender}{described}"));
        let found = look(&PROTOCOL, &sight(Over::Udp, true, 16_385, &whole)).0;
        assert_eq!(found, Look::Is(Found::new(85)));
        // (what, wire, answer)
        let cases = [
            ("it begins with no report", described.to_owned(), Look::More),
            ("nobody's", sender.clone(), Look::More),
            ("an application's own", "80cc0003 12345678 50494e47 504f4e47".to_owned(), Look::More),
            ("something follows, as a seal does", format!("{sender}{described}00"), Look::More),
            ("one block more than there is room for", format!("81{}{described}", &sender[2..]), Look::No),
            ("cut", "80cc0003 12345678".to_owned(), Look::No),
        ];
        for (what, wire, expected) in cases {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 16_385, &hex(&wire))).0, expected, "{what}");
        }
    }

    #[test]
    fn sealed_reports_of_one_source_are_told() {
        const SOURCE: u32 = 0x549a_a5da;
        let report = |kind: u8, blocks: u8, words: u16, source: u32, rest: usize| {
            let head = [&[0x80 | blocks, kind][..], &words.to_be_bytes(), &source.to_be_bytes()].concat();
            [&head[..], &crate::noise::noise(3, rest)].concat()
        };
        let first = report(RECEIVER_REPORT, 1, 7, SOURCE, 70);
        // (what, the fourth datagram, answer)
        let cases = [
            ("a sender's", report(SENDER_REPORT, 1, 12, SOURCE, 90), Look::Is(Found::new(80))),
            ("a receiver's", report(RECEIVER_REPORT, 1, 7, SOURCE, 70), Look::Is(Found::new(80))),
            ("another source", report(SENDER_REPORT, 1, 12, SOURCE + 1, 90), Look::More),
            ("longer than its blocks", report(SENDER_REPORT, 1, 13, SOURCE, 90), Look::No),
            ("no room for a seal", report(SENDER_REPORT, 1, 12, SOURCE, 48), Look::No),
            ("a small source", report(SENDER_REPORT, 1, 12, 7, 90), Look::No),
            ("a description", report(DESCRIPTION, 1, 12, SOURCE, 90), Look::No),
        ];
        for (what, now, expected) in cases {
            let fourth = Sight { first: &first[..64], count: 4, ..sight(Over::Udp, true, 23_047, &now) };
            assert_eq!(look(&PROTOCOL, &fourth).0, expected, "{what}");
            let too_few = if expected == Look::No { Look::No } else { Look::More };
            assert_eq!(look(&PROTOCOL, &Sight { count: 3, ..fourth }).0, too_few, "{what}, too few");
        }
    }
}
