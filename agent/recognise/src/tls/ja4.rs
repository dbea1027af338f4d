//! JA4, the fingerprint of a TLS client (FoxIO, `technical_details/JA4.md`, BSD-3-Clause part).
//!
//! ```text
//! t13d1516h2_8daaf6152771_e5627efa2ab1
//! │││ │ │ │  │            └ SHA-256 of the sorted extensions, `_`, the signature algorithms
//! │││ │ │ │  └ SHA-256 of the sorted cipher suites; both cut to 12 digits
//! │││ │ │ └ first and last character of the first ALPN
//! │││ │ └ extensions  (GREASE, RFC 8701, counts nowhere)
//! │││ └ cipher suites
//! ││└ SNI: d, none: i
//! │└ highest version
//! └ t TCP, q QUIC, d DTLS
//! ```

mod memo;

use ring::digest;

use super::hello::{ALPN, ClientHello, SERVER_NAME, Transport, numbers};

/// The longest list that is sorted. The most talkative clients send some 130 cipher suites; a hello
/// beyond it gets no fingerprint.
const LIST: usize = 256;

/// A fingerprint's 36 characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ja4([u8; 36]);

impl Ja4 {
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Computes a client's fingerprint, `None` where a list is longer than any real client's.
pub(super) fn fingerprint(hello: &ClientHello<'_>, transport: Transport) -> Option<Ja4> {
    let mut ciphers = List::default();
    ciphers.add(hello.ciphers(), LIST)?;
    ciphers.sort();
    let mut extensions = List::default();
    let hashed = hello.extensions().filter(|kind| !matches!(*kind, SERVER_NAME | ALPN));
    extensions.add(hashed, LIST)?;
    extensions.sort();
    extensions.add_algorithms(hello.algorithms.and_then(|list| list.get(2..)))?;
    let protocol = match transport {
        Transport::Tcp => b't',
        Transport::Dtls => b'd',
        Transport::Quic => b'q',
    };
    let named = if hello.names_server() { b'd' } else { b'i' };
    let [v1, v2] = version(hello, transport);
    let [c1, c2] = two_digits(ciphers.len);
    let [e1, e2] = two_digits(hello.extensions().filter(|kind| !is_grease(*kind)).count());
    let [a1, a2] = ends(hello.protocols().next().unwrap_or_default());

    let mut ja4 = [b'_'; 36];
    let (head, rest) = ja4.split_first_chunk_mut()?;
    *head = [protocol, v1, v2, named, c1, c2, e1, e2, a1, a2];
    let (_, rest) = rest.split_first_mut()?;
    let (cipher_hash, rest) = rest.split_first_chunk_mut()?;
    *cipher_hash = memo::recall(ciphers.slice(), digits);
    let (_, extension_hash) = rest.split_first_mut()?;
    extension_hash.copy_from_slice(&memo::recall(extensions.slice(), digits));
    Some(Ja4(ja4))
}

/// Numbers without GREASE: a list, and behind [`DIVIDER`] what is hashed in its own order.
struct List {
    numbers: [u16; 2 * LIST],
    len: usize,
}

impl Default for List {
    fn default() -> Self {
        Self { numbers: [0; 2 * LIST], len: 0 }
    }
}

impl List {
    /// Adds numbers until there are `most`; `None` if there are more.
    fn add(&mut self, numbers: impl Iterator<Item = u16>, most: usize) -> Option<()> {
        let mut places = self.numbers.get_mut(self.len..most)?.iter_mut();
        for number in numbers.filter(|number| !is_grease(*number)) {
            *places.next()? = number;
            self.len += 1;
        }
        Some(())
    }

    /// Adds the signature algorithms.
    fn add_algorithms(&mut self, algorithms: Option<&[u8]>) -> Option<()> {
        *self.numbers.get_mut(self.len)? = DIVIDER;
        self.len += 1;
        self.add(numbers(algorithms.unwrap_or_default()), 2 * LIST)
    }

    fn sort(&mut self) {
        self.numbers.get_mut(..self.len).unwrap_or_default().sort_unstable();
    }

    fn slice(&self) -> &[u16] {
        self.numbers.get(..self.len).unwrap_or_default()
    }
}

/// RFC 8701 §2: 0x0a0a, 0x1a1a … 0xfafa.
const fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// The highest version offered, or the hello's own where the extension is missing.
fn version(hello: &ClientHello<'_>, transport: Transport) -> [u8; 2] {
    let offered = hello.versions.and_then(|list| list.get(1..)).unwrap_or_default();
    let offered = numbers(offered).filter(|version| !is_grease(*version));
    let highest = match transport {
        Transport::Tcp | Transport::Quic => offered.max(),
        // 1.0 is 0xfeff, 1.2 0xfefd, 1.3 0xfefc.
        Transport::Dtls => offered.min(),
    };
    *match highest.unwrap_or(hello.version) {
        0x0304 => b"13",
        0x0303 => b"12",
        0x0302 => b"11",
        0x0301 => b"10",
        0x0300 => b"s3",
        0x0002 => b"s2",
        0xfeff => b"d1",
        0xfefd => b"d2",
        0xfefc => b"d3",
        _ => b"00",
    }
}

fn two_digits(count: usize) -> [u8; 2] {
    let count = u8::try_from(count.min(99)).unwrap_or(99);
    [b'0' + count / 10, b'0' + count % 10]
}

/// First and last character of the first ALPN, of its hexadecimal form where one is not alphanumeric.
fn ends(alpn: &[u8]) -> [u8; 2] {
    let (Some(first), Some(last)) = (alpn.first(), alpn.last()) else { return *b"00" };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        [*first, *last]
    } else {
        [hex_digit(first >> 4), hex_digit(last & 0x0f)]
    }
}

