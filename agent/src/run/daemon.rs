//! `run`: everything is opened in the order in which it can fail, then the main thread takes over.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use anyhow::Context;
use tokio::runtime;
use tracing_subscriber::filter::LevelFilter;

use super::control::{Control, Signals};
use super::door::Door;
use super::due::Due;
use super::fleet::Fleet;
use super::overview::Overview;
use super::poller::Poller;
use super::{config, logging, metrics, status, wiring};
use crate::capture::live::{self, Keep};
use crate::cli::Run;
use crate::poll::board::Board;
use crate::sync::handed::Mark;
use crate::{console, sync};

/// Runs the daemon until it is told to stop. `asked` is the log's level that the command line asks for.
pub(crate) fn run(args: &Run, asked: LevelFilter) -> anyhow::Result<()> {
    let begun = SystemTime::now();
    let loaded = config::load(&args.config)?;
    let (config, text) = (loaded.config, loaded.text);
    let handed = Mark::of(&config.ledger, begun);
    let log = logging::init(config.log_format, config.live.log_level, asked)?;
    logging::doubts(&loaded.doubts);
    // One thread serves signals, status and figures: they are seconds apart.
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the main thread's runtime")?;
    runtime.block_on(async {
        // First: from the first packet on, a signal must end in a last roll-up.
        let signals = Signals::new()?;
        let status = status::server::Server::bind(&config.socket)?;
        let figures = config.metrics.map(metrics::server::Figures::open);
        let recorder = wiring::recorder(&config)?;
        // Before there are threads: capabilities are a thread's own.
        live::drop_privileges(if config.captures.is_empty() { Keep::Nothing } else { Keep::RawSockets })?;
        wiring::keep_good(&config)?;
        let board = Arc::new(Board::default());
        let site = wiring::site(&config, &board)?;
        let fleet = Fleet::start(wiring::plans(&config), site, recorder, &config.live)?;
        let poller = Poller::start(&config, &board)?;
        let pages = config.console.map(|listen| Arc::new(Door::new("console", listen)));
        if let Some(door) = &pages {
            console::start(&config.ledger, door, config.lang)?;
        }
        let sync = config.sync.clone().map(|sync| Arc::new(Mutex::new(sync)));
        let meetings = match &sync {
            Some(settings) => {
                let (ledger, site) = (config.ledger.clone(), config.site.clone());
                Some(sync::start(ledger, site, Arc::clone(settings))?)
            }
            None => None,
        };
        let doors = figures.iter().map(metrics::server::Figures::door).chain(pages).collect();
        let overview = Arc::new(Overview::new(&config, &fleet, board, meetings, doors));
        let path = &args.config;
        let handed = Due::new(handed);
        Control { signals, handed, path, text, config, log, sync, fleet, poller, overview, status, figures }
            .run()
            .await
    })
}
