//! Frames of every link and wrap, cut at every length, against a second decoder, and hostile.

use etherparse::PacketBuilder;
use proptest::prelude::*;

use super::*;

const CLIENT: [u8; 6] = [0x00, 0x00, 0x5e, 0x00, 0x53, 0x01];
const SERVER: [u8; 6] = [0x00, 0x00, 0x5e, 0x00, 0x53, 0x02];
const PAYLOAD: &[u8] = b"payload";

fn tcp_frame() -> Vec<u8> {
    let builder = PacketBuilder::ethernet2(CLIENT, SERVER)
        .ipv4([192, 0, 2, 1], [198, 51, 100, 2], 63)
        .tcp(50_000, 443, 7, 1024)
        .syn();
    let mut frame = Vec::new();
    builder.write(&mut frame, PAYLOAD).unwrap();
    frame
}

/// The frame without its Ethernet header.
fn ip_packet() -> Vec<u8> {
    tcp_frame()[14..].to_vec()
}

fn ethernet(ethertype: u16, rest: &[u8]) -> Vec<u8> {
    [&SERVER[..], &CLIENT, &ethertype.to_be_bytes(), rest].concat()
}

fn ipv4(number: u8, body: &[u8]) -> Vec<u8> {
    let mut header = vec![0x45, 0, 0, 0, 0, 9, 0, 0, 62, number, 0, 0, 203, 0, 113, 1, 203, 0, 113, 2];
    header[2..4].copy_from_slice(&((20 + body.len()) as u16).to_be_bytes());
    [header, body.to_vec()].concat()
}

/// A data frame's header from a client to the access point, then LLC for IPv4.
fn air(frame_control: [u8; 2], extra: &[u8]) -> Vec<u8> {
    let access_point = [0x00, 0x00, 0x5e, 0x00, 0x53, 0x03];
    let addresses = [access_point, CLIENT, SERVER].concat();
    let llc = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    [&frame_control[..], &[0, 44], &addresses, &[0, 0], extra, &llc].concat()
}

fn whole(link: LinkType, bytes: &[u8]) -> Packet<'_> {
    decode(link, bytes, bytes.len() as u32).unwrap()
}

fn ip<'a>(packet: &Packet<'a>) -> Ip<'a> {
    match packet.body {
        Body::Ip(ip) => ip,
        other => panic!("no IP: {other:?}"),
    }
}

#[test]
fn every_link_type_and_wrap_shows_the_same_packet() {
    let packet = ip_packet();
    let with = |head: &[u8]| [head, &packet].concat();
    // (why, link, frame, VLAN, outer VLAN)
    let cases = [
        ("plain", LinkType::Ethernet, tcp_frame(), 0, 0),
        ("one tag", LinkType::Ethernet, ethernet(0x8100, &with(&[0x20, 10, 8, 0])), 10, 0),
        ("a priority tag is no VLAN", LinkType::Ethernet, ethernet(0x8100, &with(&[0x20, 0, 8, 0])), 0, 0),
        ("two tags", LinkType::Ethernet, ethernet(0x88a8, &with(&[0, 7, 0x81, 0, 0, 10, 8, 0])), 10, 7),
        ("two labels", LinkType::Ethernet, ethernet(0x8847, &with(&[0, 0, 0x10, 9, 0, 0, 0x21, 9])), 0, 0),
        (
            "a pseudowire with control word",
            LinkType::Ethernet,
            ethernet(0x8847, &[&[0, 0, 0x21, 9, 0, 0, 0, 0][..], &tcp_frame()].concat()),
            0,
            0,
        ),
        (
            "an access line",
            LinkType::Ethernet,
            ethernet(0x8864, &with(&[0x11, 0, 0, 1, 0, 49, 0, 0x21])),
            0,
            0,
        ),
        ("LLC and SNAP", LinkType::Ethernet, ethernet(57, &with(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0])), 0, 0),
        ("cooked", LinkType::LinuxSll, with(&[0, 0, 0, 1, 0, 6, 0, 0, 0x5e, 0, 0x53, 1, 0, 0, 8, 0]), 0, 0),
        (
            "cooked, version 2",
            LinkType::LinuxSll2,
            with(&[8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 0, 0, 0x5e, 0, 0x53, 1, 0, 0]),
            0,
            0,
        ),
        ("raw", LinkType::RawIp, packet.clone(), 0, 0),
        ("BSD loopback", LinkType::Null, with(&[2, 0, 0, 0]), 0, 0),
        ("OpenBSD loopback", LinkType::Loop, with(&[0, 0, 0, 2]), 0, 0),
        ("the air", LinkType::Wireless, with(&air([0x08, 0x01], &[])), 0, 0),
        ("the air with QoS and HT control", LinkType::Wireless, with(&air([0x88, 0x81], &[0; 6])), 0, 0),
        ("the air as Cisco sends it on", LinkType::Wireless, with(&air([0x01, 0x08], &[])), 0, 0),
    ];
    for (why, link, frame, vlan, outer_vlan) in cases {
        let packet = whole(link, &frame);
        let ip = ip(&packet);
        assert_eq!(
            (ip.src.to_string().as_str(), ip.dst.to_string().as_str()),
            ("192.0.2.1", "198.51.100.2"),
            "{why}"
        );
        assert_eq!(ip.upper.ports(), (50_000, 443), "{why}");
        assert_eq!((ip.payload, ip.payload_wire_len), (PAYLOAD, 7), "{why}");
        assert_eq!((packet.link.vlan, packet.link.outer_vlan), (vlan, outer_vlan), "{why}");
        assert_eq!(packet.link.pppoe, why == "an access line", "{why}");
        let has_mac = !matches!(link, LinkType::RawIp | LinkType::Null | LinkType::Loop);
        assert_eq!(packet.link.src == MacAddr(CLIENT), has_mac, "{why}");
    }
}

