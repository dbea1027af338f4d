//! What every origin of frames offers: batches of frames, a count of losses, a list of what went wrong.
//!
//! A batch is what one wait brought: the frames of one block of a live ring, the
//! datagrams that had come, a stretch of a file. Frames
//! borrow from the source, so a batch's bytes stay valid until the next call and nothing is copied.

use std::io;
use std::time::Duration;

use super::live::LiveError;
use super::{Frame, Warning};

/// A stream of frames, in batches.
pub(crate) trait Source {
    /// The frames of one batch, in order; their bytes live as long as the batch.
    type Batch<'a>: Iterator<Item = Frame<'a>>
    where
        Self: 'a;

    /// Waits for frames, at most `patience`, and gives what is there. A file never waits.
    fn batch(&mut self, patience: Duration) -> Result<Arrival<Self::Batch<'_>>, CaptureError>;

    /// Counts the packets that the capturing machine says it lost, as far as it has said so yet.
    fn drops(&self) -> u64;

    /// Lists what could not be read so far, and why.
    fn warnings(&self) -> Vec<Warning>;
}

/// What a wait for frames brought.
#[derive(Debug)]
pub(crate) enum Arrival<B> {
    /// Frames.
    Frames(B),
    /// None in time; more may come.
    Nothing,
    /// None, and none will come.
    End,
}

/// Why a source that was open gives no more frames.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaptureError {
    /// The operating system does not let the capture be waited on.
    #[error("cannot wait for frames on `{interface}`")]
    Wait {
        /// The interface, or the address listened on.
        interface: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The interface came back and cannot be opened again; trying on would not help.
    #[error("cannot capture on `{interface}` again after it came back")]
    Reopen {
        /// The interface.
        interface: String,
        /// Why it cannot be opened.
        source: LiveError,
    },
}
