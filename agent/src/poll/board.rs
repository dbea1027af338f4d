//! Between the poller and the site: what devices reported, until it is in the ledger, and how asking stands.
//!
//! The poller writes, the site's thread joins it to its conclusions, whoever shows the numbers reads.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sekisho_api::Analysis;
use sekisho_snmp::{State, Traffic};
use tokio::sync::watch;

use super::candidates::{Site, add_told, told_by};
use super::device::Outcome;
use super::join::{self, Place};
use super::reported::{Reported, reported};
use super::targets::{MAX_TARGETS, Plan};

/// How asking stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    /// Whether anybody is to be asked.
    pub(crate) on: bool,
    /// Whether a round is under way.
    pub(crate) asking: bool,
    /// Whom the last round asked.
    pub(crate) targets: u64,
    /// Who was left out of it: medical, or excluded.
    pub(crate) left_out: u64,
    /// Who found no room in it.
    pub(crate) refused: u64,
    /// Those that did not answer lately, and are not asked again yet.
    pub(crate) resting: u64,
    /// How the devices of the last round stood, by state.
    pub(crate) states: BTreeMap<&'static str, u64>,
    /// Rounds that came to their end.
    pub(crate) rounds: u64,
    /// When the last one ended, and how long it took.
    pub(crate) last: Option<(Timestamp, Duration)>,
    /// Why the last one did not begin.
    pub(crate) error: Option<String>,
}

/// What is shared.
#[derive(Debug)]
pub(crate) struct Board {
    inner: Mutex<Inner>,
    traffic: Arc<Traffic>,
    /// Whether the wire was looked at: then it is known who is a medical device.
    looked: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Inner {
    standing: Standing,
    reports: BTreeMap<SocketAddr, Entry>,
    told: BTreeSet<IpAddr>,
    /// Counts reports.
    sequence: u64,
    /// The latest report in the conclusion that is being recorded.
    joined: u64,
}

#[derive(Debug)]
struct Entry {
    report: Reported,
    place: Place,
    /// Its number while it is not in the ledger.
    news: Option<u64>,
}

impl Default for Board {
    fn default() -> Self {
        Self { inner: Mutex::default(), traffic: Arc::default(), looked: watch::Sender::new(false) }
    }
}

impl Board {
    /// Counts what is sent and what comes back.
    pub(crate) const fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// Tells how asking stands.
    pub(crate) fn standing(&self) -> Standing {
        self.lock().standing.clone()
    }

    /// Adds to a conclusion what devices reported.
    pub(crate) fn join(&self, analysis: &mut Analysis) {
        let mut inner = self.lock();
        let reports = inner.reports.values().map(|entry| (&entry.report, &entry.place, entry.news.is_some()));
        join::join(analysis, reports);
        inner.joined = inner.sequence;
    }

    /// Notes that the last conclusion is in the ledger.
    pub(crate) fn recorded(&self) {
        let mut inner = self.lock();
        let joined = inner.joined;
        for entry in inner.reports.values_mut() {
            entry.news = entry.news.filter(|number| *number > joined);
        }
        drop(inner);
        self.looked.send_replace(true);
    }

    /// Waits until the wire was looked at.
    pub(crate) async fn looked(&self) {
        // The sender is here: it cannot be gone.
        let _ = self.looked.subscribe().wait_for(|looked| *looked).await;
    }

    /// Gives the addresses that equipment named.
    pub(crate) fn told(&self) -> BTreeSet<IpAddr> {
        self.lock().told.clone()
    }

    /// Notes whether anybody is to be asked; what was under way is not any more.
    pub(crate) fn turned(&self, on: bool) {
        let mut inner = self.lock();
        inner.standing.on = on;
        inner.standing.asking = false;
    }

    /// Notes that a round does not begin.
    pub(crate) fn fails(&self, why: String) {
        self.lock().standing.error = Some(why);
    }

    /// Notes that a round begins.
    pub(crate) fn begins(&self, plan: &Plan) {
        let standing = &mut self.lock().standing;
        standing.asking = true;
        standing.error = None;
        standing.targets = plan.ask.len() as u64;
        standing.left_out = plan.left_out.len() as u64;
        standing.refused = plan.refused;
        standing.resting = plan.resting;
        standing.states.clear();
    }

    /// Takes what asking a device came to.
    pub(crate) fn takes(&self, address: SocketAddr, site: &Site, at: Timestamp, mut outcome: Outcome) {
        // A tunnel whose other end lies inside is no way out.
        outcome.identity.tunnels.retain(|tunnel| !tunnel.peer.is_some_and(|peer| site.is_inside(peer)));
        let mut inner = self.lock();
        *inner.standing.states.entry(outcome.state.slug()).or_default() += 1;
        add_told(&mut inner.told, told_by(&outcome.facts));
        let Some(report) = reported(address, at, outcome) else { return };
        if inner.reports.len() >= MAX_TARGETS && !inner.reports.contains_key(&address) {
            inner.standing.refused += 1;
            return;
        }
        inner.sequence += 1;
        let (place, news) = (join::place(site, &report), Some(inner.sequence));
        inner.reports.insert(address, Entry { report, place, news });
    }

    /// Notes that a round ended; who is not asked any more is forgotten once it is recorded.
    pub(crate) fn ends(&self, plan: &Plan, panicked: u64, took: Duration) {
        let asked: BTreeSet<SocketAddr> = plan.ask.iter().map(|target| target.address).collect();
        let mut inner = self.lock();
        inner.reports.retain(|address, entry| entry.news.is_some() || asked.contains(address));
        let standing = &mut inner.standing;
        if panicked > 0 {
            *standing.states.entry(State::Garbage.slug()).or_default() += panicked;
        }
        standing.asking = false;
        standing.rounds += 1;
        standing.last = Some((Timestamp::now(), took));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
