//! Classic pcap files.

use sekisho_decode::LinkType;

use super::read;
use super::samples::{
    Big, FRAME, Little, MICROSECONDS, NANOSECONDS, SECONDS, gzip, pcap, pcap_header, pcap_record,
};
use crate::capture::Warning;
use crate::capture::warning::Fault;

#[test]
fn times_follow_the_magic_number_in_either_byte_order() {
    let second_ns = i64::from(SECONDS) * 1_000_000_000;
    // (order, magic, fraction, nanoseconds after the second)
    let cases = [
        (Little, MICROSECONDS, 250_000, 250_000_000),
        (Big, MICROSECONDS, 250_000, 250_000_000),
        (Little, NANOSECONDS, 250_000, 250_000),
        (Big, NANOSECONDS, 250_000, 250_000),
        (Little, MICROSECONDS, u32::MAX, 4_294_967_295_000), // more than a second holds: carried over, no overflow
    ];
    for (order, magic, fraction, after_ns) in cases {
        let record = pcap_record(order, SECONDS, fraction, &FRAME, 1514);
        let outcome = read(&[pcap_header(order, magic, 1), record].concat());
        let [frame] = outcome.frames.as_slice() else {
            panic!("{order:?} {magic:x}: {}", outcome.frames.len())
        };
        assert_eq!(frame.time_ns, second_ns + after_ns, "{order:?} {magic:x}");
        assert_eq!((frame.wire_len, frame.link), (1514, LinkType::Ethernet));
        assert_eq!(frame.data, FRAME);
    }
}

#[test]
fn the_largest_time_does_not_overflow() {
    let record = pcap_record(Little, u32::MAX, u32::MAX, &FRAME, 21);
    let outcome = read(&[pcap_header(Little, MICROSECONDS, 1), record].concat());
    assert_eq!(outcome.frames[0].time_ns, 4_294_967_295_000_000_000 + 4_294_967_295_000);
}

#[test]
fn the_link_type_is_the_lower_half_of_its_field() {
    // (order, field, link)
    let cases = [
        (Little, 0x4400_0001, LinkType::Ethernet), // FCS of 4 octets, with the flag that says so
        (Big, 0x4400_0001, LinkType::Ethernet),
        (Little, 0x0000_0114, LinkType::LinuxSll2),
        (Big, 0xF7FF_0071, LinkType::LinuxSll), // every bit that is not the link type
    ];
    for (order, field, link) in cases {
        let record = pcap_record(order, SECONDS, 0, &FRAME, 21);
        let outcome = read(&[pcap_header(order, MICROSECONDS, field), record].concat());
        assert_eq!(outcome.frames[0].link, link, "{field:x}");
    }
}

#[test]
fn records_of_the_kuznetsov_patch_have_eight_bytes_more() {
    let mut bytes = pcap_header(Little, 0xA1B2_CD34, 1);
    for _ in 0..2 {
        let record = pcap_record(Little, SECONDS, 0, &FRAME, 21);
        let (header, data) = record.split_at(16);
        bytes.extend([header, &[9; 8], data].concat());
    }
    let outcome = read(&bytes);
    assert_eq!(outcome.data(), [FRAME, FRAME]);
    assert_eq!(outcome.warnings, []);
}

#[test]
fn a_record_larger_than_any_program_writes_ends_the_file_with_what_was_read() {
    for claimed in [262_145_u32, 0xFFFF_FFF0] {
        let mut bytes = pcap(Little, MICROSECONDS);
        let offset = bytes.len() as u64;
        let mut damaged = pcap_record(Little, SECONDS, 0, &FRAME, 21);
        damaged[8..12].copy_from_slice(&claimed.to_le_bytes());
        bytes.extend(damaged);
        let outcome = read(&bytes);
        assert_eq!(outcome.data(), [FRAME; 3]);
        let fault = Fault::TooLong { claimed: claimed.into(), limit: 262_144 };
        assert_eq!(outcome.warnings, [Warning { file: "sample".to_owned(), offset, after_packet: 3, fault }]);
    }
}

#[test]
fn the_largest_record_is_read_whole() {
    let large = vec![7; 262_144];
    let mut bytes = pcap(Big, NANOSECONDS);
    bytes.extend(pcap_record(Big, SECONDS, 0, &large, 262_144));
    bytes.extend(pcap_record(Big, SECONDS, 0, &FRAME, 21));
    for bytes in [gzip(&bytes), bytes] {
        let outcome = read(&bytes);
        assert_eq!(outcome.data(), [&FRAME[..], &FRAME, &FRAME, &large, &FRAME]);
        assert_eq!(outcome.warnings, []);
    }
}

#[test]
fn records_that_straddle_reads_stay_whole() {
    let mut bytes = pcap_header(Little, MICROSECONDS, 1);
    let mut expected = Vec::new();
    // 3,000 packets of all lengths up to 1,499 fill some eight chunks.
    for number in 0..3000_usize {
        let data = vec![u8::try_from(number % 251).unwrap(); number * 7 % 1500];
        bytes.extend(pcap_record(Little, SECONDS, 0, &data, 1500));
        expected.push(data);
    }
    let outcome = read(&bytes);
    assert_eq!(outcome.data(), expected);
}

#[test]
fn frames_of_a_link_type_that_cannot_be_decoded_are_counted() {
    let mut bytes = pcap_header(Little, MICROSECONDS, 127); // IEEE 802.11 with radiotap
    for _ in 0..5 {
        bytes.extend(pcap_record(Little, SECONDS, 0, &FRAME, 21));
    }
    let outcome = read(&bytes);
    assert_eq!((outcome.frames.len(), outcome.packets), (0, 5));
    let fault = Fault::LinkType { number: 127, frames: 5 };
    assert_eq!(outcome.warnings, [Warning { file: "sample".to_owned(), offset: 40, after_packet: 0, fault }]);
}
