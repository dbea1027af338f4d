//! A device in memory: a walk that somebody took, answered from as the device would.
//!
//! Read from text lines `OID|TYPE|VALUE` as snmpsim writes them (`.snmprec`): the type is the ASN.1 tag in
//! decimal, an `x` behind it says that the value is in hex.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::ops::Bound::{Excluded, Unbounded};

use crate::{Binding, Client, Failure, Oid, Value};

/// Lines of a recording that are read: the largest walk of a core switch has some 100,000.
const MAX_LINES: usize = 1_000_000;
/// What a UDP datagram holds, roughly, as bindings: an answer ends there.
const MAX_BINDINGS: usize = 400;

/// What a device would say.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    objects: BTreeMap<Oid, Value>,
}

impl Recording {
    /// Makes a device that holds these objects.
    #[must_use]
    pub fn new(objects: impl IntoIterator<Item = Binding>) -> Self {
        Self { objects: objects.into_iter().collect() }
    }

    /// Reads a recording; lines that are none are left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::new(text.lines().take(MAX_LINES).filter_map(line))
    }

    /// Gives what an object holds.
    #[must_use]
    pub fn value(&self, oid: &Oid) -> Option<&Value> {
        self.objects.get(oid)
    }

    fn after(&self, oid: &Oid) -> Binding {
        let next = self.objects.range((Excluded(oid), Unbounded)).next();
        next.map_or_else(|| (oid.clone(), Value::End), |(oid, value)| (oid.clone(), value.clone()))
    }
}

impl Client for Recording {
    async fn get(&mut self, oids: &[Oid]) -> Result<Vec<Binding>, Failure> {
        let held = |oid: &Oid| (oid.clone(), self.value(oid).cloned().unwrap_or(Value::Absent));
        Ok(oids.iter().map(held).collect())
    }

    async fn next(&mut self, oid: &Oid) -> Result<Binding, Failure> {
        Ok(self.after(oid))
    }

    async fn bulk(&mut self, oids: &[Oid], repetitions: u32) -> Result<Vec<Binding>, Failure> {
        let mut answer = Vec::new();
        let mut at = oids.to_vec();
        for _ in 0..repetitions {
            for oid in &mut at {
                let binding = self.after(oid);
                oid.clone_from(&binding.0);
                answer.push(binding);
            }
        }
        answer.truncate(MAX_BINDINGS);
        Ok(answer)
    }

    fn has_bulk(&self) -> bool {
        true
    }
}

fn line(line: &str) -> Option<Binding> {
    let (oid, rest) = line.split_once('|')?;
    let (kind, value) = rest.split_once('|')?;
    let oid = oid.parse().ok()?;
    let (tag, octets) = match kind.strip_suffix('x') {
        Some(tag) => (tag, hex(value)?),
        None => (kind, value.as_bytes().to_vec()),
    };
    let value = match tag.parse().ok()? {
        2 => Value::Integer(value.parse().ok()?),
        4 | 68 => Value::Octets(octets),
        6 => Value::Oid(value.parse().ok()?),
        64 => match <[u8; 4]>::try_from(octets.as_slice()) {
            Ok(octets) if kind.ends_with('x') => Value::Ip(Ipv4Addr::from(octets)),
            _ => Value::Ip(value.parse().ok()?),
        },
        65 | 66 | 67 | 70 => Value::Unsigned(value.parse().ok()?),
        _ => Value::Absent,
    };
    Some((oid, value))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|digit| Some(digit.to_digit(16)? as u8)).collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_type_are_read() {
        let text = "1.3.6.1.2.1.1.1.0|4|A router | of ours\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1182.1.53\n\
                    1.3.6.1.2.1.2.2.1.6.1|4x|00530000000a\n1.3.6.1.2.1.4.20.1.1.1|64|192.0.2.1\n\
                    1.3.6.1.2.1.4.20.1.1.2|64x|c0000202\n1.3.6.1.2.1.2.2.1.8.1|2|-1\njunk\n1.3|4x|0\n1.3|9\n";
        let recording = Recording::parse(text);
        assert_eq!(recording.objects.len(), 6);
        let value = |oid: &str| recording.value(&oid.parse().unwrap()).unwrap().clone();
        assert_eq!(value("1.3.6.1.2.1.1.1.0").text().as_deref(), Some("A router | of ours"));
        assert_eq!(value("1.3.6.1.2.1.2.2.1.6.1").mac(), Some([0, 0x53, 0, 0, 0, 10]));
        assert_eq!(value("1.3.6.1.2.1.4.20.1.1.2"), Value::Ip(Ipv4Addr::new(192, 0, 2, 2)));
        assert_eq!(value("1.3.6.1.2.1.2.2.1.8.1"), Value::Integer(-1));
    }
}
