//! What stands in for live capture on systems without Linux's ring: errors that say so.

use std::convert::Infallible;
use std::time::Duration;

use super::{InterfaceInfo, Keep, LiveError, LiveOptions, LiveStats};
use crate::capture::source::{Arrival, CaptureError, Source};
use crate::capture::{Frame, Warning};

/// A source that cannot be had here.
#[derive(Debug)]
pub(crate) struct LiveSource(Infallible);

impl LiveSource {
    /// Says that there is no live capture here.
    pub(crate) fn open(_: &LiveOptions) -> Result<Self, LiveError> {
        Err(LiveError::Unsupported)
    }

    /// Gives what the kernel and the source counted.
    pub(crate) fn stats(&self) -> LiveStats {
        match self.0 {}
    }
}

impl Source for LiveSource {
    type Batch<'a> = std::iter::Empty<Frame<'a>>;

    fn batch(&mut self, _: Duration) -> Result<Arrival<Self::Batch<'_>>, CaptureError> {
        match self.0 {}
    }

    fn drops(&self) -> u64 {
        match self.0 {}
    }

    fn warnings(&self) -> Vec<Warning> {
        match self.0 {}
    }
}

/// Says that interfaces cannot be listed here.
pub(crate) fn interfaces() -> Vec<InterfaceInfo> {
    Vec::new()
}

/// Says that the clock cannot be asked here.
pub(crate) fn is_synchronised() -> Option<bool> {
    None
}

/// Says that no speed is known here.
pub(crate) fn speed_mbps(_: &str) -> Option<u32> {
    None
}

/// Says that there are no capabilities to drop here.
pub(crate) fn drop_privileges(_: Keep) -> Result<(), LiveError> {
    Err(LiveError::Unsupported)
}
