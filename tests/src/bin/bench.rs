//! How fast Sekisho reads, beside its peers: `bench [--profile P,…] [--packets N] [--rounds N]`.
//!
//! Makes the workloads, runs Sekisho, the yardstick and every installed peer on each in turn, and
//! prints a table for each; ends with 1 where what Sekisho found is not what the workload holds.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command's output")]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sekisho_tests::bench::{
    Capture, Check, Contender, End, Errand, Place, Row, Usage, check_agent, check_floor, describe,
    live as wire, markdown, measure, peers, text,
};
use sekisho_tests::workload::Profile;

/// Measures Sekisho, the yardstick and every installed peer on the same captures.
///
/// Peers on Debian: apt-get install softflowd argus-server nfdump pmacct libndpi-bin p0f tshark
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    inner: Option<Inner>,
    /// The workloads; `--profile hospital,small-packets` names several.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "hospital")]
    profile: Vec<Profile>,
    /// How many packets each has.
    #[arg(long, default_value_t = 2_000_000)]
    packets: u64,
    /// Another seed gives other traffic of the same kind.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often each program runs, in turn with the others.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// A program that takes longer is stopped, and left out of the rounds that follow.
    #[arg(long, default_value_t = 600)]
    max_seconds: u64,
    /// Only these peers, such as `softflowd,ndpiReader`; `none` for none.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<String>,
    /// Prints Markdown, with day and machine.
    #[arg(long)]
    table: bool,
    /// The agent; that of the release build if not given.
    #[arg(long)]
    agent: Option<PathBuf>,
    /// Where captures are made and kept; the system's temporary directory if not given.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// A classic capture of your own instead of a workload.
    file: Option<PathBuf>,
}

/// What else can be measured, and what this program starts itself for.
#[derive(Subcommand)]
enum Inner {
    /// Measures live capture over a virtual cable, beside a ring that only counts. Needs root.
    Live {
        /// The workload.
        #[arg(long, value_enum, default_value = "hospital")]
        profile: Profile,
        /// How many packets are sent.
        #[arg(long, default_value_t = 2_000_000)]
        packets: u64,
        /// How often each receives, in turn with the other.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// The agent; that of the release build if not given.
        #[arg(long)]
        agent: Option<PathBuf>,
    },
    #[command(hide = true)]
    Measure(Errand),
    #[command(hide = true)]
    Make { profile: Profile, packets: u64, seed: u64, file: PathBuf },
}

fn main() -> io::Result<ExitCode> {
    let args = Args::parse();
    match &args.inner {
        Some(Inner::Measure(errand)) => {
            println!("{}", serde_json::to_string(&measure(errand)?)?);
            return Ok(ExitCode::SUCCESS);
        }
        Some(Inner::Make { profile, packets, seed, file }) => {
            Capture::make(*profile, *packets, *seed, file)?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Inner::Live { profile, packets, rounds, agent: given }) => {
            let agent = given.clone().map_or_else(agent, Ok)?;
            return live(*profile, *packets, *rounds, &agent).map(|()| ExitCode::SUCCESS);
        }
        None => {}
    }
    let contenders = contenders(&args)?;
    println!("{}", describe());
    let folder = args.folder.clone().unwrap_or_else(std::env::temp_dir);
    let mut true_everywhere = true;
    if let Some(file) = &args.file {
        true_everywhere &= compare(&args, &contenders, &Capture::open(file)?, &folder)?;
    } else {
        for profile in &args.profile {
            let capture = Capture::of(*profile, args.packets, args.seed, &folder)?;
            true_everywhere &= compare(&args, &contenders, &capture, &folder)?;
        }
    }
    Ok(if true_everywhere { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Sekisho's daemon and the counting ring, at one cable in turn.
fn live(profile: Profile, packets: u64, rounds: usize, agent: &Path) -> io::Result<()> {
    let capture = Capture::of(profile, packets, 1, &std::env::temp_dir())?;
    let here = std::env::current_exe()?;
    let (send, ring_count) = (here.with_file_name("send"), here.with_file_name("ring-count"));
    let programs = wire::Programs { agent, send: &send, ring_count: &ring_count };
    println!("{}\n{}: {packets} packets over a virtual cable", describe(), capture.name);
    for _ in 0..rounds {
        let folder = tempfile::tempdir()?;
        let counted = wire::ring_count(&programs, &capture.file, packets)?;
        let watched = wire::agent(&programs, &capture.file, packets, folder.path())?;
        for (name, taken) in [("ring that counts", counted), ("Sekisho", watched)] {
            println!(
                "{name:>16}: {:.3} M packets/s sent, {} of {} taken, {:.3} µs of processor time a packet",
                taken.rate / 1e6,
                taken.taken,
                taken.sent,
                taken.cpu_us
            );
        }
    }
    Ok(())
}

/// Sekisho first, then the yardstick, then the peers asked for.
fn contenders(args: &Args) -> io::Result<Vec<Contender>> {
    let own = |name, does, program, args| {
        let program = Some(program);
        Contender { name, does, program, package: "", limit: u64::MAX, args }
    };
    let mut all = vec![
        own("Sekisho", "everything", args.agent.clone().map_or_else(agent, Ok)?, analyze),
        own("yardstick", "flow table, names", std::env::current_exe()?.with_file_name("floor"), floor),
    ];
    let known = peers();
    let names: BTreeSet<&str> = known.iter().map(|peer| peer.name).chain(["none"]).collect();
    if let Some(unknown) = args.peers.iter().find(|name| !names.contains(name.as_str())) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("no peer `{unknown}`: {names:?}")));
    }
    all.extend(
        known
            .into_iter()
            .filter(|peer| args.peers.is_empty() || args.peers.iter().any(|name| name == peer.name)),
    );
    Ok(all)
}

