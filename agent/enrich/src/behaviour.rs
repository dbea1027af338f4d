//! What a connection does over time: how regularly it calls, how it is kept alive, when somebody works
//! through it, what leaves in bulk.
//!
//! | file | what |
//! |---|---|
//! | `scope` | which conns are worth it: those that may leave the site |
//! | `pulse` | one long conn or tunnel, packet by packet: keep-alives apart from work |
//! | `pasts` | which relationships have a past that is kept |
//! | `past` | one relationship, conn by conn and hour by hour |
//! | `thinned` | intervals with sizes, as many as a bound allows |
//! | `score` | how regular they are |
//! | `work` | times at which somebody worked, and who spoke first |
//! | `tell` | all of it in terms of inside and outside, for the rules and the analysis |
//!
//! Invariants: nothing is kept for the many short conns of a site's own network; whatever is kept has a
//! bound, with a count of what it cut off. Here as in the flow table sides are orig's and resp's.

mod past;
mod pasts;
mod pulse;
mod scope;
mod score;
mod tell;
#[cfg(test)]
mod tests;
mod thinned;
mod work;

pub(crate) use past::{Past, Piece};
pub(crate) use pasts::Pasts;
pub(crate) use pulse::{Pulse, Report};
pub(crate) use scope::Scope;
pub(crate) use tell::{Told, Watched, merged};
