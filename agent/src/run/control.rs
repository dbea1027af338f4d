//! The daemon's main thread: signals, the second's tick, whoever asks. Everything here waits; nothing
//! here works on packets.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, interval_at, sleep};

use super::clock::Settle;
use super::config::{self, Config, Loaded, Refused};
use super::due::Due;
use super::fleet::Fleet;
use super::logging::{self, LogLevel};
use super::overview::Overview;
use super::poller::Poller;
use super::status::Reload;
use super::vitals::lock;
use super::{metrics, notify, status};
use crate::sync::SyncConfig;

/// How often counters, beats and clocks are looked at.
const TICK: Duration = Duration::from_secs(1);
/// How often `systemctl status` gets a new line.
const LINE: Duration = Duration::from_secs(10);
/// After a socket failed to accept: no more file descriptors, surely; trying at once would spin.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);

/// What the main thread holds.
pub(crate) struct Control<'p> {
    pub(crate) signals: Signals,
    /// What the collector handed down and is not in force yet.
    pub(crate) handed: Due,
    pub(crate) path: &'p Path,
    /// The configuration's file as it was read last.
    pub(crate) text: String,
    pub(crate) config: Config,
    pub(crate) log: LogLevel,
    /// What the thread that meets the collector goes by; `None` where there is none.
    pub(crate) sync: Option<Arc<Mutex<SyncConfig>>>,
    pub(crate) fleet: Fleet,
    pub(crate) poller: Poller,
    pub(crate) overview: Arc<Overview>,
    pub(crate) status: status::server::Server,
    pub(crate) figures: Option<metrics::server::Figures>,
}