/// Finds the agent of the release build beside this program's target directory.
fn agent() -> io::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let target = here.ancestors().nth(2).unwrap_or(Path::new("target"));
    let agent = target.join("release").join("sekisho-agent");
    if agent.is_file() {
        return Ok(agent);
    }
    let missing = format!("no agent at {}: build it or pass --agent", agent.display());
    Err(io::Error::new(io::ErrorKind::NotFound, missing))
}

fn analyze(place: &Place<'_>) -> Vec<OsString> {
    let mut args: Vec<OsString> = ["analyze", "--format", "json"].map(OsString::from).into();
    for prefix in place.internal {
        args.extend(["--internal".into(), prefix.into()]);
    }
    args.push(place.file.into());
    args
}

fn floor(place: &Place<'_>) -> Vec<OsString> {
    vec![place.file.into()]
}

/// Runs all on one capture and prints; tells whether what was found is true.
fn compare(args: &Args, contenders: &[Contender], capture: &Capture, folder: &Path) -> io::Result<bool> {
    let scratch = folder.join(format!("sekisho-bench-{}", std::process::id()));
    let internal = capture.truth.as_ref().map(|truth| truth.internal.clone()).unwrap_or_default();
    // Nobody reads it: what comes is thrown away by the system, and the sender hears no refusal.
    let sink = UdpSocket::bind("127.0.0.1:0")?;
    let mut rows: Vec<Row> = contenders.iter().map(|contender| row(contender, capture)).collect();
    let mut checks = Vec::new();
    for round in 0..args.rounds.max(1) {
        for (contender, row) in contenders.iter().zip(&mut rows) {
            let Some(program) = contender.program.as_ref().filter(|_| goes_on(&row.rounds)) else {
                row.rounds.push(None);
                continue;
            };
            fs::create_dir_all(&scratch)?;
            let place = Place {
                file: &capture.file,
                scratch: &scratch,
                sink: sink.local_addr()?.port(),
                internal: &internal,
            };
            let errand = Errand {
                max_seconds: args.max_seconds,
                output: scratch.join("output"),
                errors: scratch.join("errors"),
                program: program.clone(),
                args: (contender.args)(&place),
            };
            let usage = errand.run()?;
            eprintln!("{} {}: {:.2} s, {:?}", round + 1, contender.name, usage.cpu_s, usage.end);
            if let Some(truth) = capture.truth.as_ref().filter(|_| round == 0 && usage.end == End::Done) {
                checks.extend(match contender.name {
                    "Sekisho" => check_agent(truth, &errand.output)?,
                    "yardstick" => check_floor(truth, &errand.output)?,
                    _ => Vec::new(),
                });
            }
            row.rounds.push(Some(usage));
            fs::remove_dir_all(&scratch)?;
        }
    }
    Ok(print(args, capture, &rows, &checks))
}

fn row(contender: &Contender, capture: &Capture) -> Row {
    let name = match contender.version() {
        Some(version) => format!("{} {version}", contender.name),
        None => contender.name.to_owned(),
    };
    let does = if contender.limit < capture.packets {
        format!("{} (first {} packets)", contender.does, contender.limit)
    } else {
        contender.does.to_owned()
    };
    Row {
        name,
        does,
        packets: capture.packets.min(contender.limit),
        rounds: Vec::new(),
        missing: contender.program.is_none().then_some(contender.package),
    }
}

/// Whether a program that did not end well so far is not worth another round.
fn goes_on(rounds: &[Option<Usage>]) -> bool {
    rounds.iter().flatten().all(|usage| usage.end == End::Done)
}

fn print(args: &Args, capture: &Capture, rows: &[Row], checks: &[Check]) -> bool {
    let rounds = args.rounds.max(1);
    println!(
        "\n{}: {} packets, {rounds} rounds ({})\n",
        capture.name,
        capture.packets,
        capture.file.display()
    );
    print!("{}", if args.table { markdown(rows) } else { text(rows) });
    let own = rows.iter().take(2).flat_map(|row| row.rounds.iter());
    let ended = own.flatten().all(|usage| usage.end == End::Done);
    if capture.truth.is_none() {
        println!("\naccuracy: not checked, nobody knows what this capture holds");
        return ended;
    }
    let wrong: Vec<&Check> = checks.iter().filter(|check| !check.holds).collect();
    for Check { what, made, found, .. } in &wrong {
        println!("\naccuracy: {what}: the capture holds {made}, found {found}");
    }
    if wrong.is_empty() && ended {
        println!("\naccuracy: all {} figures hold", checks.len());
    }
    wrong.is_empty() && ended
}
