//! A worker's work: a tap that gives frames, and the pipeline that takes them.
//!
//! The pipeline outlives the source: what it knows and counts survives an interface that has to be
//! opened anew.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use sekisho_decode::MacAddr;
use sekisho_mirror::{Around, MirrorCheck};
use sekisho_report::Lang;

use super::config::Live;
use super::mirror::{Counted, WINDOW};
use super::status::Exporter;
use super::vitals::{Detail, Vitals};
use super::worker::{Step, Work};
use crate::capture::listen::ListenSource;
use crate::capture::live::{self, LiveOptions, LiveSource};
use crate::capture::{Arrival, Source};
use crate::output;
use crate::pipeline::{Exports, Pipeline, Settings, Share};

/// How often the mirror check is told of: it means looking at every conn.
const JUDGING: Duration = Duration::from_secs(30);
/// How long the end waits for what lies with the kernel, and for the next of it: longer than the ring holds back a frame.
const DRAINING: Duration = Duration::from_secs(1);
const UNDER_WAY: Duration = Duration::from_millis(100);
/// Warnings of one source that are passed on: after a hundred gaps nobody needs to be told of another.
const MAX_WARNINGS: usize = 100;
/// Exporters shown.
const MAX_EXPORTERS: usize = 256;

/// Where frames come from, and how to come by it again.
pub(super) trait Tap: Send {
    /// The source.
    type Source: Source + Send;

    /// Opens it.
    fn open(&self) -> anyhow::Result<Self::Source>;

    /// Says what was lost on it.
    fn losses(&self, source: &Self::Source) -> Losses;

    /// Whose exports the pipeline reads.
    fn exports(&self, live: &Live) -> Exports;

    /// The hardware addresses of the listening interface; `None` where there is no mirror to check.
    fn own(&self) -> Option<Vec<MacAddr>>;

    /// What the mirror check is to know of the interface itself.
    fn port(&self) -> Around;
}

/// What a source lost, and how it stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Losses {
    drops: u64,
    freezes: u64,
    gaps: u64,
    link_up: bool,
}

/// An interface at a mirror port, or one thread's share of it.
pub(super) struct Ring {
    pub(super) options: LiveOptions,
    /// Whether listeners take flow exports, so that they are not counted here as well.
    pub(super) leaves_exports: bool,
}

impl Ring {
    fn interface(&self) -> Option<live::InterfaceInfo> {
        live::interfaces().into_iter().find(|interface| interface.name == self.options.interface)
    }
}

impl Tap for Ring {
    type Source = LiveSource;

    fn open(&self) -> anyhow::Result<LiveSource> {
        Ok(LiveSource::open(&self.options)?)
    }

    fn losses(&self, source: &LiveSource) -> Losses {
        let stats = source.stats();
        Losses { drops: stats.drops, freezes: stats.freezes, gaps: stats.gaps, link_up: source.is_up() }
    }

    fn exports(&self, _live: &Live) -> Exports {
        if self.leaves_exports { Exports::None } else { Exports::All }
    }

    fn own(&self) -> Option<Vec<MacAddr>> {
        Some(self.interface().and_then(|interface| interface.mac).into_iter().collect())
    }

    fn port(&self) -> Around {
        Around {
            enabled: self.interface().map(|interface| interface.enabled),
            speed_mbps: live::speed_mbps(&self.options.interface),
            ..Around::default()
        }
    }
}

/// The address of one `[[exports]]`.
pub(super) struct Listener {
    pub(super) address: SocketAddr,
    /// Which entry it is.
    pub(super) number: usize,
}

impl Tap for Listener {
    type Source = ListenSource;

    fn open(&self) -> anyhow::Result<ListenSource> {
        let source = ListenSource::open(&[self.address])?;
        for (address, granted) in source.sockets() {
            tracing::info!(port = address.port(), granted, "listening for flow exports");
        }
        Ok(source)
    }

    fn losses(&self, source: &ListenSource) -> Losses {
        Losses { drops: source.drops(), link_up: true, ..Losses::default() }
    }

    fn exports(&self, live: &Live) -> Exports {
        match live.allowed.get(self.number) {
            Some(prefixes) if !prefixes.is_empty() => Exports::Of(prefixes.clone()),
            Some(_) | None => Exports::All,
        }
    }

