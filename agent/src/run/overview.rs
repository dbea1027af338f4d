//! Everything that is shown of the daemon, brought together for whoever asks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use super::clock::{self, ClockCheck, Settle};
use super::config::{Config, Handed, Problem};
use super::door::Door;
use super::fleet::Fleet;
use super::health::Health;
use super::mirror::{Counted, Verdicts};
use super::rates::{Rates, rough};
use super::site::{Book, Entered};
use super::status::{
    Doubt, Exporter, Interface, LastRollUp, LastRound, Memory, Reload, RollUp, Snmp, Status, Sync, Tables,
    Traffic, VERSION, Worker,
};
use super::vitals::{Place, Post, Trouble, Vitals, lock};
use crate::capture::live;
use crate::poll::board::{Board, Standing};
use crate::sync::{Meetings, is_enrolled};

/// A thread that has not come round for so long hangs.
const STUCK: Duration = Duration::from_mins(1);
/// Recording a large roll-up on a slow card, with a backup beside it; what takes longer hangs.
const LENGTHY: Duration = Duration::from_mins(15);
/// Exporters that are shown, so that an answer stays bounded whoever sends datagrams.
const MAX_EXPORTERS: usize = 1_000;

/// What the daemon's parts tell of themselves.
#[derive(Debug)]
pub(crate) struct Overview {
    site: String,
    sensor: String,
    max_memory: u64,
    started: Instant,
    posts: Vec<Arc<Post>>,
    desk: Arc<Post>,
    book: Arc<Mutex<Book>>,
    board: Arc<Board>,
    ledger: PathBuf,
    /// How the box gets on with its collector; `None` where it is not to meet it by itself.
    meetings: Option<Arc<Mutex<Meetings>>>,
    doors: Vec<Arc<Door>>,
    moving: Mutex<Moving>,
}

/// What changes from second to second.
#[derive(Debug)]
struct Moving {
    rates: Rates,
    clock: ClockCheck,
    health: Health,
    roll_up: Duration,
    reload: Option<Reload>,
    /// What the collector handed down.
    handed: Vec<Handed>,
    /// What of it is not used.
    handed_doubts: Vec<Doubt>,
    /// Why what the collector handed down was refused.
    handed_error: Option<String>,
    /// For each worker and the site: its beats, and when they last changed.
    beats: Vec<(u64, Instant)>,
    /// For each worker: its packets, and when they last changed.
    heard: Vec<(u64, Instant)>,
    verdicts: Verdicts,
}

impl Moving {
    /// Shows what a configuration says from now on.
    fn show(&mut self, config: &Config) {
        self.roll_up = config.live.roll_up;
        self.handed.clone_from(&config.handed);
        self.handed_doubts = worded(&config.handed_doubts);
    }
}

impl Overview {
    /// Looks at a fleet that was started with a configuration.
    pub(crate) fn new(
        config: &Config,
        fleet: &Fleet,
        board: Arc<Board>,
        meetings: Option<Arc<Mutex<Meetings>>>,
        doors: Vec<Arc<Door>>,
    ) -> Self {
        let now = Instant::now();
        let posts = fleet.posts().to_vec();
        let moving = Moving {
            rates: Rates::default(),
            clock: ClockCheck::new(SystemTime::now(), now),
            health: Health::new(config.ledger.clone()),
            roll_up: config.live.roll_up,
            reload: None,
            handed: config.handed.clone(),
            handed_doubts: worded(&config.handed_doubts),
            handed_error: None,
            beats: vec![(0, now); posts.len() + 1],
            heard: vec![(0, now); posts.len()],
            verdicts: Verdicts::default(),
        };
        Self {
            site: config.site.clone(),
            sensor: config.sensor.clone(),
            max_memory: config.max_memory,
            started: now,
            posts,
            desk: Arc::clone(fleet.desk()),
            book: Arc::clone(fleet.book()),
            board,
            ledger: config.ledger.clone(),
            meetings,
            doors,
            moving: Mutex::new(moving),
        }
    }

    fn sync(&self) -> Sync {
        let Some(meetings) = &self.meetings else {
            let by_hand = is_enrolled(&self.ledger).then(|| "by-hand".to_owned());
            return by_hand.map_or_else(Sync::default, |state| Sync { state, ..Sync::default() });
        };
        let meetings = lock(meetings).clone();
        let state = match (meetings.enrolled, &meetings.error) {
            (false, _) => return Sync::default(),
            (true, None) if meetings.last.is_none() => "waiting",
            (true, None) => "in-touch",
            (true, Some(_)) => "failing",
        };
        let Meetings { last, met, error, .. } = meetings;
        Sync { state: state.to_owned(), last, rows: met.rows as u64, bytes: met.bytes as u64, error }
    }