#[test]
fn every_tunnel_opens_to_the_packet_inside() {
    let packet = ip_packet();
    let frame = tcp_frame();
    let udp = |port: u16, body: &[u8]| {
        let len = (8 + body.len()) as u16;
        ipv4(
            17,
            &[&4000u16.to_be_bytes()[..], &port.to_be_bytes(), &len.to_be_bytes(), &[0, 0], body].concat(),
        )
    };
    // (why, outer packet, whether it is only a mirror's transport)
    let cases = [
        ("GRE", ipv4(47, &[&[0, 0, 8, 0][..], &packet].concat()), false),
        (
            "GRE with checksum, key and sequence",
            ipv4(47, &[&[0xb0, 0, 8, 0][..], &[0; 12], &packet].concat()),
            false,
        ),
        ("GRE-TAP", ipv4(47, &[&[0, 0, 0x65, 0x58][..], &frame].concat()), false),
        ("ERSPAN I", ipv4(47, &[&[0, 0, 0x88, 0xbe][..], &frame].concat()), true),
        (
            "ERSPAN II",
            ipv4(
                47,
                &[&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1][..], &[0x10, 1, 0, 1, 0, 0, 0, 2], &frame].concat(),
            ),
            true,
        ),
        (
            "ERSPAN III with its optional part",
            ipv4(
                47,
                &[
                    &[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1][..],
                    &[0x20, 1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1],
                    &[0; 8],
                    &frame,
                ]
                .concat(),
            ),
            true,
        ),
        ("VXLAN", udp(4789, &[&[8, 0, 0, 0, 0, 0, 42, 0][..], &frame].concat()), false),
        (
            "Geneve with an option",
            udp(6081, &[&[1, 0, 0x65, 0x58, 0, 0, 42, 0, 9, 9, 9, 9][..], &frame].concat()),
            false,
        ),
        ("GTP", udp(2152, &[&[0x30, 255, 0, packet.len() as u8, 0, 0, 0, 7][..], &packet].concat()), false),
        (
            "GTP with an extension of 5G",
            udp(
                2152,
                &[
                    &[0x34, 255, 0, 8 + packet.len() as u8, 0, 0, 0, 7, 0, 0, 0, 0x85, 1, 0x10, 9, 0][..],
                    &packet,
                ]
                .concat(),
            ),
            false,
        ),
        (
            "CAPWAP with the air's frame, as Cisco sends it on",
            udp(
                5247,
                &[&[0, 0x20, 0x43, 0x20, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0][..], &air([1, 8], &[]), &packet]
                    .concat(),
            ),
            false,
        ),
        (
            "CAPWAP with an Ethernet frame",
            udp(5247, &[&[0, 0x10, 0x42, 0, 0, 0, 0, 0][..], &frame].concat()),
            false,
        ),
        ("IPv4 in IPv4", ipv4(4, &packet), false),
        (
            "AH in tunnel mode",
            ipv4(51, &[&[4, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1][..], &[0; 12], &packet].concat()),
            false,
        ),
    ];
    for (why, outer, mirror) in cases {
        let outer = whole(LinkType::RawIp, &outer);
        let inner = ip(&outer).inner().unwrap().unwrap_or_else(|| panic!("{why}: nothing inside"));
        assert_eq!(inner.mirror, mirror, "{why}");
        let opened = decode(inner.link, inner.data, inner.wire_len).unwrap();
        assert_eq!((ip(&opened).payload, ip(&opened).payload_wire_len), (PAYLOAD, 7), "{why}");
    }
}