    fn own(&self) -> Option<Vec<MacAddr>> {
        None
    }

    fn port(&self) -> Around {
        Around::default()
    }
}

/// A tap and its pipeline.
pub(super) struct Watch<T: Tap> {
    tap: T,
    source: Option<T::Source>,
    pipeline: Pipeline,
    settings: Settings,
    /// What pipelines counted that were left out.
    left_out: Vitals,
    /// What earlier sources lost.
    before: Losses,
    check: Option<Check>,
    lang: Lang,
    /// Warnings of the source that were passed on.
    warned: Vec<String>,
}

/// How the mirror check stands.
struct Check {
    /// The interface's hardware addresses, and the check that begins with them.
    own: Vec<MacAddr>,
    fresh: MirrorCheck,
    /// When the counts began, and what was counted elsewhere by then.
    since: Instant,
    packets: u64,
    duplicates: u64,
    drops: u64,
    freezes: u64,
    told: Instant,
    counted: Option<Arc<Counted>>,
}

impl<T: Tap> Watch<T> {
    /// Makes the work of a tap; nothing is opened yet.
    pub(super) fn new(tap: T, settings: &Settings, live: &Live, lang: Lang) -> Self {
        let check = tap.own().map(|own| Check {
            fresh: MirrorCheck::new(&own),
            own,
            since: Instant::now(),
            packets: 0,
            duplicates: 0,
            drops: 0,
            freezes: 0,
            told: Instant::now(),
            counted: None,
        });
        let settings = Settings {
            internal: live.internal.clone(),
            exports: tap.exports(live),
            listens: check.is_none(),
            mirror: check.as_ref().map(|check| check.fresh.clone()),
            ..settings.clone()
        };
        Self {
            tap,
            source: None,
            pipeline: Pipeline::new(settings.clone()),
            settings,
            left_out: Vitals::default(),
            before: Losses::default(),
            check,
            lang,
            warned: Vec::new(),
        }
    }

    /// Takes what came before the end and lies with the kernel; from a line that is never still, as much as comes in
    /// time.
    fn drain(&mut self) {
        let Self { source: Some(source), pipeline, .. } = self else { return };
        let begin = Instant::now();
        while begin.elapsed() < DRAINING
            && let Ok(Arrival::Frames(batch)) = source.batch(UNDER_WAY)
        {
            pipeline.batch(batch);
        }
    }

    /// What was lost since the start, and how the source stands now.
    fn losses(&self) -> Losses {
        let now = self.source.as_ref().map(|source| self.tap.losses(source)).unwrap_or_default();
        Losses {
            drops: self.before.drops + now.drops,
            freezes: self.before.freezes + now.freezes,
            gaps: self.before.gaps + now.gaps,
            link_up: now.link_up,
        }
    }

    /// Passes on what the source warns of, each thing once.
    fn pass_on_warnings(&mut self) {
        let warnings = self.source.iter().flat_map(Source::warnings);
        let worded: Vec<String> = warnings.map(|warning| output::words(&warning, self.lang)).collect();
        for warning in worded {
            if !self.warned.contains(&warning) && self.warned.len() < MAX_WARNINGS {
                self.pipeline.warn(warning.clone());
                self.warned.push(warning);
            }
        }
    }

    /// Takes over the interface's hardware addresses: one that was plugged in later, or in the place of another,
    /// has its own. While it is away, those before stay. Tells whether the check begins anew by it.
    fn know_own(&mut self) -> bool {
        let (Some(check), Some(own)) = (&mut self.check, self.tap.own()) else { return false };
        if own.is_empty() || own == check.own {
            return false;
        }
        (check.fresh, check.own) = (MirrorCheck::new(&own), own);
        self.settings.mirror = Some(check.fresh.clone());
        self.pipeline.mirror(self.settings.mirror.clone());
        self.count_anew();
        true
    }

    /// Has the counts of the mirror check begin now.
    fn count_anew(&mut self) {
        let (losses, (packets, _)) = (self.losses(), self.pipeline.read());
        let duplicates = self.pipeline.counts().duplicates;
        let Some(check) = &mut self.check else { return };
        (check.since, check.packets, check.duplicates) = (Instant::now(), packets, duplicates);
        (check.drops, check.freezes) = (losses.drops, losses.freezes);
    }

