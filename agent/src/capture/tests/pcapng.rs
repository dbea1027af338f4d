//! pcapng files.

use sekisho_decode::LinkType;

use super::read;
use super::samples::{
    Big, FRAME, Little, SECONDS, block, enhanced, interface, obsolete, option, pcapng, section, simple,
    statistics,
};
use crate::capture::interface::Clock;
use crate::capture::warning::{Fault, Oddity};

const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;
const EPB_DROPCOUNT: u16 = 4;

#[test]
fn timestamps_follow_resolution_and_offset() {
    // (if_tsresol, if_tsoffset, ticks, nanoseconds)
    let cases = [
        (6, 0, 1_500_000, 1_500_000_000),
        (9, 0, 1_500_000_000, 1_500_000_000),
        (0, 0, 2, 2_000_000_000),
        (3, 10, 1_500, 11_500_000_000),
        (12, 0, 1_500_000_000_999, 1_500_000_000), // picoseconds are cut, not rounded
        (127, 0, u64::MAX, 0),
        (0x80, 0, 2, 2_000_000_000),
        (0x81, 0, 3, 1_500_000_000),
        (0x8A, 0, 1536, 1_500_000_000), // 2^-10 s
        (0xBF, 0, 1 << 62, 500_000_000),
        (0xFF, 0, u64::MAX, 0), // 2^-127 s
        (6, -5, 1_500_000, -3_500_000_000),
        (6, 0, u64::MAX, i64::MAX),
        (0, i64::MAX, u64::MAX, i64::MAX),
        (0, i64::MIN, 0, i64::MIN),
    ];
    for (resolution, offset_s, ticks, time_ns) in cases {
        assert_eq!(
            Clock::new(resolution, offset_s).time_ns(ticks),
            time_ns,
            "{resolution:#x} {offset_s} {ticks}"
        );
    }
}

#[test]
fn each_section_has_its_own_byte_order_and_interfaces() {
    let ticks = u64::from(SECONDS) * 1024 + 512;
    let mut bytes = Vec::new();
    for order in [Little, Big, Little] {
        let offset = option(order, IF_TSOFFSET, &order.u64(3600));
        let options = [option(order, 2, b"eth0"), option(order, IF_TSRESOL, &[0x8A]), offset].concat();
        bytes.extend(section(order));
        bytes.extend(interface(order, 1, 0, &[]));
        bytes.extend(interface(order, 276, 0, &options));
        bytes.extend(enhanced(order, 1, ticks, &FRAME, &[]));
        bytes.extend(enhanced(order, 0, u64::from(SECONDS) * 1_000_000, &FRAME[..20], &[]));
    }
    let outcome = read(&bytes);
    assert_eq!(outcome.warnings, []);
    let second_ns = i64::from(SECONDS) * 1_000_000_000;
    let got: Vec<_> =
        outcome.frames.iter().map(|frame| (frame.link, frame.time_ns, frame.data.len())).collect();
    let cooked = (LinkType::LinuxSll2, second_ns + 3600 * 1_000_000_000 + 500_000_000, 21);
    let ethernet = (LinkType::Ethernet, second_ns, 20);
    assert_eq!(got, [cooked, ethernet, cooked, ethernet, cooked, ethernet]);
    assert_eq!(outcome.frames[0].wire_len, 121);
}

#[test]
fn padding_is_no_part_of_a_packet() {
    for order in [Little, Big] {
        for len in 0..=FRAME.len() {
            let data = &FRAME[..len];
            let comment = option(order, 1, b"a comment");
            let bytes = [
                section(order),
                interface(order, 1, 0, &[]),
                enhanced(order, 0, 1, data, &[]),
                enhanced(order, 0, 1, data, &comment),
                obsolete(order, 0, 0, 1, data),
                simple(order, u32::try_from(len).unwrap(), data),
            ];
            let outcome = read(&bytes.concat());
            assert_eq!(outcome.data(), [data; 4], "{order:?} {len}");
        }
    }
}

