//! The site's thread: absorbs what the workers gathered, judges it, has it recorded, keeps the numbers.
//!
//! Roll-ups go by the monotonic clock, so that a clock that is set neither brings them on nor holds
//! them up. What could not be recorded stays with the site and goes into the next attempt, under a
//! sequence number of its own: an attempt that failed left nothing in the ledger. A failure may also be the
//! loss of a server's answer; where it cannot be told which, the workers keep what they have until it can,
//! so that nothing new is mixed into what may be in the ledger already.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use sekisho_api::Analysis;

use super::backoff::Backoff;
use super::clock::Hold;
use super::config::Live;
use super::vitals::{Post, lock};
use super::worker::{Delivery, Order};
use crate::poll::board::Said;

/// How often the thread comes round while it waits.
const ROUND: Duration = Duration::from_secs(1);
/// How often the last roll-up is tried before the daemon ends without it.
const LAST_ATTEMPTS: u32 = 3;

/// All that is known of the site, and what of it is new.
pub(crate) trait Site: Send {
    /// What workers gather.
    type Share: Send;

    /// Takes in what a worker gathered.
    fn absorb(&mut self, share: Self::Share);

    /// Gives what equipment said of its surroundings since it was last asked for.
    fn said(&mut self) -> Vec<Said>;

    /// Judges what is new since [`Site::told`].
    fn conclude(&mut self) -> Analysis;

    /// Notes that the last conclusion is in the ledger.
    fn told(&mut self);

    /// Leaves out everything known.
    fn forget(&mut self);

    /// Takes over changed settings; on an error everything stays as it was.
    fn adopt(&mut self, live: &Live) -> anyhow::Result<()>;
}

/// Where conclusions are kept.
pub(crate) trait Recorder: Send {
    /// Records a conclusion, all of it or nothing.
    fn record(&mut self, sequence: u64, analysis: &Analysis, now: Timestamp) -> anyhow::Result<Entered>;

    /// Tells whether the conclusion of that number is recorded, after recording it seemed to fail.
    fn is_recorded(&mut self, sequence: u64) -> anyhow::Result<bool>;

    /// Keeps what a box said of its surroundings, in place of what it said before; tells whether there was room.
    fn keep(&mut self, said: &Said) -> anyhow::Result<bool>;
}

/// What recording changed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Entered {
    /// Rows that are new.
    pub(crate) new: u64,
    /// Rows that were there.
    pub(crate) updated: u64,
}

/// Settings to be taken over, until whoever offers them takes them back.
pub(crate) type Offer = Arc<Mutex<Option<Arc<Live>>>>;

/// What the site's thread is told to do.
#[derive(Debug)]
pub(crate) enum SiteOrder {
    /// Take over settings, and answer whether that went well.
    Adopt(Offer, SyncSender<anyhow::Result<()>>),
    /// Leave out what was seen so far, of which nothing is recorded yet.
    Forget,
    /// Record what the workers still have, and answer when it is recorded.
    Stop(SyncSender<anyhow::Result<()>>),
}

/// How recording goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    /// The last roll-up in the ledger: when, what it changed, how long it took.
    pub(crate) last: Option<(Timestamp, Entered, Duration)>,
    /// Roll-ups recorded.
    pub(crate) recorded: u64,
    /// Attempts that failed.
    pub(crate) failed: u64,
    /// Workers that did not answer in time.
    pub(crate) late: u64,
    /// What equipment said and the ledger did not keep.
    pub(crate) unkept: u64,
    /// Why the last attempt failed; `None` when it did not.
    pub(crate) error: Option<String>,
}

/// A worker as the site's thread sees it.
#[derive(Debug)]
pub(crate) struct Hand {
    /// Where it takes orders.
    pub(crate) orders: SyncSender<Order>,
    /// How many shares of it are still to come: one, and with the last two.
    pub(crate) owes: u8,
}

