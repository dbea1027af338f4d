//! Filters, compiled and run in a small machine, and what is refused.

mod machine;

use sekisho_decode::LinkType;

use super::error::Wanted;
use super::*;
use crate::capture::live::tests::wire::{STATIONS, datagram, ethernet, ipv4, ipv6, ports, tagged};
use machine::{Beside, run};

const INSIDE: [u8; 4] = [192, 0, 2, 1];
const OUTSIDE: [u8; 4] = [198, 51, 100, 9];
const INSIDE_6: &str = "2001:db8::1";
const OUTSIDE_6: &str = "2001:db8:ffff::9";

/// Frames of each kind that filters tell apart, with their names.
fn frames() -> Vec<(&'static str, Vec<u8>)> {
    let tcp = ports(50_000, 443, b"hello");
    let arp = [&[0, 1, 8, 0, 6, 4, 0, 1][..], &STATIONS[0], &INSIDE, &[0; 6], &[192, 0, 2, 254]].concat();
    let fragment6 = |offset: u16| {
        let [high, low] = (offset << 3).to_be_bytes();
        [&[17, 0, high, low, 0, 0, 0, 1][..], &ports(53, 5353, b"part")].concat()
    };
    let with_options = {
        let mut packet = ipv4(6, 0, [INSIDE, OUTSIDE], &[&[1; 4][..], &tcp].concat());
        packet[0] = 0x46;
        packet
    };
    let dns = datagram([INSIDE, OUTSIDE], [5353, 53], b"?");
    let mut all = vec![
        ("tcp", ethernet(0x0800, &ipv4(6, 0, [INSIDE, OUTSIDE], &tcp))),
        ("tcp-back", ethernet(0x0800, &ipv4(6, 0, [OUTSIDE, INSIDE], &ports(443, 50_000, b"")))),
        ("tcp-options", ethernet(0x0800, &with_options)),
        ("tcp6", ethernet(0x86dd, &ipv6(6, [INSIDE_6, OUTSIDE_6], &tcp))),
        ("dns", dns.clone()),
        ("dns-vlan", tagged(&dns, 0x8100, 0x600a)),
        ("dns-qinq", tagged(&tagged(&dns, 0x8100, 30), 0x88a8, 20)),
        ("dns6", ethernet(0x86dd, &ipv6(17, [INSIDE_6, OUTSIDE_6], &ports(5353, 53, b"?")))),
        ("fragment-1", ethernet(0x0800, &ipv4(17, 0x2000, [INSIDE, OUTSIDE], &ports(5353, 53, b"?")))),
        ("fragment-2", ethernet(0x0800, &ipv4(17, 0x0001, [INSIDE, OUTSIDE], &ports(5353, 53, b"?")))),
        ("fragment6-1", ethernet(0x86dd, &ipv6(44, [INSIDE_6, OUTSIDE_6], &fragment6(0)))),
        ("fragment6-2", ethernet(0x86dd, &ipv6(44, [INSIDE_6, OUTSIDE_6], &fragment6(1)))),
        ("sctp", ethernet(0x0800, &ipv4(132, 0, [INSIDE, OUTSIDE], &ports(2905, 2905, b"")))),
        ("ping", ethernet(0x0800, &ipv4(1, 0, [INSIDE, [203, 0, 113, 7]], &[8; 8]))),
        ("ping6", ethernet(0x86dd, &ipv6(58, [INSIDE_6, OUTSIDE_6], &[128; 8]))),
        ("esp", ethernet(0x0800, &ipv4(50, 0, [INSIDE, OUTSIDE], &[9; 32]))),
        ("arp", ethernet(0x0806, &arp)),
        ("lldp", ethernet(0x88cc, &[0; 46])),
        ("stp", ethernet(0x0026, &[0x42, 0x42, 3, 0, 0])),
    ];
    for (name, frame) in &mut all {
        match *name {
            "arp" => frame[..6].fill(0xff),
            "lldp" => frame[..6].copy_from_slice(&[0x01, 0x80, 0xc2, 0, 0, 0x0e]),
            _ => {}
        }
    }
    all
}

