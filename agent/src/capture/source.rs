//! The one way frames come in: in batches, from files, live rings and listeners alike.

use std::io;
use std::time::Duration;

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
    /// At least one frame.
    Frames(B),
    /// None within the patience; there may be more later.
    Nothing,
    /// None, ever.
    End,
}

/// Why a source cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaptureError {
    /// The operating system refused.
    #[error("cannot read on from {source_name}")]
    Io {
        /// The interface or address.
        source_name: String,
        /// The system's reason.
        source: io::Error,
    },
}