#[test]
fn what_is_encrypted_or_of_another_port_stays_closed() {
    // (why, outer packet)
    let cases = [
        ("ESP", ipv4(50, &[0; 40])),
        ("PPTP's GRE", ipv4(47, &[0x30, 1, 0x88, 0x0b, 0, 0, 0, 1, 0, 0, 0, 1])),
        ("TCP", ip_packet()),
        (
            "VXLAN's header on another port",
            ipv4(17, &[&[15, 160, 15, 160, 0, 50, 0, 0, 8, 0, 0, 0][..], &[0; 40]].concat()),
        ),
    ];
    for (why, outer) in cases {
        let outer = whole(LinkType::RawIp, &outer);
        assert!(ip(&outer).inner().unwrap().is_none(), "{why}");
    }
}

#[test]
fn ethernet_padding_is_not_payload() {
    let mut frame = tcp_frame();
    frame.extend([0xee; 30]);
    let packet = whole(LinkType::Ethernet, &frame);
    assert_eq!(ip(&packet).payload, PAYLOAD);
}

#[test]
fn a_small_snaplen_keeps_the_length_on_the_wire() {
    let frame = tcp_frame();
    let packet = decode(LinkType::Ethernet, &frame[..frame.len() - 3], frame.len() as u32).unwrap();
    assert_eq!((ip(&packet).payload.len(), ip(&packet).payload_wire_len), (4, 7));
}

#[test]
fn an_offloaded_segment_without_length_takes_that_of_the_link() {
    let mut frame = tcp_frame();
    frame[16..18].copy_from_slice(&[0, 0]);
    let packet = whole(LinkType::Ethernet, &frame);
    assert_eq!((ip(&packet).wire_len, ip(&packet).payload), (47, PAYLOAD));
}

#[test]
fn fragments_tell_where_they_stand() {
    // (flags and offset, meaning)
    let cases = [
        (0x4000, Fragment::Whole),
        (0x2000, Fragment::First),
        (0x2010, Fragment::Later),
        (0x0010, Fragment::Later),
    ];
    for (field, expected) in cases {
        let mut bytes = ip_packet();
        bytes[6..8].copy_from_slice(&u16::to_be_bytes(field));
        let packet = whole(LinkType::RawIp, &bytes);
        assert_eq!(ip(&packet).fragment, expected, "{field:#06x}");
        let has_header = expected != Fragment::Later;
        assert_eq!(matches!(ip(&packet).upper, Upper::Tcp(_)), has_header, "{field:#06x}");
    }
}

#[test]
fn a_first_fragment_of_udp_tells_how_long_the_datagram_is() {
    // (what, flags and offset, the length UDP tells, octets after its header on the wire)
    let cases = [
        ("the first of more", 0x2000, 1540, 1532),
        ("one that tells less than there is", 0x2000, 9, 3),
        ("one that tells nothing", 0x2000, 0, 3),
        ("whole", 0, 1540, 3),
    ];
    for (what, field, told, expected) in cases {
        let mut bytes = vec![0x45, 0, 0, 31, 0, 7];
        bytes.extend(u16::to_be_bytes(field));
        bytes.extend([64, 17, 0, 0, 192, 0, 2, 10, 198, 51, 100, 20, 0x13, 0x88, 0x01, 0xbb]);
        bytes.extend(u16::to_be_bytes(told));
        bytes.extend([0, 0, 1, 2, 3]);
        let packet = whole(LinkType::RawIp, &bytes);
        assert_eq!((ip(&packet).payload, ip(&packet).payload_wire_len), (&[1, 2, 3][..], expected), "{what}");
    }
}

#[test]
fn ipv6_extension_headers_lead_to_the_upper_layer() {
    let mut bytes = vec![0x60, 0, 0, 0, 0, 0, 0, 64];
    bytes.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    bytes.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    bytes.extend([43, 0, 5, 2, 0, 0, 1, 0]); // hop-by-hop: router alert
    bytes.extend([60, 0, 0, 0, 0, 0, 0, 0]); // routing
    bytes.extend([44, 0, 1, 4, 0, 0, 0, 0]); // destination options
    bytes.extend([17, 0, 0, 1, 0, 0, 0, 77]); // fragment: the first
    bytes.extend([0x13, 0x88, 0x01, 0xf4, 0, 11, 0, 0, 1, 2, 3]);
    bytes[5] = (bytes.len() - 40) as u8;
    let packet = whole(LinkType::RawIp, &bytes);
    let ip = ip(&packet);
    assert_eq!((ip.protocol, ip.upper.ports(), ip.ident), (17, (5000, 500), 77));
    assert_eq!((ip.fragment, ip.payload, ip.payload_wire_len), (Fragment::First, &[1, 2, 3][..], 3));
}

