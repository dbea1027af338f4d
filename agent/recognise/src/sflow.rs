//! sFlow v5 on any port (sFlow.org, "sFlow Version 5", section 5): told by its version, a kind of
//! address, and samples that fill the datagram to its end. Samples are not read here.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "sflow",
    tunnel: false,
    over: &[Over::Udp],
    ports: &[6343],
    start: Start::with(&[0]),
    look,
};

/// More samples than a datagram has room for.
const MAX_SAMPLES: u32 = 512;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match *sight.data {
        [0, 0, 0, 5, 0, 0, 0, 1 | 2, ..] => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _version = cursor.u32()?;
    let (address_len, header_len) = if cursor.u32()? == 1 { (4, 28) } else { (16, 40) };
    cursor.take(address_len)?;
    let (_sub_agent, _number, _uptime_ms) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
    let count = cursor.u32()?;
    if !(1..=MAX_SAMPLES).contains(&count) {
        return Err(cursor.malformed("an impossible count of samples"));
    }
    let mut left = sight.wire_len.saturating_sub(header_len);
    for _ in 0..count {
        let (_kind, len) = (cursor.u32()?, cursor.u32()? as usize);
        let Some(rest) = left.checked_sub(8).and_then(|left| left.checked_sub(len)) else {
            return Err(cursor.malformed("samples beyond the datagram's end"));
        };
        if !len.is_multiple_of(4) {
            return Err(cursor.malformed("a sample that is not aligned"));
        }
        left = rest;
        // Where the snapshot ends, the lengths so far have fitted.
        if cursor.rest().len() < len && sight.data.len() < sight.wire_len {
            return Ok(Found::served_by(85, sight.sender().peer()));
        }
        cursor.take(len)?;
    }
    if left != 0 {
        return Err(cursor.malformed("bytes after the samples"));
    }
    Ok(Found::served_by(97, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{hex, look, sight};

    /// Two samples, of which recognition sees the lengths alone.
    const EXPORT: &str = "00000005 00000001 c00002fe 00000000 00000001 0036ee80 00000002
        00000001 00000008 0000000000000000
        00000002 00000004 00000000";

    #[test]
    fn an_export_is_sflow_on_any_port_and_the_collector_serves() {
        let v6 = EXPORT.replace("00000001 c00002fe", "00000002 20010db8000000000000000000000001");
        for bytes in [hex(EXPORT), hex(&v6)] {
            let (found, recorder) = look(&PROTOCOL, &sight(Over::Udp, true, 40_000, &bytes));
            assert_eq!(found, Look::Is(Found::served_by(97, Side::Resp)));
            assert!(recorder.notes.is_empty());
            for len in 0..bytes.len() {
                assert_eq!(
                    look(&PROTOCOL, &sight(Over::Udp, true, 6343, &bytes[..len])).0,
                    Look::No,
                    "{len}"
                );
            }
        }
    }

    #[test]
    fn a_snapshot_tells_it_less_surely() {
        let bytes = hex(EXPORT);
        let mut cut = sight(Over::Udp, true, 6343, &bytes[..bytes.len() - 2]);
        cut.wire_len = bytes.len();
        assert_eq!(look(&PROTOCOL, &cut).0, Look::Is(Found::served_by(85, Side::Resp)));
    }

    #[test]
    fn what_does_not_fit_is_not_sflow() {
        // (why, datagram)
        let cases = [
            ("bytes left over", format!("{EXPORT} 00")),
            ("a sample beyond the end", EXPORT.replace("00000002 00000004", "00000002 00000040")),
            ("a sample that is not aligned", EXPORT.replace("00000002 00000004", "00000002 00000003")),
            ("no sample", EXPORT.replace("0036ee80 00000002", "0036ee80 00000000")),
            ("version 4", EXPORT.replacen("00000005", "00000004", 1)),
        ];
        for (why, bytes) in cases {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 6343, &hex(&bytes))).0, Look::No, "{why}");
        }
    }
}
