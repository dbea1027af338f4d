//! `register`, `unregister`, `registrations`: what the hospital declares of its connections.

use std::io::Write;

use anyhow::bail;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sekisho_api::{Connection, Registration, Terms};
use sekisho_ledger::{Declared, Entered, Ledger, Query, Reader, Sited};
use sekisho_report::{Lang, fill, registrations, text};

use crate::cli::{ListFormat, Listing, Place, Register, Unregister};
use crate::sink::Sink;
use crate::{list, output};

pub(crate) fn register(args: &Register, lang: Lang) -> anyhow::Result<()> {
    let by = named(&args.by, lang)?;
    let mut ledger = open(&args.place)?;
    let site = site(&ledger, &args.place, lang)?;
    let connection = connection(&ledger, &site, args.number, lang)?;
    let mut declared = Declared::of(&connection);
    if let Some(known) = connection.registration {
        // Approved again, it is the registration that it has, unless that is of more than this connection.
        let of_one =
            known.registration.device == declared.registration.device && known.registration.service.is_some();
        if of_one {
            declared.registration = known.registration;
        }
    }
    declared.registration.terms = Terms {
        purpose: args.purpose.clone(),
        owner: args.owner.clone(),
        vendor: args.vendor.clone(),
        contact: args.contact.clone(),
        contract_end: args.contract_end,
        hours: args.hours.clone(),
        until: args.until,
        note: args.note.clone(),
    };
    declared.registration.by = by;
    declared.registration.zone = zone_name(&output::zone());
    let now = Timestamp::now();
    let done = ledger.register(&site, std::slice::from_ref(&declared), now)?;
    let key = match done.first() {
        Some(Entered::New) | None => "register.entered",
        Some(Entered::Changed) => "register.changed",
        Some(Entered::Same) => "register.same",
    };
    say(&fill(lang, key, &[("number", &args.number)]))
}

pub(crate) fn unregister(args: &Unregister, lang: Lang) -> anyhow::Result<()> {
    let by = named(&args.by, lang)?;
    let mut ledger = open(&args.place)?;
    let site = site(&ledger, &args.place, lang)?;
    let (id, number) = match args.what.parse::<i64>() {
        Ok(number) => {
            let connection = connection(&ledger, &site, number, lang)?;
            let Some(known) = connection.registration else {
                bail!("{}", fill(lang, "register.not-registered", &[("number", &number)]))
            };
            (known.registration.id, Some(number))
        }
        Err(_) => (args.what.clone(), None),
    };
    let covered = of_registration(&ledger, &site, &id)?;
    if ledger.unregister(&site, &id, number, &by, Timestamp::now())?.is_none() {
        bail!("{}", fill(lang, "register.no-registration", &[("id", &id)]))
    }
    say(&fill(lang, "register.taken-back", &[("id", &id), ("connections", &covered)]))
}

pub(crate) fn registrations_of(args: &Listing, lang: Lang) -> anyhow::Result<()> {
    let ledger = Ledger::read_only(&args.place.db)?;
    let site = list::site(&ledger, &args.place, args.format == ListFormat::Json, lang)?;
    let rows = ledger.registrations(site.as_deref())?;
    let mut sink = Sink::open(args.output.as_deref(), &[&args.place.db])?;
    let zone = output::zone();
    let bare = |rows: Vec<Sited<Registration>>| rows.into_iter().map(|row| row.row).collect::<Vec<_>>();
    match args.format {
        ListFormat::Json => {
            serde_json::to_writer_pretty(&mut sink, &rows)?;
            writeln!(sink)?;
        }
        ListFormat::Csv => registrations::csv(&mut sink, &bare(rows), lang, &zone)?,
        ListFormat::Table => {
            sink.write_all(registrations::table(&bare(rows), lang, output::width(), &zone).as_bytes())?;
        }
    }
    sink.close()
}

/// Counts the connections of a registration.
fn of_registration(ledger: &Reader, site: &str, id: &str) -> anyhow::Result<usize> {
    let query = Query { site: Some(site.to_owned()), ..Query::default() };
    let mut found = 0;
    ledger.visit(&query, |row| {
        found += usize::from(row.row.registration.is_some_and(|known| known.registration.id == id));
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Opens a ledger that is there: a mistyped path is no new ledger.
pub(crate) fn open(place: &Place) -> anyhow::Result<Ledger> {
    // An older ledger is brought up to date by the writer; that it is there at all, the reader tells.
    if !sekisho_ledger::is_address(&place.db) && !place.db.exists() {
        Ledger::read_only(&place.db)?;
    }
    Ok(Ledger::open(&place.db)?)
}

/// The site asked for, else the only one there is.
pub(crate) fn site(ledger: &Reader, place: &Place, lang: Lang) -> anyhow::Result<String> {
    if let Some(site) = list::site(ledger, place, false, lang)? {
        return Ok(site);
    }
    let Some(site) = ledger.site_names()?.into_iter().next() else {
        bail!("{}", text(lang, "register.no-site"))
    };
    Ok(site)
}

/// The site to declare something of: the one that is named, which may be new, else the only one there is.
pub(crate) fn site_to_declare(ledger: &Reader, place: &Place, lang: Lang) -> anyhow::Result<String> {
    match &place.site {
        Some(named) if ledger.site_names()?.is_empty() => Ok(named.clone()),
        _ => site(ledger, place, lang),
    }
}

/// Reads a connection, which must be there.
pub(crate) fn connection(ledger: &Reader, site: &str, number: i64, lang: Lang) -> anyhow::Result<Connection> {
    let query = Query { site: Some(site.to_owned()), number: Some(number), ..Query::default() };
    match ledger.connections(&query)?.into_iter().next() {
        Some(sited) => Ok(sited.row),
        None => bail!("{}", fill(lang, "register.no-connection", &[("number", &number), ("site", &site)])),
    }
}

/// A name, which the history must have.
pub(crate) fn named(by: &str, lang: Lang) -> anyhow::Result<String> {
    let by = by.trim();
    if by.is_empty() {
        bail!("{}", text(lang, "register.no-name"))
    }
    Ok(by.to_owned())
}

pub(crate) fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("Asia/Tokyo").to_owned()
}

/// Tells what was done.
pub(crate) fn say(what: &str) -> anyhow::Result<()> {
    let mut sink = Sink::open(None, &[])?;
    writeln!(sink, "{what}")?;
    sink.close()
}
