use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};

use jiff::Timestamp;
use sekisho_api::{Analysis, Capture};
use tracing_subscriber::filter::LevelFilter;

use super::*;
use crate::poll::board::Said;
use crate::rules::Folders;
use crate::run::site::Entered;
use crate::run::vitals::{Detail, Vitals, lock};
use crate::run::worker::{Delivery, Step};

/// For what takes milliseconds on a machine that does nothing else.
const DEADLINE: Duration = Duration::from_secs(30);

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn live(roll_up: Duration) -> Live {
    Live {
        internal: Vec::new(),
        rules: Folders::default(),
        roll_up,
        log_level: LevelFilter::INFO,
        snmp: None,
        allowed: Vec::new(),
    }
}

const SOON: Duration = Duration::from_millis(20);
const NEVER: Duration = Duration::from_hours(1);

/// A worker that takes one packet a step, and does otherwise as its script says.
struct Fake {
    packets: u64,
    fresh: u64,
    taken: Arc<AtomicU64>,
    script: VecDeque<Act>,
    opened: u64,
}

enum Act {
    Fail,
    End,
    Panic,
}

impl Work for Fake {
    type Share = u64;

    fn open(&mut self) -> anyhow::Result<()> {
        self.opened += 1;
        Ok(())
    }

    fn step(&mut self, patience: Duration) -> anyhow::Result<Step> {
        thread::sleep(patience.min(Duration::from_millis(1)));
        self.packets += 1;
        self.fresh += 1;
        self.taken.fetch_add(1, Ordering::SeqCst);
        match self.script.pop_front() {
            Some(Act::Fail) => anyhow::bail!("no such device"),
            Some(Act::End) => Ok(Step::End),
            Some(Act::Panic) => panic!("as the test wants"),
            None => Ok(Step::Going),
        }
    }

    fn gather(&mut self) -> u64 {
        std::mem::take(&mut self.fresh)
    }

    fn last(&mut self) -> u64 {
        self.gather()
    }

    fn forget(&mut self) {
        self.taken.fetch_sub(std::mem::take(&mut self.fresh), Ordering::SeqCst);
    }

    fn adopt(&mut self, live: &Live) {
        self.packets += 1_000_000 * live.allowed.len() as u64;
    }

    fn vitals(&self) -> Vitals {
        Vitals { packets: self.packets, gaps: self.opened, ..Vitals::default() }
    }

    fn detail(&mut self) -> Detail {
        Detail::default()
    }
}

/// A site that counts packets; what is not told yet stays.
#[derive(Default)]
struct Counting {
    fresh: u64,
    said: Vec<Said>,
}

impl Site for Counting {
    type Share = u64;

    fn absorb(&mut self, share: u64) {
        self.fresh += share;
    }

    fn said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said)
    }

    fn conclude(&mut self) -> Analysis {
        Analysis { capture: Capture { packets: self.fresh, ..Capture::default() }, ..Analysis::default() }
    }

    fn told(&mut self) {
        self.fresh = 0;
    }

    fn forget(&mut self) {
        self.fresh = 0;
    }

    fn adopt(&mut self, live: &Live) -> anyhow::Result<()> {
        anyhow::ensure!(live.rules.own.is_none(), "bad rules");
        Ok(())
    }
}

/// Keeps what is recorded, and fails the first times.
#[derive(Default)]
struct Ledger {
    failures: u32,
    /// Loses its first answer, and cannot be asked that often afterwards.
    silent: u32,
    loses: bool,
    /// Whether there is room for what is to be kept; after the last the disk is full.
    keeps: VecDeque<bool>,
    recorded: Arc<Mutex<Vec<(u64, u64)>>>,
}

impl Recorder for Ledger {
    fn record(&mut self, sequence: u64, analysis: &Analysis, _: Timestamp) -> anyhow::Result<Entered> {
        if self.failures > 0 {
            self.failures -= 1;
            anyhow::bail!("the disk is full");
        }
        lock(&self.recorded).push((sequence, analysis.capture.packets));
        anyhow::ensure!(!std::mem::take(&mut self.loses), "the answer was lost");
        Ok(Entered { new: 1, updated: 0 })
    }

