//! The threads: one for each worker, one for the site; started together and stopped in order.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;

use super::clock::Hold;
use super::config::Live;
use super::site::{Book, Desk, Hand, Offer, Recorder, Site, SiteOrder};
use super::vitals::{Place, Post, lock};
use super::worker::{Order, Work, work};

/// Orders that wait for a worker: a roll-up, settings, the end. A worker takes one after each batch.
const WAITING_ORDERS: usize = 4;
/// How long workers have to give a share: many times the patience of a worker. Who is later is absorbed
/// at the next roll-up.
const GATHERING: Duration = Duration::from_secs(10);
/// How long settings are offered to the site; its thread may be recording. Once it has taken them it has so
/// long again, for it reads rules only.
const ADOPTING: Duration = Duration::from_secs(30);
/// How long the last roll-up may take, inside the time that the service manager gives for stopping.
const STOPPING: Duration = Duration::from_secs(50);

/// What a worker is made of.
pub(crate) struct Plan<S> {
    /// The thread's name.
    pub(crate) name: String,
    /// What it watches.
    pub(crate) place: Place,
    /// What it does.
    pub(crate) work: Box<dyn Work<Share = S>>,
}

/// The running threads.
pub(crate) struct Fleet {
    posts: Vec<Arc<Post>>,
    desk: Arc<Post>,
    book: Arc<Mutex<Book>>,
    orders: Vec<SyncSender<Order>>,
    site: SyncSender<SiteOrder>,
    site_thread: JoinHandle<()>,
    adopting: Duration,
    hold: Arc<Mutex<Hold>>,
    threads: Vec<JoinHandle<()>>,
}

impl Fleet {
    /// Starts every thread.
    pub(crate) fn start<S>(
        plans: Vec<Plan<S::Share>>,
        site: S,
        recorder: Box<dyn Recorder>,
        live: &Live,
    ) -> anyhow::Result<Self>
    where
        S: Site + 'static,
        S::Share: 'static,
    {
        // One share of each worker may be under way, and its last one.
        let (deliver, deliveries) = sync_channel(2 * plans.len());
        let (mut posts, mut all_orders, mut threads) = (Vec::new(), Vec::new(), Vec::new());
        for (number, plan) in plans.into_iter().enumerate() {
            let post = Arc::new(Post::new(plan.name, plan.place));
            let (give, orders) = sync_channel(WAITING_ORDERS);
            let (own_post, deliver, mut its_work) = (Arc::clone(&post), deliver.clone(), plan.work);
            threads.push(spawn(&post.name, move || {
                work(number, its_work.as_mut(), &own_post, &orders, &deliver);
            })?);
            posts.push(post);
            all_orders.push(give);
        }
        let desk = Arc::new(Post::new("site".to_owned(), Place::Site));
        let book = Arc::new(Mutex::default());
        // Until somebody has looked at the clock, which is within a second.
        let hold = Arc::new(Mutex::new(Hold::new(true, SystemTime::now(), Instant::now())));
        let (give, orders) = sync_channel(WAITING_ORDERS);
        let at_desk = Desk {
            site,
            recorder,
            hands: all_orders.iter().map(|orders| Hand { orders: orders.clone(), owes: 0 }).collect(),
            deliveries,
            post: Arc::clone(&desk),
            book: Arc::clone(&book),
            roll_up: live.roll_up,
            gathering: GATHERING,
            sequence: 0,
            doubt: None,
            hold: Arc::clone(&hold),
        };
        let site_thread = spawn("site", move || at_desk.run(&orders))?;
        Ok(Self {
            posts,
            desk,
            book,
            orders: all_orders,
            site: give,
            site_thread,
            adopting: ADOPTING,
            hold,
            threads,
        })
    }

    /// The workers' posts.
    pub(crate) fn posts(&self) -> &[Arc<Post>] {
        &self.posts
    }

    /// The post of the site's thread.
    pub(crate) fn desk(&self) -> &Arc<Post> {
        &self.desk
    }

    /// How recording goes.
    pub(crate) fn book(&self) -> &Arc<Mutex<Book>> {
        &self.book
    }

    /// Names a thread that ended without being told to.
    pub(crate) fn fallen(&self) -> Option<&str> {
        let fallen = self.threads.iter().chain([&self.site_thread]).find(|thread| thread.is_finished())?;
        Some(fallen.thread().name().unwrap_or("thread"))
    }

    /// Has everybody take over settings: the site first, whose rules may be refused. Waits for it; where it does
    /// not come to it in time, they are taken back, and nobody takes them over later.
    pub(crate) fn adopt(&self, live: &Arc<Live>) -> anyhow::Result<()> {
        let (reply, answer) = sync_channel(1);
        let offer: Offer = Arc::new(Mutex::new(Some(Arc::clone(live))));
        let order = SiteOrder::Adopt(Arc::clone(&offer), reply);
        self.site.try_send(order).context("the site's thread is busy")?;
        let adopted = match answer.recv_timeout(self.adopting) {
            Err(RecvTimeoutError::Timeout) if lock(&offer).take().is_some() => {
                anyhow::bail!("the site's thread is recording; try again later");
            }
            Err(RecvTimeoutError::Timeout) => answer.recv_timeout(self.adopting),
            answered => answered,
        };
        adopted.context("the site's thread did not answer")??;
        for (orders, post) in self.orders.iter().zip(&self.posts) {
            if orders.try_send(Order::Adopt(Arc::clone(live))).is_err() {
                tracing::warn!(
                    worker = post.name,
                    "worker takes no orders, it goes on with the old settings"
                );
            }
        }
        Ok(())
    }

    /// Has roll-ups wait, or go on.
    pub(crate) fn hold(&self, hold: bool) {
        *lock(&self.hold) = Hold::new(hold, SystemTime::now(), Instant::now());
    }

    /// Has everybody leave out what was seen so far.
    pub(crate) fn forget(&self) {
        if self.site.try_send(SiteOrder::Forget).is_err() {
            tracing::error!("the site's thread takes no orders: what was seen so far keeps its wrong times");
        }
    }

    /// Has the workers hand out what they have, and the site record it, unless roll-ups wait: then what there is has
    /// wrong times, and is left out. Waits for the end.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        let (reply, answer) = sync_channel(1);
        self.site.try_send(SiteOrder::Stop(reply)).context("the site's thread is busy")?;
        let recorded = answer.recv_timeout(STOPPING).context("the last roll-up took too long")?;
        // Closes the ledger. Workers that answer have ended; one that hangs goes with the process.
        let closed = self.site_thread.join();
        if closed.is_err() {
            anyhow::bail!("the site's thread ended by itself");
        }
        recorded.context("the last roll-up is not in the ledger")
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> anyhow::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .with_context(|| format!("cannot start thread {name}"))
}

#[cfg(test)]
mod tests;
