//! The whole way of a packet: decode, track, recognise, enrich.

mod carried;
mod ended;
mod known;
mod settings;
mod shown;
mod tally;
mod waiting;

use std::hint::black_box;
use std::ops::Range;

use sekisho_api::{Analysis, Capture};
use sekisho_decode::{
    Addr, Body, DecodeError, Icmp, Inner, Ip, Link, LinkType, Packet, Upper, decode, decode_tagged, flag, ndp,
};
use sekisho_enrich::{Carrier, Enrich, Extra, Gathered, Heard, Prefix, hour_of, times_of};
use sekisho_export::{Exporters, Limits as ExportLimits};
use sekisho_mirror::{Carries, Glance, MirrorCheck};
use sekisho_recognise::{Engine, Recognised, Side, neighbour};
use sekisho_rules::Rules;
use sekisho_track::{Attention, ConnId, Counts, Mark, Seen, Table};

use crate::capture::Frame;
use carried::Carried;
use ended::Ended;
pub(crate) use settings::{Exports, Settings};
use shown::{Shown, is_wrap, observe};
use tally::{Tally, Told};
use waiting::Waiting;

/// Tunnels opened inside each other: a mirror's carrier, a tunnel, and one tunnel in it.
const MAX_DEPTH: usize = 4;
/// Frames whose headers are read before the first of them is counted: their conns' reads from memory overlap.
const AHEAD: usize = 32;
/// The services whose datagrams tell of flows.
const EXPORTS: [&str; 3] = ["netflow", "ipfix", "sflow"];
/// Time that runs back further than this is another capture, not another order of packets.
const REWIND_HOURS: i64 = 1;

/// Everything between the capture and the analysis.
#[derive(Debug)]
pub(crate) struct Pipeline {
    table: Table<Extra>,
    ended: Ended,
    engine: Engine,
    enrich: Enrich,
    tally: Tally,
    heard: Vec<Heard>,
    exporters: Exporters,
    exports: Exports,
    /// Whether every datagram was sent here to be read.
    listens: bool,
    /// Whether what passes is a mirror of the network; asked for live interfaces only.
    mirror: Option<MirrorCheck>,
    /// Losses told so far.
    given_drops: u64,
    /// The hour of the packets' time, numbered since the epoch.
    hour: i64,
    /// The times in it.
    hour_ns: Range<i64>,
    /// What was counted when a share was last given.
    told: Told,
}

/// What a pipeline gathered since it last gave a share.
#[derive(Debug, Default)]
pub(crate) struct Share {
    /// What was learnt.
    pub(crate) gathered: Gathered,
    /// What was read.
    pub(crate) capture: Capture,
}

/// How deep in tunnels a packet was, and in which.
#[derive(Clone, Copy, Debug)]
struct Level {
    depth: usize,
    carrier: Option<Carrier>,
    /// How the mirror port showed it; `None` inside the network's own tunnels.
    shown: Option<Shown>,
    /// Its hashes, where they were read ahead.
    mark: Option<Mark>,
}