    fn is_recorded(&mut self, sequence: u64) -> anyhow::Result<bool> {
        if self.silent > 0 {
            self.silent -= 1;
            anyhow::bail!("the server is silent");
        }
        Ok(lock(&self.recorded).last().is_some_and(|(last, _)| *last == sequence))
    }

    fn keep(&mut self, _: &Said) -> anyhow::Result<bool> {
        match self.keeps.pop_front() {
            Some(true) => Ok(true),
            Some(false) => Ok(false),
            None => anyhow::bail!("the disk is full"),
        }
    }
}

struct Scene {
    fleet: Fleet,
    taken: Arc<AtomicU64>,
    recorded: Arc<Mutex<Vec<(u64, u64)>>>,
}

fn start(scripts: Vec<Vec<Act>>, failures: u32, roll_up: Duration) -> Scene {
    start_with(scripts, Ledger { failures, ..Ledger::default() }, roll_up)
}

fn start_with(scripts: Vec<Vec<Act>>, ledger: Ledger, roll_up: Duration) -> Scene {
    let (taken, recorded) = (Arc::new(AtomicU64::new(0)), Arc::clone(&ledger.recorded));
    let plan = |script: Vec<Act>| {
        let script = script.into();
        let fake = Fake { packets: 0, fresh: 0, taken: Arc::clone(&taken), script, opened: 0 };
        Plan {
            name: "capture-test".to_owned(),
            place: Place::Interface("test".to_owned()),
            work: Box::new(fake),
        }
    };
    let plans = scripts.into_iter().map(plan).collect();
    let fleet = Fleet::start(plans, Counting::default(), Box::new(ledger), &live(roll_up)).unwrap();
    fleet.hold(false);
    Scene { fleet, taken, recorded }
}

impl Scene {
    /// Stops, and holds what was recorded against what was taken.
    fn stop_and_compare(self) -> Vec<(u64, u64)> {
        self.fleet.stop().unwrap();
        let recorded = lock(&self.recorded).clone();
        let sum: u64 = recorded.iter().map(|(_, packets)| packets).sum();
        assert_eq!(sum, self.taken.load(Ordering::SeqCst), "{recorded:?}");
        recorded
    }
}

#[test]
fn every_packet_of_every_worker_is_recorded_once() {
    let scene = start(vec![vec![], vec![], vec![]], 0, SOON);
    until("three roll-ups", || lock(&scene.recorded).len() >= 3);
    let recorded = scene.stop_and_compare();
    let sequences: Vec<u64> = recorded.iter().map(|(sequence, _)| *sequence).collect();
    assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>());
}

#[test]
fn stopping_before_the_first_roll_up_records_what_there_is() {
    let scene = start(vec![vec![]], 0, NEVER);
    until("a packet", || scene.taken.load(Ordering::SeqCst) > 0);
    assert_eq!(scene.stop_and_compare().len(), 1);
}

#[test]
fn what_could_not_be_recorded_is_kept_for_the_next_attempt() {
    let scene = start(vec![vec![]], 2, SOON);
    until("a failure", || lock(scene.fleet.book()).failed > 0);
    until("a success", || lock(scene.fleet.book()).recorded > 0);
    let book = lock(scene.fleet.book()).clone();
    assert_eq!((book.failed, book.error), (2, None));
    let recorded = scene.stop_and_compare();
    // An attempt that failed has used up its number.
    assert_eq!(recorded.first().unwrap().0, 3);
}

#[test]
fn what_was_recorded_although_the_answer_was_lost_is_recorded_once() {
    for silent in [0, 1, 3] {
        let ledger = Ledger { loses: true, silent, ..Ledger::default() };
        let scene = start_with(vec![vec![], vec![]], ledger, SOON);
        until("the next roll-up", || lock(scene.fleet.book()).recorded > 1);
        assert_eq!(lock(scene.fleet.book()).failed, u64::from(silent));
        scene.stop_and_compare();
    }
}

#[test]
fn an_answer_that_was_lost_last_is_asked_for_before_the_end() {
    let ledger = Ledger { loses: true, silent: 1, ..Ledger::default() };
    let scene = start_with(vec![vec![]], ledger, SOON);
    until("the loss", || lock(scene.fleet.book()).failed == 1);
    scene.stop_and_compare();
}

