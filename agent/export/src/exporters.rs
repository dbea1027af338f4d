//! Every exporter, and the way of a datagram to the one it came from.

use std::collections::BTreeMap;

use sekisho_decode::{Addr, Cursor, Layer};

use crate::exporter::{Exporter, FlowSink};
use crate::record::FlowRecord;
use crate::report::ExporterReport;
use crate::{ExportError, Format, sflow, v5, v9};

/// How much may be remembered of exporters.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many exporters: a hospital has a few dozen devices that can export.
    pub exporters: usize,
    /// What their templates, names and waiting data may hold together, in bytes. One exporter with
    /// everything it may have holds under a mebibyte, a usual one 30 KiB.
    pub held_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { exporters: 256, held_bytes: 16 * 1024 * 1024 }
    }
}

/// Everything known about every exporter.
#[derive(Debug)]
pub struct Exporters {
    limits: Limits,
    known: BTreeMap<Addr, Exporter>,
    held_bytes: usize,
    evicted: u64,
    foreign: u64,
}

impl Exporters {
    /// Knows nobody yet.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, known: BTreeMap::new(), held_bytes: 0, evicted: 0, foreign: 0 }
    }

    /// Reads one datagram. Every flow in it goes to `sink`; what could not be read is counted.
    ///
    /// Where a datagram is damaged, the flows before the damage have gone to `sink`. Messages of IPFIX and
    /// NetFlow v5 say how long they are: several in a row, as from what hands exports on, are each read.
    pub fn datagram(
        &mut self,
        time_ns: i64,
        exporter: Addr,
        payload: &[u8],
        sink: &mut dyn FnMut(&FlowRecord<'_>),
    ) -> Result<Format, ExportError> {
        let (first, mut rest) = message(payload);
        let read = self.read(time_ns, exporter, first, sink);
        if matches!(read, Err(ExportError::NotAnExport)) {
            self.foreign += 1;
            return read;
        }
        let mut all = read;
        while !rest.is_empty() {
            let next;
            (next, rest) = message(rest);
            all = all.and(self.read(time_ns, exporter, next, sink));
        }
        all
    }

    /// Forgets when each was heard, and the data that wait for a template: the clock they were timed by was wrong.
    /// What exporters announced stays: some say it again after half an hour only.
    pub fn forget_times(&mut self) {
        self.known.values_mut().for_each(Exporter::forget_times);
        self.held_bytes = self.known.values().map(Exporter::held_bytes).sum();
    }

    /// Tells of every exporter, in the order of their addresses.
    pub fn exporters(&self) -> impl Iterator<Item = ExporterReport<'_>> {
        self.known.values().map(Exporter::report)
    }

    /// Counts the exporters that were forgotten for want of room.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Counts the datagrams that were no exports, or whose header could not be read.
    #[must_use]
    pub const fn foreign(&self) -> u64 {
        self.foreign
    }

    /// Gives what is held in memory, in bytes; at most [`Limits::held_bytes`] and one exporter.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    fn read(
        &mut self,
        time_ns: i64,
        address: Addr,
        payload: &[u8],
        sink: FlowSink<'_>,
    ) -> Result<Format, ExportError> {
        // A header that does not hold is nobody's: strangers fill no table with a few bytes.
        let not_an_export = |_| ExportError::NotAnExport;
        match Cursor::new(Layer::Application, payload).u16().map_err(not_an_export)? {
            5 => {
                let header = v5::header(payload).map_err(not_an_export)?;
                self.with(address, |exporter| v5::read(exporter, time_ns, header, payload, sink))?;
                Ok(Format::NetflowV5)
            }
            9 => {
                let header = v9::v9(payload).map_err(not_an_export)?;
                self.with(address, |exporter| v9::read(exporter, time_ns, header, payload, sink))?;
                Ok(Format::NetflowV9)
            }
            10 => {
                let header = v9::ipfix(payload).map_err(not_an_export)?;
                self.with(address, |exporter| v9::read(exporter, time_ns, header, payload, sink))?;
                Ok(Format::Ipfix)
            }
            // The upper half of sFlow's version.
            0 => {
                let header = sflow::header(payload).map_err(not_an_export)?;
                let agent = header.agent.unwrap_or(address);
                self.with(agent, |exporter| sflow::read(exporter, time_ns, header, payload, sink))?;
                Ok(Format::SflowV5)
            }
            _ => Err(ExportError::NotAnExport),
        }
    }

    /// Does something with an exporter, and keeps what is held within bounds.
    fn with(
        &mut self,
        address: Addr,
        act: impl FnOnce(&mut Exporter) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let mut before = 0;
        let exporter = match self.known.get_mut(&address) {
            Some(exporter) => {
                before = exporter.held_bytes();
                exporter
            }
            None => self.known.entry(address).or_insert_with(|| Exporter::new(address)),
        };
        let result = act(exporter);
        if matches!(result, Err(ExportError::Unreadable { .. })) {
            exporter.counts.malformed += 1;
        }
        self.held_bytes = self.held_bytes - before + exporter.held_bytes();
        while self.known.len() > self.limits.exporters.max(1) || self.held_bytes > self.limits.held_bytes {
            if !self.evict(address) {
                break;
            }
        }
        result
    }

    /// Forgets the exporter that is worth least, other than the one whose datagram was just read.
    fn evict(&mut self, current: Addr) -> bool {
        let others = self.known.values().filter(|exporter| exporter.address != current);
        let Some(least) = others.min_by_key(|exporter| exporter.worth()).map(|exporter| exporter.address)
        else {
            return false;
        };
        if let Some(exporter) = self.known.remove(&least) {
            self.held_bytes -= exporter.held_bytes();
            self.evicted += 1;
        }
        true
    }
}

/// Parts a datagram's first message from what follows it, where that is another one of its kind.
fn message(payload: &[u8]) -> (&[u8], &[u8]) {
    let len = match *payload {
        [0, 5, high, low, ..] => v5::len(u16::from_be_bytes([high, low])),
        [0, 10, high, low, ..] => u16::from_be_bytes([high, low]).into(),
        _ => return (payload, &[]),
    };
    match payload.split_at_checked(len) {
        Some((first, rest)) if len > 0 && rest.first_chunk::<2>() == payload.first_chunk() => (first, rest),
        _ => (payload, &[]),
    }
}
