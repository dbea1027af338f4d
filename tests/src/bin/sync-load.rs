//! How many changes a second a collector takes in of how many sites, in how much memory.
//!
//! `sync-load --collector COLLECTOR`: a real collector on loopback; sites that enrol, connect over mutual TLS,
//! keep the connection and send one roll-up's changes after another, each as soon as the one before is
//! acknowledged. `--database postgres://…` has it write there (`tests/with-postgres sync-load …` starts a server;
//! with SEKISHO_POSTGRES_OPTIONS='-c fsync=on' as a server runs for good). What was acknowledged is compared with
//! what the collector's ledger says. Sender and collector share the machine: what the sender takes is told.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command's output")]
#![allow(clippy::cast_precision_loss, reason = "some million rows")]

use std::error::Error;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use sekisho_ledger::Intake;
use sekisho_sync::Address;
use sekisho_tests::ended::Ended;
use sekisho_tests::sync_load::{AT_ONCE, Meter, Script, Seat, Taken, Tally, Window, invite, take_a_seat};
use tokio::task::JoinSet;

/// How often it is looked whether the time that is measured has begun.
const LOOK: Duration = Duration::from_millis(10);
/// How long the collector has to listen.
const STARTS: Duration = Duration::from_mins(1);

#[derive(Parser)]
struct Cli {
    /// The collector's program
    #[arg(long, default_value = "target/release/sekisho-collector")]
    collector: PathBuf,
    /// How many sites, one run each
    #[arg(long, value_delimiter = ',', default_value = "200,1000,2000")]
    sites: Vec<usize>,
    /// How long they send
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Where the collector's ledger is: the address of a PostgreSQL database; a file of its own when left out
    #[arg(long)]
    database: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let cli = Cli::parse();
    let script = Arc::new(Script::make());
    let (first, further) = script.rows();
    println!("a site: {first} rows at first, then {further} a batch");
    println!("sites  changes/s  batches/s  wait p50/p99 ms  collector µs/change  peak MiB");
    for sites in &cli.sites {
        run(&cli, *sites, &script)?;
    }
    Ok(())
}

fn run(cli: &Cli, sites: usize, script: &Arc<Script>) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state");
    let ledger = cli.database.clone().unwrap_or_else(|| state.join("ledger.db").display().to_string());
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let config = folder.path().join("collector.toml");
    let text = format!(
        "state = '{}'\nlisten = '{address}'\ndatabase = '{ledger}'\n[log]\nlevel = 'error'\n",
        state.display()
    );
    fs::write(&config, text)?;
    let command = |what: &str| {
        let mut command = Command::new(&cli.collector);
        command.arg("--config").arg(&config).arg(what).stdin(Stdio::null()).stdout(Stdio::null());
        command
    };
    if !command("init").status()?.success() {
        return Err("the collector does not start".into());
    }
    // Of one server several runs: each has sites of its own.
    let prefix = format!("load {} {sites}", std::process::id());
    let mut intake = Intake::open(Path::new(&ledger))?;
    let invitations = invite(&mut intake, (0..sites).map(|site| format!("{prefix} {site}")));
    let running = Ended(command("run").spawn()?);
    listens(address)?;
    let meter = Meter(running.0.id());
    let at: Address = format!("https://{address}").parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut seats = Vec::with_capacity(sites);
    for some in invitations.chunks(AT_ONCE) {
        let enrolled = async {
            let enrolling: JoinSet<Seat> =
                some.iter().map(|one| take_a_seat(at.clone(), one.clone())).collect();
            enrolling.join_all().await
        };
        seats.extend(runtime.block_on(enrolled));
    }
    let window = Arc::new(Window::new(sites, Duration::from_secs(cli.seconds)));
    let (all, before) = runtime.block_on(sent(seats, script, &window, meter));
    let after = meter.read();
    let mut waits = all.waits;
    waits.sort_unstable();
    let wait = |percent: usize| {
        waits.get(waits.len() * percent / 100).map_or(0.0, |wait| wait.as_secs_f64() * 1000.0)
    };
    println!(
        "{sites:>5}  {:>9.0}  {:>9.0}  {:>7.0}/{:<7.0}  {:>19.1}  {:>8.0}",
        all.measured as f64 / cli.seconds as f64,
        waits.len() as f64 / cli.seconds as f64,
        wait(50),
        wait(99),
        (after.cpu_s - before.cpu_s) * 1e6 / all.since as f64,
        after.peak_mib,
    );
    let received = intake.received()?.into_iter().filter(|one| one.site.starts_with(&prefix));
    let entries: i64 = received.map(|one| one.entries).sum();
    if entries.unsigned_abs() != all.rows {
        return Err(format!("{entries} rows are there of {} acknowledged", all.rows).into());
    }
    Ok(())
}

/// Has every site send, and reads the meter when the time begins that is measured.
async fn sent(seats: Vec<Seat>, script: &Arc<Script>, window: &Arc<Window>, meter: Meter) -> (Tally, Taken) {
    let mut sending = JoinSet::new();
    for seat in seats {
        let (script, window) = (Arc::clone(script), Arc::clone(window));
        sending.spawn(async move { seat.send(&script, &window).await });
    }
    while window.begin().is_none() {
        tokio::time::sleep(LOOK).await;
        if let Some(Err(error)) = sending.try_join_next() {
            std::panic::resume_unwind(error.into_panic());
        }
    }
    let before = meter.read();
    let mut all = Tally::default();
    while let Some(done) = sending.join_next().await {
        match done {
            Ok(tally) => {
                all.rows += tally.rows;
                all.since += tally.since;
                all.measured += tally.measured;
                all.waits.extend(tally.waits);
            }
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    (all, before)
}

fn listens(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let begin = Instant::now();
    while TcpStream::connect(address).is_err() {
        if begin.elapsed() > STARTS {
            return Err("the collector does not listen".into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
