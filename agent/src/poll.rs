//! `poll`: asks network equipment over SNMP, once, and shows what it is.
//!
//! | file | what |
//! |---|---|
//! | `targets` | who may be asked, and who is left out |
//! | `candidates` | what may be network equipment, and what is medical |
//! | `secrets` | communities and users, read from files |
//! | `device` | one device: what it is by our rules, and what it knows |
//! | `tunnels` | its tunnels and lines that are up |
//! | `round`, `gathered` | many devices at once, each at its own pace; what they said, within a bound |
//! | `reported`, `join` | what the ledger takes of it, joined to what the wire showed |
//! | `board` | between the daemon's poller and its site |
//! | `shown` | the result as JSON and as a table |
//! | `words` | what stops it, for people |
//!
//! Invariant: nothing is sent to an address that no person allowed; only reads are sent.

pub(crate) mod board;
mod candidates;
pub(crate) mod device;
mod gathered;
mod join;
mod reported;
pub(crate) mod round;
pub(crate) mod secrets;
mod shown;
pub(crate) mod targets;
mod tunnels;
mod words;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sekisho_ledger::{Ledger, Query, Reader};
use sekisho_report::{Lang, fill};
use sekisho_snmp::{Manner, Recording, Room, State, Traffic};

use self::candidates::Site;
use self::device::Outcome;
use self::gathered::Gathered;
use self::targets::{Allowed, BadTarget};
use crate::cli::{Poll, PollFormat};
use crate::sink::Sink;
use crate::{output, rules};

pub(crate) use words::words;

/// Octets of a recording that are read: whole walks of core switches have some 10 MB.
const MAX_RECORDING_BYTES: u64 = 64 << 20;

/// Asks as the command line says.
pub(crate) fn run(args: &Poll, lang: Lang) -> anyhow::Result<()> {
    let rules = Arc::new(rules::laid(args.rules.as_deref(), args.db.as_deref()).of_devices()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start a runtime")?;
    let traffic = Arc::new(Traffic::default());
    if !args.recording.is_empty() {
        let mut gathered = Gathered::of(args.recording.iter().map(|path| path.display().to_string()));
        for (at, path) in args.recording.iter().enumerate() {
            let client = Recording::parse(&text(path)?);
            let mut outcome = Outcome::nothing(path.display().to_string(), State::Interrupted);
            runtime.block_on(device::ask(&mut outcome, client, &rules));
            gathered.take(at, outcome);
        }
        return show(args, &gathered, &[], &traffic, lang);
    }
    let allowed = Allowed::parse(&args.target, &args.subnet, args.equipment)?;
    let plan = targets::plan(&allowed, &known(args)?, |_| false);
    if plan.refused > 0 {
        return Err(BadTarget { name: "too-many", value: String::new() }.into());
    }
    if args.dry_run {
        let mut out = Sink::open(args.output.as_deref(), &[])?;
        match args.format {
            PollFormat::Json => shown::json(&mut out, &shown::plan(&plan))?,
            PollFormat::Table => shown::would_ask(&mut out, &plan, lang)?,
        }
        return out.close();
    }
    let kept = secrets::named(args);
    let credentials = kept.read()?.into();
    for path in kept.exposed() {
        output::tell(&fill(lang, "poll.exposed", &[("path", &path)]), lang);
    }
    let manner = Manner {
        patience: Duration::from_secs(args.timeout),
        retries: args.retries,
        gap: Duration::from_secs(1) / args.rate.max(1),
    };
    let room = Room::default();
    let round = round::Round { credentials, manner, traffic: Arc::clone(&traffic), room, rules };
    let mut gathered = Gathered::of(plan.ask.iter().map(|target| target.address.to_string()));
    runtime.block_on(round.run(&plan.ask, |at, outcome| gathered.take(at, outcome)));
    show(args, &gathered, &plan.left_out, &traffic, lang)
}

fn show(
    args: &Poll,
    gathered: &Gathered,
    left_out: &[targets::LeftOut],
    traffic: &Traffic,
    lang: Lang,
) -> anyhow::Result<()> {
    if let (Some(db), Some(site)) = (&args.db, &args.site) {
        // The daemon may be writing: what was asked is shown all the same.
        if let Err(error) = crate::map::kept::keep(db, site, gathered.whole()) {
            output::tell(&output::error(&error, lang), lang);
        }
    }
    let sources: Vec<&Path> = args.recording.iter().map(AsRef::as_ref).collect();
    let mut out = Sink::open(args.output.as_deref(), &sources)?;
    let outcomes = gathered.outcomes();
    match args.format {
        PollFormat::Json => shown::json(&mut out, &shown::round(outcomes, left_out, traffic))?,
        PollFormat::Table => {
            out.write_all(shown::table(outcomes, left_out, traffic, lang, output::width()).as_bytes())?;
        }
    }
    out.close()
}

/// What the ledger knows. Only who was named may be asked without one: it tells who is a medical device.
fn known(args: &Poll) -> anyhow::Result<Site> {
    let bad = |name, value: &str| Err(BadTarget { name, value: value.to_owned() }.into());
    let Some(path) = args.db.as_deref() else {
        return if args.subnet.is_empty() { Ok(Site::default()) } else { bad("no-ledger", "") };
    };
    let sites = Ledger::read_only(path)?.site_names()?;
    match args.site.as_deref().map(str::trim) {
        // Of a site that is not there, no medical device is known.
        Some(site) if !sites.iter().any(|known| known == site) => bad("no-site", site),
        // Sites use the same private addresses: another one's router would be asked for here.
        None if args.equipment && sites.len() > 1 => bad("many-sites", &sites.join(", ")),
        _ => known_in(path, args.site.clone()),
    }
}

/// What a ledger knows of a site, or of all of them.
pub(crate) fn known_in(path: &Path, site: Option<String>) -> anyhow::Result<Site> {
    let ledger: Reader = Ledger::read_only(path)?;
    let query = Query { site, ..Query::default() };
    let devices = ledger.devices(&query)?.into_iter().map(|row| row.row).collect();
    let exits = ledger.exits(&query)?.into_iter().map(|row| row.row).collect();
    let tunnels = ledger.connections(&Query { only_tunnels: true, ..query })?;
    let tunnels = tunnels.into_iter().map(|row| row.row).collect();
    Ok(Site { devices, exits, tunnels, ..Site::default() })
}

fn text(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    file.take(MAX_RECORDING_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
