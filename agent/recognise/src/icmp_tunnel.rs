//! Tunnels in ICMP echo (RFC 792, RFC 4443): by their programs' marks, by what they carry, and by
//! answers that are no echo.
//!
//! ```text
//! type 1 │ code 1 │ checksum 2 │ identifier 2 │ sequence 2 │ data
//! ptunnel's data: magic 4 (0xd5200880; ptunnel-ng 0xdeadc0de by default) │ address 4 │ port 4 │ …
//! hans:           "hanc" from the client, "hans" from the server │ type 1 │ …
//! icmptunnel:     "TUNC", "TUNS" │ …, or an IP packet and nothing else
//! ```
//!
//! "The data received in the echo message must be returned in the echo reply message" (RFC 792): an
//! answer to the same identifier and sequence with other data carries something. Ordinary ping, whose
//! data are a pattern, a time, text or zeros, is settled by its first packet.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::noise::is_noise;
use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start};

const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "icmp-tunnel",
    tunnel: true,
    over: &[Over::Ip(ICMP), Over::Ip(ICMPV6)],
    ports: &[],
    start: Start::ANYHOW,
    look,
};

const HEADER_BYTES: usize = 8;

/// What programs put first, and who they are: ptunnel's `ptunnel.h`, ptunnel-ng's `options.c`, hans'
/// `client.cpp` and `server.cpp`, icmptunnel's `protocol.h`.
const MARKS: [(&[u8], &str); 10] = [
    (&[0xd5, 0x20, 0x08, 0x80], "ptunnel"),
    (&[0xde, 0xad, 0xc0, 0xde], "ptunnel-ng"),
    (b"hanc", "hans"),
    (b"hans", "hans"),
    (b"hnc2", "hans"),
    (b"hns2", "hans"),
    (b"hnc3", "hans"),
    (b"hns3", "hans"),
    (b"TUNC", "icmptunnel"),
    (b"TUNS", "icmptunnel"),
];

/// ptunnel's header after its magic: address, port, state, acknowledgement, length, sequence, identifier.
/// hans and icmptunnel have less; a ping whose pattern starts by chance with a mark is shorter yet.
const LEAST_DATA_BYTES: usize = 5;

/// How many bytes of a reply have to differ from the request's. A program may write a time of arrival
/// into what it returns.
const DIFFERENT_BYTES: usize = 17;

/// How many echo requests with ciphertext each side has to send where neither only answers.
const REQUESTS_BOTH_WAYS: u32 = 4;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Request,
    Reply,
}

#[derive(Clone, Copy, Debug)]
struct Echo<'a> {
    kind: Kind,
    /// Identifier and sequence number.
    number: [u8; 4],
    data: &'a [u8],
}

fn look(sight: &Sight<'_>, _memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let Ok(Some(echo)) = echo(sight.over, sight.data) else { return Look::No };
    if let Some((_, program)) = MARKS.iter().find(|(mark, _)| echo.data.starts_with(mark)) {
        if sight.wire_len < HEADER_BYTES + LEAST_DATA_BYTES {
            return Look::No;
        }
        sink.note(sight.sender(), Key::TunnelVariant, program);
        return Look::Is(served(95, echo, sight));
    }
    if matches!(is_ip_packet(echo.data, sight.wire_len.saturating_sub(HEADER_BYTES)), Ok(true)) {
        sink.note(sight.sender(), Key::TunnelVariant, "ip-in-echo");
        return Look::Is(served(92, echo, sight));
    }
    let other = self::echo(sight.over, sight.other).ok().flatten();
    match (echo.kind, other) {
        (Kind::Reply, Some(request)) if request.kind == Kind::Request && request.number == echo.number => {
            answer(echo, request, sight, sink)
        }
        // The reply to come is worth a look if the request's data can be ciphertext or a message.
        (Kind::Request, None) if carries(echo.data) => Look::More,
        (Kind::Request, Some(other)) if other.kind == Kind::Request && carries(echo.data) => {
            if !carries(other.data) {
                return Look::No;
            }
            if sight.count < REQUESTS_BOTH_WAYS {
                return Look::More;
            }
            sink.note(sight.sender(), Key::TunnelVariant, "data-in-echo");
            Look::Is(Found::new(75))
        }
        _ => Look::No,
    }
}