    /// Looks at counters, beats and clocks; to be called once a second. Says what may be done with what was seen.
    pub(crate) fn tick(&self) -> Settle {
        let (now, total) = (Instant::now(), self.total());
        let mut moving = lock(&self.moving);
        moving.rates.sample(now, total.packets, total.bytes);
        let jump = moving.clock.look(SystemTime::now(), now);
        if let Some(jump_s) = jump {
            tracing::warn!(jump_s, "clock was set, or the box was suspended");
        }
        let posts = self.posts.iter().chain([&self.desk]);
        for (post, (beats, since)) in posts.zip(&mut moving.beats) {
            if *beats != post.beats() {
                (*beats, *since) = (post.beats(), now);
            }
        }
        self.judge(&mut moving.verdicts);
        for (post, (packets, since)) in self.posts.iter().zip(&mut moving.heard) {
            let heard = post.vitals().packets;
            if *packets != heard {
                (*packets, *since) = (heard, now);
            }
        }
        moving.clock.settle(live::is_synchronised(), clock::up(), jump)
    }

    /// How long ago the thread that is furthest behind came round.
    pub(crate) fn held_up(&self) -> Duration {
        let moving = lock(&self.moving);
        let posts = self.posts.iter().chain([&self.desk]);
        let behind = posts.zip(&moving.beats).map(|(post, (_, since))| match since.elapsed() {
            behind if post.is_at_length() && behind < LENGTHY => Duration::ZERO,
            behind => behind,
        });
        behind.max().unwrap_or_default()
    }

    /// Notes that the configuration was read again.
    pub(crate) fn reloaded(&self, reload: Reload, config: &Config) {
        let mut moving = lock(&self.moving);
        if reload.error.is_none() {
            // What was handed down was read with it.
            moving.handed_error = None;
        }
        moving.reload = Some(reload);
        moving.show(config);
    }

    /// Notes that what the collector handed down was taken over, or why not.
    pub(crate) fn handed_down(&self, refused: Option<String>, config: &Config) {
        let mut moving = lock(&self.moving);
        moving.handed_error = refused;
        moving.show(config);
    }

    /// Everything at once.
    pub(crate) fn status(&self) -> Status {
        let total = self.total();
        let book = lock(&self.book).clone();
        let mut moving = lock(&self.moving);
        let (machine, resident) = moving.health.look();
        Status {
            version: VERSION,
            agent: env!("CARGO_PKG_VERSION").to_owned(),
            site: self.site.clone(),
            sensor: self.sensor.clone(),
            at: Timestamp::now(),
            uptime_s: self.started.elapsed().as_secs(),
            traffic: traffic(&total, &moving.rates),
            tables: tables(&total),
            memory: Memory { resident, tables_max: self.max_memory },
            interfaces: self.interfaces(&moving),
            exporters: self.exporters(),
            workers: self.workers(&moving.beats),
            roll_up: roll_up(book, moving.roll_up),
            snmp: snmp(&self.board),
            sync: self.sync(),
            handed: moving.handed.clone(),
            handed_doubts: moving.handed_doubts.clone(),
            listeners: self.doors.iter().map(|door| door.stands()).collect(),
            reload: moving.reload.clone(),
            handed_error: moving.handed_error.clone(),
            machine,
            clock: moving.clock.stands(),
        }
    }

    fn total(&self) -> Vitals {
        let mut total = Vitals::default();
        for post in &self.posts {
            total.add(&post.vitals());
        }
        total
    }

    /// Judges each interface by what all its threads counted.
    fn judge(&self, verdicts: &mut Verdicts) {
        let mut told: BTreeMap<&str, Vec<Arc<Counted>>> = BTreeMap::new();
        for post in &self.posts {
            let Place::Interface(name) = &post.place else { continue };
            told.entry(name).or_default().extend(post.detail().mirror);
        }
        for (name, counted) in told {
            verdicts.look(name, counted);
        }
    }

