//! Test data made to order: a synthetic hospital day with its truth, the benchmark captures, and
//! the agent held against captures whose facts are known.
//!
//! Nothing here is shipped. Everything is a function of a seed, so a failure seen once can be had again.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a generator that is wrong should stop at once: its input is its own tables, never bytes from outside"
)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    clippy::cast_lossless,
    reason = "wire formats are made of the low bits of wider numbers, and random draws go through floats"
)]

pub mod bench;
pub mod cable;
pub mod corpus;
pub mod day;
pub mod ended;
pub mod floor;
pub mod page_load;
pub mod simulator;
pub mod sync_load;
pub mod workload;