/// Filters, and the frames that each takes.
const CASES: &[(&str, &str)] = &[
    ("ip", "tcp tcp-back tcp-options dns dns-vlan dns-qinq fragment-1 fragment-2 sctp ping esp"),
    ("ip6", "tcp6 dns6 fragment6-1 fragment6-2 ping6"),
    ("arp", "arp"),
    ("tcp", "tcp tcp-back tcp-options tcp6"),
    ("udp", "dns dns-vlan dns-qinq dns6 fragment-1 fragment-2 fragment6-1 fragment6-2"),
    ("ip6 proto 17", "dns6 fragment6-1 fragment6-2"),
    ("ip proto icmp", "ping"),
    ("proto 50", "esp"),
    ("icmp", "ping"),
    ("icmp6", "ping6"),
    ("esp", "esp"),
    ("ether proto 0x88cc", "lldp"),
    ("ether proto arp", "arp"),
    ("host 203.0.113.7", "ping"),
    ("203.0.113.7", "ping"),
    ("host 192.0.2.254", "arp"),
    ("arp host 192.0.2.254", "arp"),
    ("ip host 192.0.2.254", ""),
    ("arp src host 192.0.2.1", "arp"),
    ("src host 198.51.100.9", "tcp-back"),
    ("src 198.51.100.9", "tcp-back"),
    ("dst net 203.0.113.0/24", "ping"),
    ("dst net 203.0.113", "ping"),
    ("dst net 203.0.113.0 mask 255.255.255.0", "ping"),
    ("net 198.51.100.8/29 and icmp", ""),
    ("net 0.0.0.0/0 and icmp", "ping"),
    ("host 2001:db8:ffff::9 and tcp", "tcp6"),
    ("src host 2001:db8:ffff::9", ""),
    ("dst net 2001:db8:ffff::/48 and icmp6", "ping6"),
    ("net ::/0 and icmp6", "ping6"),
    ("net 2001:db8::/127 and udp port 53", "dns6 fragment6-1"),
    ("src and dst net 2001:db8::/32 and icmp6", "ping6"),
    ("src and dst net 2001:db8:ffff::/48", ""),
    ("port 443", "tcp tcp-back tcp-options tcp6"),
    ("dst port 443", "tcp tcp-options tcp6"),
    ("src port 443", "tcp-back"),
    ("src or dst port 443", "tcp tcp-back tcp-options tcp6"),
    ("src and dst port 2905", "sctp"),
    ("tcp port 53", ""),
    ("udp port 53", "dns dns-vlan dns-qinq dns6 fragment-1 fragment6-1"),
    ("port 53 and net 2001:db8::/32", "dns6 fragment6-1"),
    ("portrange 2900-2905", "sctp"),
    ("tcp portrange 0-442", ""),
    ("udp dst portrange 53-53", "dns dns-vlan dns-qinq dns6 fragment-1"),
    ("vlan", "dns-vlan dns-qinq"),
    ("vlan 10", "dns-vlan"),
    ("vlan 20", "dns-qinq"),
    ("vlan 30", "dns-qinq"),
    ("vlan 30 and udp port 53", "dns-qinq"),
    ("udp and not vlan and ip and port 53", "dns fragment-1"),
    ("ether src 00:00:5e:00:53:01 and arp", "arp"),
    ("ether dst 00:00:5e:00:53:01", ""),
    ("ether host 00:00:5e:00:53:02 and icmp", "ping"),
    ("ether broadcast", "arp"),
    ("broadcast", "arp"),
    ("ether multicast", "arp lldp"),
    ("multicast and not broadcast", "lldp"),
    ("less 19", "stp"),
    ("greater 66 and esp", "esp"),
    ("greater 67 and esp", ""),
    ("greater 0 and esp", "esp"),
    // `and` and `or` bind alike, from the left.
    ("icmp or tcp and src port 443", "tcp-back"),
    ("icmp or (tcp and src port 443)", "ping tcp-back"),
    ("not (ip or ip6 or arp)", "lldp stp"),
    ("! ip && ! ip6 && ! arp || esp", "lldp stp esp"),
    ("not not arp", "arp"),
    // A number or address alone has the qualifiers before it.
    ("dst port 80 or 443", "tcp tcp-options tcp6"),
    ("host 203.0.113.7 or 192.0.2.254", "ping arp"),
];

#[test]
fn every_filter_takes_the_frames_that_it_means() {
    let frames = frames();
    for (filter, expected) in CASES {
        let program =
            compile(filter, LinkType::Ethernet, 0).unwrap_or_else(|error| panic!("{filter}: {error}"));
        // With the outermost tag in the bytes, and beside them as the kernel keeps it.
        for untag in [false, true] {
            let taken = frames.iter().filter(|(_, frame)| {
                let (frame, beside) = if untag { untagged(frame) } else { (frame.clone(), Beside(None)) };
                run(&program, &frame, beside) > 0
            });
            let mut taken: Vec<&str> = taken.map(|(name, _)| *name).collect();
            let mut expected: Vec<&str> = expected.split_whitespace().collect();
            taken.sort_unstable();
            expected.sort_unstable();
            assert_eq!(taken, expected, "{filter} (tag beside: {untag})");
        }
    }
}

