//! Captures cut at every length and with every byte damaged.

use std::io;

use super::samples::{Big, FRAME, Little, MICROSECONDS, NANOSECONDS, every_format, pcap, pcapng};
use super::{read, try_read};
use crate::capture::OpenError;
use crate::capture::warning::Fault;

#[test]
fn a_pcap_cut_at_any_length_gives_the_frames_before_the_cut() {
    for bytes in [pcap(Little, MICROSECONDS), pcap(Big, NANOSECONDS)] {
        for len in 4..24 {
            let Err(error) = try_read(io::Cursor::new(bytes[..len].to_vec())) else {
                panic!("{len}: opened")
            };
            let OpenError::HeaderCutOff { need: 24, have, .. } = error else { panic!("{len}: {error}") };
            assert_eq!(have, len as u64);
        }
        for len in 24..=bytes.len() {
            let outcome = read(&bytes[..len]);
            let (whole, rest) = ((len - 24) / 37, (len - 24) % 37);
            assert_eq!(outcome.data(), vec![FRAME; whole], "{len}");
            let Some(warning) = outcome.warnings.first() else {
                assert_eq!(rest, 0, "{len}: cut without a warning");
                continue;
            };
            let need = if rest < 16 { 16 } else { 37 };
            assert_eq!(warning.fault, Fault::CutOff { need, have: rest as u64 });
            assert_eq!((warning.offset, warning.after_packet), ((len - rest) as u64, whole as u64));
        }
    }
}

#[test]
fn a_pcapng_cut_at_any_length_gives_the_frames_before_the_cut() {
    // Where its blocks end: section header, interface, three packets.
    let ends = [28, 48, 104, 160, 216];
    for bytes in [pcapng(Little), pcapng(Big)] {
        assert_eq!(bytes.len(), 216);
        for len in 4..12 {
            let Err(error) = try_read(io::Cursor::new(bytes[..len].to_vec())) else {
                panic!("{len}: opened")
            };
            assert!(matches!(error, OpenError::HeaderCutOff { need: 12, .. }), "{len}: {error}");
        }
        for len in 12..=bytes.len() {
            let outcome = read(&bytes[..len]);
            let whole = ends[2..].iter().filter(|end| **end <= len).count();
            assert_eq!(outcome.data(), vec![FRAME; whole], "{len}");
            let expected = if ends.contains(&len) { vec![] } else { vec!["cut-off"] };
            assert_eq!(outcome.slugs(), expected, "{len}");
        }
    }
}

#[test]
fn no_damaged_byte_makes_it_panic_or_run_on() {
    for (name, bytes) in every_format() {
        for at in 0..bytes.len() {
            for mask in [0x01, 0x02, 0x10, 0x80, 0xFF] {
                let mut damaged = bytes.clone();
                damaged[at] ^= mask;
                let Ok(outcome) = try_read(io::Cursor::new(damaged)) else { continue };
                assert!(
                    outcome.packets <= 8,
                    "{name}: {} packets with byte {at} ^ {mask:#x}",
                    outcome.packets
                );
            }
        }
    }
}