#[test]
fn a_failure_is_shown_with_its_cause_until_it_is_over() {
    let scene = start(vec![], u32::MAX, SOON);
    until("a failure", || lock(scene.fleet.book()).error.is_some());
    assert_eq!(lock(scene.fleet.book()).error.as_deref(), Some("the disk is full"));
    assert!(lock(scene.fleet.book()).last.is_none());
    let error = scene.fleet.stop().unwrap_err();
    assert_eq!(format!("{error:#}"), "the last roll-up is not in the ledger: the disk is full");
}

#[test]
fn a_source_that_fails_is_opened_again_and_loses_nothing() {
    let scene = start(vec![vec![Act::Fail]], 0, SOON);
    let post = Arc::clone(scene.fleet.posts().first().unwrap());
    until("the failure", || post.restarts() == 1);
    assert!(!post.is_working());
    assert_eq!(post.trouble().unwrap().error, "no such device");
    until("a roll-up while it waits", || !lock(&scene.recorded).is_empty());
    until("the source again", || post.vitals().gaps == 2 && post.is_working());
    assert!(post.trouble().is_none());
    scene.stop_and_compare();
}

#[test]
fn a_source_that_ended_still_gives_its_share() {
    let scene = start(vec![vec![Act::End], vec![]], 0, NEVER);
    let post = Arc::clone(scene.fleet.posts().first().unwrap());
    until("the end", || post.vitals().packets == 1 && !post.is_working());
    assert_eq!(scene.fleet.fallen(), None);
    scene.stop_and_compare();
}

#[test]
fn a_thread_that_panics_is_named() {
    let scene = start(vec![vec![Act::Panic]], 0, NEVER);
    until("the panic", || scene.fleet.fallen().is_some());
    assert_eq!(scene.fleet.fallen(), Some("capture-test"));
}

#[test]
fn settings_reach_the_site_and_every_worker_unless_the_site_refuses() {
    let scene = start(vec![vec![], vec![]], 0, NEVER);
    let bad = Live {
        rules: Folders { own: Some("/rules".into()), ..Folders::default() },
        allowed: vec![Vec::new()],
        ..live(SOON)
    };
    let error = scene.fleet.adopt(&Arc::new(bad)).unwrap_err();
    assert_eq!(error.to_string(), "bad rules");
    let good = Live { allowed: vec![Vec::new()], ..live(SOON) };
    scene.fleet.adopt(&Arc::new(good)).unwrap();
    for post in scene.fleet.posts() {
        until("the settings", || post.vitals().packets > 1_000_000);
        assert!(post.vitals().packets < 2_000_000, "the refused ones came through");
    }
    until("a roll-up at the new pace", || !lock(&scene.recorded).is_empty());
    scene.stop_and_compare();
}

#[test]
fn while_the_clock_is_waited_for_nothing_is_recorded_and_what_came_before_it_is_left_out() {
    let scene = start(vec![vec![], vec![]], 0, NEVER);
    scene.fleet.hold(true);
    scene.fleet.adopt(&Arc::new(live(SOON))).unwrap();
    until("packets", || scene.taken.load(Ordering::SeqCst) > 20);
    assert!(lock(&scene.recorded).is_empty());
    scene.fleet.forget();
    scene.fleet.hold(false);
    until("a roll-up", || !lock(&scene.recorded).is_empty());
    // What was taken and not left out is what is recorded.
    scene.stop_and_compare();
}

#[test]
fn stopped_while_the_clock_is_waited_for_nothing_is_recorded() {
    let scene = start(vec![vec![], vec![]], 0, NEVER);
    scene.fleet.hold(true);
    until("packets", || scene.taken.load(Ordering::SeqCst) > 20);
    scene.fleet.stop().unwrap();
    assert_eq!(*lock(&scene.recorded), []);
}

#[test]
fn stopped_before_anybody_looked_at_the_clock_nothing_is_recorded() {
    let ledger = Ledger::default();
    let recorded = Arc::clone(&ledger.recorded);
    let fleet = Fleet::start(Vec::new(), Counting::default(), Box::new(ledger), &live(SOON)).unwrap();
    fleet.stop().unwrap();
    assert_eq!(*lock(&recorded), []);
}

