//! NetFlow v5: a fixed header of 24 bytes and at most 30 records of 48 bytes.
//!
//! ```text
//! version 5   records   uptime ms   Unix s   nanoseconds   number of the first flow
//! engine type, engine id   sampling: two bits of mode, fourteen of interval
//!
//! source   destination   next hop   in, out interface   packets   octets   first, last (uptime ms)
//! ports    padding       TCP flags  protocol   service   AS numbers   masks   padding
//! ```
//!
//! Cisco, "NetFlow Export Datagram Format", tables B-3 and B-4.

use sekisho_decode::{Addr, Cursor, DecodeError, Layer};

use crate::exporter::{Exporter, FlowSink, Number};
use crate::moment::Moment;
use crate::record::FlowRecord;
use crate::sequence::Clock;
use crate::{ExportError, Format};

const HEADER_BYTES: usize = 24;
const RECORD_BYTES: usize = 48;

/// The fields of a header that are used.
#[derive(Clone, Copy)]
pub(crate) struct Header<'a> {
    count: u16,
    uptime_ms: u32,
    export_s: u32,
    export_ns: u32,
    number: u32,
    engine: u16,
    sampling: u16,
    records: Cursor<'a>,
}

/// Reads a header.
pub(crate) fn header(payload: &[u8]) -> Result<Header<'_>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, payload);
    cursor.u16()?;
    let count = cursor.u16()?;
    let (uptime_ms, export_s, export_ns) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
    let number = cursor.u32()?;
    let (engine, sampling) = (cursor.u16()?, cursor.u16()? & 0x3fff);
    Ok(Header { count, uptime_ms, export_s, export_ns, number, engine, sampling, records: cursor })
}

/// Counts the bytes of a datagram that holds so many records.
pub(crate) fn len(records: u16) -> usize {
    HEADER_BYTES + RECORD_BYTES * usize::from(records)
}

/// Reads the records that follow the header, as many as it announces.
pub(crate) fn read(
    exporter: &mut Exporter,
    time_ns: i64,
    header: Header<'_>,
    payload: &[u8],
    sink: FlowSink<'_>,
) -> Result<(), ExportError> {
    let format = Format::NetflowV5;
    let clock = Clock { export_s: Some(header.export_s), uptime_ms: Some(header.uptime_ms) };
    let at = Number { format, domain: header.engine.into(), value: header.number, clock };
    exporter.admit(format, at.domain, time_ns, payload)?;
    exporter.place(at, header.count.into());
    let moment = Moment::new(time_ns, header.export_s, header.export_ns, Some(header.uptime_ms));
    exporter.counts.clock_behind_ns = moment.skew_ns();
    let mut cursor = header.records;
    for _ in 0..header.count {
        let mut flow = record(&mut cursor, exporter.address, &moment)
            .map_err(|source| ExportError::Unreadable { format, source })?;
        flow.scale(header.sampling.into());
        exporter.counts.flows += 1;
        exporter.counts.sampling = flow.sampling;
        sink(&flow);
    }
    Ok(())
}

fn record(
    cursor: &mut Cursor<'_>,
    exporter: Addr,
    moment: &Moment,
) -> Result<FlowRecord<'static>, DecodeError> {
    let mut flow = FlowRecord::new(exporter, Format::NetflowV5, moment.time_ns);
    flow.src = Addr::v4(cursor.array()?);
    flow.dst = Addr::v4(cursor.array()?);
    let next_hop: [u8; 4] = cursor.array()?;
    flow.next_hop = (next_hop != [0; 4]).then(|| Addr::v4(next_hop));
    (flow.in_if, flow.out_if) = (cursor.u16()?.into(), cursor.u16()?.into());
    (flow.packets, flow.bytes) = (cursor.u32()?.into(), cursor.u32()?.into());
    let (first_ms, last_ms) = (cursor.u32()?, cursor.u32()?);
    (flow.first_ns, flow.last_ns) =
        moment.settle(moment.at_uptime_ms(first_ms), moment.at_uptime_ms(last_ms), None);
    (flow.src_port, flow.dst_port) = (cursor.u16()?, cursor.u16()?);
    let [_padding, tcp_flags, protocol, _service] = cursor.array()?;
    (flow.tcp_flags, flow.protocol) = (tcp_flags, protocol);
    // AS numbers, masks, padding.
    cursor.take(8)?;
    Ok(flow)
}
