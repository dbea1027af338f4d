//! For tests: a sink that keeps everything as text, and sights of invented conns.

use sekisho_decode::Addr;

use crate::{Datagrams, Fact, Key, Look, Over, Protocol, Side, Sight, Sink};

pub(crate) const CLIENT: [u8; 4] = [192, 0, 2, 10];
pub(crate) const SERVER: [u8; 4] = [198, 51, 100, 20];

/// Everything a recogniser said.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) notes: Vec<(Side, Key, String)>,
    pub(crate) facts: Vec<String>,
}

impl Recorder {
    pub(crate) fn values(&self, key: Key) -> Vec<&str> {
        self.notes.iter().filter(|note| note.1 == key).map(|note| note.2.as_str()).collect()
    }
}

impl Sink for Recorder {
    fn note(&mut self, side: Side, key: Key, value: &str) {
        self.notes.push((side, key, value.to_owned()));
    }
    fn fact(&mut self, fact: Fact<'_>) {
        self.facts.push(match fact {
            Fact::Resolved { client, name, address, ttl_s } => format!("{client} {name} {address} {ttl_s}"),
            Fact::Burdened { client, server, zone, burden } => format!("{client} {server} {zone} {burden:?}"),
            Fact::Named { address, name, source } => format!("{address} {name} {source:?}"),
            Fact::Lease(lease) => format!("{lease:?}"),
            Fact::Announced(announced) => {
                let opener = if announced.by_client { "client" } else { "server" };
                format!("{} by {opener} at {}", announced.service, announced.port)
            }
        });
    }
}

/// A sight of what `CLIENT` (from_orig) or `SERVER` sent to or from `port`.
pub(crate) fn sight(over: Over, from_orig: bool, port: u16, data: &[u8]) -> Sight<'_> {
    Sight {
        over,
        from_orig,
        data,
        other: &[],
        first: &[],
        before: Datagrams::default(),
        wire_len: data.len(),
        from_start: true,
        orig: (Addr::v4(CLIENT), 49_152),
        resp: (Addr::v4(SERVER), port),
        count: 1,
    }
}

/// Looks once, with a fresh memo.
pub(crate) fn look(protocol: &Protocol, sight: &Sight<'_>) -> (Look, Recorder) {
    let mut recorder = Recorder::default();
    let look = (protocol.look)(sight, &mut 0, &mut recorder);
    (look, recorder)
}

/// Whether the orig speaks, and what is said.
pub(crate) type Turn<'a> = (bool, &'a [u8]);

/// Shows a TCP conversation as it grows, `step` bytes a segment, until the recogniser is done.
pub(crate) fn converse(
    protocol: &Protocol,
    port: u16,
    turns: &[Turn<'_>],
    step: usize,
) -> (Option<Look>, Recorder) {
    let mut recorder = Recorder::default();
    let mut memo = 0;
    let mut streams = [Vec::new(), Vec::new()];
    let mut last = None;
    let mut follows = false;
    for (from_orig, bytes) in turns {
        for segment in bytes.chunks(step) {
            let [orig, resp] = &mut streams;
            let (own, other) = if *from_orig { (orig, resp) } else { (resp, orig) };
            own.extend_from_slice(segment);
            let shown = if follows { segment } else { own.get(..crate::STREAM_BUDGET).unwrap_or(own) };
            let sight = Sight { other, ..sight(Over::Tcp, *from_orig, port, shown) };
            let look = (protocol.look)(&sight, &mut memo, &mut recorder);
            match look {
                Look::No if matches!(last, Some(Look::Reading(_) | Look::Following(_))) => {
                    return (last, recorder);
                }
                Look::No | Look::Is(_) | Look::Becomes(..) => return (Some(look), recorder),
                Look::More => memo = 0,
                Look::Reading(_) | Look::Gathering(_) => {}
                Look::Following(_) => follows = true,
            }
            last = Some(look);
        }
    }
    (last, recorder)
}

/// Reads hexadecimal digits, whatever white space lies between.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Shows every beginning of `bytes` and gives the length from which on it is believed.
///
/// Holds that a shorter stream asks for more, that a shorter datagram is not believed, and that a longer
/// one is believed too.
pub(crate) fn believed_from(protocol: &Protocol, sight: &Sight<'_>) -> Option<usize> {
    let mut from = None;
    for len in 1..=sight.data.len() {
        let cut = Sight { data: &sight.data[..len], wire_len: len, ..*sight };
        match look(protocol, &cut).0 {
            Look::Is(_) | Look::Reading(_) | Look::Gathering(_) | Look::Following(_) => {
                from.get_or_insert(len);
            }
            Look::More => assert_eq!(from, None, "{len} bytes ask for more"),
            Look::No | Look::Becomes(..) => {
                assert!(from.is_none() && sight.over != Over::Tcp, "{len} bytes are refused");
            }
        }
    }
    from
}
