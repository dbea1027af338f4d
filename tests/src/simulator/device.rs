//! One device: what it holds, and how it answers.

use std::time::Duration;

use super::ber::{self, Request};

/// Octets of an answer: an Ethernet frame's worth, as most equipment has it.
const MAX_OCTETS: usize = 1_400;
/// The most bindings of an answer (some agents have such a bound; here it ends absurd requests).
const MAX_BINDINGS: usize = 1_000;

/// How a device answers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Temper {
    /// As it should.
    #[default]
    Sound,
    /// Not at all.
    Silent,
    /// As it should, so many times, and then no more.
    SilentAfter(u64),
    /// As it should, each time after a while. The while holds the others of this simulator up, too.
    Slow(Duration),
    /// With octets that are no message, so many.
    Junk(usize),
    /// What follows an object is the object itself.
    Stuck,
    /// What follows an object is, from the last of all on, the first of all.
    Circle,
    /// There is always one more row.
    Endless,
    /// `tooBig` to whatever asks for more than one object.
    Small,
    /// `genErr` to whatever leads to the object in the middle.
    Refuses,
}

/// A device.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// By name: the bindings, encoded.
    rows: Vec<(Vec<u32>, Vec<u8>)>,
    temper: Temper,
    /// The community that it answers to; `None` for any.
    community: Option<Vec<u8>>,
}

impl Device {
    /// Makes a device of objects: names with whole encoded values.
    #[must_use]
    pub fn new(objects: impl IntoIterator<Item = (Vec<u32>, Vec<u8>)>) -> Self {
        let encoded = |(name, value): (Vec<u32>, Vec<u8>)| {
            let binding = ber::binding(&name, &value);
            (name, binding)
        };
        let mut rows: Vec<_> = objects.into_iter().map(encoded).collect();
        rows.sort();
        rows.dedup_by(|later, first| later.0 == first.0);
        Self { rows, ..Self::default() }
    }

    /// Makes a device of a recording as snmpsim writes them: `OID|TAG|VALUE`, `x` behind the tag for hex.
    #[must_use]
    pub fn recorded(text: &str) -> Self {
        Self::new(text.lines().filter_map(line))
    }

    /// Has it answer otherwise than it should.
    #[must_use]
    pub fn tempered(self, temper: Temper) -> Self {
        Self { temper, ..self }
    }

    /// Has it answer to one community only.
    #[must_use]
    pub fn for_community(self, community: &[u8]) -> Self {
        Self { community: Some(community.to_vec()), ..self }
    }

    /// How many objects it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Tells whether it holds nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Answers a datagram, the so many-th that came to it.
    #[must_use]
    pub fn answer(&self, datagram: &[u8], number: u64) -> Option<Vec<u8>> {
        match self.temper {
            Temper::Silent => return None,
            Temper::SilentAfter(most) if number >= most => return None,
            Temper::Junk(octets) => return Some((0..octets).map(|at| (at * 31 + 7) as u8).collect()),
            Temper::Slow(time) => std::thread::sleep(time),
            _ => {}
        }
        let request = Request::read(datagram)?;
        if self.community.as_ref().is_some_and(|own| *own != request.community) {
            return None;
        }
        if self.temper == Temper::Small && (request.names.len() > 1 || request.kind == ber::BULK) {
            return Some(request.response((1, 0), &[]));
        }
        if self.temper == Temper::Refuses && self.leads_to_the_middle(&request) {
            return Some(request.response((5, 1), &[]));
        }
        let bindings = match request.kind {
            ber::GET => request.names.iter().flat_map(|name| self.held(name)).collect(),
            ber::NEXT => request.names.iter().flat_map(|name| self.after(name).1).collect(),
            _ => self.bulk(&request),
        };
        Some(request.response((0, 0), &bindings))
    }

    fn held(&self, name: &[u32]) -> Vec<u8> {
        let at = self.rows.binary_search_by(|(own, _)| own.as_slice().cmp(name));
        at.map_or_else(|_| ber::binding(name, &ber::ABSENT), |at| self.rows[at].1.clone())
    }

