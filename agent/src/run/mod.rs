//! The daemon around the packet path: what watches for weeks, and what it tells of itself.
//!
//! | file | what |
//! |---|---|
//! | `daemon` | `run`: opens everything, in the order in which it can fail |
//! | `control` | the main thread: signals, reload, the second's tick, clients |
//! | `fleet` | the threads, started together and stopped in order |
//! | `worker` | a worker's loop: open, batches, orders; [`worker::Work`] is what it does |
//! | `site` | the site's loop: gather, conclude, record; [`site::Site`], [`site::Recorder`] |
//! | `watch`, `known` | what they do: a source with its pipeline; everything known of the site |
//! | `mirror` | the verdict on each interface, of all its threads |
//! | `poller` | the thread that asks equipment over SNMP |
//! | `wiring` | which sources, pipelines and ledger stand behind those traits |
//! | `vitals` | the numbers that workers write and others read |
//! | `overview`, `rates`, `clock`, `health` | those numbers and the box's, brought together |
//! | `status`, `metrics` | the Unix socket and Prometheus |
//! | `door` | an address at which the daemon answers beside its work |
//! | `due` | when what the collector handed down is taken over |
//! | `config`, `check_config` | the configuration and its check |
//! | `logging`, `notify`, `backoff` | the log, the service manager, waiting before a retry |
//!
//! Packets go from a worker's source through its pipeline; what it gathered goes to the site's thread
//! over one bounded channel, and from there into the ledger. Orders run the other way, over a bounded
//! channel for each worker. A panic ends the process: the service manager starts it again, and what was
//! recorded is in the ledger.

mod backoff;
mod check_config;
mod clock;
pub(crate) mod config;
mod control;
mod daemon;
mod door;
mod due;
mod fleet;
mod health;
mod known;
mod logging;
mod metrics;
mod mirror;
mod notify;
mod overview;
mod poller;
mod rates;
mod site;
mod status;
mod vitals;
mod watch;
mod wiring;
mod worker;

pub(crate) use backoff::Backoff;
pub(crate) use check_config::check_config;
pub(crate) use daemon::run;
pub(crate) use door::Door;
pub(crate) use status::{NoAgent, SocketError, status};
