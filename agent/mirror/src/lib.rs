//! The mirror check: is what this port shows really a mirror of the network?
//!
//! [`MirrorCheck`] counts while packets pass: frames by whom they are for, conns by which of their
//! directions were seen. [`MirrorCheck::judge`] turns the counts into an [`Assessment`]: a verdict and
//! findings, each with its figures. What to change on the switch is worded by the catalogue of text,
//! under the finding's key.
//!
//! | what passes | called | cost |
//! |---|---|---|
//! | every frame | [`MirrorCheck::frame`] | counters only: no allocation, no hashing |
//! | a mirror's own wrap ([`wrap()`]), before the frame inside | [`MirrorCheck::carrier`] | a counter |
//! | every ARP packet | [`MirrorCheck::arp`] | one look into a bounded table |
//! | every conn that ends | [`MirrorCheck::conn`] | a few looks into bounded tables |
//!
//! Invariants: no clock and no I/O. A verdict of good or bad needs evidence enough; where there is
//! little, the verdict says so. Every table is bounded, with a count of what it refused.

#![forbid(unsafe_code)]

mod check;
mod conns;
mod findings;
mod frames;
mod halves;
mod judge;
mod tally;
mod vlans;
mod wrap;

#[cfg(test)]
mod tests;

pub use check::MirrorCheck;
pub use findings::{Figure, Finding, Key, Severity};
pub use frames::{Carries, Glance};
pub use judge::{Around, Assessment, Overview, Verdict};
pub use wrap::{Carrier, wrap};