#[test]
fn settings_that_came_too_late_are_taken_over_by_nobody() {
    let mut scene = start(vec![vec![]], 0, NEVER);
    scene.fleet.adopting = SOON;
    // The site's thread is held up, as by a recording, by an offer that somebody looks at.
    let held: Offer = Arc::new(Mutex::new(None));
    let (reply, _answer) = sync_channel(1);
    let looked_at = lock(&held);
    scene.fleet.site.send(SiteOrder::Adopt(Arc::clone(&held), reply)).unwrap();
    let late = Live { allowed: vec![Vec::new()], ..live(SOON) };
    let error = scene.fleet.adopt(&Arc::new(late)).unwrap_err();
    assert!(error.to_string().contains("try again"), "{error}");
    drop(looked_at);
    // The next ones find it free, and are the only ones that came through.
    scene.fleet.adopting = DEADLINE;
    let good = Live { allowed: vec![Vec::new()], ..live(NEVER) };
    scene.fleet.adopt(&Arc::new(good)).unwrap();
    let post = scene.fleet.posts().first().unwrap();
    until("the settings", || post.vitals().packets > 1_000_000);
    assert!(post.vitals().packets < 2_000_000, "those that were late came through");
    scene.stop_and_compare();
}

#[test]
fn threads_end_when_nobody_is_left_to_give_orders() {
    let scene = start(vec![vec![], vec![]], 0, NEVER);
    let Fleet { threads, site_thread, orders, site, .. } = scene.fleet;
    drop((orders, site));
    until("the end", || threads.iter().chain([&site_thread]).all(JoinHandle::is_finished));
}

/// A desk whose worker is the test itself.
fn desk(gathering: Duration) -> (Desk<Counting>, Receiver<Order>, SyncSender<Delivery<u64>>) {
    let (orders, taken) = sync_channel(WAITING_ORDERS);
    let (deliver, deliveries) = sync_channel(2);
    let desk = Desk {
        site: Counting::default(),
        recorder: Box::new(Ledger::default()),
        hands: vec![Hand { orders, owes: 0 }],
        deliveries,
        post: Arc::new(Post::new("site".to_owned(), Place::Site)),
        book: Arc::default(),
        roll_up: NEVER,
        gathering,
        sequence: 0,
        doubt: None,
        hold: Arc::new(Mutex::new(Hold::new(false, SystemTime::now(), Instant::now()))),
    };
    (desk, taken, deliver)
}

#[test]
fn a_share_that_comes_late_is_absorbed_the_next_time_and_asked_for_once() {
    let (mut desk, orders, deliver) = desk(SOON);
    desk.gather(&Order::RollUp);
    assert_eq!((desk.site.fresh, lock(&desk.book).late), (0, 1));
    desk.gather(&Order::RollUp);
    assert_eq!(lock(&desk.book).late, 2);
    assert!(matches!(orders.try_recv(), Ok(Order::RollUp)));
    assert!(matches!(orders.try_recv(), Err(TryRecvError::Empty)), "it has the order already");
    deliver.send(Delivery { worker: 0, share: 7 }).unwrap();
    desk.gather(&Order::RollUp);
    assert_eq!((desk.site.fresh, lock(&desk.book).late), (7, 2));
}

#[test]
fn at_the_end_a_late_share_and_the_last_one_are_both_waited_for() {
    let (mut desk, orders, deliver) = desk(SOON);
    desk.gather(&Order::RollUp);
    desk.gathering = DEADLINE;
    let worker = thread::spawn(move || {
        for share in [3, 4] {
            orders.recv().unwrap();
            deliver.send(Delivery { worker: 0, share }).unwrap();
        }
    });
    desk.gather(&Order::Stop);
    worker.join().unwrap();
    assert_eq!(desk.site.fresh, 7);
}

#[test]
fn what_equipment_said_and_the_ledger_does_not_keep_is_counted() {
    let (mut desk, _orders, _deliver) = desk(SOON);
    let ledger = Ledger { keeps: [true, false, true].into(), ..Ledger::default() };
    desk.recorder = Box::new(ledger);
    desk.site.said = (0..5).map(|_| Said::default()).collect();
    desk.keep();
    // One for which there was no room, and two at a full disk.
    assert_eq!(lock(&desk.book).unkept, 3);
    desk.keep();
    assert_eq!(lock(&desk.book).unkept, 3, "what was counted is not held");
}
