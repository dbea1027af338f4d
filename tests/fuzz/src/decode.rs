//! Frames: how the link is numbered, what the capturing machine took off, what it cut, then the bytes.

use std::hint::black_box;

use sekisho_decode::{Body, Brief, Cursor, Layer, LinkType, Packet, Upper, decode, decode_tagged, ndp};
use sekisho_recognise::neighbour;

/// Kinds of link, in the order in which an input's first octet numbers them.
const LINKS: [LinkType; 7] = [
    LinkType::Ethernet,
    LinkType::RawIp,
    LinkType::LinuxSll,
    LinkType::LinuxSll2,
    LinkType::Null,
    LinkType::Loop,
    LinkType::Wireless,
];
/// As deep as the agent follows tunnels.
const MAX_DEPTH: usize = 4;

/// The input of a frame.
#[must_use]
pub fn input(link: LinkType, frame: &[u8]) -> Vec<u8> {
    let number = LINKS.iter().position(|other| *other == link).unwrap_or_default();
    [&[number as u8, 0, 0, 0][..], frame].concat()
}

/// Decodes a frame and what is in it.
///
/// # Panics
///
/// If the frame's brief says another thing.
pub fn run(input: &[u8]) {
    let mut cursor = Cursor::new(Layer::Application, input);
    let (Ok(number), Ok(tci), Ok(cut)) = (cursor.u8(), cursor.u16(), cursor.u8()) else { return };
    let link = LINKS.get(usize::from(number) % LINKS.len()).copied().unwrap_or(LinkType::Ethernet);
    let frame = cursor.rest();
    let wire_len = frame.len() as u32 + u32::from(cut);
    let mut brief = Brief::NONE;
    let packet = decode_tagged(link, tci, frame, wire_len).ok();
    if brief.read(link, tci, frame, wire_len) {
        let said = packet.as_ref().and_then(|packet| match &packet.body {
            Body::Ip(ip) => Some((packet.link, ip.src, ip.dst, ip.wire_len, ip.payload.len())),
            Body::Arp(_) | Body::Lldp(_) | Body::Cdp(_) | Body::Other(_) => None,
        });
        let Brief { src, dst, wire_len, payload_len, .. } = brief;
        let in_brief = (brief.link(), src, dst, wire_len, payload_len as usize);
        assert_eq!(said, Some(in_brief), "both ways say the same");
    }
    // What nobody looks at the compiler leaves out.
    if let Some(packet) = black_box(packet) {
        deeper(&packet, 0);
    }
}

fn deeper(packet: &Packet<'_>, depth: usize) {
    let ip = match &packet.body {
        Body::Ip(ip) => ip,
        Body::Lldp(bytes) => {
            let _ = black_box(neighbour::parse_lldp(bytes));
            return;
        }
        Body::Cdp(bytes) => {
            let _ = black_box(neighbour::parse_cdp(bytes));
            return;
        }
        Body::Arp(_) | Body::Other(_) => return,
    };
    assert!(ip.payload.len() <= ip.body.len(), "a payload is part of its packet");
    if let Upper::Icmp(icmp) = ip.upper {
        let _ = black_box(ndp::parse(icmp.kind, ip.payload));
    }
    let Ok(Some(inner)) = ip.inner() else { return };
    assert!(inner.data.len() <= ip.body.len(), "what a packet carries is part of it");
    if depth < MAX_DEPTH
        && let Ok(packet) = decode(inner.link, inner.data, inner.wire_len)
    {
        deeper(&packet, depth + 1);
    }
}
