//! `doctor`: is what is captured really a mirror of the network, and what is to be changed?
//!
//! [`Watch`] takes frames from wherever they come, one after the other, and concludes: from capture files,
//! or from an interface for as long as it is asked to.

#[cfg(test)]
pub(crate) mod samples;
mod watch;
pub(crate) mod wire;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use sekisho_api::{Mirror, MirrorVerdict};
use sekisho_decode::MacAddr;
use sekisho_mirror::Around;
use sekisho_report::{Lang, mirror};

use crate::analyze::in_time;
use crate::capture::live::{self, Keep, LiveOptions, LiveSource};
use crate::capture::{self, Arrival, Progress, Source};
use crate::cli::{Doctor, DoctorFormat};
use crate::output;
use crate::sink::Sink;
use watch::Watch;

/// Judges, tells, and gives the exit code that the verdict comes to.
pub(crate) fn run(args: &Doctor, lang: Lang) -> anyhow::Result<ExitCode> {
    let check = match &args.interface {
        Some(interface) => live(interface, args)?,
        None => files(&args.files, lang)?,
    };
    tell(args, &check, lang)?;
    Ok(exit_code(check.verdict))
}

/// How long one wait for frames may take.
const PATIENCE: Duration = Duration::from_millis(200);

/// Judges what passes an interface now.
fn live(interface: &str, args: &Doctor) -> anyhow::Result<Mirror> {
    let options = LiveOptions { filter: args.filter.clone(), ..LiveOptions::new(interface) };
    let mut source = LiveSource::open(&options)?;
    live::drop_privileges(Keep::RawSockets)?;
    let described = live::interfaces().into_iter().find(|known| known.name == interface);
    let own: Vec<MacAddr> = described.iter().filter_map(|known| known.mac).collect();
    let mut watch = Watch::new(&own);
    let (began, duration) = (Instant::now(), Duration::from_secs(args.seconds));
    while began.elapsed() < duration {
        if let Arrival::Frames(batch) = source.batch(PATIENCE.min(duration))? {
            batch.for_each(|frame| watch.frame(&frame));
        }
    }
    let stats = source.stats();
    let around = Around {
        drops: stats.drops,
        freezes: stats.freezes,
        duration: began.elapsed(),
        speed_mbps: live::speed_mbps(interface),
        enabled: described.as_ref().map(|known| known.enabled),
        link_up: described.as_ref().map(|known| known.running),
        ..Around::default()
    };
    Ok(wire::mirror(&watch.judge(around)))
}

/// Judges capture files as one.
fn files(paths: &[PathBuf], lang: Lang) -> anyhow::Result<Mirror> {
    // Nothing in a file says which of its addresses was the listening box's.
    let mut watch = Watch::new(&[]);
    let mut drops = 0;
    let mut progress = Progress::new(paths);
    for path in in_time(paths)? {
        let mut source = capture::open(path)?;
        while let Arrival::Frames(batch) = source.batch(Duration::ZERO)? {
            batch.for_each(|frame| watch.frame(&frame));
            progress.batch(&source);
        }
        progress.file_done(&source);
        // What a file says of its drops may be any number.
        drops = u64::saturating_add(drops, source.drops());
        for warning in source.warnings() {
            output::warning(&warning, lang);
        }
    }
    progress.finish();
    Ok(wire::mirror(&watch.judge(Around { drops, ..Around::default() })))
}

fn tell(args: &Doctor, check: &Mirror, lang: Lang) -> anyhow::Result<()> {
    let sources: Vec<&Path> = args.files.iter().map(PathBuf::as_path).collect();
    let mut sink = Sink::open(args.output.as_deref(), &sources)?;
    match args.format {
        DoctorFormat::Text => sink.write_all(mirror::report(check, lang).as_bytes())?,
        DoctorFormat::Json => {
            serde_json::to_writer_pretty(&mut sink, check)?;
            writeln!(sink)?;
        }
    }
    sink.close()
}

/// What a script is to know: whether the port can be relied on.
fn exit_code(verdict: MirrorVerdict) -> ExitCode {
    match verdict {
        MirrorVerdict::Good | MirrorVerdict::Doubtful => ExitCode::SUCCESS,
        MirrorVerdict::Bad | MirrorVerdict::TooLittleToTell => ExitCode::FAILURE,
    }
}