#[test]
fn every_cut_of_the_headers_is_reported_as_truncated() {
    let packet = ip_packet();
    let tagged = ethernet(0x88a8, &[&[0, 7, 0x81, 0, 0, 10, 8, 0][..], &packet].concat());
    let headers = tagged.len() - PAYLOAD.len();
    for len in 0..headers {
        let error = decode(LinkType::Ethernet, &tagged[..len], tagged.len() as u32).unwrap_err();
        assert!(matches!(error, DecodeError::Truncated { .. }), "{len} bytes: {error}");
    }
}

#[test]
fn contradictions_are_malformed() {
    let with = |at: usize, value: u8| {
        let mut bytes = ip_packet();
        bytes[at] = value;
        bytes
    };
    let mut endless = vec![0x81, 0];
    endless.extend([0, 1, 0x81, 0].repeat(20));
    // (why, link, bytes)
    let cases = [
        ("IP version 5", LinkType::RawIp, with(0, 0x55)),
        ("a header of four words", LinkType::RawIp, with(0, 0x44)),
        ("a total length under the header's", LinkType::RawIp, [&[0x45, 0, 0, 19][..], &[0; 16]].concat()),
        ("a TCP header of four words", LinkType::RawIp, with(32, 0x40)),
        ("twenty tags", LinkType::Ethernet, [&SERVER[..], &CLIENT, &endless].concat()),
        ("GRE version 2", LinkType::RawIp, ipv4(47, &[0, 2, 8, 0])),
        ("labels without end", LinkType::Ethernet, ethernet(0x8847, &[0; 64])),
    ];
    for (why, link, bytes) in cases {
        let error = decode(link, &bytes, bytes.len() as u32).unwrap_err();
        assert!(matches!(error, DecodeError::Malformed { .. }), "{why}: {error}");
    }
}

/// The brief of a TCP or UDP packet that was decoded layer by layer out of a frame.
fn brief_of(packet: &Packet<'_>, frame: &[u8]) -> Option<Brief> {
    let Body::Ip(ip) = &packet.body else { return None };
    let (flags, own) = match &ip.upper {
        Upper::Tcp(tcp) => (tcp.flags, tcp.own()),
        Upper::Udp(udp) => (0, udp.own(ip.payload)),
        _ => return None,
    };
    let (src_port, dst_port) = ip.upper.ports();
    Some(Brief {
        src: ip.src,
        dst: ip.dst,
        src_port,
        dst_port,
        protocol: ip.protocol,
        ttl: ip.ttl,
        flags,
        ident: ip.ident,
        wire_len: ip.wire_len,
        payload_wire_len: ip.payload_wire_len,
        payload_len: ip.payload.len() as u32,
        upper_at: (ip.body.as_ptr().addr() - frame.as_ptr().addr()) as u32,
        own,
        macs: [packet.link.dst.0, packet.link.src.0].concat().try_into().unwrap(),
        vlan: packet.link.vlan,
    })
}

/// TCP's sequence number and the payload of a packet that was decoded layer by layer.
fn carried_of<'a>(packet: &Packet<'a>) -> Option<(u32, &'a [u8])> {
    let Body::Ip(ip) = &packet.body else { return None };
    let Upper::Tcp(tcp) = &ip.upper else { return Some((0, ip.payload)) };
    Some((tcp.seq, ip.payload))
}

#[test]
fn every_port_where_packets_are_opened_is_told() {
    // (from, to, whether they may be carried)
    let cases = [
        (50_000, 4789, true),
        (50_000, 6081, true),
        (50_000, 2152, true),
        (50_000, 5247, true),
        (5247, 50_000, true),
        (50_000, 53, false),
    ];
    for (from, to, expected) in cases {
        assert_eq!(may_carry_packets(protocol::UDP, [from, to]), expected, "{from} to {to}");
        assert!(!may_carry_packets(protocol::TCP, [from, to]), "{from} to {to}");
    }
}

