//! Messages of SNMPv2c: a request in, a response out. What is no request is `None`.

/// Tags (RFC 3416 §3, RFC 2578 §7).
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// GetRequest.
pub const GET: u8 = 0xa0;
/// GetNextRequest.
pub const NEXT: u8 = 0xa1;
/// Response.
const RESPONSE: u8 = 0xa2;
/// GetBulkRequest.
pub const BULK: u8 = 0xa5;
/// `noSuchInstance` as a whole value.
pub const ABSENT: [u8; 2] = [0x81, 0];
/// `endOfMibView` as a whole value.
pub const END: [u8; 2] = [0x82, 0];

/// A request.
#[derive(Debug, Eq, PartialEq)]
pub struct Request {
    /// The community.
    pub community: Vec<u8>,
    /// [`GET`], [`NEXT`] or [`BULK`].
    pub kind: u8,
    /// Its number, as it was encoded.
    id: Vec<u8>,
    /// `non-repeaters` of GETBULK.
    pub non_repeaters: usize,
    /// `max-repetitions` of GETBULK.
    pub repetitions: usize,
    /// The names asked for.
    pub names: Vec<Vec<u32>>,
}

/// Takes one element off the front: its tag and content.
fn element<'b>(bytes: &mut &'b [u8]) -> Option<(u8, &'b [u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let (digits, behind) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.len() > 4 {
            return None;
        }
        length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
        rest = behind;
    }
    let (content, behind) = rest.split_at_checked(length)?;
    *bytes = behind;
    Some((tag, content))
}

fn of<'b>(bytes: &mut &'b [u8], tag: u8) -> Option<&'b [u8]> {
    element(bytes).filter(|(own, _)| *own == tag).map(|(_, content)| content)
}

fn number(bytes: &mut &[u8]) -> Option<usize> {
    let content = of(bytes, INTEGER)?;
    (content.len() <= 4).then(|| content.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)))
}

impl Request {
    /// Reads a datagram.
    #[must_use]
    pub fn read(mut datagram: &[u8]) -> Option<Self> {
        let mut message = of(&mut datagram, SEQUENCE)?;
        // 1 is SNMPv2c.
        (number(&mut message)? == 1).then_some(())?;
        let community = of(&mut message, OCTETS)?.to_vec();
        let (kind, mut pdu) = element(&mut message)?;
        matches!(kind, GET | NEXT | BULK).then_some(())?;
        let id = of(&mut pdu, INTEGER)?.to_vec();
        let (non_repeaters, repetitions) = (number(&mut pdu)?, number(&mut pdu)?);
        let mut bindings = of(&mut pdu, SEQUENCE)?;
        let mut names = Vec::new();
        while !bindings.is_empty() {
            let mut binding = of(&mut bindings, SEQUENCE)?;
            names.push(arcs(of(&mut binding, OID)?)?);
        }
        Some(Self { community, kind, id, non_repeaters, repetitions, names })
    }

    /// Writes the response that holds these bindings, each encoded already.
    #[must_use]
    pub fn response(&self, error: (u8, u8), bindings: &[u8]) -> Vec<u8> {
        let mut pdu = Vec::with_capacity(bindings.len() + 64);
        put(&mut pdu, INTEGER, &self.id);
        put(&mut pdu, INTEGER, &[error.0]);
        put(&mut pdu, INTEGER, &[error.1]);
        put(&mut pdu, SEQUENCE, bindings);
        let mut message = Vec::with_capacity(pdu.len() + 64);
        put(&mut message, INTEGER, &[1]);
        put(&mut message, OCTETS, &self.community);
        put(&mut message, RESPONSE, &pdu);
        let mut datagram = Vec::with_capacity(message.len() + 8);
        put(&mut datagram, SEQUENCE, &message);
        datagram
    }
}

/// Writes an element.
pub fn put(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    match content.len() {
        length @ 0..0x80 => out.push(length as u8),
        length @ 0x80..0x100 => out.extend([0x81, length as u8]),
        length => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend_from_slice(content);
}

/// Writes a binding: a name, and its value as a whole element.
#[must_use]
pub fn binding(name: &[u32], value: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(value.len() + 24);
    put(&mut content, OID, &oid(name));
    content.extend_from_slice(value);
    let mut out = Vec::with_capacity(content.len() + 4);
    put(&mut out, SEQUENCE, &content);
    out
}

/// Encodes an identifier's content.
#[must_use]
pub fn oid(arcs: &[u32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(arcs.len() + 4);
    if let [first, second, ..] = arcs {
        base_128(&mut out, first * 40 + second);
    }
    for arc in arcs.iter().skip(2) {
        base_128(&mut out, *arc);
    }
    out
}

fn base_128(out: &mut Vec<u8>, arc: u32) {
    let digits = (1..5).rev().filter(|place| arc >> (7 * place) != 0);
    out.extend(digits.map(|place| (arc >> (7 * place)) as u8 | 0x80));
    out.push(arc as u8 & 0x7f);
}

fn arcs(content: &[u8]) -> Option<Vec<u32>> {
    let mut arcs = Vec::new();
    let mut arc = 0_u32;
    for octet in content {
        arc = arc.checked_mul(128)? | u32::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            if arcs.is_empty() {
                arcs.extend([(arc / 40).min(2), arc - (arc / 40).min(2) * 40]);
            } else {
                arcs.push(arc);
            }
            arc = 0;
        }
    }
    Some(arcs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_written_and_read_back() {
        for own in [
            &[1, 3, 6, 1, 2, 1, 1, 1, 0][..],
            &[1, 3, 6, 1, 4, 1, 12_356, 4_294_967_295, 128, 127],
            &[2, 100, 3],
        ] {
            assert_eq!(arcs(&oid(own)).as_deref(), Some(own));
        }
        // X.690 §8.19.5.
        assert_eq!(oid(&[2, 100, 3]), [0x81, 0x34, 0x03]);
    }

    #[test]
    fn a_request_cut_anywhere_is_none() {
        // GetBulk of 1.3.6.1.2.1 with 0 and 10.
        let mut pdu = vec![INTEGER, 1, 7, INTEGER, 1, 0, INTEGER, 1, 10];
        put(&mut pdu, SEQUENCE, &binding(&[1, 3, 6, 1, 2, 1], &[5, 0]));
        let mut message = vec![INTEGER, 1, 1];
        put(&mut message, OCTETS, b"public");
        put(&mut message, BULK, &pdu);
        let mut datagram = Vec::new();
        put(&mut datagram, SEQUENCE, &message);
        let read = Request::read(&datagram).unwrap();
        assert_eq!((read.kind, read.repetitions, &read.names[0][..]), (BULK, 10, &[1, 3, 6, 1, 2, 1][..]));
        for length in 0..datagram.len() {
            assert_eq!(Request::read(&datagram[..length]), None, "{length}");
        }
    }
}
