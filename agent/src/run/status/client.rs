//! `status`: asks the daemon, and shows its answer.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use sekisho_report::Lang;

use super::server::{Ask, Question};
use super::{MAX_ANSWER_BYTES, Status, words};
use crate::cli::{Status as Args, StatusFormat};
use crate::output;

/// The daemon answers in milliseconds, unless its box has come to a standstill.
const PATIENCE: Duration = Duration::from_secs(10);

/// A daemon that does not answer.
#[derive(Debug, thiserror::Error)]
#[error("no agent answers at {}", path.display())]
pub(crate) struct NoAgent {
    /// The socket.
    pub(crate) path: PathBuf,
    /// Why.
    pub(crate) source: io::Error,
}

/// Shows how the daemon is.
pub(crate) fn status(args: &Args, lang: Lang) -> anyhow::Result<()> {
    let answer = ask(&args.socket).map_err(|source| NoAgent { path: args.socket.clone(), source })?;
    let mut out = io::stdout().lock();
    match args.format {
        // As it came: a newer daemon may say more than this program knows.
        StatusFormat::Json => out.write_all(&answer)?,
        StatusFormat::Text => {
            let status: Status = serde_json::from_slice(&answer).context("the answer is not understood")?;
            out.write_all(words::words(&status, lang, &output::zone()).as_bytes())?;
        }
    }
    Ok(())
}

fn ask(path: &Path) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut question = serde_json::to_vec(&Question { ask: Ask::Status })?;
    question.push(b'\n');
    let mut answer = Vec::new();
    let conversed =
        stream.write_all(&question).and_then(|()| stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer));
    match conversed {
        Ok(read) if read > 0 => Ok(answer),
        Err(error) if !is_closed(error.kind()) => Err(error),
        Ok(_) | Err(_) => Err(io::Error::other("it closed without an answer: too many ask at once")),
    }
}

/// Tells whether the other side hung up. Told as it is, a broken pipe would pass for a reader of ours
/// that has seen enough.
fn is_closed(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}
