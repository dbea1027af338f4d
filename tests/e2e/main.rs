//! The agent as a person runs it: captures in, lists out.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod agent;
mod bench;
mod cases;
mod collector;
mod daemon;
mod day;
mod doctor;
mod files;
mod ledger;
mod live;
mod owned;
mod packages;
mod poller;
mod registrations;
mod rules;
mod snmp;
