//! What a file is that is no capture, so that the person who named it sees the mistake at once.

/// How many first bytes are looked at.
pub(super) const HEAD_BYTES: usize = 512;

/// A pcapng file's first four bytes, which alone do not tell one.
pub(super) const PCAPNG_BLOCK_TYPE: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];

/// Something other than a capture that can be read here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Foreign {
    Empty,
    Pdf,
    Office,
    LegacyOffice,
    Zip,
    Tar,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Lz4,
    SevenZip,
    Rar,
    Elf,
    WindowsProgram,
    Png,
    Jpeg,
    Gif,
    Sqlite,
    Snoop,
    NetworkMonitor,
    Sniffer,
    Iptrace,
    Btsnoop,
    Nettl,
    Etl,
    Json,
    Html,
    Xml,
    Text,
    Unknown,
}

/// What a file starts with, after how many bytes.
const MAGICS: [(usize, &[u8], Foreign); 32] = [
    (0, b"%PDF-", Foreign::Pdf),
    // The first member of Office Open XML documents by the programs that write them.
    (30, b"[Content_Types].xml", Foreign::Office),
    (30, b"mimetypeapplication/vnd.oasis.opendocument", Foreign::Office),
    (30, b"_rels/", Foreign::Office),
    (30, b"docProps/", Foreign::Office),
    (30, b"xl/", Foreign::Office),
    (0, b"PK\x03\x04", Foreign::Zip),
    (0, b"PK\x05\x06", Foreign::Zip),
    (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Foreign::LegacyOffice),
    (257, b"ustar", Foreign::Tar),
    (0, b"\x1F\x8B", Foreign::Gzip),
    (0, b"\x28\xB5\x2F\xFD", Foreign::Zstd),
    (0, b"BZh", Foreign::Bzip2),
    (0, b"\xFD7zXZ\0", Foreign::Xz),
    (0, b"\x04\x22\x4D\x18", Foreign::Lz4),
    (0, b"7z\xBC\xAF\x27\x1C", Foreign::SevenZip),
    (0, b"Rar!\x1A\x07", Foreign::Rar),
    (0, b"\x7FELF", Foreign::Elf),
    (0, b"MZ", Foreign::WindowsProgram),
    (0, b"\x89PNG\r\n\x1A\n", Foreign::Png),
    (0, b"\xFF\xD8\xFF", Foreign::Jpeg),
    (0, b"GIF8", Foreign::Gif),
    (0, b"SQLite format 3\0", Foreign::Sqlite),
    // RFC 1761 §2.
    (0, b"snoop\0\0\0", Foreign::Snoop),
    (0, b"RTSS", Foreign::NetworkMonitor),
    (0, b"GMBU", Foreign::NetworkMonitor),
    (0, b"TRSNIFF data    \x1A", Foreign::Sniffer),
    (0, b"XCP\0", Foreign::Sniffer),
    (0, b"iptrace ", Foreign::Iptrace),
    (0, b"btsnoop\0", Foreign::Btsnoop),
    (0, b"TR\0d\0", Foreign::Nettl),
    (0, b"\0\0\0\x01\0\0\0\0\0\x07\xD0\0", Foreign::Nettl),
];

impl Foreign {
    /// Tells by the first bytes; magic numbers first, then the look of the text.
    pub(super) fn of(head: &[u8]) -> Self {
        if head.is_empty() {
            return Self::Empty;
        }
        let starts = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
        let is_zip = starts(0, b"PK\x03\x04");
        for (at, magic, found) in MAGICS {
            if starts(at, magic) && (found != Self::Office || is_zip) {
                return found;
            }
        }
        if is_etl(head) {
            return Self::Etl;
        }
        of_text(head)
    }

