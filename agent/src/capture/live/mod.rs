//! Live capture: a Linux packet socket's memory-mapped ring (TPACKET_V3) as a source of frames.
//!
//! One [`LiveSource`] is one interface, or one member's share of it, and belongs to one thread; sources
//! share nothing. The kernel writes frames into blocks of shared memory and hands over a block at a
//! time, so a frame costs no system call and no copy.
//!
//! Invariants: all `unsafe` code of this program is in `sys.rs`; no offset or length that stands in the
//! ring is followed unchecked; an interface that goes away leaves a source that waits for it.

mod block;
mod error;
pub(crate) mod filter;
mod interfaces;
mod options;
mod privileges;
mod socket;
mod source;
#[expect(unsafe_code, reason = "memory shared with the kernel, and socket options that no safe wrapper has")]
mod sys;

#[cfg(test)]
mod tests;

pub(crate) use error::LiveError;
pub(crate) use filter::{FilterError, Problem, check as check_filter};
pub(crate) use interfaces::{interfaces, is_there, speed_mbps};
pub(crate) use options::{Fanout, InterfaceInfo, Keep, LiveOptions, RingSize};
pub(crate) use privileges::drop_privileges;
pub(crate) use source::LiveSource;
pub(crate) use sys::is_synchronised;