impl Pipeline {
    /// Starts with nothing known.
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            table: Table::new(settings.limits),
            ended: Ended::new(),
            engine: Engine::new(settings.budget),
            enrich: Enrich::new(settings.internal, settings.bounds),
            tally: Tally::default(),
            heard: Vec::new(),
            exporters: Exporters::new(ExportLimits::default()),
            exports: settings.exports,
            listens: settings.listens,
            mirror: settings.mirror,
            given_drops: 0,
            hour: 0,
            hour_ns: times_of(0),
            told: Told::default(),
        }
    }

    /// Starts anew, since the clock was wrong; what flow exporters announced stays.
    pub(crate) fn renew(&mut self, settings: Settings) {
        let mut exporters = std::mem::replace(&mut self.exporters, Exporters::new(ExportLimits::default()));
        exporters.forget_times();
        *self = Self { exporters, ..Self::new(settings) };
    }

    /// Notes what the capturing machine lost of a source that was read to its end.
    pub(crate) fn source_done(&mut self, drops: u64) {
        // What a file says of its losses may be any number.
        self.tally.drops = self.tally.drops.saturating_add(drops);
    }

    /// Notes how much the capturing machine has lost since the start.
    pub(crate) fn lost(&mut self, drops: u64) {
        self.tally.drops = drops.saturating_sub(std::mem::replace(&mut self.given_drops, drops));
    }

    /// Notes something that the reader of the analysis should know.
    pub(crate) fn warn(&mut self, warning: String) {
        self.tally.warnings.push(warning);
    }

    /// Ends every conn and concludes.
    pub(crate) fn finish(mut self, rules: &Rules) -> Analysis {
        self.end_all();
        let capture = self.capture();
        // What only packets need makes room for the conclusions.
        drop((self.table, self.ended, self.engine));
        self.enrich.finish(capture, rules)
    }

    /// Gives what is new since the last time; conns go on.
    pub(crate) fn gather(&mut self) -> Share {
        self.tell_ended();
        let Self { table, enrich, hour, .. } = self;
        table.each(|conn| enrich.follow(conn, *hour));
        let capture = self.capture();
        let Self { table, enrich, .. } = self;
        let gathered = enrich.gather(|marks| table.each(|conn| conn.extra.texts(marks)));
        Share { gathered, capture }
    }

    /// Lets time pass without packets: conns that said nothing for long end.
    pub(crate) fn idle(&mut self, now_ns: i64) {
        self.follow_hour(now_ns);
        let Self { table, ended, engine, enrich, mirror, .. } = self;
        table.pass(now_ns, &mut |conn| ended.take(conn, engine, enrich, mirror));
    }

    /// Says how full the flow table is: conns, and how many it may hold.
    pub(crate) fn fill(&self) -> (u32, u32) {
        self.table.fill()
    }

    /// Frames and octets read since the start.
    pub(crate) const fn read(&self) -> (u64, u64) {
        (self.told.packets + self.tally.packets, self.told.bytes + self.tally.bytes)
    }

    /// Takes over what a person says of the site and of its exporters.
    pub(crate) fn adopt(&mut self, internal: Vec<Prefix>, exports: Exports) {
        self.enrich.declare(internal);
        self.exports = exports;
    }

    /// Gives the counts of the mirror check, living conns included, and starts them anew if `anew`.
    pub(crate) fn mirror(&mut self, anew: Option<MirrorCheck>) -> Option<MirrorCheck> {
        self.tell_ended();
        let Self { table, mirror, .. } = self;
        let mut check = match anew {
            Some(anew) => mirror.replace(anew),
            None => mirror.clone(),
        }?;
        table.each(|conn| check.conn(conn));
        Some(check)
    }

    /// The flow exporters heard so far.
    pub(crate) const fn exporters(&self) -> &Exporters {
        &self.exporters
    }

    /// What the flow table takes, in bytes.
    pub(crate) fn table_bytes(&self) -> u64 {
        self.table.bytes()
    }

    /// What the flow table counted since the start.
    pub(crate) fn counts(&self) -> Counts {
        self.table.counts()
    }

    /// What was read since the last time.
    fn capture(&mut self) -> Capture {
        let tally = std::mem::take(&mut self.tally);
        let now = Told {
            table: self.table.counts(),
            given_up: self.engine.given_up(),
            exporters_evicted: self.exporters.evicted(),
            packets: self.told.packets + tally.packets,
            bytes: self.told.bytes + tally.bytes,
        };
        let then = std::mem::replace(&mut self.told, now);
        tally.report(&then, &self.told)
    }

    /// Takes frames the whole way.
    #[inline]
    pub(crate) fn batch<'a>(&mut self, mut frames: impl Iterator<Item = Frame<'a>>) {
        let mut places = [Waiting::NONE; AHEAD];
        loop {
            let mut count = 0;
            for (place, frame) in places.iter_mut().zip(&mut frames) {
                place.take(frame);
                count += 1;
            }
            let Some(waiting) = places.get_mut(..count).filter(|waiting| !waiting.is_empty()) else { return };
            let whole_hour = self.count(waiting);
            // Loops of nothing but reads: the more of them the processor has at once, the more they overlap.
            let entries = waiting.iter().map(|waiting| self.table.warm_index(&waiting.mark));
            black_box(entries.fold(0, |all, one| all ^ one));
            for waiting in &mut *waiting {
                waiting.glance = self.table.glance(&waiting.mark);
            }
            let conns = waiting.iter().map(|waiting| self.table.warm_conn(waiting.glance));
            black_box(conns.fold(0, |all, one| all ^ one));
            let pulses = waiting.iter().filter_map(|waiting| self.table.peek(waiting.glance));
            let pulses = pulses.filter(|conn| conn.attention == Attention::Pulse);
            black_box(pulses.fold(0, |all, conn| all ^ conn.extra.warm()));
            for waiting in &*waiting {
                if !whole_hour {
                    self.follow_hour(waiting.frame.time_ns);
                }
                if !self.known(waiting) {
                    self.at_length(waiting);
                }
            }
        }
    }

    /// Counts frames read; tells whether all are of the hour that the capture's time is in.
    #[inline]
    fn count(&mut self, frames: &[Waiting<'_>]) -> bool {
        let (mut first, mut last, mut bytes) = (i64::MAX, i64::MIN, 0);
        for Waiting { frame, .. } in frames {
            first = first.min(frame.time_ns);
            last = last.max(frame.time_ns);
            bytes += u64::from(frame.wire_len);
        }
        self.tally.read(frames.len() as u64, bytes, first, last);
        self.hour_ns.contains(&first) && self.hour_ns.contains(&last)
    }

    /// Takes a frame the long way, on which it may open, end or change anything.
    #[inline(never)]
    fn at_length(&mut self, waiting: &Waiting<'_>) {
        let Frame { time_ns, link, tci, data, wire_len: wire, merged } = waiting.frame;
        let shown = Shown { captured: data.len() as u32, wire, merged };
        let mark = waiting.brief.is_some().then_some(waiting.mark);
        let level = Level { depth: 0, carrier: None, shown: Some(shown), mark };
        self.decoded(time_ns, decode_tagged(link, tci, data, wire), level);
    }

    #[cold]
    fn undecoded(&mut self, error: DecodeError, level: Level) {
        self.tally.damaged(error);
        if let (Some(mirror), Some(Shown { captured, wire, merged })) = (&mut self.mirror, level.shown) {
            mirror.frame(&Link::default(), Glance { captured, wire, carries: Carries::Unknown, merged });
        }
    }

    /// Follows the capture's time; what is booked by the hour is booked when the hour ends.
    #[inline]
    fn follow_hour(&mut self, time_ns: i64) {
        if !self.hour_ns.contains(&time_ns) {
            self.new_hour(hour_of(time_ns));
        }
    }

    #[cold]
    fn new_hour(&mut self, hour: i64) {
        let over = self.hour;
        if hour > over {
            self.tell_ended();
            let Self { table, enrich, .. } = self;
            table.each(|conn| enrich.follow(conn, over));
        } else if hour + REWIND_HOURS < over {
            self.end_all();
        } else {
            return;
        }
        self.hour = hour;
        self.hour_ns = times_of(hour);
    }

    /// Ends every conn: nothing more comes.
    pub(crate) fn end_all(&mut self) {
        let Self { table, ended, engine, enrich, mirror, .. } = self;
        table.finish(&mut |conn| ended.take(conn, engine, enrich, mirror));
        self.tell_ended();
    }

    /// Tells of the conns that ended and still wait.
    fn tell_ended(&mut self) {
        let Self { ended, engine, enrich, mirror, .. } = self;
        ended.tell(engine, enrich, mirror);
    }

    /// Decodes what a tunnel carries.
    fn layer(&mut self, time_ns: i64, link: LinkType, data: &[u8], wire_len: u32, level: Level) {
        let shown = level.shown.map(|shown| Shown { captured: data.len() as u32, wire: wire_len, ..shown });
        let level = Level { shown, ..level };
        self.decoded(time_ns, decode(link, data, wire_len), level);
    }

    fn decoded(&mut self, time_ns: i64, decoded: Result<Packet<'_>, DecodeError>, level: Level) {
        let packet = match decoded {
            Ok(packet) => packet,
            Err(error) => return self.undecoded(error, level),
        };
        if let (Some(mirror), Some(shown)) = (&mut self.mirror, level.shown) {
            observe(mirror, &packet, shown);
        }
        let Packet { link, body } = &packet;
        match body {
            Body::Ip(ip) => self.ip(time_ns, link, ip, level),
            Body::Arp(arp) => self.enrich.arp(time_ns, link, arp),
            Body::Lldp(bytes) => self.neighbour(time_ns, link, neighbour::parse_lldp(bytes)),
            Body::Cdp(bytes) => self.neighbour(time_ns, link, neighbour::parse_cdp(bytes)),
            Body::Other(_) => {}
        }
    }

    fn ip(&mut self, time_ns: i64, link: &Link, ip: &Ip<'_>, level: Level) {
        let inner = ip.inner().unwrap_or_else(|error| {
            self.tally.damaged(error);
            None
        });
        let opens = |inner: &Inner<'_>| inner.mirror || is_wrap(self.mirror.as_ref(), link, ip, level.shown);
        if let Some(inner) = inner.filter(opens) {
            return self.deeper(time_ns, inner.link, inner.data, inner.wire_len, level);
        }
        if let Upper::Icmp(icmp) = ip.upper
            && (icmp.is_error() || icmp.is_link_scope())
        {
            return self.control(time_ns, link, ip, icmp);
        }
        if ip.dst == Addr::LIMITED_BROADCAST && level.carrier.is_none() {
            self.enrich.broadcast(time_ns, link, ip.src);
        }
        let Self { table, ended, engine, enrich, mirror, .. } = self;
        let done = &mut |conn| ended.take(conn, engine, enrich, mirror);
        let mark = level.mark.unwrap_or_else(|| Mark::of(link, ip));
        let Some(touch) = table.packet(time_ns, &mark, link, ip, done) else { return };
        match touch.seen {
            // What a copy carries was looked at with the first.
            Seen::Duplicate | Seen::Continued => return,
            Seen::First | Seen::Known => {}
        }
        if touch.seen == Seen::First
            && let Some(conn) = table.conn_mut(touch.id)
        {
            enrich.opened(time_ns, link, conn, level.carrier);
        }
        if let Upper::Tcp(tcp) = ip.upper
            && tcp.flags & (flag::SYN | flag::ACK) == flag::SYN | flag::ACK
            && let Some(conn) = table.conn_mut(touch.id)
        {
            enrich.answered(time_ns, link, ip, conn);
        }
        self.recognise(time_ns, link.vlan, &Carried::of(ip), touch.id, touch.from_orig);
        if let Some(inner) = inner {
            let level = Level { carrier: Some((ip.src, ip.dst)), shown: None, ..level };
            self.deeper(time_ns, inner.link, inner.data, inner.wire_len, level);
        }
    }

    /// Shows a packet's payload to the recognisers while its conn is not settled.
    #[inline]
    fn recognise(&mut self, time_ns: i64, vlan: u16, carried: &Carried<'_>, id: ConnId, from_orig: bool) {
        let Self { table, engine, enrich, heard, exporters, exports, listens, tally, .. } = self;
        let Some(conn) = table.conn_mut(id) else { return };
        match conn.attention {
            Attention::Content => {}
            Attention::Settled | Attention::Ignored => return,
            Attention::Grown | Attention::Pulse => {
                return enrich.pulse(time_ns, conn, from_orig, carried.wire_len);
            }
        }
        if conn.extra.exports_flows {
            return export(exporters, enrich, tally, time_ns, carried);
        }
        let Some(glimpse) = carried.glimpse(time_ns, conn, from_orig) else { return };
        let recognised =
            engine.inspect(&mut conn.extra.inspection, &glimpse, &mut enrich.ears(time_ns, vlan, heard));
        if !conn.extra.inspection.wants_more() {
            // A tunnel is watched from the start.
            conn.attention = if conn.held { Attention::Grown } else { Attention::Settled };
        }
        Enrich::keep(conn, heard);
        // What a listener was sent may be too odd to be recognised, and is read as far as it goes.
        let exports_by_look = |found: Recognised| EXPORTS.contains(&found.protocol.service);
        let is_export = *listens || recognised.is_some_and(exports_by_look);
        if is_export && exports.allow(carried.src) {
            // Every datagram counts, not the first ones alone.
            conn.extra.exports_flows = recognised.is_some() || !conn.extra.inspection.wants_more();
            if conn.extra.exports_flows {
                conn.attention = Attention::Content;
            }
            export(exporters, enrich, tally, time_ns, carried);
        }
        let Some(recognised) = recognised else { return };
        conn.held |= recognised.protocol.tunnel;
        if conn.held && conn.attention == Attention::Settled {
            conn.attention = Attention::Grown;
        }
        match recognised.server {
            Some(Side::Orig) if conn.has_handshake() => Enrich::inverse(conn, recognised.protocol),
            Some(Side::Orig) => Enrich::flip(conn),
            Some(Side::Resp) | None => {}
        }
    }

    fn deeper(&mut self, time_ns: i64, link: LinkType, data: &[u8], wire_len: u32, level: Level) {
        if level.depth < MAX_DEPTH {
            let level = Level { depth: level.depth + 1, mark: None, ..level };
            self.layer(time_ns, link, data, wire_len, level);
        } else {
            *self.tally.weird.entry("tunnels-too-deep").or_default() += 1;
        }
    }

    /// Messages about the network, not of a conn.
    fn control(&mut self, time_ns: i64, link: &Link, ip: &Ip<'_>, icmp: Icmp) {
        if let Some(message) = ip.route_message(icmp) {
            return self.enrich.route_message(time_ns, link, ip.src, message);
        }
        if !icmp.v6 {
            return;
        }
        match ndp::parse(icmp.kind, ip.payload) {
            Ok(Some(message)) => self.enrich.ndp(time_ns, link, ip.src, icmp.kind, &message),
            Ok(None) => {}
            Err(error) => self.tally.damaged(error),
        }
    }

    fn neighbour(
        &mut self,
        time_ns: i64,
        link: &Link,
        parsed: Result<Option<neighbour::Neighbour<'_>>, DecodeError>,
    ) {
        match parsed {
            Ok(Some(neighbour)) => self.enrich.neighbour(time_ns, link, &neighbour),
            Ok(None) => {}
            Err(error) => self.tally.damaged(error),
        }
    }
}

/// Reads a datagram of a flow exporter.
fn export(
    exporters: &mut Exporters,
    enrich: &mut Enrich,
    tally: &mut Tally,
    time_ns: i64,
    carried: &Carried<'_>,
) {
    let read = exporters.datagram(time_ns, carried.src, carried.payload, &mut |flow| enrich.exported(flow));
    if let Err(error) = read {
        *tally.weird.entry("export-not-read").or_default() += 1;
        tracing::trace!(%error, "flow export not read");
    }
}