#[test]
fn a_simple_packet_ends_at_the_snaplen_and_keeps_the_time_before_it() {
    for order in [Little, Big] {
        let ticks = u64::from(SECONDS) * 1_000_000;
        let bytes = [
            section(order),
            interface(order, 1, 10, &[]),
            simple(order, 1514, &FRAME[..10]),
            enhanced(order, 0, ticks, &FRAME[..4], &[]),
            simple(order, 1514, &FRAME[..10]),
            simple(order, 6, &FRAME[..6]),
        ];
        let outcome = read(&bytes.concat());
        assert_eq!(outcome.data(), [&FRAME[..10], &FRAME[..4], &FRAME[..10], &FRAME[..6]]);
        let times: Vec<_> = outcome.frames.iter().map(|frame| frame.time_ns / 1_000_000_000).collect();
        assert_eq!(times, [0, i64::from(SECONDS), i64::from(SECONDS), i64::from(SECONDS)]);
        assert_eq!(outcome.frames[2].wire_len, 1514);
    }
}

#[test]
fn losses_are_summed_over_interfaces_and_sections() {
    for order in [Little, Big] {
        let lost = option(order, EPB_DROPCOUNT, &order.u64(40));
        let bytes = [
            section(order),
            interface(order, 1, 0, &[]),
            interface(order, 1, 0, &[]),
            statistics(order, 0, 1, 2),
            statistics(order, 0, 10, 20), // a later total replaces the earlier
            enhanced(order, 0, 1, &FRAME, &option(order, EPB_DROPCOUNT, &order.u64(30))), // the same losses, told twice
            enhanced(order, 1, 1, &FRAME, &lost),
            enhanced(order, 1, 1, &FRAME, &lost),
            section(order),
            interface(order, 1, 0, &[]),
            obsolete(order, 0, 7, 1, &FRAME),
            obsolete(order, 0, 0xFFFF, 1, &FRAME), // not known
            section(order),
            interface(order, 1, 0, &[]),
            statistics(order, 0, u64::MAX, 5), // not known
        ];
        let outcome = read(&bytes.concat());
        assert_eq!(outcome.drops, 30 + 80 + 7 + 5, "{order:?}");
        assert_eq!(outcome.warnings, []);
    }
}

#[test]
fn frames_that_cannot_be_decoded_are_counted_by_link_type() {
    let bytes = [
        section(Little),
        interface(Little, 127, 0, &[]),
        interface(Little, 1, 0, &[]),
        interface(Little, 195, 0, &[]),
        enhanced(Little, 1, 1, &FRAME, &[]),
        enhanced(Little, 0, 1, &FRAME, &[]),
        enhanced(Little, 2, 1, &FRAME, &[]),
        enhanced(Little, 0, 1, &FRAME, &[]),
        enhanced(Little, 1, 1, &FRAME, &[]),
    ];
    let outcome = read(&bytes.concat());
    assert_eq!((outcome.frames.len(), outcome.packets), (2, 5));
    let got: Vec<_> = outcome.warnings.iter().map(|warning| (warning.after_packet, &warning.fault)).collect();
    let fault = |number, frames| Fault::LinkType { number, frames };
    assert_eq!(got, [(1, &fault(127, 2)), (2, &fault(195, 1))]);
}

#[test]
fn blocks_that_say_nothing_about_frames_are_stepped_over_unread() {
    // Names, a custom block, and an unknown one of more than is ever held in memory.
    let others = [
        block(Little, 4, b"garbage in a name block"),
        block(Little, 0x0BAD, &[0; 4]),
        block(Little, 0x7F00_0001, &vec![0; 3_000_000]),
    ];
    let bytes = [pcapng(Little), others.concat(), enhanced(Little, 0, 1, &FRAME, &[])].concat();
    let outcome = read(&bytes);
    assert_eq!((outcome.frames.len(), outcome.warnings), (4, vec![]));
}

