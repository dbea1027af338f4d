//! How soon the console answers over a ledger of many sites, page by page.
//!
//! `page-load --collector COLLECTOR`: a ledger of 50 sites with 2,000 connections each, filled as sites fill it; a
//! real collector on loopback with its console; a browser that asks for every kind of list over HTTPS, one
//! handshake a page, so many times each. `--database postgres://…` has it all on a server
//! (`tests/with-postgres page-load …`). A page is told with how many rows it shows.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command's output")]
#![allow(clippy::cast_precision_loss, reason = "milliseconds")]

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use sekisho_tests::ended::Ended;
use sekisho_tests::page_load::{Browser, NEEDLE, fill};

/// What a page's rows have each.
const ROW: &str = "<td class=\"arrow\">";

#[derive(Parser)]
struct Cli {
    /// The collector's program
    #[arg(long, default_value = "target/release/sekisho-collector")]
    collector: PathBuf,
    /// How many sites
    #[arg(long, default_value_t = 50)]
    sites: usize,
    /// Connections of each
    #[arg(long, default_value_t = 2_000)]
    each: usize,
    /// How many of them are declared
    #[arg(long, default_value_t = 100)]
    declared: usize,
    /// How often a page is asked for
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// Where the ledger is: the address of a PostgreSQL database; a file of its own when left out
    #[arg(long)]
    database: Option<String>,
}

/// What is asked for, and why.
const PAGES: &[(&str, &str)] = &[
    ("/connections?all=1", "all, the first page"),
    ("/connections", "surveyed, the first page"),
    ("/connections?all=1&after=60.1772413200000000.0.", "the last rows"),
    ("/connections?tunnels=1", "tunnels"),
    ("/connections?all=1&status=registered", "a status"),
    ("/connections?all=1&status=expired", "a status that nothing has"),
    ("/connections?all=1&status=unseen", "declared, never seen"),
    ("/connections?category=remote-reading", "a category"),
    ("/connections?service=ssh", "a service"),
    ("/connections?all=1&role=ct", "a role"),
    ("/connections?all=1&exit=00:53:00:00:ff:02", "an exit"),
    ("/connections?all=1&site=%E5%8D%97%E7%97%85%E9%99%A2+049", "a site"),
    ("/connections?all=1&q=e", "one letter, in every row"),
    ("/connections?all=1&q=%E7%97%85", "one letter, 病"),
    ("/connections?all=1&q=%E8%AA%AD%E5%BD%B1", "two letters, 読影"),
    ("/connections?all=1&q=%E9%9B%BB%E5%AD%90%E3%82%AB%E3%83%AB%E3%83%86", "a device's name, 電子カルテ"),
    ("/connections?all=1&q=host-77", "a name's beginning"),
    ("/connections?all=1&q=vendor-49.example", "a site's vendor"),
    ("/connections?all=1&q=203.0.7.19", "an address"),
    ("/connections?all=1&q=NOWHERE", "nowhere"),
    ("/connections?q=%E3%81%A9%E3%81%93%E3%81%AB%E3%82%82%E3%81%AA%E3%81%84", "nowhere, どこにもない"),
    ("/connections?all=1&q=needle-in-the-last-row", "the last row alone"),
    (
        "/connections?tunnels=1&q=%E6%9D%B1%E7%97%85%E9%99%A2&category=modality-maintenance",
        "a text in a category",
    ),
    ("/connections?all=1&status=expired&q=host", "a text among the expired"),
    ("/connections?all=1&after=60.1772413200000000.0.&q=host-1", "a text, the last rows"),
    ("/devices?q=%E9%9B%BB%E5%AD%90%E3%82%AB%E3%83%AB%E3%83%86", "devices by text"),
    ("/devices?q=NOWHERE", "devices nowhere"),
    ("/devices", "devices"),
    ("/exits", "exits"),
    ("/exits?q=fw-49", "exits by text"),
    ("/sites", "sites"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let cli = Cli::parse();
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state");
    let ledger = cli.database.clone().unwrap_or_else(|| state.join("ledger.db").display().to_string());
    let free = || TcpListener::bind("127.0.0.1:0")?.local_addr();
    let (boxes, console) = (free()?, free()?);
    let config = folder.path().join("collector.toml");
    let text = format!(
        "state = '{}'\nlisten = '{boxes}'\ndatabase = '{ledger}'\n[log]\nlevel = 'error'\n[console]\nlisten = '{console}'\n",
        state.display()
    );
    fs::write(&config, text)?;
    let command = |what: &str| {
        let mut command = Command::new(&cli.collector);
        command.arg("--config").arg(&config).arg(what).stdin(Stdio::null()).stdout(Stdio::piped());
        command
    };
    if !command("init").output()?.status.success() {
        return Err("the collector does not start".into());
    }
    let begin = Instant::now();
    fill(Path::new(&ledger), cli.sites, cli.each, cli.declared);
    println!("{} connections in {:.0} s", cli.sites * cli.each, begin.elapsed().as_secs_f64());
    let mut running = Ended(command("run").spawn()?);
    let said = running.0.stdout.take().ok_or("no output")?;
    // Kept: who tells something to nobody ends.
    let mut said = BufReader::new(said).lines();
    let code = said.by_ref().map_while(Result::ok).find_map(|line| code(&line));
    let certificate = state.join("console/certificate.pem");
    let mut browser = Browser::sign_in(console, &certificate, &code.ok_or("the console prints no code")?);
    println!("   p50    p99  slowest ms   rows  page");
    let mut slowest = Duration::ZERO;
    for (path, why) in PAGES {
        let (times, rows) = asked(&mut browser, path, cli.rounds);
        let at = |percent: usize| milliseconds(times.get(times.len() * percent / 100).copied());
        let last = times.last().copied();
        println!("{:>6.1} {:>6.1} {:>11.1} {rows:>6}  {why}", at(50), at(99), milliseconds(last));
        slowest = slowest.max(last.unwrap_or_default());
        if path.contains(NEEDLE) && rows != 1 {
            return Err(format!("{rows} rows have what one has").into());
        }
    }
    println!("the slowest of all: {:.1} ms", milliseconds(Some(slowest)));
    Ok(())
}

/// Asks for a page, and gives how long each answer took, in order, and how many rows it had.
fn asked(browser: &mut Browser, path: &str, rounds: usize) -> (Vec<Duration>, usize) {
    let mut rows = 0;
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let begin = Instant::now();
            let page = browser.page(path);
            let took = begin.elapsed();
            rows = page.matches(ROW).count();
            took
        })
        .collect();
    times.sort_unstable();
    (times, rows)
}

fn milliseconds(time: Option<Duration>) -> f64 {
    time.unwrap_or_default().as_secs_f64() * 1000.0
}

/// Finds the code that sets the first password: three times four letters and digits.
fn code(line: &str) -> Option<String> {
    let is_code = |word: &&str| {
        let parts: Vec<&str> = word.split('-').collect();
        let fits = |part: &&str| {
            part.len() == 4 && part.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        };
        parts.len() == 3 && parts.iter().all(fits)
    };
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find(is_code).map(str::to_owned)
}
