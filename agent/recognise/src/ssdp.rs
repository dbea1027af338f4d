//! SSDP (UPnP Device Architecture 2.0 §1): told by the request line, or by an answer's `ST` header.

use crate::text;
use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start};

const PORTS: [u16; 1] = [1900];

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ssdp",
    tunnel: false,
    over: &[Over::Udp],
    ports: &PORTS,
    start: Start::with(b"MNH"),
    look,
};

/// Where headers are looked for.
const HEAD_BYTES: usize = 1024;

fn look(sight: &Sight<'_>, _: &mut u32, sink: &mut dyn Sink) -> Look {
    if sight.data.starts_with(b"M-SEARCH * HTTP/1.1\r\n") {
        note_product(sight, b"USER-AGENT:", Key::HttpAgent, sink);
        return Look::Is(Found::served_by(97, sight.sender().peer()));
    }
    // An announcement goes to the group: nobody serves.
    if sight.data.starts_with(b"NOTIFY * HTTP/1.1\r\n") {
        note_product(sight, b"SERVER:", Key::HttpServer, sink);
        return Look::Is(Found::new(97));
    }
    if sight.data.starts_with(b"HTTP/1.1 200 OK\r\n") && header(sight.data, b"ST:").is_some() {
        note_product(sight, b"SERVER:", Key::HttpServer, sink);
        return Look::Is(Found::served_by(95, sight.sender()));
    }
    Look::No
}

/// The operating system and product that a device says it is (§1.2.2, §1.3.2).
fn note_product(sight: &Sight<'_>, name: &[u8], key: Key, sink: &mut dyn Sink) {
    if let Some(product) = header(sight.data, name).and_then(text::note) {
        sink.note(sight.sender(), key, product);
    }
}

/// The value of a header.
fn header<'a>(bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (start, value) = line.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{look, sight};

    #[test]
    fn searches_announcements_and_answers_are_ssdp() {
        // (bytes, server)
        let cases: [(&[u8], Option<Side>); 3] = [
            (b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n", Some(Side::Resp)),
            (b"NOTIFY * HTTP/1.1\r\nNTS: ssdp:alive\r\n\r\n", None),
            (
                b"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=100\r\nst: upnp:rootdevice\r\n\r\n",
                Some(Side::Orig),
            ),
        ];
        for (bytes, server) in cases {
            let (found, _) = look(&PROTOCOL, &sight(Over::Udp, true, 1900, bytes));
            assert!(matches!(found, Look::Is(found) if found.server == server));
        }
    }

    #[test]
    fn a_device_s_product_is_noted() {
        let announced = b"NOTIFY * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nServer: Linux/5.10 UPnP/1.0 Example/2\r\n\r\n";
        let (_, notes) = look(&PROTOCOL, &sight(Over::Udp, true, 1900, announced));
        assert_eq!(notes.values(Key::HttpServer), ["Linux/5.10 UPnP/1.0 Example/2"]);
        let asks = b"M-SEARCH * HTTP/1.1\r\nUSER-AGENT: Microsoft-Windows/10.0 UPnP/1.0\r\n\r\n";
        let (_, notes) = look(&PROTOCOL, &sight(Over::Udp, true, 1900, asks));
        assert_eq!(notes.values(Key::HttpAgent), ["Microsoft-Windows/10.0 UPnP/1.0"]);
    }

    #[test]
    fn other_text_is_not_ssdp() {
        // (why, bytes)
        let cases: [(&str, &[u8]); 4] = [
            ("empty", b""),
            ("cut short", b"M-SEARCH * HTTP/1.1"),
            ("HTTP", b"HTTP/1.1 200 OK\r\nServer: a\r\n\r\n"),
            ("SIP", b"NOTIFY sip:101@192.0.2.5 SIP/2.0\r\n"),
        ];
        for (why, bytes) in cases {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 1900, bytes)).0, Look::No, "{why}");
        }
    }
}