proptest! {
    /// Frames as they are and with a few bytes changed, whole and cut: both ways say the same.
    #[test]
    fn a_brief_says_what_the_way_by_layers_says(
        tagged in any::<bool>(),
        v6 in any::<bool>(),
        udp in any::<bool>(),
        long in any::<bool>(),
        tci in 0u16..3,
        changes in prop::collection::vec((0usize..100, any::<u8>()), 0..3),
        cut in 0usize..130,
        longer in 0u32..40,
    ) {
        let link = PacketBuilder::ethernet2(CLIENT, SERVER);
        let mut frame = Vec::new();
        let payload = if long { [PAYLOAD; 4].concat() } else { PAYLOAD.to_vec() };
        let ends = |n| [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n];
        let internet = match (tagged, v6) {
            (false, false) => link.ipv4([192, 0, 2, 1], [198, 51, 100, 2], 63),
            (false, true) => link.ipv6(ends(1), ends(2), 63),
            (true, false) => link.single_vlan(10.try_into().unwrap()).ipv4([192, 0, 2, 1], [198, 51, 100, 2], 63),
            (true, true) => link.single_vlan(10.try_into().unwrap()).ipv6(ends(1), ends(2), 63),
        };
        if udp {
            internet.udp(50_000, 53).write(&mut frame, &payload).unwrap();
        } else {
            internet.tcp(50_000, 443, 7, 1024).write(&mut frame, &payload).unwrap();
        }
        for &(at, byte) in &changes {
            if let Some(place) = frame.get_mut(at) {
                *place = byte;
            }
        }
        let bytes = frame.get(..cut).unwrap_or(&frame);
        let wire_len = frame.len() as u32 + longer;
        let mut brief = Brief::NONE;
        let read = brief.read(LinkType::Ethernet, tci, bytes, wire_len);
        let packet = decode_tagged(LinkType::Ethernet, tci, bytes, wire_len);
        let of_packet = packet.ok().and_then(|packet| brief_of(&packet, bytes));
        if changes.is_empty() && cut > bytes.len() && tci == 0 {
            prop_assert!(read, "a plain frame has a brief");
        }
        if read {
            prop_assert_eq!(Some(brief), of_packet);
            prop_assert_eq!(Some(brief.carried(bytes)), packet.ok().and_then(|packet| carried_of(&packet)));
        }
        prop_assert_eq!(brief.is_some(), read);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), number in 0..300) {
        let link = LinkType::from_number(number).unwrap_or(LinkType::Ethernet);
        if let Ok(Packet { body: Body::Ip(ip), .. }) = decode(link, &bytes, bytes.len() as u32) {
            let _ = ip.inner();
        }
    }

    #[test]
    fn a_flipped_byte_in_real_headers_does_not_make_it_panic(at in 0usize..61, value: u8, cut in 0usize..62) {
        let mut frame = tcp_frame();
        frame[at] = value;
        let frame = &frame[..cut.min(frame.len())];
        if let Ok(Packet { body: Body::Ip(ip), .. }) = decode(LinkType::Ethernet, frame, 61) {
            prop_assert!(ip.payload.len() <= frame.len());
            let _ = ip.inner();
        }
    }

    #[test]
    fn addresses_ports_and_payload_agree_with_etherparse(
        src: [u8; 4], dst: [u8; 4], ports: (u16, u16), vlan in 1u16..4095, udp: bool,
        payload in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let step = PacketBuilder::ethernet2(CLIENT, SERVER)
            .single_vlan(vlan.try_into().unwrap())
            .ipv4(src, dst, 64);
        let mut frame = Vec::new();
        if udp {
            step.udp(ports.0, ports.1).write(&mut frame, &payload).unwrap();
        } else {
            step.tcp(ports.0, ports.1, 1, 1).write(&mut frame, &payload).unwrap();
        }
        let ours = whole(LinkType::Ethernet, &frame);
        let theirs = etherparse::SlicedPacket::from_ethernet(&frame).unwrap();
        let Some(etherparse::NetSlice::Ipv4(net)) = &theirs.net else { panic!("not IPv4") };
        let upper = match theirs.transport.as_ref().unwrap() {
            etherparse::TransportSlice::Udp(udp) => (udp.source_port(), udp.destination_port(), udp.payload()),
            etherparse::TransportSlice::Tcp(tcp) => (tcp.source_port(), tcp.destination_port(), tcp.payload()),
            other => panic!("neither: {other:?}"),
        };
        let ip = ip(&ours);
        prop_assert_eq!(ip.src, net.header().source_addr().into());
        prop_assert_eq!(ip.dst, net.header().destination_addr().into());
        prop_assert_eq!((ip.upper.ports().0, ip.upper.ports().1, ip.payload), upper);
        prop_assert_eq!(ours.link.vlan, vlan);
    }
}
