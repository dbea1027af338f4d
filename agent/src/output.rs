//! Where results go, and in which form.

mod live;

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sekisho_api::{Analysis, Connection, GENERAL_INTERNET};
use sekisho_ledger::{LedgerError, Missing, missing};
pub(crate) use sekisho_report::zone;
use sekisho_report::{Lang, Survey, csv, fill, label, survey_workbook, table, text};
use sekisho_rules::Rules;

use crate::capture::listen::ListenError;
use crate::capture::{OpenError, Warning};
use crate::cli::{Form, Format};
use crate::poll;
use crate::rules::{self, Faulty};
use crate::run::config::Refused;
use crate::run::{NoAgent, SocketError};
use crate::sink::{Sink, WouldDestroy};
use crate::sync::OnServer;

/// The width of the terminal; `None` where nobody looks, then nothing is folded.
pub(crate) fn width() -> Option<u16> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    named.or_else(|| terminal_size::terminal_size().map(|(width, _)| width.0))
}

/// Writes an analysis in the form asked for.
pub(crate) fn analysis(
    analysis: &Analysis,
    survey: &Survey<'_>,
    Form { format, output, all }: &Form,
    sources: &[&Path],
    lang: Lang,
) -> anyhow::Result<()> {
    let mut sink = Sink::open(output.as_deref(), sources)?;
    let zone = zone();
    match format {
        Format::Json => {
            // For programs: white space would be a third of it.
            serde_json::to_writer(&mut sink, analysis)?;
            writeln!(sink)?;
        }
        Format::Table => {
            let assumed = &analysis.capture.assumed;
            writeln!(sink, "{}", observed(analysis, lang, &zone))?;
            let general = |row: &Connection| row.category.as_deref() == Some(GENERAL_INTERNET);
            // A tunnel is shown whatever it is taken for.
            let surveyed = |row: &&Connection| *all || row.tunnel || !general(row);
            let rows: Vec<&Connection> = analysis.connections.iter().filter(surveyed).collect();
            sink.write_all(table::connections(&rows, assumed, lang, width(), &zone).as_bytes())?;
            folded(&mut sink, analysis.connections.len() - rows.len(), lang)?;
        }
        Format::Csv => csv::connections(&mut sink, &analysis.connections, lang, &zone)?,
        Format::Xlsx => sink.write_all(&survey_workbook(analysis, survey, lang, &zone)?)?,
    }
    sink.close()
}

/// Says how many rows of the general Internet a table leaves out.
pub(crate) fn folded(out: &mut Sink, rows: usize, lang: Lang) -> io::Result<()> {
    if rows == 0 { Ok(()) } else { writeln!(out, "\n{}", fill(lang, "summary.folded", &[("folded", &rows)])) }
}

/// The period and the packets that the list rests on.
fn observed(analysis: &Analysis, lang: Lang, zone: &TimeZone) -> String {
    let capture = &analysis.capture;
    let local = |at: Option<Timestamp>| {
        at.map_or_else(
            || "-".to_owned(),
            |at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        )
    };
    let (first, last) = (local(capture.first_seen), local(capture.last_seen));
    fill(lang, "summary.observed", &[("first", &first), ("last", &last), ("packets", &capture.packets)])
}

/// What a person should know before trusting an empty or short list.
pub(crate) fn doubts(analysis: &Analysis, lang: Lang) -> Vec<String> {
    let capture = &analysis.capture;
    let beyond = capture.weird.get("conns-between-outside-ends").copied().unwrap_or(0);
    let mut doubts = Vec::new();
    if capture.packets == 0 {
        doubts.push(text(lang, "warning.no-packets").to_owned());
    } else if analysis.connections.is_empty() {
        doubts.push(fill(lang, "warning.nothing-leaves", &[("packets", &capture.packets)]));
    }
    if beyond > 0 {
        doubts.push(fill(lang, "warning.outside-ends", &[("conns", &beyond)]));
    }
    doubts
}

/// Adds what should be there and was not seen, or says that it is too early to tell.
pub(crate) fn add_missing(analysis: &mut Analysis, rules: &Rules, lang: Lang) {
    let Missing { rows, undecided, days } = missing(analysis, rules);
    analysis.connections.extend(rows);
    if undecided > 0 {
        let early = fill(lang, "warning.too-early", &[("devices", &undecided), ("days", &days)]);
        tell(&early, lang);
        analysis.capture.warnings.push(early);
    }
}

