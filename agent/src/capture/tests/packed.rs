//! gzip and zstd around captures.

use std::io::{self, Read};

use super::samples::{
    FRAME, Little, MICROSECONDS, SECONDS, gzip, pcap, pcap_header, pcap_record, pcapng, zstd,
};
use super::{read, try_read};
use crate::capture::OpenError;

#[test]
fn members_and_frames_are_read_one_after_the_other() {
    let capture = pcapng(Little);
    let (head, tail) = capture.split_at(60);
    let skippable = [&[0x53, 0x2A, 0x4D, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    // (what, bytes)
    let cases = [
        ("two gzip members", [gzip(head), gzip(tail)].concat()),
        ("an empty gzip member between two", [gzip(head), gzip(b""), gzip(tail)].concat()),
        ("two zstd frames", [zstd(head), zstd(tail)].concat()),
        (
            "skippable frames, first and between",
            [skippable.clone(), zstd(head), skippable, zstd(tail)].concat(),
        ),
    ];
    for (what, bytes) in cases {
        let outcome = read(&bytes);
        assert_eq!(outcome.data(), [FRAME; 3], "{what}");
        assert_eq!(outcome.warnings, [], "{what}");
    }
}

#[test]
fn a_packed_capture_longer_than_a_chunk_is_read_whole() {
    let mut capture = pcap(Little, MICROSECONDS);
    let records = capture.split_off(24);
    for _ in 0..10_000 {
        capture.extend_from_slice(&records);
    }
    for bytes in [gzip(&capture), zstd(&capture)] {
        let outcome = read(&bytes);
        assert_eq!((outcome.frames.len(), outcome.warnings), (30_000, vec![]));
        assert_eq!(outcome.bytes_read, bytes.len() as u64);
    }
}

#[test]
fn a_cut_at_any_length_is_told_and_loses_nothing_before_it() {
    let capture = pcap(Little, MICROSECONDS);
    for (what, bytes) in [("gzip", gzip(&capture)), ("zstd", zstd(&capture))] {
        let mut most = 0;
        for len in 0..bytes.len() {
            match try_read(io::Cursor::new(bytes[..len].to_vec())) {
                Ok(outcome) => {
                    assert_eq!(outcome.slugs(), ["cut-off"], "{what} at {len}");
                    assert!(outcome.frames.len() >= most, "{what} at {len}");
                    most = outcome.frames.len();
                }
                Err(
                    OpenError::NotACapture { .. } | OpenError::Unpack { .. } | OpenError::HeaderCutOff { .. },
                ) => {
                    assert_eq!(most, 0, "{what} at {len}");
                }
                Err(error) => panic!("{what} at {len}: {error}"),
            }
        }
        assert_eq!(most, 3, "{what}: only the checksum is cut");
    }
}

#[test]
fn damage_midway_is_told_after_the_frames_before_it() {
    // 20,000 frames that differ, so that neither packing makes them one short run.
    let mut capture = pcap_header(Little, MICROSECONDS, 1);
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..20_000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        capture.extend(pcap_record(Little, SECONDS, 0, &random.to_le_bytes().repeat(4), 32));
    }
    for (what, mut packed, lost) in [("gzip", gzip(&capture), 0), ("zstd", zstd(&capture), 128 * 1024)] {
        let middle = packed.len() / 2;
        packed[middle..middle + 64].fill(0xFF);
        let outcome = read(&packed);
        assert_eq!(outcome.warnings.len(), 1, "{what}");
        // Half of the frames, but for the piece that holds the damage.
        let least = 10_000 - (lost + 16 * 1024) / 48;
        assert!(outcome.frames.len() >= least, "{what}: {}", outcome.frames.len());
    }
}

#[test]
fn a_wrong_checksum_is_told_after_the_frames() {
    let capture = pcap(Little, MICROSECONDS);
    let mut packed = gzip(&capture);
    let checksum = packed.len() - 8;
    packed[checksum] ^= 1;
    let outcome = read(&packed);
    assert_eq!((outcome.frames.len(), outcome.slugs()), (3, vec!["unreadable"]));
}

#[test]
fn a_zstd_frame_that_asks_for_gigabytes_is_refused() {
    // Window descriptor 0xA8: exponent 21, 2^31 bytes.
    let bytes = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xA8, 0x01, 0x00, 0x00];
    let Err(error) = try_read(io::Cursor::new(bytes)) else { panic!("opened") };
    assert!(matches!(error, OpenError::Unpack { .. }), "{error}");
}

#[test]
fn a_disk_that_fails_midway_is_told_after_the_frames() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("bad sector"))
        }
    }
    let outcome = try_read(io::Cursor::new(pcap(Little, MICROSECONDS)).chain(Failing)).unwrap();
    assert_eq!((outcome.frames.len(), outcome.slugs()), (3, vec!["unreadable"]));
    assert!(outcome.warnings[0].to_string().ends_with("bad sector"), "{}", outcome.warnings[0]);
    let Err(error) = try_read(Failing) else { panic!("opened") };
    assert!(matches!(error, OpenError::Read { .. }), "{error}");
}
