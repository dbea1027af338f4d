//! How much a DNS message may carry beside its question: what tunnels in DNS cannot hide.
//!
//! Hardly any look-up of a host is worth a second glance. Told are those whose name is long or no host's,
//! and those for record types under which data travel; whoever hears of them adds them up by client,
//! server and domain, for one message proves nothing. Reverse look-ups are long by nature and left out.

use super::message::{Header, Name, Question, Reader, TXT};
use crate::{Fact, Sight, Sink};

/// Record types (IANA, DNS parameters): what nobody asks for but tunnels (iodine's `PRIVATE` is 65399),
/// free text, and what points to a name.
const NULL: u16 = 10;
const KEY: u16 = 25;
const PRIVATE: u16 = 65_399;
const CNAME: u16 = 5;
const MX: u16 = 15;
const SRV: u16 = 33;

/// The longest names that pass unseen, in bytes, of a host and of an alias or text.
const LONG_NAME_BYTES: usize = 44;
const LONG_ALIAS_BYTES: usize = 28;

/// Labels that may be a zone's: short, of host letters, and no more than these from the end.
const ZONE_LABELS: usize = 4;
const ZONE_LABEL_BYTES: usize = 20;

/// A label that may hold data, and one that holds nothing else: the longest there can be has 63.
const DATA_LABEL_BYTES: usize = 16;
const FULL_LABEL_BYTES: usize = 50;

/// What may travel in one message's name and answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Burden {
    /// The kind of record asked for.
    pub record: Record,
    /// The whole name, in bytes.
    pub name_bytes: u16,
    /// Whether its longest label looks like a code: long and with as many digits as codes have, or longer
    /// than any word.
    pub encoded: bool,
    /// Whether it holds signs of base64 (RFC 4648 §4) that no host's name has.
    pub base64: bool,
    /// Whether it holds bytes that no host's name has.
    pub binary: bool,
    /// The answers' data in bytes, of a response.
    pub answer_bytes: Option<u32>,
    /// A number that tells different names apart.
    pub name_hash: u32,
}

/// Kinds of records by what tunnels use them for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Record {
    /// `NULL`, `KEY` and private types: any bytes, and no other use left.
    Raw,
    /// `TXT`.
    Text,
    /// `CNAME`, `MX`, `SRV` asked for by name.
    Alias,
    /// Addresses and the rest.
    Host,
}

impl Record {
    const fn of(kind: u16) -> Self {
        match kind {
            NULL | KEY | PRIVATE => Self::Raw,
            TXT => Self::Text,
            CNAME | MX | SRV => Self::Alias,
            _ => Self::Host,
        }
    }

    /// How long a name has to be to be told of.
    const fn least_name_bytes(self) -> usize {
        match self {
            Self::Raw => 1,
            Self::Text | Self::Alias => LONG_ALIAS_BYTES,
            Self::Host => LONG_NAME_BYTES,
        }
    }
}

/// Tells of a message whose question is `name`, read up to its answers, if it may carry more than that.
pub(super) fn tell(
    header: Header,
    question: Question,
    name: &Name,
    answers: Reader<'_>,
    sight: &Sight<'_>,
    sink: &mut dyn Sink,
) {
    let record = Record::of(question.kind);
    let bytes = name.bytes();
    if bytes.len() < record.least_name_bytes() || bytes.ends_with(b".arpa") || bytes.ends_with(b".ARPA") {
        return;
    }
    let zone = zone(bytes);
    let mut lower = [0; ZONE_LABELS * (ZONE_LABEL_BYTES + 1)];
    let Some(place) = lower.get_mut(..zone.len()) else { return };
    place.copy_from_slice(zone);
    place.make_ascii_lowercase();
    let Ok(zone) = std::str::from_utf8(place) else { return };
    let longest = bytes.split(|byte| *byte == b'.').max_by_key(|label| label.len()).unwrap_or_default();
    let burden = Burden {
        record,
        name_bytes: u16::try_from(bytes.len()).unwrap_or(u16::MAX),
        encoded: is_encoded(longest),
        base64: bytes.iter().any(|byte| matches!(byte, b'+' | b'/' | b'=')),
        binary: !bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' '),
        answer_bytes: header.is_response().then(|| answer_bytes(header, answers)),
        name_hash: hash(bytes),
    };
    let (from, to) = (sight.source().0, sight.destination().0);
    let (client, server) = if header.is_response() { (to, from) } else { (from, to) };
    sink.fact(Fact::Burdened { client, server, zone, burden });
}

/// The labels at the end that may be a zone's.
fn zone(name: &[u8]) -> &[u8] {
    let is_zone = |label: &&[u8]| {
        label.len() <= ZONE_LABEL_BYTES
            && label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let labels = name.rsplit(|byte| *byte == b'.').take(ZONE_LABELS).take_while(is_zone);
    let len = labels.map(|label| label.len() + 1).sum::<usize>().saturating_sub(1);
    name.get(name.len() - len.min(name.len())..).unwrap_or_default()
}

/// Tells whether a label is long, and a tenth of it digits: codes of 32 signs have a fifth, words none. A
/// code of 64 signs whose data is text has fewer, and is longer than words are.
fn is_encoded(label: &[u8]) -> bool {
    let digits = label.iter().filter(|byte| byte.is_ascii_digit()).count();
    label.len() >= FULL_LABEL_BYTES || label.len() >= DATA_LABEL_BYTES && digits * 10 >= label.len()
}

fn answer_bytes(header: Header, mut answers: Reader<'_>) -> u32 {
    let mut sum = 0_u32;
    for _ in 0..header.answers {
        // Of a message that the capture cut, what there is counts.
        let Ok(record) = answers.record() else { break };
        sum = sum.saturating_add(record.data.len() as u32);
    }
    sum
}

/// FNV-1a: without a secret, for names are only told apart by it, and a collision costs one of a hundred.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_the_short_labels_at_the_end() {
        // (name, zone)
        let cases: [(&[u8], &[u8]); 6] = [
            (b"0a1b2c3d4e5f60718293a4b5c6d7e8f9.t1.example.co.jp", b"t1.example.co.jp"),
            (b"paaaa.t.example.org", b"paaaa.t.example.org"),
            (b"0a1b2c3d4e5f60718293a4b5c6d7e8f9", b""),
            (b"a\xe9\xf1.example.org", b"example.org"),
            (b"a.b.c.d.e.example.org", b"d.e.example.org"),
            (b"", b""),
        ];
        for (name, expected) in cases {
            assert_eq!(zone(name), expected, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn codes_have_digits_and_words_have_not() {
        // (label, encoded)
        let cases: [(&[u8], bool); 6] = [
            (b"HNKYlcyaXdmQXNTeUpXblpZLVhWSEJzZDdGVEdHMVpaWXIySUJRRTFITw", true),
            (b"0ibbz82hbaymnkf3kqk2ln5jbvg0y2lh", true),
            (b"7b226964223a2231323334", true),
            (b"clientconfigurationservice", false),
            (b"e3b0c442", false), // too short to hold data
            (b"windows-update-delivery-optimization", false),
        ];
        for (label, expected) in cases {
            assert_eq!(is_encoded(label), expected, "{}", label.escape_ascii());
        }
    }
}