    /// The interfaces, the threads of each summed.
    fn interfaces(&self, moving: &Moving) -> Vec<Interface> {
        let mut interfaces: Vec<Interface> = Vec::new();
        for (post, (_, since)) in self.posts.iter().zip(&moving.heard) {
            let Place::Interface(name) = &post.place else { continue };
            let vitals = post.vitals();
            let known = interfaces.iter().position(|interface| interface.name == *name);
            let place = known.unwrap_or_else(|| {
                let fresh = Interface {
                    name: name.clone(),
                    missing: !live::is_there(name),
                    watching: true,
                    silent_s: u64::MAX,
                    ..Interface::default()
                };
                interfaces.push(fresh);
                interfaces.len() - 1
            });
            let Some(interface) = interfaces.get_mut(place) else { continue };
            interface.watching &= post.is_working();
            interface.link |= vitals.link_up > 0;
            interface.mirror = moving.verdicts.of(name);
            interface.silent_s = interface.silent_s.min(since.elapsed().as_secs());
            interface.packets += vitals.packets;
            interface.bytes += vitals.bytes;
            interface.kernel_drops += vitals.kernel_drops;
            interface.gaps = interface.gaps.max(vitals.gaps);
        }
        interfaces
    }

    fn exporters(&self) -> Vec<Exporter> {
        let exporters = self.posts.iter().flat_map(|post| post.detail().exporters);
        exporters.take(MAX_EXPORTERS).collect()
    }

    fn workers(&self, beats: &[(u64, Instant)]) -> Vec<Worker> {
        let worker = |(post, (_, since)): (&Arc<Post>, &(u64, Instant))| {
            let state = match (since.elapsed() > STUCK, post.is_working()) {
                (true, _) => "stuck",
                (false, true) => "watching",
                (false, false) => "waiting",
            };
            let (error, says) = post.trouble().map(|Trouble { error, says }| (error, says)).unzip();
            Worker {
                name: post.name.clone(),
                state: state.to_owned(),
                restarts: post.restarts(),
                error,
                says,
            }
        };
        self.posts.iter().zip(beats).map(worker).collect()
    }
}

fn worded(doubts: &[Problem]) -> Vec<Doubt> {
    let doubt = |doubt: &Problem| {
        let [ja, en] = doubt.both();
        Doubt { ja, en }
    };
    doubts.iter().map(doubt).collect()
}

fn traffic(total: &Vitals, rates: &Rates) -> Traffic {
    let (second, minute) = (rates.second(), rates.minute());
    Traffic {
        packets: total.packets,
        bytes: total.bytes,
        packets_per_s: second.packets,
        packets_per_s_1m: minute.packets,
        bytes_per_s: second.bytes,
        bytes_per_s_1m: minute.bytes,
        kernel_drops: total.kernel_drops,
        ring_freezes: total.ring_freezes,
        duplicates: total.duplicates,
    }
}

fn tables(total: &Vitals) -> Tables {
    let fill_pct =
        if total.conns_max == 0 { 0.0 } else { rough(total.conns) * 100.0 / rough(total.conns_max) };
    Tables {
        conns: total.conns,
        conns_max: total.conns_max,
        fill_pct,
        evicted: total.evicted,
        bytes: total.table_bytes,
    }
}

fn snmp(board: &Board) -> Option<Snmp> {
    let Standing { on, asking, targets, left_out, refused, shortened, resting, states, rounds, last, error } =
        board.standing();
    let traffic = board.traffic();
    // What was sent stays accounted after asking was turned off.
    (on || traffic.sent() > 0).then(|| Snmp {
        state: if asking {
            "asking"
        } else if on {
            "resting"
        } else {
            "off"
        }
        .to_owned(),
        targets,
        left_out,
        refused,
        shortened,
        resting,
        states: states.into_iter().map(|(state, count)| (state.to_owned(), count)).collect(),
        rounds,
        last: last.map(|(at, took)| LastRound { at, seconds: took.as_secs_f64() }),
        sent: traffic.sent(),
        repeated: traffic.repeated(),
        answered: traffic.answered(),
        error,
    })
}

fn roll_up(book: Book, every: Duration) -> RollUp {
    let last = book.last.map(|(at, Entered { new, updated }, took)| LastRollUp {
        at,
        new,
        updated,
        seconds: took.as_secs_f64(),
    });
    let Book { recorded, failed, late, unkept, error, .. } = book;
    RollUp { every_s: every.as_secs(), last, recorded, failed, late, unkept, error }
}

#[cfg(test)]
mod tests;
