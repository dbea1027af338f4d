//! NetFlow v5 and v9 on any port: a router telling a collector of flows.
//!
//! v5 is told by a length that its record count explains and padding that is zero (Cisco, "NetFlow
//! Export Datagram Format", tables B-3 and B-4); v9 by sets that fill the datagram to its end (RFC
//! 3954 §5.1). What hands exports on may put several of v5 into one datagram. Flows are not read here.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

/// NetFlow's usual port, and those that vendors' guides name.
const PORTS: [u16; 3] = [2055, 9995, 9996];

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "netflow",
    tunnel: false,
    over: &[Over::Udp],
    ports: &PORTS,
    start: Start::with(&[0]),
    look,
};

const V5_HEADER_BYTES: usize = 24;
const V5_RECORD_BYTES: usize = 48;
const V5_MAX_RECORDS: u16 = 30;
const V9_HEADER_BYTES: usize = 20;

/// Set ids of v9: templates, options templates; data from 256.
const V9_TEMPLATES: u16 = 0;
const V9_OPTIONS: u16 = 1;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match *sight.data {
        [0, 5, ..] => settle(sight, v5(sight)),
        [0, 9, ..] => settle(sight, v9(sight)),
        _ => Look::No,
    }
}

fn v5(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _version = cursor.u16()?;
    let count = cursor.u16()?;
    let len = V5_HEADER_BYTES + V5_RECORD_BYTES * usize::from(count);
    if !(1..=V5_MAX_RECORDS).contains(&count) || !ends_or_goes_on(sight, len, [0, 5]) {
        return Err(cursor.malformed("a length that the records do not explain"));
    }
    let (_uptime_ms, _unix_s, nanoseconds) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
    cursor.take(8)?;
    // The first record's two paddings.
    cursor.take(36)?;
    let padding = cursor.u8()?;
    cursor.take(9)?;
    if nanoseconds >= 1_000_000_000 || padding != 0 || cursor.u16()? != 0 {
        return Err(cursor.malformed("padding that is not zero"));
    }
    Ok(Found::served_by(95, sight.sender().peer()))
}

/// Tells whether a datagram ends after `len` bytes, or another message begins there with its version.
pub(crate) fn ends_or_goes_on(sight: &Sight<'_>, len: usize, version: [u8; 2]) -> bool {
    let next = sight.data.get(len..).and_then(<[u8]>::first_chunk);
    sight.wire_len == len || sight.wire_len > len && next == Some(&version)
}

fn v9(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _version = cursor.u16()?;
    let count = cursor.u16()?;
    cursor.take(V9_HEADER_BYTES - 4)?;
    let filled = fill(cursor, sight.wire_len.saturating_sub(V9_HEADER_BYTES), V9_TEMPLATES, V9_OPTIONS)?;
    // Each set holds one record at least.
    if count == 0 || filled.sets > u32::from(count) {
        return Err(cursor.malformed("more sets than records"));
    }
    Ok(Found::served_by(filled.confidence(), sight.sender().peer()))
}

/// The sets of a datagram.
pub(crate) struct Filled {
    sets: u32,
    has_templates: bool,
}

impl Filled {
    /// Layouts are a second mark beside lengths that fit.
    pub(crate) const fn confidence(&self) -> u8 {
        if self.has_templates { 97 } else { 90 }
    }
}

