//! Files that are no captures.

use std::io;
use std::path::Path;

use super::samples::{gzip, zstd};
use super::try_read;
use crate::capture::foreign::Foreign;
use crate::capture::unpack::Packing;
use crate::capture::{OpenError, open};

fn zip_with(first_member: &[u8]) -> Vec<u8> {
    [b"PK\x03\x04".as_slice(), &[0; 26], first_member].concat()
}

fn error_of(bytes: &[u8]) -> OpenError {
    let Err(error) = try_read(io::Cursor::new(bytes.to_vec())) else { panic!("opened: {bytes:?}") };
    error
}

#[test]
fn a_file_that_is_no_capture_is_told_by_its_content() {
    let mut etl = vec![0; 512];
    etl[1] = 0x20;
    etl[72..76].copy_from_slice(&[2, 0, 2, 0xC0]);
    let tar = [vec![b'a'; 257], b"ustar\0".to_vec()].concat();
    // (bytes, what they are)
    let cases: [(&[u8], Foreign); 28] = [
        (b"", Foreign::Empty),
        (b"\x00", Foreign::Unknown),
        (&[0; 600], Foreign::Unknown),
        (b"%PDF-1.7\n", Foreign::Pdf),
        (&zip_with(b"[Content_Types].xml"), Foreign::Office),
        (&zip_with(b"capture.pcap"), Foreign::Zip),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Foreign::LegacyOffice),
        (&tar, Foreign::Tar),
        (b"BZh91AY&SY", Foreign::Bzip2),
        (b"\xFD7zXZ\0", Foreign::Xz),
        (b"\x7FELF\x02\x01\x01", Foreign::Elf),
        (b"\x89PNG\r\n\x1A\n", Foreign::Png),
        (b"SQLite format 3\0", Foreign::Sqlite),
        (b"snoop\0\0\0\0\0\0\x02", Foreign::Snoop),
        (b"GMBU\0\x02", Foreign::NetworkMonitor),
        (b"TR\0d\0", Foreign::Nettl),
        (&etl, Foreign::Etl),
        (b"\xEF\xBB\xBF  { \"capture\": 1 }", Foreign::Json),
        (b"[1, 2]", Foreign::Json),
        (b"[workspace]\n", Foreign::Text),
        (b"\r\n<!DocType HTML>", Foreign::Html),
        (b"<?xml version='1.0'?>", Foreign::Xml),
        (b"time,source,destination\r\n", Foreign::Text),
        (b"\x8F\x94\x96\xBC,\x8B\x40\x8A\xED\r\n", Foreign::Text), // Shift_JIS
        (b"\xFF\xFEa\0b\0", Foreign::Text),                        // UTF-16
        (b"\n\r\r\n", Foreign::Text),                              // a pcapng's block type and nothing of one
        (b"\n\r\r\na text after empty lines", Foreign::Text),
        (b"PK", Foreign::Text),
    ];
    for (bytes, expected) in cases {
        match error_of(bytes) {
            OpenError::NotACapture { packing: None, found, head, .. } => {
                assert_eq!(found, expected, "{bytes:?}");
                assert_eq!(head, bytes[..bytes.len().min(8)]);
            }
            OpenError::HeaderCutOff { need: 12, have: 4, .. } => assert_eq!(bytes, b"\n\r\r\n"),
            error => panic!("{bytes:?}: {error}"),
        }
    }
}

#[test]
fn what_is_packed_is_told_with_its_packing() {
    let page = b"<html><body>sign in first</body></html>";
    let nested = gzip(&gzip(b"\xD4\xC3\xB2\xA1"));
    // (bytes, packing, what is inside)
    let cases = [
        (gzip(page), Packing::Gzip, Foreign::Html),
        (zstd(page), Packing::Zstd, Foreign::Html),
        (gzip(b""), Packing::Gzip, Foreign::Empty),
        (nested, Packing::Gzip, Foreign::Gzip),
    ];
    for (bytes, expected_packing, expected) in cases {
        let error = error_of(&bytes);
        let OpenError::NotACapture { packing, found, .. } = error else { panic!("{error}") };
        assert_eq!((packing, found), (Some(expected_packing), expected));
    }
    let message = error_of(&gzip(page)).to_string();
    let expected = "`sample` is no capture file: inside its gzip data is an HTML page (it starts 3c 68 74 6d 6c 3e 3c 62)";
    assert_eq!(message, expected);
}

#[test]
fn a_path_that_cannot_be_read_is_told_apart_from_one_that_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(open(&dir.path().join("missing.pcap")), Err(OpenError::Open { .. })));
    assert!(matches!(open(dir.path()), Err(OpenError::Open { .. } | OpenError::Read { .. })));
    let empty = dir.path().join("empty.pcap");
    std::fs::write(&empty, b"").unwrap();
    assert!(matches!(open(Path::new(&empty)), Err(OpenError::NotACapture { found: Foreign::Empty, .. })));
}