impl Control<'_> {
    /// Runs until a signal says to stop, then has everything recorded.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        // The first line comes when the workers had time to open what they watch.
        let (mut tick, mut line) = (interval(TICK), interval_at((Instant::now() + TICK).into(), LINE));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        line.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The clock is looked at before anybody can say to stop: what was seen would be left out otherwise.
        self.settle(self.overview.tick());
        notify::ready();
        tracing::info!(workers = self.fleet.posts().len(), "running");
        loop {
            let overview = Arc::clone(&self.overview);
            tokio::select! {
                told = self.signals.next() => match told {
                    Told::Reload => self.reload(),
                    Told::Stop(signal) => {
                        tracing::info!(signal, "stopping");
                        break;
                    }
                },
                _ = tick.tick() => self.tick()?,
                _ = line.tick() => notify::status(&status::line(&self.overview.status())),
                served = self.status.serve(move || overview.status()) => pause_if(served).await,
                served = serve_figures(self.figures.as_ref(), &self.overview) => pause_if(served).await,
            }
        }
        notify::stopping();
        self.poller.stop();
        self.fleet.stop()
    }

    fn tick(&mut self) -> anyhow::Result<()> {
        self.settle(self.overview.tick());
        let now = Instant::now();
        // A site that records would be waited for, and everybody with it.
        if self.handed.is_now(now) && !self.fleet.desk().is_at_length() {
            self.take_handed(now);
        }
        if let Some(figures) = &mut self.figures {
            figures.look();
        }
        if let Some(name) = self.fleet.fallen() {
            // The process must not live on half: the service manager starts it whole.
            anyhow::bail!("thread {name} ended by itself");
        }
        if self.poller.is_fallen() {
            anyhow::bail!("thread snmp ended by itself");
        }
        match notify::watchdog() {
            Some(within) if self.overview.held_up() < within / 2 => notify::alive(),
            _ => {}
        }
        Ok(())
    }

    /// Has recording wait for the clock, and leaves out what has wrong times.
    fn settle(&mut self, settle: Settle) {
        match settle {
            Settle::Go => self.fleet.hold(false),
            Settle::Hold => self.fleet.hold(true),
            Settle::Forget => {
                tracing::warn!("the clock was set: what was seen before is left out");
                self.fleet.forget();
            }
        }
    }

    /// Reads the configuration again. One that is not sound changes nothing.
    fn reload(&mut self) {
        notify::reloading();
        let begin = Instant::now();
        let mut reload = Reload { at: Timestamp::now(), ..Reload::default() };
        match self.take_over() {
            Ok(waiting) => {
                self.handed.taken();
                let took_ms = begin.elapsed().as_millis() as u64;
                tracing::info!(took_ms, "configuration taken over");
                for key in &waiting {
                    tracing::warn!(key, "a change of this key needs a restart, kept as it was");
                }
                reload.waiting = waiting.into_iter().map(str::to_owned).collect();
            }
            Err(error) => {
                refused(&error);
                reload.error = Some(format!("{error:#}"));
            }
        }
        self.overview.reloaded(reload, &self.config);
        notify::ready();
    }

    /// Takes over what the collector handed down. The configuration's file is not looked at: somebody may be
    /// writing it.
    fn take_handed(&mut self, now: Instant) {
        let taken = config::again(self.path, &self.text);
        let refused = taken.map_err(anyhow::Error::from).and_then(|loaded| self.adopt(loaded)).err();
        let refused = refused.map(|error| format!("{error:#}"));
        match &refused {
            None => {
                self.handed.taken();
                tracing::info!("what the collector handed down is taken over");
                for doubt in &self.config.handed_doubts {
                    tracing::warn!(
                        doubt = doubt.name,
                        "not all that was handed down is used; see check-config"
                    );
                }
            }
            Some(error) if self.handed.refused(error, now) => {
                tracing::error!(
                    error,
                    "what the collector handed down is refused for now, the old is in force"
                );
            }
            Some(_) => {}
        }
        self.overview.handed_down(refused, &self.config);
    }

    fn take_over(&mut self) -> anyhow::Result<Vec<&'static str>> {
        let loaded = config::load(self.path)?;
        let doubts = loaded.doubts.clone();
        let waiting = self.adopt(loaded)?;
        logging::doubts(&doubts);
        Ok(waiting)
    }

    fn adopt(&mut self, loaded: Loaded) -> anyhow::Result<Vec<&'static str>> {
        let mut config = self.config.clone();
        let waiting = config.take_over(loaded.config);
        self.fleet.adopt(&Arc::new(config.live.clone()))?;
        self.poller.adopt(&config.live);
        self.log.set(config.live.log_level);
        if let (Some(told), Some(sync)) = (&self.sync, &config.sync) {
            lock(told).clone_from(sync);
        }
        (self.config, self.text) = (config, loaded.text);
        Ok(waiting)
    }
}

/// Logs why a configuration was refused. Its problems quote the file, which names addresses: the log has
/// their lines, `status` and `check-config` have all of it.
fn refused(error: &anyhow::Error) {
    if let Some(Refused { problems, .. }) = error.downcast_ref() {
        for problem in problems {
            tracing::error!(line = problem.line, problem = problem.name, "not sound, see check-config");
        }
        tracing::error!(problems = problems.len(), "configuration refused, running on with the old one");
    } else {
        let chain = format!("{error:#}");
        tracing::error!(error = chain, "configuration refused, running on with the old one");
    }
}

/// What a signal means.
enum Told {
    Reload,
    Stop(&'static str),
}

/// Signals that the daemon answers to.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
}

impl Signals {
    /// Catches the signals from here on. Until then they end the process at once, a reload as well.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            reload: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.reload.recv() => Told::Reload,
            _ = self.terminate.recv() => Told::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Told::Stop("SIGINT"),
        }
    }
}

async fn serve_figures(
    figures: Option<&metrics::server::Figures>,
    overview: &Arc<Overview>,
) -> std::io::Result<()> {
    let Some(server) = figures.and_then(metrics::server::Figures::server) else {
        return std::future::pending().await;
    };
    let overview = Arc::clone(overview);
    server.serve(move || overview.status()).await
}

async fn pause_if(served: std::io::Result<()>) {
    if let Err(error) = served {
        tracing::warn!(%error, "cannot take a client");
        sleep(ACCEPT_AGAIN).await;
    }
}