/// The site's thread.
pub(crate) struct Desk<S: Site> {
    pub(crate) site: S,
    pub(crate) recorder: Box<dyn Recorder>,
    pub(crate) hands: Vec<Hand>,
    pub(crate) deliveries: Receiver<Delivery<S::Share>>,
    pub(crate) post: Arc<Post>,
    pub(crate) book: Arc<Mutex<Book>>,
    pub(crate) roll_up: Duration,
    /// How long workers have to give a share.
    pub(crate) gathering: Duration,
    /// Counts attempts to record.
    pub(crate) sequence: u64,
    /// The attempt of which it is not known whether it is in the ledger.
    pub(crate) doubt: Option<u64>,
    /// Whether roll-ups wait.
    pub(crate) hold: Arc<Mutex<Hold>>,
}

impl<S: Site> Desk<S> {
    /// Rolls up until told to stop, or until nobody is left to give orders.
    pub(crate) fn run(mut self, orders: &Receiver<SiteOrder>) {
        let mut backoff = Backoff::default();
        let mut last = Instant::now();
        // After a failure, the next attempt comes earlier than the next roll-up would.
        let mut retry: Option<Duration> = None;
        loop {
            self.post.beat();
            self.keep();
            let wait = retry.unwrap_or(self.roll_up).min(self.roll_up);
            let left = if self.holds() { ROUND } else { wait.saturating_sub(last.elapsed()).min(ROUND) };
            match orders.recv_timeout(left) {
                // Who asked may have given up waiting for the answer.
                Ok(SiteOrder::Adopt(offer, reply)) => {
                    let offered = lock(&offer).take();
                    if let Some(live) = offered {
                        drop(reply.send(self.adopt(&live)));
                    }
                }
                Ok(SiteOrder::Forget) => self.forget(),
                Ok(SiteOrder::Stop(reply)) => {
                    drop(reply.send(self.stop()));
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if last.elapsed() < wait || self.holds() {
                continue;
            }
            last = Instant::now();
            retry = self.roll_up().err().map(|_| backoff.wait());
            if retry.is_none() {
                backoff.reset();
            }
        }
    }

    /// Says whether recording waits for the clock.
    fn holds(&self) -> bool {
        lock(&self.hold).waits(SystemTime::now(), Instant::now())
    }

    fn forget(&mut self) {
        self.site.forget();
        for hand in &self.hands {
            // One that takes no orders has seen nothing for a while.
            let _ = hand.orders.try_send(Order::Forget);
        }
    }

    fn adopt(&mut self, live: &Arc<Live>) -> anyhow::Result<()> {
        self.site.adopt(live)?;
        self.roll_up = live.roll_up;
        Ok(())
    }

    /// Keeps what equipment said. What cannot be kept is not held: the next round asks it anew.
    pub(super) fn keep(&mut self) {
        let said = self.site.said();
        for (kept, said_one) in said.iter().enumerate() {
            match self.recorder.keep(said_one) {
                Ok(true) => {}
                Ok(false) => {
                    tracing::warn!("a device said more than is kept");
                    lock(&self.book).unkept += 1;
                }
                Err(error) => {
                    let (chain, unkept) = (format!("{error:#}"), (said.len() - kept) as u64);
                    tracing::warn!(error = chain, unkept, "cannot keep what equipment said for the map");
                    lock(&self.book).unkept += unkept;
                    return;
                }
            }
            self.post.beat();
        }
    }

    fn stop(&mut self) -> anyhow::Result<()> {
        if self.holds() {
            self.give_up();
            return Ok(());
        }
        let settled = insist(|| self.settle());
        self.keep();
        self.gather(&Order::Stop);
        settled.and_then(|()| insist(|| self.record()))
    }

    /// Ends without recording: a box that has no clock of its own may be weeks back, and what is recorded with
    /// such times keeps them.
    fn give_up(&mut self) {
        self.gather(&Order::Stop);
        let lost = self.site.conclude();
        tracing::warn!(
            packets = lost.capture.packets,
            connections = lost.connections.len(),
            devices = lost.devices.len(),
            "stopped before the clock could be relied on: what was seen is not recorded"
        );
    }

    fn roll_up(&mut self) -> anyhow::Result<()> {
        self.settle()?;
        self.gather(&Order::RollUp);
        // The clock may have been set meanwhile; what was gathered is recorded later, or left out.
        if self.holds() { Ok(()) } else { self.record() }
    }

    /// Finds out whether the attempt in doubt is in the ledger.
    fn settle(&mut self) -> anyhow::Result<()> {
        let Some(sequence) = self.doubt else { return Ok(()) };
        match self.recorder.is_recorded(sequence) {
            Ok(is_recorded) => {
                self.doubt = None;
                if is_recorded {
                    self.took(Timestamp::now(), Entered::default(), Duration::ZERO);
                }
                Ok(())
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Has every worker give its share, and absorbs what comes in time.
    pub(super) fn gather(&mut self, order: &Order) {
        let is_stop = matches!(order, Order::Stop);
        for hand in &mut self.hands {
            // A worker that still owes a share has the order already; the last one is for everybody.
            if (hand.owes == 0 || is_stop) && hand.orders.try_send(order.clone()).is_ok() {
                hand.owes += 1;
            }
        }
        let deadline = Instant::now() + self.gathering;
        while self.hands.iter().any(|hand| hand.owes > 0) {
            self.post.beat();
            let left = deadline.saturating_duration_since(Instant::now());
            match self.deliveries.recv_timeout(left.min(ROUND)) {
                Ok(delivery) => self.receive(delivery),
                Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
                Err(_) => break,
            }
        }
        // Also what came late the last time, from workers that had nothing to answer now.
        while let Ok(delivery) = self.deliveries.try_recv() {
            self.receive(delivery);
        }
        let late = self.hands.iter().filter(|hand| hand.owes > 0).count() as u64;
        if late > 0 {
            tracing::warn!(late, "workers did not answer in time");
            lock(&self.book).late += late;
        }
    }

    fn receive(&mut self, Delivery { worker, share }: Delivery<S::Share>) {
        self.site.absorb(share);
        if let Some(hand) = self.hands.get_mut(worker) {
            hand.owes = hand.owes.saturating_sub(1);
        }
    }

    /// Has it recorded, which takes minutes where a card is slow and much is new.
    fn record(&mut self) -> anyhow::Result<()> {
        self.post.at_length(true);
        let recorded = self.record_now();
        self.post.at_length(false);
        recorded
    }

    fn record_now(&mut self) -> anyhow::Result<()> {
        let begin = Instant::now();
        let now = Timestamp::now();
        let analysis = self.site.conclude();
        self.sequence += 1;
        match self.recorder.record(self.sequence, &analysis, now) {
            Ok(entered) => {
                self.took(now, entered, begin.elapsed());
                Ok(())
            }
            Err(error) => {
                // Mostly the ledger can be asked at once; where it cannot, the next attempt begins with it.
                match self.recorder.is_recorded(self.sequence) {
                    Ok(true) => {
                        self.took(now, Entered::default(), begin.elapsed());
                        return Ok(());
                    }
                    Ok(false) => {}
                    Err(_) => self.doubt = Some(self.sequence),
                }
                Err(self.failed(error))
            }
        }
    }

    fn took(&mut self, now: Timestamp, entered: Entered, took: Duration) {
        self.site.told();
        let Entered { new, updated } = entered;
        tracing::info!(new, updated, took_ms = took.as_millis() as u64, "rolled up");
        let mut book = lock(&self.book);
        book.last = Some((now, entered, took));
        book.recorded += 1;
        book.error = None;
    }

    fn failed(&self, error: anyhow::Error) -> anyhow::Error {
        let chain = format!("{error:#}");
        tracing::error!(error = chain, "cannot record, keeping it for the next attempt");
        let mut book = lock(&self.book);
        book.failed += 1;
        book.error = Some(chain);
        error
    }
}

/// Does something again where it fails, before the daemon ends without it.
fn insist(mut act: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut backoff = Backoff::default();
    for _ in 1..LAST_ATTEMPTS {
        if act().is_ok() {
            return Ok(());
        }
        std::thread::sleep(backoff.wait());
    }
    act()
}
