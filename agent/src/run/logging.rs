//! The daemon's log: text or JSON on standard error, with a level that changes while it runs.
//!
//! No address, name or community string above DEBUG; never payload.

use sekisho_desk::Log;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::config::{LogFormat, Problem};

/// Changes the level of the running log.
#[derive(Debug)]
pub(crate) struct LogLevel {
    handle: Handle<LevelFilter, Registry>,
    /// The least that the command line asks for.
    asked: LevelFilter,
}

impl LogLevel {
    /// Logs from this level on, or in more detail where the command line says so.
    pub(crate) fn set(&self, level: LevelFilter) {
        if let Err(error) = self.handle.modify(|current| *current = level.max(self.asked)) {
            tracing::error!(%error, "cannot change the log's level");
        }
    }
}

/// Logs what is doubtful about a configuration. It may quote addresses: `check-config` has the words.
pub(crate) fn doubts(doubts: &[Problem]) {
    for doubt in doubts {
        tracing::warn!(
            line = doubt.line,
            doubt = doubt.name,
            "the configuration is doubtful; see check-config"
        );
    }
}

/// Starts the log.
pub(crate) fn init(format: LogFormat, level: LevelFilter, asked: LevelFilter) -> anyhow::Result<LogLevel> {
    let (filter, handle) = reload::Layer::new(level.max(asked));
    let lines = fmt::layer().with_writer(Log::default()).with_ansi(false);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(lines).try_init()?;
    Ok(LogLevel { handle, asked })
}
