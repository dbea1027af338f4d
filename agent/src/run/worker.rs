//! A worker's thread: opens its source, takes batch after batch, and answers orders in between.
//!
//! A source that fails is opened again after a wait; what the worker knows survives that, and it
//! answers orders all the while. What a worker gathered goes to the site's thread over one bounded
//! channel, where each worker has at most one share under way: nothing is lost when the site is late.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::config::Live;
use super::vitals::{Detail, Post, Vitals};

/// How long a worker waits for packets before it looks for orders: five wake-ups a second when idle.
const PATIENCE: Duration = Duration::from_millis(200);
/// How often a worker without a source comes round, and how often details are told.
const ROUND: Duration = Duration::from_secs(1);
/// A source that held this long did not fail at once: the next wait is short again.
const PROVEN: Duration = Duration::from_mins(1);

/// What a worker does with packets.
pub(crate) trait Work: Send {
    /// What it gathered since it last gave a share.
    type Share: Send;

    /// Opens the source, or opens it again after it failed. What was gathered is kept.
    fn open(&mut self) -> anyhow::Result<()>;

    /// Takes what there is, waiting for it at most `patience`.
    fn step(&mut self, patience: Duration) -> anyhow::Result<Step>;

    /// Hands out what is new since the last time.
    fn gather(&mut self) -> Self::Share;

    /// Hands out all that is new, also what would have waited for more to come.
    fn last(&mut self) -> Self::Share;

    /// Leaves out what was seen so far; counts go on.
    fn forget(&mut self);

    /// Takes over changed settings.
    fn adopt(&mut self, live: &Live);

    /// Says how it stands; counts only grow, also over a source that was opened again.
    fn vitals(&self) -> Vitals;

    /// Says what is known beside numbers.
    fn detail(&mut self) -> Detail;
}

/// What a step came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// There may be more.
    Going,
    /// The source has ended; a live one never does.
    End,
}

/// What a worker is told to do.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// Give a share.
    RollUp,
    /// Leave out what was seen so far.
    Forget,
    /// Take over settings.
    Adopt(Arc<Live>),
    /// Give a last share, and end.
    Stop,
}

/// A share on its way to the site.
#[derive(Debug)]
pub(crate) struct Delivery<S> {
    /// Whose it is.
    pub(crate) worker: usize,
    /// What was gathered.
    pub(crate) share: S,
}

/// How the source stands.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Working { since: Instant },
    Resting { until: Instant },
    Over,
}

/// Works until told to stop, or until nobody is left to give orders.
pub(crate) fn work<S: Send>(
    worker: usize,
    work: &mut dyn Work<Share = S>,
    post: &Post,
    orders: &Receiver<Order>,
    site: &SyncSender<Delivery<S>>,
) {
    let mut backoff = Backoff::default();
    let mut phase = open(work, post, &mut backoff);
    let mut told = Instant::now();
    loop {
        post.beat();
        let order = match phase {
            Phase::Working { since } => {
                phase = step(work, post, &mut backoff, since);
                post.publish(&work.vitals());
                match orders.try_recv() {
                    Ok(order) => Some(order),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            Phase::Resting { until } => {
                let rest = until.saturating_duration_since(Instant::now());
                if rest.is_zero() {
                    phase = open(work, post, &mut backoff);
                }
                match orders.recv_timeout(rest.min(ROUND)) {
                    Ok(order) => Some(order),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            Phase::Over => match orders.recv_timeout(ROUND) {
                Ok(order) => Some(order),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            },
        };
        if told.elapsed() >= ROUND {
            post.tell(work.detail());
            told = Instant::now();
        }
        let Some(order) = order else { continue };
        let (share, is_last) = match order {
            Order::Adopt(live) => {
                work.adopt(&live);
                continue;
            }
            Order::Forget => {
                work.forget();
                continue;
            }
            Order::RollUp => (work.gather(), false),
            Order::Stop => (work.last(), true),
        };
        post.publish(&work.vitals());
        // Where nobody takes the share, the daemon is ending.
        if site.send(Delivery { worker, share }).is_err() || is_last {
            return;
        }
    }
}

fn open<S: Send>(work: &mut dyn Work<Share = S>, post: &Post, backoff: &mut Backoff) -> Phase {
    match work.open() {
        Ok(()) => {
            post.works();
            tracing::info!(worker = post.name, "watching");
            Phase::Working { since: Instant::now() }
        }
        Err(error) => rest(post, backoff, &error),
    }
}

fn step<S: Send>(
    work: &mut dyn Work<Share = S>,
    post: &Post,
    backoff: &mut Backoff,
    since: Instant,
) -> Phase {
    match work.step(PATIENCE) {
        Ok(Step::Going) => Phase::Working { since },
        Ok(Step::End) => {
            post.ends();
            tracing::info!(worker = post.name, "source ended");
            Phase::Over
        }
        Err(error) => {
            if since.elapsed() >= PROVEN {
                backoff.reset();
            }
            rest(post, backoff, &error)
        }
    }
}

fn rest(post: &Post, backoff: &mut Backoff, error: &anyhow::Error) -> Phase {
    let wait = backoff.wait();
    let chain = format!("{error:#}");
    tracing::error!(
        worker = post.name,
        error = chain,
        wait_s = wait.as_secs(),
        "source failed, opening it again"
    );
    post.fails(error);
    Phase::Resting { until: Instant::now() + wait }
}
