//! `sekisho-collector`: gathers the ledgers of many sites.
//!
//! | file | what |
//! |---|---|
//! | `cli`, `config` | what can be asked; what is configured |
//! | `home` | the CA and the keys |
//! | `run`, `service`, `figures`, `openapi` | sockets; what boxes are answered; figures; the API's description |
//! | `body`, `writers` | what requests may hold; who writes what they bring |
//! | `sites` | adding, listing, revoking and removing sites |
//! | `rules`, `settings` | handing rules and settings down to sites |
//! | `bundles` | what comes and goes by file |
//! | `captures` | captures that came along, kept, listed, removed |
//! | `lists` | what the ledger holds |
//! | `people` | what people declare, ask and compare |
//!
//! It never opens a connection to a site: boxes ask, and the answer carries what people decided.

#![forbid(unsafe_code)]

mod body;
mod bundles;
mod captures;
mod cli;
mod config;
mod figures;
mod home;
mod lists;
mod openapi;
mod people;
mod rules;
mod run;
mod service;
mod settings;
mod sites;
mod writers;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use sekisho_desk as desk;
use sekisho_ledger::{Intake, LedgerError, Member};
use sekisho_report::{Lang, clean_lines, fill, text};
use tracing_subscriber::filter::LevelFilter;

use crate::cli::{Cli, Command};
use crate::config::{Config, Level, Log, LogFormat, Unsound};
use crate::home::Home;

/// Wrong usage, and configurations that are not sound; clap's own code for wrong usage.
const EXIT_USAGE: u8 = 2;

/// What of a site's name is shown: a name heads a part of a list.
pub(crate) const MAX_NAME_CHARS: usize = 100;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match command(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let told = told(&error, cli.lang.into());
            // Nothing is left to do if standard error is closed as well.
            let _ = writeln!(io::stderr(), "sekisho-collector: {}", clean_lines(&told));
            if error.is::<Unsound>() { ExitCode::from(EXIT_USAGE) } else { ExitCode::FAILURE }
        }
    }
}

/// Words an error: what a person can mend in the person's language.
fn told(error: &anyhow::Error, lang: Lang) -> String {
    match error.downcast_ref() {
        Some(LedgerError::Older { path, .. }) => {
            fill(lang, "error.ledger-older", &[("path", &path.display())])
        }
        _ => fill(lang, "error.any", &[("detail", &format!("{error:#}"))]),
    }
}

fn command(cli: &Cli) -> anyhow::Result<()> {
    let lang = cli.lang.into();
    let config = Config::load(cli.config.as_deref())?;
    log(&config.log);
    match &cli.command {
        Command::Init => init(&config, lang),
        Command::Run => run::run(&config, lang),
        Command::Site(args) => sites::run(&args.command, &config, lang),
        Command::Rules(args) => rules::run(&args.command, &config, lang),
        Command::Settings(args) => settings::run(&args.command, &config, lang),
        Command::Import(args) => bundles::import(args, &config, lang),
        Command::Answer(args) => bundles::answer(args, &config, lang),
        Command::Captures(args) => {
            let sites = sites::chosen(&mut Intake::open(config.database())?, &args.site, lang)?;
            captures::run(args, &sites, &config, lang)
        }
        Command::Connections(args) => lists::connections(args, &config, lang),
        Command::Devices(args) => lists::devices(args, &config, lang),
        Command::Exits(args) => lists::exits(args, &config, lang),
        Command::History(args) => lists::history(args, &config, lang),
        Command::Register(args) => people::of(args, &config, lang, desk::register),
        Command::Unregister(args) => people::of(args, &config, lang, desk::unregister),
        Command::Registrations(args) => people::list(args, &config, lang, desk::registrations),
        Command::ImportList(args) => people::of(args, &config, lang, desk::import_list),
        Command::Inquiry(args) => people::inquiry(&args.command, &config, lang),
        Command::Diff(args) => people::of(args, &config, lang, desk::diff),
        Command::Status => status(&config, lang),
        Command::CheckConfig => tell(text(lang, "collector.config-sound")),
        Command::Openapi => tell(&openapi::document().to_pretty_json()?),
    }
}

fn init(config: &Config, lang: Lang) -> anyhow::Result<()> {
    let is_new = Home::init(&config.state)?;
    Home::open(&config.state)?;
    Intake::open(config.database())?;
    let key = if is_new { "collector.made" } else { "collector.made-before" };
    tell(&fill(lang, key, &[("path", &config.state.display())]))
}

fn status(config: &Config, lang: Lang) -> anyhow::Result<()> {
    let zone = sekisho_report::zone();
    let mut intake = Intake::open(config.database())?;
    let (all, members) = (intake.received()?, intake.members()?);
    if members.is_empty() && all.is_empty() {
        tell(text(lang, "collector.no-sites"))?;
    }
    let has_sent = |site: &str| all.iter().any(|received| received.site == site);
    for Member { site, revoked, .. } in members {
        if !revoked && !has_sent(&site) {
            let site = sekisho_report::clean(&site, MAX_NAME_CHARS);
            tell(&fill(lang, "collector.nothing-received", &[("site", &site)]))?;
        }
    }
    for received in all {
        let at = sekisho_report::minute(received.at, &zone);
        let site = sekisho_report::clean(&received.site, MAX_NAME_CHARS);
        let values: [(&str, &dyn std::fmt::Display); 4] =
            [("site", &site), ("at", &at), ("rows", &received.entries), ("outcome", &received.outcome)];
        tell(&fill(lang, "collector.received", &values))?;
        if let Some(other_at) = received.other_at {
            let at = sekisho_report::minute(other_at, &zone);
            tell(&fill(lang, "collector.another-box", &[("site", &site), ("at", &at)]))?;
        }
    }
    Ok(())
}

/// Tells a person one thing.
pub(crate) fn tell(line: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// Logs to standard error; no name of a site above DEBUG.
fn log(log: &Log) {
    let level = match log.level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    let logging =
        tracing_subscriber::fmt().with_max_level(level).with_writer(desk::Log::default()).with_ansi(false);
    match log.format {
        LogFormat::Text => logging.init(),
        LogFormat::Json => logging.json().init(),
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind =
        |cause: &(dyn std::error::Error + 'static)| cause.downcast_ref::<io::Error>().map(io::Error::kind);
    error.chain().any(|cause| kind(cause) == Some(io::ErrorKind::BrokenPipe))
}
