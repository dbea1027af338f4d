//! Between the poller and the site: what devices reported, until it is in the ledger, and how asking stands.
//!
//! The poller writes, the site's thread joins it to its conclusions, whoever shows the numbers reads.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sekisho_api::{Analysis, Snapshot};
use sekisho_snmp::{Room, Seat, State, Traffic};
use tokio::sync::watch;

use super::candidates::{Site, add_told, told_by};
use super::device::Outcome;
use super::join::{self, Place};
use super::reported::{Reported, reported};
use super::targets::{MAX_TARGETS, Plan};
use crate::map::kept;

/// Snapshots that wait for the site's thread, which comes round every second: many times what it needs to keep.
const MAX_SAID: usize = 1_024;
/// What reports may come to together, in the octets of [`Reported::weight`]: that of a thousand switches is 5 MiB.
const MAX_WEIGHT: usize = 24 << 20;

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
    /// Devices since the start of which not everything was kept, for want of room.
    pub(crate) shortened: u64,
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
    room: Room,
    /// Whether the wire was looked at: then it is known who is a medical device.
    looked: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Inner {
    standing: Standing,
    reports: BTreeMap<SocketAddr, Entry>,
    /// What all reports come to.
    weight: usize,
    said: Vec<Said>,
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

/// What a device said of its surroundings, for the map.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// What it is called among the snapshots.
    pub(crate) key: String,
    /// What it said.
    pub(crate) snapshot: Snapshot,
    /// Its place: who says much waits until what others said is kept.
    _seat: Seat,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            inner: Mutex::default(),
            traffic: Arc::default(),
            room: Room::default(),
            looked: watch::Sender::new(false),
        }
    }
}

impl Board {
    /// Counts what is sent and what comes back.
    pub(crate) const fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// The room that all devices share.
    pub(crate) const fn room(&self) -> &Room {
        &self.room
    }

    /// Tells how asking stands.
    pub(crate) fn standing(&self) -> Standing {
        let mut standing = self.lock().standing.clone();
        standing.shortened += self.room.cut();
        standing
    }

    /// Gives what devices said since it was last asked for.
    pub(crate) fn said(&self) -> Vec<Said> {
        std::mem::take(&mut self.lock().said)
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
        if outcome.answers() {
            inner.hears(&outcome, at);
        }
        let Some(report) = reported(address, at, outcome) else { return };
        if inner.reports.len() >= MAX_TARGETS && !inner.reports.contains_key(&address) {
            inner.standing.refused += 1;
            return;
        }
        inner.enters(site, report);
    }

    /// Notes that a round ended; who is not asked any more is forgotten once it is recorded.
    pub(crate) fn ends(&self, plan: &Plan, panicked: u64, took: Duration) {
        let asked: BTreeSet<SocketAddr> = plan.ask.iter().map(|target| target.address).collect();
        let mut inner = self.lock();
        inner.reports.retain(|address, entry| entry.news.is_some() || asked.contains(address));
        inner.weight = inner.reports.values().map(|entry| entry.report.weight()).sum();
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

impl Inner {
    /// Takes what a device said of its surroundings.
    fn hears(&mut self, outcome: &Outcome, at: Timestamp) {
        if self.said.len() >= MAX_SAID {
            self.standing.shortened += 1;
            return;
        }
        let (key, snapshot) = (kept::key(&outcome.target), kept::said(outcome, at));
        self.said.push(Said { key, snapshot, _seat: outcome.seat.clone() });
    }

    /// Takes a report, in place of the device's last one.
    fn enters(&mut self, site: &Site, mut report: Reported) {
        let before = self.reports.get(&report.address).map_or(0, |entry| entry.report.weight());
        self.weight = self.weight.saturating_sub(before);
        if self.weight + report.weight() > MAX_WEIGHT {
            report.shorten();
            self.standing.shortened += 1;
        }
        self.weight += report.weight();
        self.sequence += 1;
        let (place, news) = (join::place(site, &report), Some(self.sequence));
        self.reports.insert(report.address, Entry { report, place, news });
    }
}

#[cfg(test)]
mod tests {
    use sekisho_snmp::facts::System;

    use super::*;
    use crate::poll::tunnels::Tunnel;

    /// What a device said that lists so many tunnels.
    fn outcome(tunnels: usize) -> Outcome {
        let mut outcome = Outcome::nothing("192.0.2.1:161".to_owned(), State::Complete);
        outcome.facts.system = System { descr: Some("a gateway".to_owned()), ..System::default() };
        let tunnel = |number: usize| Tunnel {
            service: "ipsec".to_owned(),
            peer: None,
            name: Some(format!("to-{number}")),
            from_outside: false,
            oid: "1.3.6.1.4.1.32473.1.1.4".to_owned(),
            up_ticks: None,
        };
        outcome.identity.tunnels = (0..tunnels).map(tunnel).collect();
        outcome
    }

    #[test]
    fn what_devices_say_together_has_a_bound_and_what_is_let_go_is_counted() {
        let board = Board::default();
        let address = |number: u8| SocketAddr::from(([192, 0, 2, number], 161));
        let takes = |number, tunnels| {
            board.takes(address(number), &Site::default(), Timestamp::UNIX_EPOCH, outcome(tunnels));
        };
        (1..=20).for_each(|number| takes(number, 1_000));
        let tunnels = |number| board.lock().reports[&address(number)].report.tunnels.len();
        assert_eq!((tunnels(1), tunnels(20)), (1_000, 8));
        assert!(board.standing().shortened > 0 && board.lock().weight <= MAX_WEIGHT);
        // Who says less the next time makes room.
        (1..=19).for_each(|number| takes(number, 1));
        takes(20, 1_000);
        assert_eq!(tunnels(20), 1_000);
    }

    #[test]
    fn what_nobody_fetches_for_the_map_is_let_go_and_counted() {
        let board = Board::default();
        let address = SocketAddr::from(([192, 0, 2, 1], 161));
        for _ in 0..=MAX_SAID {
            board.takes(address, &Site::default(), Timestamp::UNIX_EPOCH, outcome(0));
        }
        assert_eq!((board.said().len(), board.standing().shortened), (MAX_SAID, 1));
        assert!(board.said().is_empty());
    }
}
