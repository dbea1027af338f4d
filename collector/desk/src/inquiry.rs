//! `inquiry`: whom was asked what, what came of it, and the files that prove it.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ring::digest::{Context as Digest, SHA256};
use sekisho_api::{EvidenceFile, Inquiry};
use sekisho_ledger::{Answer, DUE_AFTER, Query};
use sekisho_report::{Lang, fill, inquiries, label, minute};

use crate::{Desk, InquiryAdd, InquiryAnswer, ListFormat, register};

/// The longest file whose digest is taken: recordings of a talk are some hundreds of MiB.
const MAX_FILE_MIB: u64 = 4_096;
const BUFFER_BYTES: usize = 64 * 1024;

/// Notes an inquiry.
pub fn add(desk: &Desk<'_>, args: &InquiryAdd, out: &mut dyn Write) -> anyhow::Result<()> {
    let by = desk.named(&args.by)?;
    let mut ledger = desk.open()?;
    let site = desk.site_to_declare(&ledger)?;
    if let Some(number) = args.connection {
        register::connection(&ledger, &site, number, desk.lang)?;
    }
    let (now, zone) = (Timestamp::now(), desk.zone);
    let asked = args.asked.map_or(Ok(now), |day| begin(day, zone))?;
    let due = match args.due {
        Some(day) => end(day, zone)?,
        None => end((asked + DUE_AFTER).to_zoned(zone.clone()).date(), zone)?,
    };
    let inquiry = Inquiry {
        connection: args.connection,
        question: args.question.clone(),
        counterpart: args.to.clone(),
        method: args.method.clone(),
        by,
        asked,
        due,
        minutes: args.hours.unwrap_or_default(),
        ..Inquiry::default()
    };
    let number = ledger.inquire(&site, &inquiry, now)?;
    desk.say(out, "register.inquiry-entered", &[("inquiry", &number), ("due", &minute(due, zone))])
}

/// Notes what came of an inquiry.
pub fn answer(desk: &Desk<'_>, args: &InquiryAnswer, out: &mut dyn Write) -> anyhow::Result<()> {
    let lang = desk.lang;
    let by = desk.named(&args.by)?;
    let mut ledger = desk.open()?;
    let site = desk.site(&ledger)?;
    let (now, zone) = (Timestamp::now(), desk.zone);
    let mut evidence = Vec::new();
    for path in &args.evidence {
        evidence.push(file(path, lang)?);
    }
    let says = args.answer.is_some() || args.outcome.is_some() || args.answered.is_some();
    let answered = match args.answered {
        Some(day) => Some(begin(day, zone)?),
        None => says.then_some(now),
    };
    let answer = Answer {
        answer: args.answer.clone(),
        answered,
        outcome: args.outcome.clone(),
        next: args.next.clone(),
        minutes: args.hours.unwrap_or_default(),
        evidence,
        by,
    };
    let Some(inquiry) = ledger.answer(&site, args.number, &answer, now)? else {
        bail!("{}", fill(lang, "register.no-inquiry", &[("inquiry", &args.number)]))
    };
    let outcome = label(lang, "outcome", inquiry.state(now));
    desk.say(out, "register.inquiry-answered", &[("inquiry", &args.number), ("outcome", &outcome)])
}

/// Lists the inquiries.
pub fn listed(desk: &Desk<'_>, format: ListFormat, out: &mut dyn Write) -> anyhow::Result<()> {
    let ledger = desk.look()?;
    let site = crate::site(&ledger, desk.site, format == ListFormat::Json, desk.lang)?;
    let rows = ledger.inquiries(&Query { site, ..Query::default() })?;
    let now = Timestamp::now();
    if format == ListFormat::Json {
        serde_json::to_writer_pretty(&mut *out, &rows)?;
        return Ok(writeln!(out)?);
    }
    let rows: Vec<Inquiry> = rows.into_iter().map(|row| row.row).collect();
    match format {
        ListFormat::Csv => inquiries::csv(out, &rows, desk.lang, desk.zone, now)?,
        ListFormat::Table | ListFormat::Json => {
            out.write_all(inquiries::table(&rows, desk.lang, desk.width, desk.zone, now).as_bytes())?;
        }
    }
    Ok(())
}

/// Takes the digest of a file; the file itself stays where it is.
fn file(path: &Path, lang: Lang) -> anyhow::Result<EvidenceFile> {
    let cannot = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(cannot)?;
    let (mut digest, mut bytes, mut buffer) = (Digest::new(&SHA256), 0_u64, vec![0; BUFFER_BYTES]);
    loop {
        let read = file.read(&mut buffer).with_context(cannot)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
        digest.update(part);
        bytes += read as u64;
        if bytes > MAX_FILE_MIB << 20 {
            bail!(
                "{}",
                fill(lang, "register.file-too-long", &[("file", &path.display()), ("limit", &MAX_FILE_MIB)])
            )
        }
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let hex = digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    Ok(EvidenceFile { name, sha256: hex, bytes })
}

/// Gives the beginning of a day.
pub(crate) fn begin(day: Date, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    Ok(day.to_zoned(zone.clone())?.timestamp())
}

/// Gives the last moment of a day.
pub(crate) fn end(day: Date, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    Ok(begin(day.tomorrow()?, zone)? - jiff::SignedDuration::from_micros(1))
}