/// Steps through the sets of v9 and IPFIX, which have to fill `wire_len` bytes exactly, and looks at
/// the first layout of each set of templates. Ids below 256 are the dialect's two.
pub(crate) fn fill(
    mut cursor: Cursor<'_>,
    wire_len: usize,
    templates: u16,
    options: u16,
) -> Result<Filled, DecodeError> {
    let mut left = wire_len;
    let mut filled = Filled { sets: 0, has_templates: false };
    while left > 0 {
        let (id, len) = (cursor.u16()?, usize::from(cursor.u16()?));
        let body_len = len.checked_sub(4).filter(|body| *body > 0 && len <= left);
        let Some(body_len) = body_len.filter(|_| id >= 256 || id == templates || id == options) else {
            return Err(cursor.malformed("sets that do not fill the datagram"));
        };
        let mut body = Cursor::new(Layer::Application, cursor.take(body_len)?);
        if id < 256 {
            // Template ids start at 256; only a withdrawal of all names the set itself.
            let template = body.u16()?;
            if template < 256 && template != id {
                return Err(cursor.malformed("a template by the id of a set"));
            }
            filled.has_templates = true;
        }
        filled.sets += 1;
        left -= len;
    }
    if filled.sets == 0 { Err(cursor.malformed("no set at all")) } else { Ok(filled) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{hex, look, sight};

    /// Two flows.
    fn v5_export() -> Vec<u8> {
        let header = hex("0005 0002 0036ee80 6553f100 00000000 00000001 0000 0000");
        let flow = hex("c0000201 c6336414 00000000 0003 0004 0000000a 000003e8 0036cb58 0036e6b0
            c350 01bb 00 1b 06 00 0000 0000 18 18 0000");
        [header, flow.clone(), flow].concat()
    }

    /// A template of addresses and octets, and a record of it.
    const V9: &str = "0009 0002 0036ee80 6553f100 00000001 00000000
        0000 0014 0100 0003 0008 0004 000c 0004 0001 0004
        0100 0010 c0000201 c6336414 000003e8";

    #[test]
    fn exports_are_netflow_on_any_port_and_the_collector_serves() {
        // (why, datagram, confidence)
        let cases = [("v5", v5_export(), 95), ("v9", hex(V9), 97), ("v9 data", v9_data(), 90)];
        for (why, bytes, confidence) in cases {
            let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 40_000, &bytes));
            assert_eq!(found, Look::Is(Found::served_by(confidence, Side::Resp)), "{why}");
            assert!(recorder.notes.is_empty() && recorder.facts.is_empty(), "{why}");
            for len in 0..bytes.len() {
                let cut = look(&PROTOCOL, &sight(Over::Udp, true, 2055, &bytes[..len])).0;
                // v9 does not say how long it is: after its first set it is whole again.
                let is_whole = bytes[1] == 9 && len == 40;
                assert_eq!(cut != Look::No, is_whole, "{why} cut at {len}");
            }
        }
    }

    fn v9_data() -> Vec<u8> {
        let mut bytes = hex(V9);
        bytes.drain(20..40);
        bytes
    }

    #[test]
    fn several_of_v5_in_one_datagram_are_netflow() {
        let bytes = [v5_export(), v5_export()].concat();
        assert!(matches!(look(&PROTOCOL, &sight(Over::Udp, true, 2055, &bytes)).0, Look::Is(_)));
    }

    #[test]
    fn a_snapshot_still_tells_v5() {
        let bytes = v5_export();
        let mut cut = sight(Over::Udp, true, 2055, &bytes[..72]);
        cut.wire_len = bytes.len();
        assert!(matches!(look(&PROTOCOL, &cut).0, Look::Is(_)));
    }

    #[test]
    fn what_does_not_fit_is_not_netflow() {
        let change = |at: usize, value: u8| {
            let mut bytes = v5_export();
            bytes[at] = value;
            bytes
        };
        let sets = |text: &str| hex(&format!("0009 0001 0036ee80 6553f100 00000001 00000000 {text}"));
        // (why, datagram)
        let cases = [
            ("v5 of another count", change(3, 3)),
            ("v5 with a second of two thousand million nanoseconds", change(12, 0x77)),
            ("v5 with padding in use", change(24 + 36, 1)),
            ("DNS with id 5", hex("0005 0100 0001 0000 0000 0000 03777777 076578616d706c65 00 0001 0001")),
            ("v9 without sets", sets("")),
            ("v9 with a set of IPFIX", sets("0002 0008 0100 0000")),
            ("v9 with a set beyond the end", sets("0100 0020 c0000201 c6336414 000003e8")),
            ("v9 with bytes left over", sets("0100 0008 c0000201 00")),
            ("v9 with a template by a set's id", sets("0000 000c 0080 0001 0008 0004")),
            ("v9 with more sets than records", sets("0100 0008 c0000201 0100 0008 c0000201")),
        ];
        for (why, bytes) in cases {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 2055, &bytes)).0, Look::No, "{why}");
        }
    }
}
