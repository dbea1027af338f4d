//! Who takes batches in: those that wait together are written together, because most of what a
//! batch costs is the wait until it is on the disk.
//!
//! Each writer is a thread with a session of its own. SQLite lets one write at a time, so there is one; a
//! server has several, each for sites of its own, so that none waits for another's.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use sekisho_api::sync::Answer;
use sekisho_ledger::{Intake, LedgerError, Sound, is_address};
use tokio::sync::{mpsc, oneshot};

/// Sessions with a server: while one waits for the disk the others work.
const SERVER_WRITERS: usize = 4;
/// Batches that wait at one writer; who comes then waits to get in.
const QUEUE: usize = 256;
/// Batches written together: beyond some dozens the wait for the disk is shared by enough.
const MAX_TOGETHER: usize = 64;
/// What a file's one writer leaves to others between its lots while more waits: a program that takes in a site
/// looks ten times a second whether it may write, and finds this gap within some lots.
const GAP: Duration = Duration::from_millis(20);
/// No further batch after so many rows: the first of them waits for the last, and readers of SQLite's log
/// read the more of it.
const MAX_ROWS: usize = 10_000;

/// The threads that write.
pub(crate) struct Writers {
    writers: Vec<mpsc::Sender<Sent>>,
}

/// A batch, and who waits for its answer.
struct Sent {
    site: String,
    batch: Sound,
    answer: oneshot::Sender<Result<Answer, LedgerError>>,
}

impl Writers {
    /// Opens the ledger as often as there are writers; they end with this, after what waits.
    pub(crate) fn open(ledger: &Path) -> anyhow::Result<Self> {
        let (count, gap) = if is_address(ledger) { (SERVER_WRITERS, Duration::ZERO) } else { (1, GAP) };
        let mut writers = Vec::with_capacity(count);
        for _ in 0..count {
            let intake = Intake::open(ledger)?;
            let (give, take) = mpsc::channel(QUEUE);
            thread::Builder::new()
                .name("intake".to_owned())
                .spawn(move || write(intake, take, gap))
                .context("cannot start a thread that writes")?;
            writers.push(give);
        }
        Ok(Self { writers })
    }

    /// Takes in a batch of a site; returns once it is on the disk, or is not there at all.
    pub(crate) async fn apply(&self, site: String, batch: Sound) -> Result<Answer, LedgerError> {
        let mut hasher = DefaultHasher::new();
        site.hash(&mut hasher);
        // Always the same for a site: its batches stay in their order.
        let place = usize::try_from(hasher.finish() % self.writers.len().max(1) as u64).unwrap_or(0);
        let (answer, answered) = oneshot::channel();
        let Some(writer) = self.writers.get(place) else { return Err(LedgerError::NotTried) };
        if writer.send(Sent { site, batch, answer }).await.is_err() {
            return Err(LedgerError::NotTried);
        }
        answered.await.unwrap_or(Err(LedgerError::NotTried))
    }
}

fn write(mut intake: Intake, mut sent: mpsc::Receiver<Sent>, gap: Duration) {
    while let Some(first) = sent.blocking_recv() {
        let (mut batches, mut waiting, mut rows) = (Vec::new(), Vec::new(), 0);
        let mut next = Some(first);
        while let Some(Sent { site, batch, answer }) = next {
            rows += batch.rows();
            batches.push((site, batch));
            waiting.push(answer);
            let is_full = batches.len() >= MAX_TOGETHER || rows >= MAX_ROWS;
            next = if is_full { None } else { sent.try_recv().ok() };
        }
        let answers = intake.apply_all(&batches, Timestamp::now());
        for (waiting, answer) in waiting.into_iter().zip(answers) {
            // Who has gone asks again.
            let _ = waiting.send(answer);
        }
        if !sent.is_empty() {
            thread::sleep(gap);
        }
    }
}
