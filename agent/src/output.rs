//! Where results go, and in which form.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::tz::TimeZone;
use sekisho_api::{Analysis, Connection, GENERAL_INTERNET};
use sekisho_report::{HistoryRow, Lang, csv, fill, label, table, text, workbook};

use crate::capture::{OpenError, Warning};
use crate::cli::{Form, Format};

/// The zone in which people are shown times: Japan's, unless `TZ` names another.
pub(crate) fn zone() -> TimeZone {
    let named = std::env::var("TZ").ok().filter(|name| !name.is_empty());
    let zone = named.and_then(|name| TimeZone::get(name.trim_start_matches(':')).ok());
    zone.or_else(|| TimeZone::get("Asia/Tokyo").ok()).unwrap_or(TimeZone::fixed(jiff::tz::offset(9)))
}

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
    history: &[HistoryRow],
    Form { format, output, all }: &Form,
    lang: Lang,
) -> anyhow::Result<()> {
    let mut sink = Sink::open(output.as_deref())?;
    let zone = zone();
    match format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut sink, analysis)?;
            writeln!(sink)?;
        }
        Format::Table => {
            let assumed = &analysis.capture.assumed;
            let surveyed = |row: &&Connection| *all || row.category.as_deref() != Some(GENERAL_INTERNET);
            let rows: Vec<Connection> = analysis.connections.iter().filter(surveyed).cloned().collect();
            sink.write_all(table::connections(&rows, assumed, lang, width(), &zone).as_bytes())?;
            let folded = analysis.connections.len() - rows.len();
            if folded > 0 {
                writeln!(sink, "\n{}", fill(lang, "summary.folded", &[("folded", &folded)]))?;
            }
        }
        Format::Csv => csv::connections(&mut sink, &analysis.connections, lang, &zone)?,
        Format::Xlsx => sink.write_all(&workbook(analysis, history, lang, &zone)?)?,
    }
    sink.close()
}

/// Words a warning of the reader, for the analysis and for standard error alike.
pub(crate) fn warning(warning: &Warning, lang: Lang) -> String {
    let worded = fill(
        lang,
        &format!("warning.{}", warning.fault.slug()),
        &[
            ("file", &warning.file),
            ("offset", &warning.offset),
            ("after_packet", &warning.after_packet),
            ("detail", &warning.fault),
        ],
    );
    // Standard error may be closed; the analysis carries the warning too.
    let _ = writeln!(io::stderr(), "{}: {worded}", text(lang, "warning"));
    worded
}

/// Words what stopped a command: the whole chain of causes, and what to do where it is known.
pub(crate) fn error(error: &anyhow::Error, lang: Lang) -> String {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    let detail = chain.join(": ");
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

/// Standard output, or a file that appears under its name only when it is whole.
pub(crate) struct Sink {
    writer: BufWriter<Box<dyn Write>>,
    /// The file's name while it is written, and its name at the end.
    names: Option<(PathBuf, PathBuf)>,
}

impl Sink {
    pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self { writer: BufWriter::new(Box::new(io::stdout().lock())), names: None });
        };
        let mut partial = path.as_os_str().to_owned();
        partial.push(".part");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).with_context(|| format!("cannot write {}", partial.display()))?;
        Ok(Self { writer: BufWriter::new(Box::new(file)), names: Some((partial, path.to_owned())) })
    }

    pub(crate) fn close(mut self) -> anyhow::Result<()> {
        self.writer.flush()?;
        if let Some((partial, path)) = &self.names {
            std::fs::rename(partial, path).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
