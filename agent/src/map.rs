//! `map`: how a site hangs together, as a picture; what people decide of its links; and what equipment said,
//! kept for it.

pub(crate) mod kept;

use std::io::{self, Write};
use std::path::Path;

use anyhow::bail;
use jiff::Timestamp;
use sekisho_api::{Mark, MarkEnd, MarkKind, Topology};
use sekisho_ledger::{Ledger, Query, Reader};
use sekisho_report::{Lang, MapOf, fill, label};
use sekisho_topology::{find, topology};

use crate::cli::Map;
use crate::sink::Sink;
use crate::{list, output};

/// What the picture is written as.
#[derive(Clone, Copy)]
enum Form {
    Svg,
    Drawio,
    Json,
}

pub(crate) fn run(args: &Map, lang: Lang) -> anyhow::Result<()> {
    let form = args.output.as_deref().map(|path| form(path, lang)).transpose()?;
    let marks = [(MarkKind::Pin, &args.pin), (MarkKind::Hide, &args.hide), (MarkKind::Draw, &args.draw)];
    if marks.iter().any(|(_, ends)| !ends.is_empty()) || !args.forget.is_empty() {
        let mut ledger = Ledger::beside(&args.place.db)?;
        let site = site(&ledger, args, lang)?;
        for (kind, ends) in marks {
            for pair in ends.chunks_exact(2) {
                mark(&mut ledger, &site, kind, pair, lang)?;
            }
        }
        for pair in args.forget.chunks_exact(2) {
            forget(&mut ledger, &site, pair, lang)?;
        }
    }
    let (Some(path), Some(form)) = (args.output.as_deref(), form) else { return Ok(()) };
    let ledger = Ledger::read_only(&args.place.db)?;
    let site = site(&ledger, args, lang)?;
    let analysis = ledger.analysis(&Query { site: Some(site.clone()), ..Query::default() })?;
    let topology = topology(&ledger.snapshots(&site)?, &analysis.devices, &ledger.marks(&site)?);
    let map = MapOf { site: &site, analysis: &analysis, topology: &topology };
    let mut sink = Sink::open(Some(path), &[&args.place.db])?;
    match form {
        Form::Svg => sink.write_all(map.svg(lang, &output::zone()).as_bytes())?,
        Form::Drawio => sink.write_all(map.drawio(lang, &output::zone()).as_bytes())?,
        Form::Json => {
            serde_json::to_writer_pretty(&mut sink, &map.data(lang))?;
            writeln!(sink)?;
        }
    }
    sink.close()
}

fn form(path: &Path, lang: Lang) -> anyhow::Result<Form> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("svg") => Ok(Form::Svg),
        Some("drawio") => Ok(Form::Drawio),
        Some("json") => Ok(Form::Json),
        Some(_) | None => bail!("{}", fill(lang, "map.ending", &[("path", &path.display())])),
    }
}

/// The one site that is drawn.
fn site(ledger: &Reader, args: &Map, lang: Lang) -> anyhow::Result<String> {
    if let Some(site) = list::site(ledger, &args.place, false, lang)? {
        return Ok(site);
    }
    match ledger.site_names()?.into_iter().next() {
        Some(site) => Ok(site),
        None => bail!("{}", fill(lang, "map.no-site", &[])),
    }
}

/// The topology as it is seen, without what people decided.
fn seen(ledger: &Reader, site: &str) -> anyhow::Result<Topology> {
    let devices = ledger.devices(&Query { site: Some(site.to_owned()), ..Query::default() })?;
    let devices: Vec<_> = devices.into_iter().map(|row| row.row).collect();
    Ok(topology(&ledger.snapshots(site)?, &devices, &[]))
}

/// An end as a person named it: a node that is known by its key and name, else what was written.
fn end(topology: &Topology, called: &str) -> MarkEnd {
    let known = find(topology, called);
    let name = topology.nodes.iter().find(|node| Some(&node.key) == known.as_ref());
    MarkEnd {
        name: name.and_then(|node| node.name.clone()).or_else(|| known.is_none().then(|| called.to_owned())),
        node: known.unwrap_or_else(|| called.to_owned()),
        port: None,
    }
}

fn mark(ledger: &mut Ledger, site: &str, kind: MarkKind, ends: &[String], lang: Lang) -> anyhow::Result<()> {
    let topology = seen(ledger, site)?;
    let [a, b] = ends else { return Ok(()) };
    let mark = Mark { kind, a: end(&topology, a), b: end(&topology, b), at: Timestamp::now() };
    let kept = ledger.mark(site, &mark)?;
    let key = if kept { "map.marked" } else { "map.no-room" };
    let word = label(lang, "link-mark", kind.slug());
    Ok(writeln!(io::stdout(), "{}", fill(lang, key, &[("a", a), ("b", b), ("mark", &word)]))?)
}

fn forget(ledger: &mut Ledger, site: &str, ends: &[String], lang: Lang) -> anyhow::Result<()> {
    let topology = seen(ledger, site)?;
    let [a, b] = ends else { return Ok(()) };
    let [one, other] = [a, b].map(|named| end(&topology, named).node);
    let count = ledger.unmark(site, &one, &other, Timestamp::now())?;
    Ok(writeln!(io::stdout(), "{}", fill(lang, "map.forgotten", &[("a", a), ("b", b), ("count", &count)]))?)
}