/// The side that is asked serves; a tunnel's proxy only answers.
const fn served(confidence: u8, echo: Echo<'_>, sight: &Sight<'_>) -> Found {
    Found::served_by(
        confidence,
        match echo.kind {
            Kind::Request => sight.sender().peer(),
            Kind::Reply => sight.sender(),
        },
    )
}

fn echo(over: Over, data: &[u8]) -> Result<Option<Echo<'_>>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Icmp, data);
    let kind = match (over, cursor.u16()?) {
        (Over::Ip(ICMP), 0x0800) | (Over::Ip(ICMPV6), 0x8000) => Kind::Request,
        (Over::Ip(ICMP), 0x0000) | (Over::Ip(ICMPV6), 0x8100) => Kind::Reply,
        _ => return Ok(None),
    };
    let _checksum = cursor.u16()?;
    Ok(Some(Echo { kind, number: cursor.array()?, data: cursor.rest() }))
}

/// Compares a reply with its request, of which the head is known. A reply may be shorter: big hosters
/// cut what they return.
fn answer(reply: Echo<'_>, request: Echo<'_>, sight: &Sight<'_>, sink: &mut dyn Sink) -> Look {
    let compared = reply.data.iter().zip(request.data);
    let different = compared.filter(|(reply, request)| reply != request).count();
    if different < DIFFERENT_BYTES {
        return Look::No;
    }
    sink.note(sight.sender(), Key::TunnelVariant, "data-in-echo");
    Look::Is(served(88, reply, sight))
}

/// Tells whether the data can be more than a ping's pattern: ciphertext that does not count upwards.
fn carries(data: &[u8]) -> bool {
    is_noise(data) && !counts(data)
}

/// Most of `ping`'s bytes are one more than the byte before.
fn counts(data: &[u8]) -> bool {
    let steps = data.windows(2).filter(|pair| matches!(pair, [a, b] if a.wrapping_add(1) == *b)).count();
    steps * 4 > data.len()
}