    /// Gives the slug by which its wording is looked up.
    #[must_use]
    pub(crate) const fn slug(self) -> &'static str {
        self.names().0
    }

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Empty => ("empty", "an empty file"),
            Self::Pdf => ("pdf", "a PDF document"),
            Self::Office => ("office", "an office document (xlsx, docx, ods …)"),
            Self::LegacyOffice => ("legacy-office", "an old office document (xls, doc …)"),
            Self::Zip => ("zip", "a zip archive"),
            Self::Tar => ("tar", "a tar archive"),
            Self::Gzip => ("gzip", "gzip data"),
            Self::Zstd => ("zstd", "zstd data"),
            Self::Bzip2 => ("bzip2", "bzip2 data"),
            Self::Xz => ("xz", "xz data"),
            Self::Lz4 => ("lz4", "lz4 data"),
            Self::SevenZip => ("7z", "a 7-Zip archive"),
            Self::Rar => ("rar", "a RAR archive"),
            Self::Elf => ("elf", "a program (ELF)"),
            Self::WindowsProgram => ("windows-program", "a Windows program"),
            Self::Png => ("png", "a PNG image"),
            Self::Jpeg => ("jpeg", "a JPEG image"),
            Self::Gif => ("gif", "a GIF image"),
            Self::Sqlite => ("sqlite", "an SQLite database"),
            Self::Snoop => ("snoop", "a snoop capture"),
            Self::NetworkMonitor => ("network-monitor", "a Microsoft Network Monitor capture"),
            Self::Sniffer => ("sniffer", "a Sniffer capture"),
            Self::Iptrace => ("iptrace", "an AIX iptrace capture"),
            Self::Btsnoop => ("btsnoop", "a Bluetooth btsnoop capture"),
            Self::Nettl => ("nettl", "an HP-UX nettl trace"),
            Self::Etl => ("etl", "a Windows event trace (ETL)"),
            Self::Json => ("json", "JSON text"),
            Self::Html => ("html", "an HTML page"),
            Self::Xml => ("xml", "XML text"),
            Self::Text => ("text", "text"),
            Self::Unknown => ("unknown", "data of an unknown kind"),
        }
    }
}

impl std::fmt::Display for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.names().1)
    }
}

/// Tells an event trace of `netsh trace` or `pktmon`, which has no magic number.
///
/// Its first buffer (`WMI_BUFFER_HEADER`, 72 bytes) begins with its own size and is followed by a system
/// trace header of type 1 or 2 with the marker 0xC0.
fn is_etl(head: &[u8]) -> bool {
    let Some([s0, s1, s2, s3, ..]) = head.first_chunk::<72>() else { return false };
    let size = u32::from_le_bytes([*s0, *s1, *s2, *s3]);
    let is_size = size.is_multiple_of(1024) && (1024..=16 * 1024 * 1024).contains(&size);
    is_size && matches!(head.get(72..76), Some([_, _, 1 | 2, 0xC0]))
}

/// Tells text by the lack of control characters, so that `Shift_JIS` counts as well.
fn of_text(head: &[u8]) -> Foreign {
    if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
        return Foreign::Text;
    }
    let is_text =
        |byte: &u8| !byte.is_ascii_control() || matches!(byte, b'\t' | b'\n' | b'\r' | b'\x0C' | b'\x1B');
    if !head.iter().all(is_text) {
        return Foreign::Unknown;
    }
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let starts = |tag: &[u8]| head.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    if starts(b"<!doctype html") || starts(b"<html") {
        return Foreign::Html;
    }
    if starts(b"<?xml") {
        return Foreign::Xml;
    }
    if is_json(head) { Foreign::Json } else { Foreign::Text }
}

/// Tells JSON from a settings file that begins with a `[section]` by what may follow the bracket.
fn is_json(head: &[u8]) -> bool {
    let Some((bracket, rest)) = head.split_first() else { return false };
    match (bracket, rest.trim_ascii_start().first()) {
        (b'{', Some(next)) => matches!(next, b'"' | b'}'),
        (b'[', Some(next)) => matches!(next, b'{' | b'[' | b'"' | b']' | b'-' | b'0'..=b'9'),
        _ => false,
    }
}
