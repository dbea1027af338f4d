//! sFlow v5: the datagram and its samples.
//!
//! ```text
//! version 5   agent's address (kind, 4 or 16 bytes)   sub-agent   number   uptime ms   samples
//! sample      kind (20 bits of enterprise, 12 of format)   length   body
//! ```
//!
//! All numbers are 32 bits (XDR). sFlow.org, "sFlow Version 5", section 5.
//! The agent's address names the exporter: a datagram may come from any of its addresses.

use sekisho_decode::{Addr, Cursor, DecodeError, Layer};

use crate::exporter::{Exporter, FlowSink, Number};
use crate::sample::{self, Shape};
use crate::sequence::Clock;
use crate::{ExportError, Format};

const FLOW_SAMPLE: u32 = 1;
const COUNTER_SAMPLE: u32 = 2;
const EXPANDED_FLOW_SAMPLE: u32 = 3;
const EXPANDED_COUNTER_SAMPLE: u32 = 4;

/// A header.
#[derive(Clone, Copy)]
pub(crate) struct Header<'a> {
    /// Who sampled; `None` where it does not know its own address.
    pub(crate) agent: Option<Addr>,
    sub_agent: u32,
    number: u32,
    uptime_ms: u32,
    count: u32,
    samples: Cursor<'a>,
}

/// Reads a header.
pub(crate) fn header(payload: &[u8]) -> Result<Header<'_>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, payload);
    if cursor.u32()? != 5 {
        return Err(cursor.malformed("another version than 5"));
    }
    let agent = address(&mut cursor)?;
    let (sub_agent, number, uptime_ms, count) = (cursor.u32()?, cursor.u32()?, cursor.u32()?, cursor.u32()?);
    Ok(Header { agent, sub_agent, number, uptime_ms, count, samples: cursor })
}

/// Reads the samples that follow the header.
pub(crate) fn read(
    exporter: &mut Exporter,
    time_ns: i64,
    header: Header<'_>,
    payload: &[u8],
    sink: FlowSink<'_>,
) -> Result<(), ExportError> {
    let format = Format::SflowV5;
    let clock = Clock { export_s: None, uptime_ms: Some(header.uptime_ms) };
    let at = Number { format, domain: header.sub_agent, value: header.number, clock };
    exporter.admit(format, at.domain, time_ns, payload)?;
    exporter.place(at, 1);
    let mut cursor = header.samples;
    let unreadable = |source| ExportError::Unreadable { format, source };
    for _ in 0..header.count {
        let body = next(&mut cursor).map_err(unreadable)?;
        // A sample has its length: a damaged one does not hide those after it.
        if one(exporter, time_ns, body, sink).is_err() {
            exporter.counts.malformed += 1;
        }
    }
    Ok(())
}

fn next<'a>(cursor: &mut Cursor<'a>) -> Result<(u32, Cursor<'a>), DecodeError> {
    let (kind, len) = (cursor.u32()?, cursor.u32()?);
    Ok((kind, Cursor::new(Layer::Application, cursor.take(len as usize)?)))
}

fn one(
    exporter: &mut Exporter,
    time_ns: i64,
    (kind, mut body): (u32, Cursor<'_>),
    sink: FlowSink<'_>,
) -> Result<(), DecodeError> {
    let shape = match kind {
        FLOW_SAMPLE => Shape::Compact,
        EXPANDED_FLOW_SAMPLE => Shape::Expanded,
        COUNTER_SAMPLE | EXPANDED_COUNTER_SAMPLE => {
            exporter.counts.counter_samples += 1;
            return Ok(());
        }
        // Discarded packets, real-time metrics, vendors' own.
        _ => {
            exporter.counts.other_records += 1;
            return Ok(());
        }
    };
    let Some(flow) = sample::read(&mut body, shape, exporter.address, time_ns)? else {
        exporter.counts.other_records += 1;
        return Ok(());
    };
    exporter.counts.flows += 1;
    exporter.counts.sampling = flow.sampling;
    sink(&flow);
    Ok(())
}

/// Reads an address and its kind; `None` for "unknown" and for zeros.
pub(crate) fn address(cursor: &mut Cursor<'_>) -> Result<Option<Addr>, DecodeError> {
    let address = match cursor.u32()? {
        0 => None,
        1 => Some(Addr::v4(cursor.array()?)),
        2 => Some(Addr::v6(cursor.array()?)),
        _ => return Err(cursor.malformed("an address neither IPv4 nor IPv6")),
    };
    Ok(address.filter(|address| ![Addr::UNSPECIFIED, Addr::v4([0; 4])].contains(address)))
}
