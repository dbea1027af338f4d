//! The poller's thread: rounds of asking equipment over SNMP, as the configuration allows, for weeks.
//!
//! The first round waits for the first roll-up: only then is it known who is a medical device. What a reload
//! changes takes over at once; a round under way ends where it is.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::Context;
use jiff::Timestamp;
use sekisho_enrich::Prefix;
use sekisho_snmp::{Credentials, State};
use tokio::sync::watch;
use tokio::time::{Duration, Instant, sleep_until};

use super::backoff::Backoff;
use super::config::{Config, Live, SnmpConfig};
use crate::poll::board::Board;
use crate::poll::round::Round;
use crate::poll::{known_in, targets};
use crate::rules::Folders;

/// Who was not named and did not answer is asked again a day later: most addresses of a subnet are nobody's.
const RESTING: Duration = Duration::from_hours(24);

/// The thread, and what it is told.
pub(crate) struct Poller {
    settings: watch::Sender<Settings>,
    thread: JoinHandle<()>,
}

/// What of a configuration the poller needs.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Settings {
    snmp: Option<SnmpConfig>,
    internal: Vec<Prefix>,
    rules: Folders,
}

/// Where everything is.
struct Desk {
    board: Arc<Board>,
    ledger: PathBuf,
    site: String,
    /// Who did not answer, and when.
    resting: BTreeMap<SocketAddr, Instant>,
    /// Who has answered, and to which of the credentials: a lost datagram does not make nobody of it.
    answering: BTreeMap<SocketAddr, usize>,
    /// What was asked with: who does not know one community may know another.
    credentials: Arc<[Credentials]>,
}

impl Poller {
    /// Starts the thread. Nothing is sent while nobody may be asked.
    pub(crate) fn start(config: &Config, board: &Arc<Board>) -> anyhow::Result<Self> {
        let (settings, changes) = watch::channel(Settings::of(&config.live));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot start the poller's runtime")?;
        let desk = Desk {
            board: Arc::clone(board),
            ledger: config.ledger.clone(),
            site: config.site.clone(),
            resting: BTreeMap::new(),
            answering: BTreeMap::new(),
            credentials: Arc::default(),
        };
        let thread = thread::Builder::new()
            .name("snmp".to_owned())
            .spawn(move || runtime.block_on(desk.run(changes)))
            .context("cannot start thread snmp")?;
        Ok(Self { settings, thread })
    }

    /// Takes over changed settings; what is the same goes on.
    pub(crate) fn adopt(&self, live: &Live) {
        let new = Settings::of(live);
        self.settings.send_if_modified(|settings| {
            let differs = *settings != new;
            *settings = new;
            differs
        });
    }

    /// Tells whether the thread ended without being told to.
    pub(crate) fn is_fallen(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends the thread: no datagram leaves after this.
    pub(crate) fn stop(self) {
        drop(self.settings);
        if self.thread.join().is_err() {
            tracing::error!("the poller's thread ended by itself");
        }
    }
}

impl Settings {
    fn of(live: &Live) -> Self {
        Self { snmp: live.snmp.clone(), internal: live.internal.clone(), rules: live.rules.clone() }
    }
}

impl Desk {
    async fn run(mut self, mut changes: watch::Receiver<Settings>) {
        loop {
            let settings = changes.borrow_and_update().clone();
            self.board.turned(settings.snmp.is_some());
            let Some(snmp) = &settings.snmp else {
                if changes.changed().await.is_err() {
                    return;
                }
                continue;
            };
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = self.rounds(snmp, &settings) => {}
            }
        }
    }

    /// Asks round after round; does not end by itself.
    async fn rounds(&mut self, snmp: &SnmpConfig, settings: &Settings) {
        self.board.looked().await;
        let mut backoff = Backoff::default();
        loop {
            let begin = Instant::now();
            let wait = match self.round(snmp, settings).await {
                Ok(()) => {
                    backoff.reset();
                    snmp.interval
                }
                Err(error) => {
                    let chain = format!("{error:#}");
                    tracing::error!(error = chain, "cannot ask devices over SNMP");
                    self.board.fails(chain);
                    backoff.wait().min(snmp.interval)
                }
            };
            sleep_until(begin + wait).await;
        }
    }

    async fn round(&mut self, snmp: &SnmpConfig, settings: &Settings) -> anyhow::Result<()> {
        let begin = Instant::now();
        let rules = Arc::new(settings.rules.of_devices()?);
        let credentials: Arc<[Credentials]> = snmp.kept.read()?.into();
        if self.credentials != credentials {
            self.resting.clear();
            self.answering.clear();
            self.credentials = Arc::clone(&credentials);
        }
        let (ledger, name) = (self.ledger.clone(), self.site.clone());
        // The ledger makes its reader wait, which must not hold up a reload.
        let mut site = tokio::task::spawn_blocking(move || known_in(&ledger, Some(name))).await??;
        site.told = self.board.told();
        site.internal.clone_from(&settings.internal);
        self.resting.retain(|_, since| since.elapsed() < RESTING);
        let mut plan = targets::plan(&snmp.allowed, &site, |address| self.resting.contains_key(address));
        for target in &mut plan.ask {
            target.knows = self.answering.get(&target.address).copied();
            target.named |= target.knows.is_some();
        }
        // Who is not asked any more is forgotten.
        let known = plan.ask.iter().filter_map(|target| Some((target.address, target.knows?)));
        self.answering = known.collect();
        self.board.begins(&plan);
        let traffic = Arc::clone(self.board.traffic());
        let room = self.board.room().clone();
        let round = Round { credentials, manner: snmp.manner, traffic, room, rules };
        let mut ended = 0;
        let (board, resting, answering) = (&self.board, &mut self.resting, &mut self.answering);
        round
            .run(&plan.ask, |at, outcome| {
                ended += 1;
                let Some(target) = plan.ask.get(at) else { return };
                // Both are bounded: by what rounds look at, and by whom one asks.
                if outcome.answers() {
                    answering.insert(target.address, outcome.knows);
                } else if !target.named && matches!(outcome.state, State::NoAnswer | State::Closed) {
                    resting.insert(target.address, Instant::now());
                }
                board.takes(target.address, &site, Timestamp::now(), outcome);
            })
            .await;
        self.board.ends(&plan, plan.ask.len() as u64 - ended, begin.elapsed());
        let took_ms = begin.elapsed().as_millis() as u64;
        tracing::info!(devices = plan.ask.len(), took_ms, "asked over SNMP");
        Ok(())
    }
}
