//! Ledgers open for reading: a few, opened when needed and used again, as long as the file is the one that
//! they opened.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sekisho_ledger::{Ledger, LedgerError, Reader};
use tokio::sync::Semaphore;

/// Readers at once: a page takes milliseconds, and the box has two cores that also capture.
const MAX_READERS: usize = 2;

/// A reader, and the file that it opened.
type Idle = (Option<Stamp>, Reader);

/// Readers of one ledger.
#[derive(Clone)]
pub(crate) struct Readers {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Idle>>>,
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
        // Before it is opened: one that is replaced between the two is opened once more, never kept.
        let stamp = Stamp::of(&self.path);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(opened, _)| *opened == stamp);
        let known = idle.pop();
        drop(idle);
        let reader = match known {
            Some((_, reader)) => reader,
            None => Ledger::read_only(&*self.path)?,
        };
        // One that failed is not used again.
        let found = read(&reader)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((stamp, reader));
        Ok(found)
    }
}

/// Which file a path leads to, and whether it can have changed under a reader who takes it for unchanging:
/// where nothing may be written SQLite opens it so, and another mount, or one made writable, may follow.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Stamp {
    device: u64,
    inode: u64,
    /// Only of a file beside which no log is: a log's own changes are seen by every reader.
    written: Option<(i64, i64)>,
}

impl Stamp {
    /// Gives none for what is no file, such as a server's database.
    fn of(path: &Path) -> Option<Self> {
        let about = fs::metadata(path).ok()?;
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let written = (!Path::new(&log).exists()).then(|| (about.mtime(), about.mtime_nsec()));
        Some(Self { device: about.dev(), inode: about.ino(), written })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sekisho_api::Analysis;
    use sekisho_ledger::Source;

    use super::*;

    fn record(path: &Path, site: &str) {
        let at = Timestamp::UNIX_EPOCH;
        let source = Source::of(site, site);
        Ledger::open(path).unwrap().record(site, &Analysis::default(), &source, at).unwrap();
    }

    #[test]
    fn a_ledger_that_was_replaced_is_read_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let [path, other] = ["ledger.db", "other.db"].map(|name| folder.path().join(name));
        record(&path, "kita");
        record(&other, "minami");
        let readers = Readers::new(path.clone());
        assert_eq!(readers.with(Reader::site_names).unwrap(), ["kita"]);
        assert_eq!(readers.with(Reader::site_names).unwrap(), ["kita"]);
        fs::rename(&other, &path).unwrap();
        assert_eq!(readers.with(Reader::site_names).unwrap(), ["minami"]);
        assert_eq!(readers.idle.lock().unwrap().len(), 1, "the old one is closed");
    }
}
