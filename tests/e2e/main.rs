//! The agent as a person runs it: captures in, lists out.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod agent;
mod cases;
mod day;
mod files;
mod ledger;
