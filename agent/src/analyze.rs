//! `analyze`: capture files in, the list out, and into a ledger where one is named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sekisho_api::{Analysis, Connection};
use sekisho_enrich::Prefix;
use sekisho_ledger::{Input, Ledger, Query, Recorded, Source as LedgerSource};
use sekisho_report::{Lang, Survey};
use sekisho_rules::Rules;

use crate::capture::{self, Arrival, Progress, Source};
use crate::cli::Analyze;
use crate::digest::CaptureDigest;
use crate::output;
use crate::pipeline::{Pipeline, Settings};

pub(crate) fn run(args: &Analyze, lang: Lang) -> anyhow::Result<()> {
    let rules = match &args.rules {
        Some(folder) => Rules::load(folder)?,
        None => Rules::embedded()?,
    };
    let bounds = args.max_memory.map_or_else(Settings::default, |bytes| Settings::sharing(bytes, 1));
    let settings = Settings { internal: args.internal.clone(), ..bounds };
    let (mut analysis, inputs) = read(&args.files, settings, args.db.is_some(), lang, &rules)?;
    for doubt in output::doubts(&analysis, lang) {
        output::tell(&doubt, lang);
        analysis.capture.warnings.push(doubt);
    }
    if let (Some(path), Some(site)) = (&args.db, &args.site) {
        record(path, site, &mut analysis, inputs)?;
    }
    // Not into the ledger: there it is looked for over all that was ever seen.
    output::add_missing(&mut analysis, &rules, lang);
    let sources: Vec<&Path> = args.files.iter().chain(&args.db).map(PathBuf::as_path).collect();
    output::analysis(&analysis, &Survey::default(), &args.form, &sources, lang)?;
    // The process ends here: giving a hundred thousand rows back one by one takes as long as sorting them.
    std::mem::forget(analysis);
    Ok(())
}

/// Reads capture files, and nothing more.
pub(crate) fn files(
    files: &[PathBuf],
    internal: &[Prefix],
    lang: Lang,
    rules: &Rules,
) -> anyhow::Result<Analysis> {
    let settings = Settings { internal: internal.to_vec(), ..Settings::default() };
    Ok(read(files, settings, false, lang, rules)?.0)
}

/// Reads every file; gives what it shows, and each file's identity.
fn read(
    files: &[PathBuf],
    settings: Settings,
    identify: bool,
    lang: Lang,
    rules: &Rules,
) -> anyhow::Result<(Analysis, Vec<Input>)> {
    let mut pipeline = Pipeline::new(settings);
    let mut progress = Progress::new(files);
    let mut inputs = Vec::new();
    for path in in_time(files)? {
        let mut source = capture::open(path)?;
        let mut digest = identify.then(CaptureDigest::new);
        while let Arrival::Frames(batch) = source.batch(Duration::ZERO)? {
            pipeline.batch(batch.inspect(|frame| {
                if let Some(digest) = &mut digest {
                    digest.frame(frame);
                }
            }));
            progress.batch(&source);
        }
        progress.file_done(&source);
        pipeline.source_done(source.drops());
        for warning in source.warnings() {
            pipeline.warn(output::warning(&warning, lang));
        }
        let hash = digest.map(CaptureDigest::finish).unwrap_or_default();
        inputs.push(Input { name: path.display().to_string(), hash });
    }
    progress.finish();
    Ok((pipeline.finish(rules), inputs))
}

/// Orders capture files by their first frame, so that a session that goes on in the next file is one.
/// A pipe cannot be looked into twice: then the order is the caller's.
pub(crate) fn in_time(files: &[PathBuf]) -> anyhow::Result<Vec<&PathBuf>> {
    let is_pipe = |path: &PathBuf| path.as_os_str() == capture::STANDARD_INPUT || !path.is_file();
    if files.len() < 2 || files.iter().any(is_pipe) {
        return Ok(files.iter().collect());
    }
    let mut starts = Vec::new();
    for path in files {
        let first = match capture::open(path)?.batch(Duration::ZERO)? {
            Arrival::Frames(mut batch) => batch.next().map(|frame| frame.time_ns),
            Arrival::Nothing | Arrival::End => None,
        };
        starts.push((first, path));
    }
    starts.sort_by_key(|(first, _)| *first);
    Ok(starts.into_iter().map(|(_, path)| path).collect())
}

/// Records into the ledger, and takes over the numbers by which it knows the connections.
fn record(path: &Path, site: &str, analysis: &mut Analysis, inputs: Vec<Input>) -> anyhow::Result<()> {
    let mut ledger = Ledger::open(path)?;
    let recorded = ledger.record(site, analysis, &LedgerSource { inputs }, Timestamp::now())?;
    let Recorded { already, new, updated, changes } = recorded;
    tracing::info!(already, new, updated, changes, "recorded in the ledger");
    let site = Some(site.trim().to_owned());
    let rows = ledger.connections(&Query { site, ..Query::default() })?;
    let mut known: BTreeMap<_, Vec<&Connection>> = BTreeMap::new();
    for row in rows.iter().map(|sited| &sited.row) {
        known.entry(identity(row)).or_default().push(row);
    }
    for connection in &mut analysis.connections {
        let of_party = |row: &&&Connection| row.outside.ips.contains(&connection.outside.ip);
        let row = known.get(&identity(connection)).and_then(|rows| rows.iter().find(of_party));
        connection.number = row.and_then(|row| row.number);
    }
    Ok(())
}

/// What a connection has in common with its row in the ledger, beside the outside party.
fn identity(connection: &Connection) -> (String, String, Option<String>) {
    let device = connection.inside.mac.as_ref().unwrap_or(&connection.inside.ip);
    (connection.service.clone(), device.clone(), connection.exit.as_ref().map(|exit| exit.mac.clone()))
}