/// Tells a person something that does not stop the command.
pub(crate) fn tell(warning: &str, lang: Lang) {
    // Standard error may be closed; the analysis carries the warning too.
    let _ = writeln!(io::stderr(), "{}: {warning}", text(lang, "word.warning"));
}

/// Words a warning of the reader, for the analysis and for standard error alike.
pub(crate) fn warning(warning: &Warning, lang: Lang) -> String {
    let worded = words(warning, lang);
    tell(&worded, lang);
    worded
}

/// Words a warning of the reader.
pub(crate) fn words(warning: &Warning, lang: Lang) -> String {
    fill(
        lang,
        &format!("warning.{}", warning.fault.slug()),
        &[
            ("file", &warning.file),
            ("offset", &warning.offset),
            ("after_packet", &warning.after_packet),
            ("detail", &warning.fault),
        ],
    )
}

/// Words what stopped a command: the whole chain of causes, and what to do where it is known.
pub(crate) fn error(error: &anyhow::Error, lang: Lang) -> String {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    let detail = chain.join(": ");
    if let Some(WouldDestroy { path }) = error.downcast_ref() {
        return fill(lang, "error.would-destroy", &[("path", &path.display())]);
    }
    if let Some(refused) = error.downcast_ref::<Refused>() {
        return refused.words(lang);
    }
    if let Some(NoAgent { path, .. }) = error.downcast_ref() {
        let detail = error.root_cause();
        return fill(lang, "error.no-agent", &[("path", &path.display()), ("detail", &detail)]);
    }
    if error.is::<OnServer>() {
        return text(lang, "sync.on-server").to_owned();
    }
    match error.downcast_ref::<SocketError>() {
        Some(SocketError::InUse { path }) => {
            return fill(lang, "error.socket-in-use", &[("path", &path.display())]);
        }
        Some(SocketError::NotASocket { path }) => {
            return fill(lang, "error.not-a-socket", &[("path", &path.display())]);
        }
        Some(SocketError::Listen { .. }) | None => {}
    }
    if let Some(error) = error.downcast_ref() {
        return rules::words(error, lang);
    }
    if let Some(words) = poll::words(error, lang) {
        return words;
    }
    if let Some(Faulty { path, faults }) = error.downcast_ref() {
        return fill(lang, "rules.refused", &[("path", &path.display()), ("faults", faults)]);
    }
    if let Some(error) = error.downcast_ref::<LedgerError>() {
        return ledger_error(error, &detail, lang);
    }
    if let Some(error) = error.chain().find_map(<dyn std::error::Error>::downcast_ref) {
        return live::error(error, &detail, lang);
    }
    if let Some(ListenError { address, .. }) = error.downcast_ref() {
        let detail = error.root_cause();
        return fill(lang, "error.listen", &[("address", address), ("detail", &detail)]);
    }
    match error.downcast_ref::<OpenError>() {
        Some(OpenError::NotACapture { file, packing: None, found, .. }) => fill(
            lang,
            "error.not-a-capture",
            &[("file", file), ("found", &label(lang, "foreign", found.slug()))],
        ),
        Some(OpenError::NotACapture { file, packing: Some(packing), found, .. }) => fill(
            lang,
            "error.packed-not-a-capture",
            &[("file", file), ("packing", packing), ("found", &label(lang, "foreign", found.slug()))],
        ),
        Some(OpenError::HeaderCutOff { file, .. }) => {
            fill(lang, "error.cut-in-header", &[("file", file), ("detail", &detail)])
        }
        Some(
            OpenError::Open { file, .. } | OpenError::Read { file, .. } | OpenError::Unpack { file, .. },
        ) => fill(lang, "error.cannot-open", &[("file", file), ("detail", &detail)]),
        None => fill(lang, "error.any", &[("detail", &detail)]),
    }
}

fn ledger_error(error: &LedgerError, detail: &str, lang: Lang) -> String {
    let (key, path) = match error {
        LedgerError::Missing { path } => ("error.ledger-missing", path),
        LedgerError::InUse { path } => ("error.ledger-in-use", path),
        LedgerError::Older { path, .. } => ("error.ledger-older", path),
        LedgerError::NotALedger { path } => ("error.not-a-ledger", path),
        LedgerError::DiskFull { path, .. } => ("error.ledger-full", path),
        _ => return fill(lang, "error.any", &[("detail", &detail)]),
    };
    fill(lang, key, &[("path", &path.display()), ("detail", &detail)])
}
