//! Everything known of one exporter: its streams, its templates, what it says of itself, and counts.

use std::collections::BTreeMap;

use sekisho_decode::Addr;

use crate::draft::{Draft, NoFlow};
use crate::known::{self, Names, Sampling};
use crate::moment::Moment;
use crate::record::FlowRecord;
use crate::report::{Counts, ExporterReport};
use crate::sequence::{Arrival, Clock, Content, Sequence};
use crate::templates::Templates;
use crate::{ExportError, Format};

/// Streams of one exporter: line cards, virtual firewalls and sFlow sub-agents number their own.
const MAX_STREAMS: usize = 64;

/// An exporter's own bookkeeping, and a stream's, in bytes.
const OVERHEAD_BYTES: usize = size_of::<Exporter>() + 128;
const STREAM_OVERHEAD_BYTES: usize = size_of::<Stream>() + 64;

/// Where flows go.
pub(crate) type FlowSink<'s> = &'s mut dyn FnMut(&FlowRecord<'_>);

/// One exporter.
#[derive(Debug)]
pub(crate) struct Exporter {
    pub(crate) address: Addr,
    /// When its last datagram came.
    pub(crate) last_ns: i64,
    pub(crate) counts: Counts,
    pub(crate) templates: Templates,
    pub(crate) names: Names,
    streams: BTreeMap<(Format, u32), Stream>,
}

/// One stream of numbered datagrams: an observation domain, a source id, an engine or a sub-agent.
#[derive(Debug)]
pub(crate) struct Stream {
    sequence: Sequence,
    pub(crate) sampling: Sampling,
    last_ns: i64,
}

/// The number of a datagram, and what it counts.
#[derive(Clone, Copy)]
pub(crate) struct Number {
    pub(crate) format: Format,
    /// Observation domain, source id, engine or sub-agent.
    pub(crate) domain: u32,
    pub(crate) value: u32,
    pub(crate) clock: Clock,
}

impl Exporter {
    pub(crate) fn new(address: Addr) -> Self {
        Self {
            address,
            last_ns: i64::MIN,
            counts: Counts::default(),
            templates: Templates::default(),
            names: Names::default(),
            streams: BTreeMap::new(),
        }
    }

    /// Counts what is held in memory, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        OVERHEAD_BYTES
            + self.streams.len() * STREAM_OVERHEAD_BYTES
            + self.templates.held_bytes()
            + self.names.held_bytes()
    }

    /// See [`Exporters::forget_times`](crate::Exporters::forget_times).
    pub(crate) fn forget_times(&mut self) {
        self.last_ns = i64::MIN;
        self.streams.values_mut().for_each(|stream| stream.last_ns = i64::MIN);
        self.templates.forget_waiting();
    }

    /// Tells how much would be lost with it: what never gave a flow first, then the longest silent.
    pub(crate) const fn worth(&self) -> (bool, i64) {
        (self.counts.flows > 0, self.last_ns)
    }

    /// Counts a datagram, unless it has been read before.
    pub(crate) fn admit(
        &mut self,
        format: Format,
        domain: u32,
        time_ns: i64,
        payload: &[u8],
    ) -> Result<(), ExportError> {
        self.last_ns = self.last_ns.max(time_ns);
        if self.stream(format, domain, time_ns).sequence.is_known(payload) {
            self.counts.duplicates += 1;
            return Err(ExportError::Duplicate);
        }
        self.counts.datagrams += 1;
        self.counts.formats |= format.bit();
        Ok(())
    }

    /// Places a datagram of `units` flows or datagrams among those before it.
    pub(crate) fn place(&mut self, at: Number, units: u32) -> Arrival {
        let counts_records = at.format == Format::NetflowV5;
        let Some(stream) = self.streams.get_mut(&(at.format, at.domain)) else { return Arrival::InOrder };
        let arrival = stream.sequence.arrive(at.value, at.clock, units, counts_records);
        self.count(arrival, units);
        arrival
    }

    /// Places a message of IPFIX that has been read.
    pub(crate) fn place_read(&mut self, at: Number, content: Option<Content>) {
        let Some(stream) = self.streams.get_mut(&(at.format, at.domain)) else { return };
        let arrival = stream.sequence.arrive_read(at.value, at.clock, content);
        self.count(arrival, content.map_or(0, |content| content.records));
    }

    fn count(&mut self, arrival: Arrival, units: u32) {
        match arrival {
            Arrival::InOrder => {}
            Arrival::Gap(missing) => {
                self.counts.gaps += 1;
                self.counts.lost += u64::from(missing);
            }
            Arrival::Late => {
                self.counts.reordered += 1;
                self.counts.lost = self.counts.lost.saturating_sub(u64::from(units));
            }
            Arrival::Restart { .. } => self.counts.restarts += 1,
        }
    }

    /// Gives a stream's state; of too many the longest silent makes room.
    pub(crate) fn stream(&mut self, format: Format, domain: u32, time_ns: i64) -> &mut Stream {
        let key = (format, domain);
        if self.streams.len() >= MAX_STREAMS && !self.streams.contains_key(&key) {
            let oldest = self.streams.iter().min_by_key(|(_, stream)| stream.last_ns).map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                self.streams.remove(&oldest);
                self.counts.streams_evicted += 1;
            }
        }
        let stream = self.streams.entry(key).or_insert_with(Stream::new);
        stream.last_ns = time_ns;
        stream
    }

    /// Gives what templates, names, sampling and counts are, each for itself.
    pub(crate) fn parts(
        &mut self,
        format: Format,
        domain: u32,
    ) -> (&mut Templates, &mut Names, Option<&mut Stream>, &mut Counts) {
        let stream = self.streams.get_mut(&(format, domain));
        (&mut self.templates, &mut self.names, stream, &mut self.counts)
    }

    /// Gives what there is to tell.
    pub(crate) fn report(&self) -> ExporterReport<'_> {
        ExporterReport {
            exporter: self.address,
            last_ns: self.last_ns,
            counts: self.counts,
            templates: self.templates.len(),
            templates_evicted: self.templates.evicted,
            templates_redefined: self.templates.redefined,
            waiting: self.templates.waiting(),
            waiting_dropped: self.templates.waiting_dropped,
            names_cut: self.names.cut,
            interfaces: &self.names.interfaces,
        }
    }
}

impl Stream {
    fn new() -> Self {
        Self { sequence: Sequence::new(), sampling: Sampling::default(), last_ns: i64::MIN }
    }
}

/// Decides what a record is and hands on a flow, scaled and with its application's name.
#[inline]
pub(crate) fn emit(
    draft: Draft<'_>,
    moment: &Moment,
    sampling: u32,
    names: &Names,
    counts: &mut Counts,
    sink: FlowSink<'_>,
) {
    let application = known::text(draft.application_name);
    match draft.finish(moment) {
        Ok(mut flow) => {
            flow.scale(sampling);
            flow.application = application.or_else(|| names.application(flow.application_id?));
            counts.flows += 1;
            counts.sampling = flow.sampling;
            sink(&flow);
        }
        Err(NoFlow::Denied) => counts.denied += 1,
        Err(NoFlow::Event) => counts.events += 1,
        Err(NoFlow::Other) => counts.other_records += 1,
    }
}
