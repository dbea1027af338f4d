//! Waiting for a server: the runtime of one session, which runs while a call waits and sleeps otherwise.
//!
//! Every wait has an end, after which the session counts as lost: nobody knows what the server did last.
//!
//! Who waits may be within a runtime of its own, the poller's or a console's, where tokio refuses to run
//! another and to end one. There the call waits for a thread that is within none.

use std::cell::Cell;
use std::io;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;

use super::DatabaseError;

/// What one session waits with.
#[derive(Debug)]
pub(super) struct Waiter {
    /// None once it is closed.
    runtime: Option<Runtime>,
    limit: Duration,
    gave_up: Cell<bool>,
}

impl Waiter {
    /// Makes one whose waits last for `limit` at most.
    pub(super) fn new(limit: Duration) -> Result<Self, DatabaseError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(DatabaseError::System)?;
        Ok(Self { runtime: Some(runtime), limit, gave_up: Cell::new(false) })
    }

    /// Waits for some work, which may leave more to do while others wait.
    pub(super) fn wait<T: Send>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>> + Send,
    ) -> Result<T, DatabaseError> {
        let Some(runtime) = self.runtime.as_ref().filter(|_| !self.gave_up.get()) else {
            return Err(DatabaseError::System(io::ErrorKind::NotConnected.into()));
        };
        let limit = self.limit;
        let run = || runtime.block_on(async { timeout(limit, work).await });
        let done = if Handle::try_current().is_ok() { elsewhere(run)? } else { run() };
        let Ok(done) = done else {
            self.gave_up.set(true);
            return Err(DatabaseError::NoAnswer(limit));
        };
        done.map_err(DatabaseError::Postgres)
    }

    /// Tells whether a wait came to its end without an answer.
    pub(super) fn gave_up(&self) -> bool {
        self.gave_up.get()
    }

    /// Ends what is under way, and with it the connection; nothing can be waited for any more.
    pub(super) fn close(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.close();
    }
}

/// Runs on a thread that is within no runtime.
fn elsewhere<T: Send>(run: impl FnOnce() -> T + Send) -> Result<T, DatabaseError> {
    let done = thread::scope(|scope| {
        let thread = thread::Builder::new().name("ledger".to_owned()).spawn_scoped(scope, run)?;
        thread.join().map_err(|_| io::Error::other("a thread that waited for the server ended"))
    });
    done.map_err(DatabaseError::System)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const SOON: Duration = Duration::from_millis(20);
    const LATE: Duration = Duration::from_mins(1);

    #[test]
    fn a_task_of_another_runtime_may_wait_and_drop_what_it_waited_with() {
        let answer = Builder::new_current_thread().build().unwrap().block_on(async {
            let waiter = Waiter::new(LATE).unwrap();
            waiter.wait(async { Ok(tokio::spawn(async { 7 }).await.unwrap()) }).unwrap()
        });
        assert_eq!(answer, 7);
        assert_eq!(Waiter::new(LATE).unwrap().wait(async { Ok(7) }).unwrap(), 7, "within none");
    }

    #[test]
    fn a_wait_without_an_answer_ends_and_nothing_is_waited_for_after_it() {
        let waiter = Waiter::new(SOON).unwrap();
        let none = waiter.wait(pending::<Result<(), _>>());
        assert!(matches!(none, Err(DatabaseError::NoAnswer(SOON))) && waiter.gave_up());
        assert!(waiter.wait(async { Ok(()) }).is_err());
    }
}
