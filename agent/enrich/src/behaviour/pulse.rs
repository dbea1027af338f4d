//! One long conn or tunnel session, packet by packet: its keep-alives apart from what is done through it.
//!
//! Packets without a pause between them are a *bout*. A small bout is a *beat*: a keep-alive with its
//! answer, a renewed key. Everything else is work, and bouts of work with short pauses are one time of
//! work. The quiet before it is what makes a call from outside telling: a tunnel that slept, then the
//! outside speaks first, and the inside answers with more.

use super::thinned::{Sample, Thinned};
use super::work::{Work, Works};

/// Nanoseconds.
const SECOND: i64 = 1_000_000_000;
/// A pause that ends a bout: longer than a round trip over LTE with a retransmission, shorter than the
/// shortest keep-alive seen (Tailscale's 3 s).
const PAUSE_NS: i64 = 3 * SECOND / 2;
/// A pause that ends a time of work: somebody reads, or asks a colleague.
const WORK_PAUSE_NS: i64 = 600 * SECOND;
/// The longest interval between keep-alives: boxes send them every 3 to 300 s, lest a NAT forget them.
const BEAT_GAP_NS: i64 = 900 * SECOND;
/// Octets of a beat, IP headers included: a new WireGuard or IKE key takes some 1,500.
const BEAT_BYTES: u64 = 2_000;
/// Packets of a beat: both ends ask and answer, over two tunnels of one conn.
const BEAT_PKTS: u32 = 8;

/// What is known of a conn's times. Index 0 is orig's, 1 is resp's.
///
/// A packet reads and writes the first cache line alone.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct Pulse {
    last_ns: i64,
    bout: Bout,
    /// Octets of the largest packet of the latest beat: what is no larger opens no work.
    beat_packet: u32,
    /// When each side last began a beat.
    beat_ns: [Option<i64>; 2],
    beats: [Thinned; 2],
    /// Beats since the last report.
    marks: u32,
    /// The end of the last work, or when the conn began.
    busy_ns: i64,
    quiet_ns: i64,
    work: Option<Work>,
    done: Works,
}

/// Packets without a pause.
#[derive(Clone, Copy, Debug)]
struct Bout {
    start_ns: i64,
    bytes: [u64; 2],
    pkts: u32,
    largest: u32,
    /// Who sent the first packet.
    first: bool,
    /// Who sent the first packet larger than a keep-alive's.
    opener: Option<bool>,
}

impl Bout {
    const fn new(start_ns: i64, first: bool) -> Self {
        Self { start_ns, bytes: [0; 2], pkts: 0, largest: 0, first, opener: None }
    }

    #[inline]
    fn add(&mut self, from_orig: bool, bytes: u32, beat_packet: u32) {
        let [orig, resp] = &mut self.bytes;
        let sum = if from_orig { orig } else { resp };
        *sum = sum.saturating_add(u64::from(bytes));
        self.pkts = self.pkts.saturating_add(1);
        self.largest = self.largest.max(bytes);
        if self.opener.is_none() && bytes > beat_packet {
            self.opener = Some(from_orig);
        }
    }

    fn is_beat(&self) -> bool {
        self.pkts <= BEAT_PKTS && self.bytes[0].saturating_add(self.bytes[1]) <= BEAT_BYTES
    }
}

/// What a pulse tells since its last report.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) beats: Thinned,
    pub(crate) marks: u32,
    pub(crate) works: Works,
    /// The longest time without work.
    pub(crate) quiet_ns: i64,
}

impl Pulse {
    /// Starts with a conn that began at `first_ns`; of one that has only begun, with what it has sent.
    pub(crate) fn new(first_ns: i64, last_ns: i64, bytes: [u64; 2]) -> Self {
        let young = last_ns.saturating_sub(first_ns) < PAUSE_NS;
        let mut bout = Bout::new(if young { first_ns } else { last_ns }, true);
        if young {
            bout = Bout { bytes, opener: Some(true), pkts: BEAT_PKTS, ..bout };
        }
        Self {
            last_ns,
            bout,
            beat_packet: 0,
            beat_ns: [None; 2],
            beats: [Thinned::default(), Thinned::default()],
            marks: 0,
            busy_ns: first_ns,
            quiet_ns: 0,
            work: None,
            done: Works::default(),
        }
    }

    /// Reads what a packet needs.
    #[inline]
    pub(crate) const fn warm(&self) -> u64 {
        self.last_ns.cast_unsigned()
    }

