//! `sekisho-agent`: watches a hospital's network and lists its external connections.

mod analyze;
mod capture;
mod cli;
mod console;
mod digest;
mod doctor;
mod explain;
mod facts;
mod import_text;
mod list;
mod map;
mod output;
mod people;
mod pipeline;
mod poll;
mod rules;
mod run;
mod sink;
mod sync;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use sekisho_desk as desk;
use sekisho_report::{Lang, clean_lines};
use tracing_subscriber::filter::LevelFilter;

use crate::capture::OpenError;
use crate::cli::{Cli, Command};
use crate::rules::Faulty;
use crate::run::config::Refused;
use crate::sink::WouldDestroy;

/// Wrong usage, files that are no captures, and configurations that are not sound; clap's own code for wrong usage.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The daemon's configuration says how it logs.
    if !matches!(cli.command, Command::Run(_)) {
        log(cli.verbose);
    }
    match command(&cli) {
        Ok(code) => code,
        Err(error) => fail(&error, cli.lang.into()),
    }
}

fn command(cli: &Cli) -> anyhow::Result<ExitCode> {
    let lang = cli.lang.into();
    match &cli.command {
        Command::Analyze(args) => analyze::run(args, lang),
        Command::Connections(args) => list::connections(args, lang),
        Command::Devices(args) => list::devices(args, lang),
        Command::Exits(args) => list::exits(args, lang),
        Command::History(args) => list::history(args, lang),
        Command::ImportText(args) => import_text::run(args, lang),
        Command::Map(args) => map::run(args, lang),
        Command::Register(args) => {
            people::at(&args.place, lang, |at, out| desk::register(at, &args.what, out))
        }
        Command::Unregister(args) => {
            people::at(&args.place, lang, |at, out| desk::unregister(at, &args.what, out))
        }
        Command::Registrations(args) => people::list(args, lang, desk::registrations),
        Command::ImportList(args) => {
            people::at(&args.place, lang, |at, out| desk::import_list(at, &args.what, out))
        }
        Command::Inquiry(args) => people::inquiry(&args.command, lang),
        Command::Diff(args) => people::at(&args.place, lang, |at, out| desk::diff(at, &args.what, out)),
        Command::Console(args) => console::run(args, lang),
        Command::Doctor(args) => return doctor::run(args, lang),
        Command::Explain(args) => explain::run(args, lang),
        Command::Rules(args) => rules::run(&args.command, lang),
        Command::Poll(args) => poll::run(args, lang),
        Command::Enrol(args) => sync::enrol(args, lang),
        Command::Sync(args) => sync::once(args, lang),
        Command::Bundle(args) => sync::bundle(args, lang),
        Command::Import(args) => sync::import(args, lang),
        Command::Run(args) => run::run(args, level(cli.verbose)),
        Command::Status(args) => run::status(args, lang),
        Command::CheckConfig(args) => run::check_config(args, lang),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Logs to standard error; never payload, and no address or name above DEBUG.
fn log(verbose: u8) {
    tracing_subscriber::fmt().with_max_level(level(verbose)).with_writer(io::stderr).with_ansi(false).init();
}

/// The level that `-v`, given so many times, asks for.
fn level(verbose: u8) -> LevelFilter {
    match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

/// Tells the whole chain of causes once, and which exit code it comes to.
fn fail(error: &anyhow::Error, lang: Lang) -> ExitCode {
    let is_closed_pipe = |cause: &(dyn std::error::Error + 'static)| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(is_closed_pipe) {
        // The reader has seen enough, as `head` does.
        return ExitCode::SUCCESS;
    }
    // Nothing is left to do if standard error is closed as well.
    let _ = writeln!(io::stderr(), "sekisho-agent: {}", clean_lines(&output::error(error, lang)));
    let is_usage = error.is::<OpenError>()
        || error.is::<WouldDestroy>()
        || error.is::<Refused>()
        || error.is::<Faulty>();
    if is_usage { ExitCode::from(EXIT_USAGE) } else { ExitCode::FAILURE }
}
