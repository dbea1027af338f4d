//! Ledgers open for reading: a few, opened when needed and used again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sekisho_ledger::{Ledger, LedgerError, Reader};
use tokio::sync::Semaphore;

/// Readers at once: a page takes milliseconds, and the box has two cores that also capture.
const MAX_READERS: usize = 2;

/// Readers of one ledger.
#[derive(Clone)]
pub(crate) struct Readers {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Reader>>>,
    free: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        let free = Arc::new(Semaphore::new(MAX_READERS));
        Self { path: Arc::new(path), idle: Arc::default(), free }
    }

    /// Reads the ledger on a thread that may wait. Nothing where the ledger cannot be read, which is
    /// logged.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, LedgerError> + Send + 'static,
    ) -> Option<T> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        let readers = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            readers.with(read)
        });
        match done.await {
            Ok(Ok(found)) => Some(found),
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot read the ledger");
                None
            }
            Err(_) => None,
        }
    }

    fn with<T>(&self, read: impl FnOnce(&Reader) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => Ledger::read_only(&*self.path)?,
        };
        // One that failed is not used again: the file may have been replaced.
        let found = read(&reader)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        Ok(found)
    }
}