/// Takes the outermost tag off, as the kernel does.
fn untagged(frame: &[u8]) -> (Vec<u8>, Beside) {
    match frame[12..] {
        [0x81, 0x00, high, low, ..] | [0x88, 0xa8, high, low, ..] => {
            let rest = [&frame[..12], &frame[16..]].concat();
            (rest, Beside(Some(u16::from_be_bytes([high, low]))))
        }
        _ => (frame.to_vec(), Beside(None)),
    }
}

#[test]
fn the_kernel_takes_every_compiled_filter_and_agrees_with_the_machine() {
    use crate::capture::live::tests::{MIRROR, SWITCH, in_namespace, lay_cable, let_through, open};
    use crate::capture::live::{LiveOptions, RingSize};

    in_namespace(|| {
        lay_cable();
        // One ring a filter: small ones.
        let ring = RingSize { block_bytes: RingSize::BLOCK_UNIT_BYTES, blocks: 2 };
        let mut sources: Vec<_> = CASES
            .iter()
            .map(|(filter, expected)| {
                let filter = Some((*filter).to_owned());
                (filter.clone(), *expected, open(&LiveOptions { filter, ring, ..LiveOptions::new(MIRROR) }))
            })
            .collect();
        let sender = crate::capture::live::tests::wire::Sender::new(SWITCH);
        let frames = frames();
        for (_, frame) in &frames {
            sender.send(frame);
        }
        for (filter, expected, source) in &mut sources {
            let expected = frames.iter().filter(|(name, _)| expected.split(' ').any(|word| word == *name));
            let expected: Vec<Vec<u8>> = expected.map(|(_, frame)| untagged(frame).0).collect();
            assert_eq!(let_through(source), expected, "{filter:?}");
        }
    });
}

#[test]
fn packets_without_a_link_header_are_filtered_too() {
    let tcp = ipv4(6, 0, [INSIDE, OUTSIDE], &ports(50_000, 443, b""));
    let dns = ipv6(17, [INSIDE_6, OUTSIDE_6], &ports(5353, 53, b"?"));
    // (filter, takes the first, takes the second)
    let cases = [
        ("tcp port 443 and host 192.0.2.1", true, false),
        ("udp port 53 and net 2001:db8::/32", false, true),
        ("ip", true, false),
        ("ip6", false, true),
        ("arp", false, false),
        ("not tcp", false, true),
    ];
    for (filter, first, second) in cases {
        let program = compile(filter, LinkType::RawIp, 64).unwrap();
        let takes = |packet: &[u8]| run(&program, packet, Beside(None)) == 64;
        assert_eq!((takes(&tcp), takes(&dns)), (first, second), "{filter}");
        assert_eq!(takes(&[0x10, 0, 0]), filter == "not tcp", "{filter}: what is no IP is no TCP");
    }
}