#[test]
fn a_block_whose_body_is_wrong_costs_itself_alone() {
    let mut too_long = enhanced(Little, 0, 1, &FRAME, &[]);
    too_long[20..24].copy_from_slice(&25_u32.to_le_bytes());
    let mut far_too_long = too_long.clone();
    far_too_long[20..24].copy_from_slice(&u32::MAX.to_le_bytes());
    // (block, what is wrong with it)
    let cases = [
        (too_long, Oddity::Malformed),
        (far_too_long, Oddity::Malformed),
        (block(Little, 6, &[0; 4]), Oddity::Malformed),
        (block(Little, 3, &[]), Oddity::Malformed),
        (block(Little, 5, &[0; 4]), Oddity::Malformed),
        (block(Little, 1, &[0; 4]), Oddity::Malformed),
        (enhanced(Little, 1, 1, &FRAME, &[]), Oddity::UndescribedInterface),
        (obsolete(Little, 0xFFFF, 0, 1, &FRAME), Oddity::UndescribedInterface),
        (statistics(Little, 9, 1, 1), Oddity::UndescribedInterface),
    ];
    for (odd, why) in cases {
        let before = pcapng(Little);
        let offset = before.len() as u64;
        let bytes = [before, odd.clone(), odd, enhanced(Little, 0, 1, &FRAME, &[])].concat();
        let outcome = read(&bytes);
        assert_eq!(outcome.frames.len(), 4, "{why:?}");
        let [warning] = outcome.warnings.as_slice() else { panic!("{:?}", outcome.warnings) };
        assert_eq!((warning.offset, warning.after_packet), (offset, 3));
        assert_eq!(warning.fault, Fault::Skipped { why, blocks: 2 });
    }
}

#[test]
fn an_interface_that_cannot_be_read_still_takes_its_number() {
    let bytes = [
        section(Big),
        block(Big, 1, &[0; 4]),
        interface(Big, 113, 0, &[]),
        enhanced(Big, 0, 1, &FRAME, &[]),
        enhanced(Big, 1, 1, &FRAME, &[]),
    ];
    let outcome = read(&bytes.concat());
    let links: Vec<_> = outcome.frames.iter().map(|frame| frame.link).collect();
    assert_eq!(links, [LinkType::LinuxSll]);
    assert_eq!(outcome.slugs(), ["skipped-malformed", "skipped-undescribed-interface"]);
}

#[test]
fn interfaces_beyond_the_bound_are_not_kept() {
    let describe = interface(Little, 1, 0, &[]);
    let bytes = [
        section(Little),
        describe.repeat(65_537),
        enhanced(Little, 65_535, 1, &FRAME, &[]),
        enhanced(Little, 65_536, 1, &FRAME, &[]),
    ];
    let outcome = read(&bytes.concat());
    assert_eq!((outcome.frames.len(), outcome.slugs()), (1, vec!["skipped-undescribed-interface"]));
}

#[test]
fn broken_framing_ends_the_file_with_what_was_read() {
    let mut trailing = enhanced(Little, 0, 1, &FRAME, &[]);
    trailing[52..].copy_from_slice(&60_u32.to_le_bytes());
    let mut unread_trailing = block(Little, 4, &[]);
    unread_trailing[8..].copy_from_slice(&60_u32.to_le_bytes());
    let mut order = section(Little);
    order[8] = 0;
    let mut version = section(Little);
    version[12] = 2;
    let block_length = |leading, trailing| Fault::BlockLength { leading, trailing };
    // (block, what is wrong with it)
    let cases = [
        (trailing, block_length(56, Some(60))),
        (unread_trailing, block_length(12, Some(60))),
        ([[6, 0, 0, 0], [8, 0, 0, 0], [8, 0, 0, 0]].concat(), block_length(8, None)),
        (
            [[6, 0, 0, 0], [0, 0, 0, 0xFF], [0; 4]].concat(),
            Fault::TooLong { claimed: 0xFF00_0000, limit: 1_048_576 },
        ),
        (order, Fault::ByteOrder { magic: 0x003C_2B1A }),
        (version, Fault::SectionVersion { major: 2, minor: 0 }),
    ];
    for (broken, fault) in cases {
        let bytes = [pcapng(Little), broken, enhanced(Little, 0, 1, &FRAME, &[])].concat();
        let outcome = read(&bytes);
        assert_eq!(outcome.frames.len(), 3, "{fault}");
        let [warning] = outcome.warnings.as_slice() else { panic!("{:?}", outcome.warnings) };
        assert_eq!(warning.fault, fault);
        assert_eq!(warning.offset, pcapng(Little).len() as u64, "{fault}");
    }
}
