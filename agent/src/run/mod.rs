//! `run`: the daemon.

mod check_config;
pub(crate) mod config;

pub(crate) use check_config::check_config;
