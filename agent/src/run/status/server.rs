//! The status socket: a line of JSON in, a line of JSON out, and the connection is closed.
//!
//! Whoever may open the socket (its owner and group) may ask. A client that says nothing, reads
//! nothing or says too much is left after [`PATIENCE`]; only [`AT_ONCE`] are served at the same time.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Status;

/// Clients at the same time: a person, a script, and one that hangs.
const AT_ONCE: usize = 4;
/// A client on the same machine needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest question.
const MAX_QUESTION_BYTES: u64 = 256;
/// Read and write for owner and group.
const MODE: u32 = 0o660;

/// A question.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// What is asked.
    pub(super) ask: Ask,
}

/// What can be asked.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ask {
    /// How the daemon is.
    Status,
}

/// A socket that cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    /// Another agent serves it.
    #[error("another agent is running with socket {}", path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// What is there is no socket, and is left alone.
    #[error("{} is there already and is no socket", path.display())]
    NotASocket {
        /// What is there.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("cannot listen on socket {}", path.display())]
    Listen {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The socket, and the lock that says whose it is.
#[derive(Debug)]
pub(crate) struct Server {
    listener: UnixListener,
    path: PathBuf,
    clients: Arc<Semaphore>,
    _lock: File,
}

impl Drop for Server {
    fn drop(&mut self) {
        // A socket that stays is replaced at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

impl Server {
    /// Makes the socket; one that a killed agent left behind is replaced.
    pub(crate) fn bind(path: &Path) -> Result<Self, SocketError> {
        let cannot = |source| SocketError::Listen { path: path.to_owned(), source };
        // The lock goes with the process, the socket's file does not: who has the lock may replace the file.
        let lock = lock(path)?;
        match fs::symlink_metadata(path) {
            Ok(there) if there.file_type().is_socket() => fs::remove_file(path).map_err(cannot)?,
            Ok(_) => return Err(SocketError::NotASocket { path: path.to_owned() }),
            Err(_) => {}
        }
        let listener = UnixListener::bind(path).map_err(cannot)?;
        fs::set_permissions(path, Permissions::from_mode(MODE)).map_err(cannot)?;
        let clients = Arc::new(Semaphore::new(AT_ONCE));
        Ok(Self { listener, path: path.to_owned(), clients, _lock: lock })
    }

    /// Waits for a client, and answers it beside everything else.
    pub(crate) async fn serve(&self, answer: impl FnOnce() -> Status + Send + 'static) -> io::Result<()> {
        let (mut stream, _) = self.listener.accept().await?;
        // One too many is closed at once, which the client can tell.
        let Ok(permit) = Arc::clone(&self.clients).try_acquire_owned() else { return Ok(()) };
        tokio::spawn(async move {
            let _permit = permit;
            match timeout(PATIENCE, converse(&mut stream, answer)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "status client left"),
                Err(_) => tracing::debug!("status client too slow"),
            }
        });
        Ok(())
    }
}

fn lock(path: &Path) -> Result<File, SocketError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let cannot = |source| SocketError::Listen { path: path.to_owned(), source };
    let file = File::options().create(true).truncate(false).write(true).open(name).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SocketError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(cannot(source)),
    }
}

async fn converse(stream: &mut UnixStream, answer: impl FnOnce() -> Status) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = Vec::new();
    BufReader::new(read.take(MAX_QUESTION_BYTES)).read_until(b'\n', &mut line).await?;
    let mut answer = match serde_json::from_slice(&line) {
        Ok(Question { ask: Ask::Status }) => serde_json::to_vec(&answer())?,
        Err(error) => serde_json::to_vec(&serde_json::json!({ "error": error.to_string() }))?,
    };
    answer.push(b'\n');
    write.write_all(&answer).await?;
    write.shutdown().await
}