/// An IPv4 packet that fills the data to the byte, bare or behind a tun device's four bytes.
fn is_ip_packet(data: &[u8], wire_len: usize) -> Result<bool, DecodeError> {
    const TUN_IPV4: [u8; 4] = [0, 0, 0x08, 0];
    let (data, wire_len) = match data.strip_prefix(&TUN_IPV4) {
        Some(packet) => (packet, wire_len.saturating_sub(TUN_IPV4.len())),
        None => (data, wire_len),
    };
    let mut cursor = Cursor::new(Layer::Ipv4, data);
    let (version_and_words, _service, total) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    let _identification = cursor.u16()?;
    let _fragment = cursor.u16()?;
    let (hops, protocol) = (cursor.u8()?, cursor.u8()?);
    Ok(version_and_words == 0x45
        && usize::from(total) == wire_len
        && hops > 0
        && matches!(protocol, 1 | 6 | 17 | 47 | 50))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::noise;
    use crate::recorder;
    use crate::{Side, recorder::CLIENT};

    fn message(kind: u8, number: [u8; 4], data: &[u8]) -> Vec<u8> {
        [&[kind, 0, 0x12, 0x34][..], &number, data].concat()
    }

    fn request(data: &[u8]) -> Vec<u8> {
        message(8, [0x30, 0x39, 0, 1], data)
    }

    fn reply(data: &[u8]) -> Vec<u8> {
        message(0, [0x30, 0x39, 0, 1], data)
    }

    /// `ping` of Linux: a time of sixteen bytes, then numbers upwards.
    fn linux_ping() -> Vec<u8> {
        [&noise(4, 16)[..], &(0x10..0x38).collect::<Vec<u8>>()].concat()
    }

    fn packet() -> Vec<u8> {
        [&[0x45, 0, 0, 40, 1, 2, 0x40, 0, 64, 6, 0, 0][..], &CLIENT, &[198, 51, 100, 7], &[0; 20]].concat()
    }

    #[test]
    fn marks_and_packets_are_believed_at_once() {
        let served = |confidence| Look::Is(Found::served_by(confidence, Side::Resp));
        let framed = [&[0, 0, 8, 0][..], &packet()].concat();
        let mark = |mark: &[u8]| [mark, &[0; 24]].concat();
        // (data, finding, variant)
        let cases = [
            (mark(&[0xd5, 0x20, 0x08, 0x80]), served(95), Some("ptunnel")),
            (mark(&[0xde, 0xad, 0xc0, 0xde]), served(95), Some("ptunnel-ng")),
            (mark(b"hanc"), served(95), Some("hans")),
            (mark(b"TUNC"), served(95), Some("icmptunnel")),
            (packet(), served(92), Some("ip-in-echo")),
            (framed, served(92), Some("ip-in-echo")),
            ([&packet()[..], &[0]].concat(), Look::No, None), // a byte more than it says
            (b"hans".to_vec(), Look::No, None),               // and nothing else
        ];
        for (data, expected, variant) in cases {
            let bytes = request(&data);
            let (found, recorder) = recorder::look(&PROTOCOL, &recorder::sight(Over::Ip(1), true, 0, &bytes));
            assert_eq!(found, expected, "{data:02x?}");
            assert_eq!(recorder.values(Key::TunnelVariant).first().copied(), variant);
        }
        let six = message(128, [0, 1, 0, 1], &mark(&[0xd5, 0x20, 0x08, 0x80]));
        let sight = recorder::sight(Over::Ip(58), true, 0, &six);
        assert_eq!(recorder::look(&PROTOCOL, &sight).0, served(95));
    }

    #[test]
    fn ordinary_pings_are_settled_by_their_first_packet() {
        let windows = b"abcdefghijklmnopqrstuvwabcdefghi";
        let cisco = [&[0; 8][..], &[0xab, 0xcd].repeat(32)].concat();
        for data in [&windows[..], &linux_ping(), &[0; 56], &cisco, b"", b"PRTG: is the host there?"] {
            let bytes = request(data);
            let sight = recorder::sight(Over::Ip(1), true, 0, &bytes);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{data:02x?}");
        }
    }

    #[test]
    fn an_answer_that_is_no_echo_is_believed() {
        let asked = request(&noise(1, 56));
        let other = |data: &[u8]| reply(data);
        let stamped = [&noise(9, 16)[..], &noise(1, 56)[16..]].concat();
        let another = message(0, [0x30, 0x39, 0, 2], &noise(2, 56));
        // (reply, finding, why)
        let cases = [
            (other(&noise(2, 56)), Look::Is(Found::served_by(88, Side::Resp)), "other data"),
            (other(&noise(1, 56)), Look::No, "an echo"),
            (other(&noise(1, 24)), Look::No, "an echo cut short"),
            (other(&stamped), Look::No, "a time written into it"),
            (another, Look::No, "to another request"),
        ];
        for (bytes, expected, why) in cases {
            let sight = Sight { other: &asked[..], ..recorder::sight(Over::Ip(1), false, 0, &bytes) };
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{why}");
        }
        assert_eq!(
            recorder::look(&PROTOCOL, &recorder::sight(Over::Ip(1), true, 0, &asked)).0,
            Look::More,
            "ciphertext waits for its reply"
        );
    }

    #[test]
    fn ciphertext_in_requests_both_ways_is_believed_in_numbers() {
        let (ours, theirs, ping) = (request(&noise(1, 90)), request(&noise(2, 90)), request(&linux_ping()));
        for (other, count, expected) in
            [(&theirs, 1, Look::More), (&theirs, 4, Look::Is(Found::new(75))), (&ping, 4, Look::No)]
        {
            let sight = Sight { other, count, ..recorder::sight(Over::Ip(1), true, 0, &ours) };
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{count}");
        }
    }

    #[test]
    fn cut_and_other_messages_are_not_believed() {
        let whole = request(&[&[0xd5, 0x20, 0x08, 0x80][..], &[0; 24]].concat());
        for len in 0..13 {
            let sight = recorder::sight(Over::Ip(1), true, 0, &whole[..len]);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{len} bytes");
        }
        let unreachable = message(3, [0; 4], &packet());
        let sight = recorder::sight(Over::Ip(1), true, 0, &unreachable);
        assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No);
    }
}
