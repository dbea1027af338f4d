//! NetFlow v9 (RFC 3954 §5.1) and IPFIX (RFC 7011 §3.1): the headers, then the sets that both share.
//!
//! ```text
//! v9      version 9   records   uptime ms   Unix s   number of the datagram     source id
//! IPFIX   version 10  length    Unix s      number of the first data record     observation domain
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::ExportError;
use crate::exporter::{Exporter, FlowSink, Number};
use crate::moment::Moment;
use crate::sequence::{Arrival, Clock};
use crate::sets::Message;
use crate::template::Dialect;

/// A header as far as it is used.
#[derive(Clone, Copy)]
pub(crate) struct Header<'a> {
    dialect: Dialect,
    number: u32,
    domain: u32,
    export_s: u32,
    uptime_ms: Option<u32>,
    sets: Cursor<'a>,
    /// Whether the datagram ends before the length in its header.
    is_cut: bool,
}

/// Reads a NetFlow v9 header.
pub(crate) fn v9(payload: &[u8]) -> Result<Header<'_>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, payload);
    // The version is known; the number of records counts templates too and helps nothing.
    cursor.u32()?;
    let uptime_ms = Some(cursor.u32()?);
    let export_s = cursor.u32()?;
    let number = cursor.u32()?;
    let domain = cursor.u32()?;
    Ok(Header { dialect: Dialect::V9, number, domain, export_s, uptime_ms, sets: cursor, is_cut: false })
}

/// Reads an IPFIX header.
pub(crate) fn ipfix(payload: &[u8]) -> Result<Header<'_>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, payload);
    cursor.u16()?;
    let len = usize::from(cursor.u16()?);
    let export_s = cursor.u32()?;
    let number = cursor.u32()?;
    let domain = cursor.u32()?;
    let Some(sets_len) = len.checked_sub(16) else {
        return Err(cursor.malformed("a message shorter than its header"));
    };
    let rest = cursor.rest();
    let sets = Cursor::new(Layer::Application, rest.get(..sets_len).unwrap_or(rest));
    let is_cut = rest.len() < sets_len;
    Ok(Header { dialect: Dialect::Ipfix, number, domain, export_s, uptime_ms: None, sets, is_cut })
}

/// Reads what follows the header.
pub(crate) fn read(
    exporter: &mut Exporter,
    time_ns: i64,
    header: Header<'_>,
    payload: &[u8],
    sink: FlowSink<'_>,
) -> Result<(), ExportError> {
    let Header { dialect, number, domain, export_s, uptime_ms, sets, is_cut } = header;
    let format = dialect.format();
    let clock = Clock { export_s: Some(export_s), uptime_ms };
    let at = Number { format, domain, value: number, clock };
    exporter.admit(format, domain, time_ns, payload)?;
    if dialect == Dialect::V9 && exporter.place(at, 1) == (Arrival::Restart { rebooted: true }) {
        // RFC 3954 §9: ids may mean other layouts from here on.
        exporter.templates.withdraw_all(dialect, domain, None);
    }
    let moment = Moment::new(time_ns, export_s, 0, uptime_ms);
    exporter.counts.clock_behind_ns = moment.skew_ns();
    let end = Cursor::new(Layer::Application, &[]).malformed("the message ends before its length");
    let mut message = Message::new(exporter, dialect, domain, moment);
    let read = message.read(sets, sink).and(if is_cut { Err(end) } else { Ok(()) });
    let content = message.content.filter(|_| read.is_ok());
    if dialect == Dialect::Ipfix {
        exporter.place_read(at, content);
    }
    read.map_err(|source| ExportError::Unreadable { format, source })
}
