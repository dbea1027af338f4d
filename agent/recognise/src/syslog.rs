//! Syslog (RFC 5424 §6, RFC 3164 §4.1): told by the priority and what follows it. Messages are not read.

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORTS: [u16; 2] = [514, 601];

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "syslog",
    tunnel: false,
    over: &[Over::Udp, Over::Tcp],
    ports: &PORTS,
    start: Start::between(b'0', b'9').or_with(b"<"),
    look,
};

/// What is looked at: a frame's length, the priority, a time stamp.
const HEAD_BYTES: usize = 40;

const MONTHS: [&[u8]; 12] = [
    b"Jan ", b"Feb ", b"Mar ", b"Apr ", b"May ", b"Jun ", b"Jul ", b"Aug ", b"Sep ", b"Oct ", b"Nov ",
    b"Dec ",
];

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    let bytes = sight.data.get(..HEAD_BYTES).unwrap_or(sight.data);
    let message = match sight.over {
        Over::Tcp => without_count(bytes),
        Over::Udp | Over::Ip(_) => bytes,
    };
    let Some(text) = after_priority(message) else {
        return Look::No;
    };
    let is_marked = is_rfc5424(text) || is_rfc3164(text);
    // Many devices leave the time stamp out: then the port must speak for it, over UDP only.
    let is_plain = sight.over == Over::Udp
        && sight.destination().1 == 514
        && text.len() >= 8
        && text.iter().all(|byte| *byte >= b' ' || byte.is_ascii_whitespace());
    let confidence = match (is_marked, is_plain) {
        (true, _) => 95,
        (false, true) => 75,
        (false, false) => return Look::No,
    };
    Look::Is(Found::served_by(confidence, sight.sender().peer()))
}

/// Steps over the octet count of RFC 6587 §3.4.1.
fn without_count(bytes: &[u8]) -> &[u8] {
    let digits = bytes.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    match bytes.get(digits..).and_then(|rest| rest.strip_prefix(b" ")) {
        Some(rest) if digits > 0 => rest,
        _ => bytes,
    }
}

/// Reads `<n>`, one to three digits that make at most 191, and gives what follows.
fn after_priority(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(b"<")?;
    let end = rest.iter().take(4).position(|byte| *byte == b'>')?;
    let mut priority = 0;
    for digit in rest.get(..end).filter(|digits| !digits.is_empty())? {
        if !digit.is_ascii_digit() {
            return None;
        }
        priority = priority * 10 + u16::from(digit - b'0');
    }
    if priority > 191 { None } else { rest.get(end + 1..) }
}

/// `1 2026-…` or, where the clock is not set, `1 - `.
fn is_rfc5424(text: &[u8]) -> bool {
    let Some(stamp) = text.strip_prefix(b"1 ") else {
        return false;
    };
    stamp.starts_with(b"- ")
        || matches!(stamp, [a, b, c, d, b'-', e, f, b'-', ..] if [a, b, c, d, e, f].iter().all(|byte| byte.is_ascii_digit()))
}

/// `Mmm dd hh:mm:`, perhaps after the sequence number that routers put in front.
fn is_rfc3164(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.get(digits..).and_then(|rest| rest.strip_prefix(b": ")).unwrap_or(text);
    // Cisco marks an unset or unsure clock.
    let text = text.strip_prefix(b"*").or_else(|| text.strip_prefix(b".")).unwrap_or(text);
    let Some(stamp) = MONTHS.iter().find_map(|month| text.strip_prefix(*month)) else {
        return false;
    };
    matches!(stamp, [tens, ones, b' ', a, b, b':', c, d, b':', ..]
        if (*tens == b' ' || tens.is_ascii_digit()) && [ones, a, b, c, d].iter().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{look, sight};

    #[test]
    fn messages_of_every_dialect_are_syslog() {
        // (why, transport, port, bytes, confidence)
        let cases: [(&str, Over, u16, &[u8], u8); 6] = [
            ("RFC 3164", Over::Udp, 20_514, b"<34>Oct 11 22:14:15 ward su: no", 95),
            ("RFC 5424", Over::Udp, 20_514, b"<165>1 2026-11-22T22:14:15Z ward su - - -", 95),
            ("RFC 5424 without a clock", Over::Udp, 514, b"<165>1 - ward su - - -", 95),
            ("a router's number in front", Over::Udp, 514, b"<189>29: *Mar  1 18:46:11: %SYS-5", 95),
            ("octet counting", Over::Tcp, 601, b"31 <34>Oct 11 22:14:15 ward su: no", 95),
            ("no time stamp, on the port", Over::Udp, 514, b"<189>[DHCPD] LAN1 lease", 75),
        ];
        for (why, over, port, bytes, confidence) in cases {
            let (found, recorder) = look(&PROTOCOL, &sight(over, true, port, bytes));
            assert_eq!(found, Look::Is(Found::served_by(confidence, Side::Resp)), "{why}");
            assert!(recorder.notes.is_empty(), "{why}");
        }
    }

    #[test]
    fn other_text_is_not_syslog() {
        // (why, port, bytes)
        let cases: [(&str, u16, &[u8]); 5] = [
            ("markup", 80, b"<html>Oct 11 22:14:15"),
            ("no time stamp, on another port", 2000, b"<189>[DHCPD] LAN1 lease"),
            ("a priority too high", 514, b"<192>Oct 11 22:14:15"),
            ("an empty priority", 514, b"<>Oct 11 22:14:15"),
            ("cut short", 514, b"<34>Oct"),
        ];
        for (why, port, bytes) in cases {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, port, bytes)).0, Look::No, "{why}");
        }
    }
}