    fn leads_to_the_middle(&self, request: &Request) -> bool {
        let rows = match request.kind {
            ber::GET => 0,
            ber::NEXT => 1,
            _ => request.repetitions,
        };
        let first = |name: &[u32]| self.rows.partition_point(|(own, _)| own.as_slice() <= name);
        let leads = |name: &Vec<u32>| (first(name)..first(name) + rows).contains(&(self.rows.len() / 2));
        request.names.iter().any(leads)
    }

    /// The object that follows: its name, and its binding.
    fn after(&self, name: &[u32]) -> (Vec<u32>, Vec<u8>) {
        let at = self.rows.partition_point(|(own, _)| own.as_slice() <= name);
        match (self.temper, self.rows.get(at)) {
            (Temper::Stuck, Some(_)) if at > 0 => self.rows[at - 1].clone(),
            (Temper::Endless, _) if name.len() > 10 => {
                let mut next = name.to_vec();
                let last = next.len() - 1;
                next[last] = next[last].wrapping_add(1);
                let binding = ber::binding(&next, &[2, 1, 6]);
                (next, binding)
            }
            (Temper::Circle, None) => self.rows[0].clone(),
            (_, Some(row)) => row.clone(),
            (_, None) => (name.to_vec(), ber::binding(name, &ber::END)),
        }
    }

    /// RFC 3416 §4.2.3.
    fn bulk(&self, request: &Request) -> Vec<u8> {
        let (single, repeated) = request.names.split_at(request.non_repeaters.min(request.names.len()));
        let mut out: Vec<u8> = single.iter().flat_map(|name| self.after(name).1).collect();
        let mut names = repeated.to_vec();
        let most = request.repetitions.min(MAX_BINDINGS / names.len().max(1));
        for _ in 0..most {
            for name in &mut names {
                let (next, binding) = self.after(name);
                if out.len() + binding.len() > MAX_OCTETS {
                    return out;
                }
                *name = next;
                out.extend(binding);
            }
        }
        out
    }
}

fn line(line: &str) -> Option<(Vec<u32>, Vec<u8>)> {
    let (name, rest) = line.split_once('|')?;
    let (kind, value) = rest.split_once('|')?;
    let (tag, is_hex) = kind.strip_suffix('x').map_or((kind, false), |tag| (tag, true));
    let tag: u8 = tag.parse().ok()?;
    let content = match tag {
        _ if is_hex => hex(value)?,
        2 => signed(value.parse().ok()?),
        6 => ber::oid(&dotted(value)?),
        64 => dotted(value)?.into_iter().map(|octet| octet as u8).collect(),
        65..=67 | 70 => unsigned(value.parse().ok()?),
        5 => Vec::new(),
        _ => value.as_bytes().to_vec(),
    };
    let mut whole = Vec::new();
    ber::put(&mut whole, tag, &content);
    Some((dotted(name)?, whole))
}

fn dotted(text: &str) -> Option<Vec<u32>> {
    text.trim_start_matches('.').split('.').map(|arc| arc.parse().ok()).collect()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|digit| Some(digit.to_digit(16)? as u8)).collect::<Option<_>>()?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Encodes a number in as few octets as hold it with its sign.
#[must_use]
pub fn signed(number: i64) -> Vec<u8> {
    let octets = number.to_be_bytes();
    let spare = |pair: &[u8]| matches!((pair[0], pair[1] >> 7), (0, 0) | (0xff, 1));
    let skip = octets.windows(2).take_while(|pair| spare(pair)).count();
    octets[skip..].to_vec()
}

/// Encodes a number that has no sign.
#[must_use]
pub fn unsigned(number: u64) -> Vec<u8> {
    let mut octets = vec![0];
    octets.extend(number.to_be_bytes());
    let skip = octets.windows(2).take_while(|pair| pair[0] == 0 && pair[1] < 0x80).count();
    octets[skip..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_as_few_octets_as_they_need() {
        // X.690 §8.3.2.
        for (number, octets) in
            [(0, &[0][..]), (127, &[0x7f]), (128, &[0, 0x80]), (-1, &[0xff]), (-129, &[0xff, 0x7f])]
        {
            assert_eq!(signed(number), octets, "{number}");
        }
        assert_eq!(unsigned(0xffff_ffff), [0, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(unsigned(1), [1]);
    }
}