/// Stands between a list and the signature algorithms: no list holds GREASE.
const DIVIDER: u16 = 0x0a0a;

/// SHA-256 over four-digit numbers with commas between, cut to 12 digits; zeros for an empty list.
///
/// The signature algorithms, behind the divider, follow in the client's order after an underscore.
fn digits(key: &[u16]) -> [u8; 12] {
    let mut parts = key.splitn(2, |number| *number == DIVIDER);
    let (list, algorithms) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut text = Hashed::default();
    if !text.list(None, list) {
        return [b'0'; 12];
    }
    text.list(Some(b'_'), algorithms);
    let digest = text.finish();
    let mut text = [0; 12];
    for ([high, low], byte) in text.as_chunks_mut().0.iter_mut().zip(digest.as_ref()) {
        (*high, *low) = (hex_digit(byte >> 4), hex_digit(byte & 0x0f));
    }
    text
}

/// Bytes written before they are hashed: a usual client's whole list.
const WRITTEN_BYTES: usize = 256;

/// Text on its way into the hash, which takes many bytes as cheaply as one.
struct Hashed {
    context: digest::Context,
    written: [u8; WRITTEN_BYTES],
    len: usize,
}

impl Default for Hashed {
    fn default() -> Self {
        Self { context: digest::Context::new(&digest::SHA256), written: [0; WRITTEN_BYTES], len: 0 }
    }
}

impl Hashed {
    /// Writes the numbers, `before` the first; tells whether there were any.
    fn list(&mut self, before: Option<u8>, list: &[u16]) -> bool {
        let mut separator = before;
        for number in list {
            let [high, low] = number.to_be_bytes();
            let digits = [high >> 4, high & 0x0f, low >> 4, low & 0x0f].map(hex_digit);
            self.write(separator.as_slice());
            self.write(&digits);
            separator = Some(b',');
        }
        !list.is_empty()
    }

    #[inline]
    fn write(&mut self, text: &[u8]) {
        if self.len + text.len() > WRITTEN_BYTES {
            self.flush();
        }
        if let Some(place) = self.written.get_mut(self.len..self.len + text.len()) {
            place.copy_from_slice(text);
            self.len += text.len();
        }
    }

    fn flush(&mut self) {
        self.context.update(self.written.get(..self.len).unwrap_or_default());
        self.len = 0;
    }

    fn finish(mut self) -> digest::Digest {
        self.flush();
        self.context.finish()
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_an_alpn_follow_the_specification() {
        // (first ALPN, characters): the specification's own table, and its special cases
        let cases: [(&[u8], &[u8; 2]); 9] = [
            (b"h2", b"h2"),
            (b"http/1.1", b"h1"),
            (b"", b"00"),
            (b"x", b"xx"),
            (&[0xab], b"ab"),
            (&[0xab, 0xcd], b"ad"),
            (&[0x30, 0xab], b"3b"),
            (&[0x30, 0x31, 0xab, 0xcd], b"3d"),
            (&[0x30, 0xab, 0xcd, 0x31], b"01"),
        ];
        for (alpn, expected) in cases {
            assert_eq!(ends(alpn), *expected, "{alpn:02x?}");
        }
    }

    #[test]
    fn the_hashes_follow_the_specification() {
        let ciphers = [
            0x002f, 0x0035, 0x009c, 0x009d, 0x1301, 0x1302, 0x1303, 0xc013, 0xc014, 0xc02b, 0xc02c, 0xc02f,
            0xc030, 0xcca8, 0xcca9,
        ];
        assert_eq!(digits(&ciphers), *b"8daaf6152771");
        let extensions = [
            0x0005, 0x000a, 0x000b, 0x000d, 0x0012, 0x0015, 0x0017, 0x001b, 0x0023, 0x002b, 0x002d, 0x0033,
            0x4469, 0xff01,
        ];
        let algorithms = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
        assert_eq!(digits(&[&extensions[..], &[DIVIDER], &algorithms].concat()), *b"e5627efa2ab1");
        assert_eq!(digits(&[&extensions[..], &[DIVIDER]].concat()), *b"6d807ffa2a79");
        assert_eq!(digits(&[]), *b"000000000000");
        assert_eq!(digits(&[DIVIDER, 0x0403]), *b"000000000000");
    }

    #[test]
    fn more_numbers_than_any_client_sends_are_refused() {
        let mut list = List::default();
        assert_eq!(list.add(0..LIST as u16, LIST), Some(()));
        assert_eq!(list.add(0..LIST as u16, LIST), None);
        assert_eq!(list.add_algorithms(Some(&[0x04; 2 * LIST])), None);
    }

    #[test]
    fn a_list_longer_than_what_is_written_at_once_hashes_the_same() {
        let text = (0x1000..0x1100).map(|number| format!("{number:04x}")).collect::<Vec<_>>().join(",");
        let digest = digest::digest(&digest::SHA256, text.as_bytes());
        let hashed = digits(&(0x1000..0x1100).collect::<Vec<_>>());
        let bytes =
            hashed.as_chunks().0.iter().map(|[high, low]| {
                u8::from_str_radix(std::str::from_utf8(&[*high, *low]).unwrap(), 16).unwrap()
            });
        assert!(bytes.eq(digest.as_ref().iter().take(6).copied()), "{hashed:?}");
    }

    #[test]
    fn grease_is_what_rfc_8701_reserves() {
        for number in [0x0a0a, 0x5a5a, 0xfafa] {
            assert!(is_grease(number), "{number:04x}");
        }
        for number in [0x0a1a, 0x1301, 0x0b0b, 0x00ff] {
            assert!(!is_grease(number), "{number:04x}");
        }
    }
}