    /// Tells what the mirror check counted, now and then.
    fn count(&mut self) {
        if self.check.as_ref().is_none_or(|check| check.told.elapsed() < JUDGING) {
            return;
        }
        let begins = self.know_own();
        let (losses, (packets, _)) = (self.losses(), self.pipeline.read());
        let duplicates = self.pipeline.counts().duplicates;
        let Some(check) = &mut self.check else { return };
        check.told = Instant::now();
        if begins {
            return;
        }
        let duration = check.since.elapsed();
        let over = duration >= WINDOW;
        let Some(counted) = self.pipeline.mirror(over.then(|| check.fresh.clone())) else { return };
        let port = self.tap.port();
        let around = Around {
            packets: packets - check.packets,
            drops: losses.drops - check.drops,
            freezes: losses.freezes - check.freezes,
            duplicates: duplicates - check.duplicates,
            duration,
            link_up: Some(losses.link_up),
            ..port
        };
        check.counted = Some(Arc::new(Counted { check: counted, around }));
        if over {
            self.count_anew();
        }
    }
}

impl<T: Tap> Work for Watch<T> {
    type Share = Share;

    fn open(&mut self) -> anyhow::Result<()> {
        self.before = Losses { link_up: false, ..self.losses() };
        self.source = None;
        self.source = Some(self.tap.open()?);
        self.know_own();
        Ok(())
    }

    fn step(&mut self, patience: Duration) -> anyhow::Result<Step> {
        let source = self.source.as_mut().context("nothing is open to watch")?;
        match source.batch(patience)? {
            Arrival::Frames(batch) => self.pipeline.batch(batch),
            Arrival::Nothing => self.pipeline.idle(now_ns()),
            Arrival::End => return Ok(Step::End),
        }
        Ok(Step::Going)
    }

    fn gather(&mut self) -> Share {
        let lost = self.losses().drops;
        self.pipeline.lost(lost);
        self.pass_on_warnings();
        self.pipeline.gather()
    }

    fn last(&mut self) -> Share {
        self.drain();
        // What is not recognised yet waits for its next packets.
        self.pipeline.end_all();
        self.gather()
    }

    fn forget(&mut self) {
        // Of what lies in a pipeline, counts go on; its state does not.
        let Vitals { packets, bytes, duplicates, evicted, .. } = self.vitals();
        self.left_out = Vitals { packets, bytes, duplicates, evicted, ..Vitals::default() };
        self.pipeline.renew(self.settings.clone());
        // What was lost so far is none of what comes.
        self.pipeline.lost(self.losses().drops);
        drop(self.pipeline.gather());
        self.count_anew();
    }

    fn adopt(&mut self, live: &Live) {
        let exports = self.tap.exports(live);
        self.settings.internal.clone_from(&live.internal);
        self.settings.exports = exports.clone();
        self.pipeline.adopt(live.internal.clone(), exports);
    }

    fn vitals(&self) -> Vitals {
        let (losses, counts) = (self.losses(), self.pipeline.counts());
        let ((packets, bytes), (conns, conns_max)) = (self.pipeline.read(), self.pipeline.fill());
        Vitals {
            packets: self.left_out.packets + packets,
            bytes: self.left_out.bytes + bytes,
            kernel_drops: losses.drops,
            ring_freezes: losses.freezes,
            duplicates: self.left_out.duplicates + counts.duplicates,
            conns: conns.into(),
            conns_max: conns_max.into(),
            evicted: self.left_out.evicted + counts.evicted,
            table_bytes: self.pipeline.table_bytes(),
            gaps: losses.gaps,
            link_up: losses.link_up.into(),
        }
    }

    fn detail(&mut self) -> Detail {
        self.count();
        let exporter = |report: sekisho_export::ExporterReport<'_>| Exporter {
            address: report.exporter.ip(),
            datagrams: report.counts.datagrams,
            flows: report.counts.flows,
            lost: report.counts.lost,
            unread: report.counts.malformed + report.waiting_dropped,
        };
        Detail {
            exporters: self.pipeline.exporters().exporters().take(MAX_EXPORTERS).map(exporter).collect(),
            mirror: self.check.as_ref().and_then(|check| check.counted.clone()),
        }
    }
}

fn now_ns() -> i64 {
    i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
