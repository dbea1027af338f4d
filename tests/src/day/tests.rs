use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;

/// The frames of a capture as they were written.
fn frames(file: &Path) -> Vec<(u64, Vec<u8>)> {
    let bytes = fs::read(file).unwrap();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (mut at, mut frames) = (24, Vec::new());
    while at < bytes.len() {
        let time = u64::from(word(at)) * SECOND + u64::from(word(at + 4));
        let end = at + 16 + word(at + 8) as usize;
        frames.push((time, bytes[at + 16..end].to_vec()));
        at = end;
    }
    frames
}

/// The ethertype of a frame and what follows it.
fn payload(frame: &[u8]) -> (u16, &[u8]) {
    let at = if frame[12..14] == [0x81, 0x00] { 16 } else { 12 };
    (u16::from_be_bytes([frame[at], frame[at + 1]]), &frame[at + 2..])
}

fn addresses(frame: &[u8]) -> Vec<IpAddr> {
    match payload(frame) {
        (0x0800, ip) => [12, 16]
            .map(|at| IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(&ip[at..at + 4]).unwrap())))
            .to_vec(),
        (0x86dd, ip) => [8, 24]
            .map(|at| IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(&ip[at..at + 16]).unwrap())))
            .to_vec(),
        _ => Vec::new(),
    }
}

/// Whether an address is of the /24 or /64 of that prefix.
fn holds(prefix: &str, address: IpAddr) -> bool {
    let base: IpAddr = prefix.split('/').next().unwrap().parse().unwrap();
    match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => base.octets()[..3] == address.octets()[..3],
        (IpAddr::V6(base), IpAddr::V6(address)) => base.octets()[..8] == address.octets()[..8],
        _ => false,
    }
}

fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_unspecified() || address.is_broadcast() || address.is_multicast(),
        IpAddr::V6(address) => address.is_multicast() || address.is_unicast_link_local(),
    }
}

#[test]
fn a_seed_gives_the_same_bytes_and_another_seed_others() {
    let dir = tempfile::tempdir().unwrap();
    let read = |seed: u64, name: &str| {
        let dir = dir.path().join(name);
        generate(seed, 1, &dir).unwrap();
        ["hospital.pcap", "truth.json"].map(|file| fs::read(dir.join(file)).unwrap())
    };
    let first = read(5, "first");
    assert!(first == read(5, "again"), "the same");
    assert!(first != read(6, "other"), "another");
}

#[test]
fn the_truth_lists_every_outside_address_once_and_counts_every_packet() {
    for seed in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        let truth = generate(seed, 2, dir.path()).unwrap();
        let frames = frames(&dir.path().join("hospital.pcap"));
        assert_eq!(frames.len(), truth.packets, "seed {seed}");
        assert!(frames.is_sorted_by_key(|(time, _)| *time), "seed {seed}: time order");
        let seen: BTreeSet<IpAddr> = frames.iter().flat_map(|(_, frame)| addresses(frame)).collect();
        let external: BTreeSet<IpAddr> =
            truth.external.iter().map(|row| row.remote_ip.parse().unwrap()).collect();
        let benign: BTreeSet<IpAddr> =
            truth.benign.iter().map(|row| row.remote_ip.parse().unwrap()).collect();
        assert_eq!(external.intersection(&benign).next(), None, "seed {seed}: external and benign");
        for address in &seen {
            let inside = truth.internal.iter().any(|prefix| holds(prefix, *address));
            let known = external.contains(address) || benign.contains(address);
            assert!(inside != known || is_local(*address), "seed {seed}: {address}");
        }
        for address in &external {
            assert!(seen.contains(address), "seed {seed}: {address} is listed and never seen");
        }
    }
}

#[test]
fn every_connection_leaves_by_its_exit_on_the_last_link() {
    for seed in 0..6 {
        let dir = tempfile::tempdir().unwrap();
        let truth = generate(seed, 2, dir.path()).unwrap();
        let frames = frames(&dir.path().join("hospital.pcap"));
        for row in &truth.external {
            let remote: IpAddr = row.remote_ip.parse().unwrap();
            let crosses = |frame: &[u8]| {
                let by = |mac: &[u8]| truth::mac_text(mac.try_into().unwrap()) == row.exit;
                addresses(frame).contains(&remote) && (by(&frame[..6]) || by(&frame[6..12]))
            };
            assert!(frames.iter().any(|(_, frame)| crosses(frame)), "seed {seed}: {row:?}");
        }
    }
}

#[test]
fn a_routed_packet_is_seen_on_both_links_with_a_lower_ttl() {
    let dir = tempfile::tempdir().unwrap();
    generate(3, 1, dir.path()).unwrap();
    let frames = frames(&dir.path().join("hospital.pcap"));
    let twice = frames.windows(2).filter(|pair| {
        let ((before, first), (after, second)) = (&pair[0], &pair[1]);
        let ((0x0800, first), (0x0800, second)) = (payload(first), payload(second)) else { return false };
        // All but TTL and header checksum.
        let same = first[..8] == second[..8] && first[12..] == second[12..];
        same && first[8] == second[8] + 1 && (20..200).contains(&(after - before))
    });
    assert!(twice.count() > frames.len() / 4);
}

#[test]
fn the_patient_is_on_the_wire_and_not_in_the_truth() {
    let dir = tempfile::tempdir().unwrap();
    generate(4, 1, dir.path()).unwrap();
    let holds = |file: &str| {
        let bytes = fs::read(dir.path().join(file)).unwrap();
        bytes.windows(PATIENT.len()).any(|window| window == PATIENT.as_bytes())
    };
    assert!(holds("hospital.pcap"));
    assert!(!holds("truth.json"));
}

#[test]
fn a_day_is_neither_empty_nor_larger_than_planned() {
    let dir = tempfile::tempdir().unwrap();
    for seed in 0..20 {
        let truth = generate(seed, 24, dir.path()).unwrap();
        // As many as drawn, three of the eligibility network, and the awkward ones.
        let count = truth.external.len();
        assert!((9..=64).contains(&count), "seed {seed}: {count}");
        assert!((40_000..=600_000).contains(&truth.packets), "seed {seed}: {}", truth.packets);
    }
}