    /// Takes a packet of so many octets.
    #[inline]
    pub(crate) fn packet(&mut self, time_ns: i64, from_orig: bool, bytes: u32) {
        if time_ns.saturating_sub(self.last_ns) >= PAUSE_NS {
            self.next_bout(time_ns, from_orig);
        }
        self.last_ns = self.last_ns.max(time_ns);
        self.bout.add(from_orig, bytes, self.beat_packet);
    }

    #[inline(never)]
    fn next_bout(&mut self, time_ns: i64, from_orig: bool) {
        let bout = std::mem::replace(&mut self.bout, Bout::new(time_ns, from_orig));
        if bout.is_beat() {
            self.beat(&bout);
        } else {
            self.beat_ns = [None; 2];
            self.worked(&bout);
        }
        if self.work.is_some_and(|work| time_ns.saturating_sub(work.end_ns) > WORK_PAUSE_NS) {
            self.close();
        }
    }

    fn beat(&mut self, bout: &Bout) {
        if bout.pkts == 0 {
            return;
        }
        self.marks += 1;
        self.beat_packet = bout.largest;
        let side = usize::from(!bout.first);
        let Some(before) = self.beat_ns.get_mut(side).and_then(|before| before.replace(bout.start_ns)) else {
            return;
        };
        let gap_ns = bout.start_ns.saturating_sub(before);
        if let Some(beats) = self.beats.get_mut(side).filter(|_| gap_ns <= BEAT_GAP_NS) {
            beats.add(Sample::new(gap_ns, bout.bytes));
        }
    }

    fn worked(&mut self, bout: &Bout) {
        let open = self.work.filter(|work| bout.start_ns.saturating_sub(work.end_ns) <= WORK_PAUSE_NS);
        if open.is_none() {
            self.close();
        }
        self.work = Some(self.with(open, bout));
    }

    /// A time of work with a bout more.
    fn with(&self, work: Option<Work>, bout: &Bout) -> Work {
        let mut work = work.unwrap_or_else(|| Work {
            start_ns: bout.start_ns,
            end_ns: bout.start_ns,
            bytes: [0; 2],
            by_orig: bout.opener.unwrap_or(bout.first),
            quiet_ns: bout.start_ns.saturating_sub(self.busy_ns),
            open: true,
        });
        work.end_ns = self.last_ns.max(bout.start_ns);
        for (sum, bytes) in work.bytes.iter_mut().zip(bout.bytes) {
            *sum = sum.saturating_add(bytes);
        }
        work
    }

    fn close(&mut self) {
        let Some(work) = self.work.take().filter(Work::counts) else { return };
        self.busy_ns = work.end_ns;
        self.quiet_ns = self.quiet_ns.max(work.quiet_ns);
        self.done.add(Work { open: false, ..work });
    }

    /// Tells what is new. `ended` says that nothing more comes.
    pub(crate) fn report(&mut self, ended: bool) -> Report {
        let unfinished = (!self.bout.is_beat()).then(|| {
            let open =
                self.work.filter(|work| self.bout.start_ns.saturating_sub(work.end_ns) <= WORK_PAUSE_NS);
            self.with(open, &self.bout)
        });
        let mut works = self.done.take();
        let going_on = unfinished.or(self.work).filter(Work::counts);
        if let Some(work) = going_on {
            works.add(Work { open: !ended, ..work });
        }
        let quiet = going_on.map_or(self.last_ns.saturating_sub(self.busy_ns), |work| work.quiet_ns);
        let [orig, resp] = &mut self.beats;
        let busier = if orig.count() >= resp.count() { orig } else { resp };
        let beats = std::mem::take(busier);
        self.beats = Default::default();
        Report { beats, marks: std::mem::take(&mut self.marks), works, quiet_ns: self.quiet_ns.max(quiet) }
    }

    /// Follows a conn whose direction turned out to be the other.
    pub(crate) fn flip(&mut self) {
        self.bout.bytes.swap(0, 1);
        self.bout.first = !self.bout.first;
        self.bout.opener = self.bout.opener.map(|opener| !opener);
        self.beat_ns.swap(0, 1);
        self.beats.swap(0, 1);
        self.beats.iter_mut().for_each(Thinned::flip);
        self.work.iter_mut().for_each(Work::flip);
        self.done.flip();
    }
}