#[test]
fn what_is_not_understood_is_named_with_its_place() {
    let unexpected = |found: &str, wanted| Problem::Unexpected { found: found.to_owned(), wanted };
    let does_not_fit = |qualifier: &str| Problem::DoesNotFit { qualifier: qualifier.to_owned() };
    let cases = [
        ("", 1, Problem::Empty),
        ("  \t", 1, Problem::Empty),
        ("tcp[13] = 2", 4, Problem::Character { found: '[' }),
        ("ポート 80", 1, Problem::Character { found: 'ポ' }),
        ("tcp & udp", 5, Problem::Character { found: '&' }),
        ("tcp prot 80", 5, unexpected("prot", Wanted::Connective)),
        ("tcp udp", 5, unexpected("udp", Wanted::Connective)),
        ("host", 5, Problem::Ends { wanted: Wanted::Address }),
        ("host www.example.com", 6, unexpected("www.example.com", Wanted::Address)),
        ("host 192.0.2.300", 6, unexpected("192.0.2.300", Wanted::Address)),
        ("net 192.0.2.0/33", 5, unexpected("192.0.2.0/33", Wanted::Net)),
        ("net 192.0.2.0.0", 5, unexpected("192.0.2.0.0", Wanted::Net)),
        ("net 2001:db8::/129", 5, unexpected("2001:db8::/129", Wanted::Net)),
        ("net 192.0.2.0 mask 255.0.255.0", 20, unexpected("255.0.255.0", Wanted::Net)),
        ("ip6 host 192.0.2.1", 10, unexpected("192.0.2.1", Wanted::Address)),
        ("arp net 2001:db8::/32", 9, unexpected("2001:db8::/32", Wanted::Net)),
        ("port https", 6, unexpected("https", Wanted::Port)),
        ("port 65536", 6, unexpected("65536", Wanted::Port)),
        ("portrange 90-80", 11, unexpected("90-80", Wanted::Ports)),
        ("arp port 80", 1, does_not_fit("arp")),
        ("tcp and udp net 192.0.2", 9, does_not_fit("udp")),
        ("vlan 4095", 6, unexpected("4095", Wanted::Vlan)),
        ("ether host 192.0.2.1", 12, unexpected("192.0.2.1", Wanted::Mac)),
        ("ether", 6, Problem::Ends { wanted: Wanted::Mac }),
        ("less", 5, Problem::Ends { wanted: Wanted::Length }),
        ("ip proto 256", 10, unexpected("256", Wanted::Protocol)),
        ("(tcp", 5, Problem::Ends { wanted: Wanted::Close }),
        ("(tcp udp", 6, unexpected("udp", Wanted::Close)),
        ("tcp)", 4, unexpected(")", Wanted::Connective)),
        ("tcp or", 7, Problem::Ends { wanted: Wanted::Condition }),
        ("and tcp", 1, unexpected("and", Wanted::Condition)),
        ("src or src host 192.0.2.1", 5, unexpected("or", Wanted::Address)),
    ];
    for (filter, column, problem) in cases {
        let error = compile(filter, LinkType::Ethernet, 0).unwrap_err();
        assert_eq!(error, FilterError { column, problem }, "{filter}");
    }
    for filter in ["vlan 10", "ether broadcast", "tcp or multicast", "ether src 00:00:5e:00:53:01"] {
        let error = compile(filter, LinkType::RawIp, 0).unwrap_err();
        assert_eq!(error.problem, Problem::NoEthernet, "{filter}");
    }
}

#[test]
fn long_and_deep_filters_are_compiled_or_refused_within_bounds() {
    let deep = |depth: usize| format!("{}tcp{}", "(".repeat(depth), ")".repeat(depth));
    assert!(compile(&deep(60), LinkType::Ethernet, 0).is_ok());
    for filter in [deep(100), deep(2000), "not ".repeat(900) + "tcp", "(".repeat(4000)] {
        let error = compile(&filter, LinkType::Ethernet, 0).unwrap_err();
        assert_eq!(error.problem, Problem::TooDeep);
    }
    let too_long = "tcp or ".repeat(1000) + "udp";
    assert_eq!(compile(&too_long, LinkType::Ethernet, 0).unwrap_err().problem, Problem::TooLong);
    // Short enough to be read, and too long for the kernel.
    let addresses: Vec<String> = (0..200).map(|host| format!("2001:db8::{host}")).collect();
    let too_many = format!("host {}", addresses.join(" or "));
    assert_eq!(compile(&too_many, LinkType::Ethernet, 0).unwrap_err().problem, Problem::TooLong);
}

#[test]
fn jumps_farther_than_a_condition_reaches_find_their_way() {
    // Each address is some twenty steps, and all lead to the same two ends.
    let addresses: Vec<String> = (0..150).map(|host| format!("192.0.2.{host}")).collect();
    let any = format!("host {}", addresses.join(" or "));
    let none = format!("not host {}", addresses.join(" and not "));
    for (filter, inverted) in [(any, false), (none, true)] {
        let program = compile(&filter, LinkType::Ethernet, 0).unwrap();
        assert!(program.len() > 1000);
        for last in [0, 1, 57, 120, 148, 149, 150, 255] {
            let frame = datagram([[203, 0, 113, 1], [192, 0, 2, last]], [1, 2], b"");
            let taken = run(&program, &frame, Beside(None)) > 0;
            assert_eq!(taken, (last < 150) != inverted, "{last}");
        }
    }
}

#[test]
fn a_frame_cut_anywhere_neither_stops_the_machine_nor_is_taken_for_more_than_it_shows() {
    for (filter, _) in CASES {
        let program = compile(filter, LinkType::Ethernet, 0).unwrap();
        for (_, frame) in frames() {
            for len in 0..frame.len() {
                run(&program, &frame[..len], Beside(None));
            }
        }
    }
    // What asks about an address takes no frame that ends before it.
    let program = compile("dst host 198.51.100.9", LinkType::Ethernet, 0).unwrap();
    let frame = datagram([INSIDE, OUTSIDE], [1, 2], b"");
    for len in 0..34 {
        assert_eq!(run(&program, &frame[..len], Beside(None)), 0, "{len} bytes");
    }
}
