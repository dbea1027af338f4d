//! `register`, `unregister`, `registrations`: what the hospital declares of its connections.

use std::io::Write;

use anyhow::bail;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sekisho_api::{Connection, Registration, Terms};
use sekisho_ledger::{Declared, Entered, Query, Reader, Sited};
use sekisho_report::{Lang, fill, registrations};

use crate::{Desk, ListFormat, Register, Unregister};

/// Declares a connection.
pub fn register(desk: &Desk<'_>, args: &Register, out: &mut dyn Write) -> anyhow::Result<()> {
    let by = desk.named(&args.by)?;
    let mut ledger = desk.open()?;
    let site = desk.site(&ledger)?;
    let connection = connection(&ledger, &site, args.number, desk.lang)?;
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
    declared.registration.zone = zone_name(desk.zone);
    let now = Timestamp::now();
    let done = ledger.register(&site, std::slice::from_ref(&declared), now)?;
    let key = match done.first() {
        Some(Entered::New) | None => "register.entered",
        Some(Entered::Changed) => "register.changed",
        Some(Entered::Same) => "register.same",
    };
    desk.say(out, key, &[("number", &args.number)])
}

/// Takes back what was declared.
pub fn unregister(desk: &Desk<'_>, args: &Unregister, out: &mut dyn Write) -> anyhow::Result<()> {
    let lang = desk.lang;
    let by = desk.named(&args.by)?;
    let mut ledger = desk.open()?;
    let site = desk.site(&ledger)?;
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
    desk.say(out, "register.taken-back", &[("id", &id), ("connections", &covered)])
}

/// Lists what is declared.
pub fn registrations_of(desk: &Desk<'_>, format: ListFormat, out: &mut dyn Write) -> anyhow::Result<()> {
    let ledger = desk.look()?;
    let site = crate::site(&ledger, desk.site, format == ListFormat::Json, desk.lang)?;
    let rows = ledger.registrations(site.as_deref())?;
    let bare = |rows: Vec<Sited<Registration>>| rows.into_iter().map(|row| row.row).collect::<Vec<_>>();
    match format {
        ListFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &rows)?;
            writeln!(out)?;
        }
        ListFormat::Csv => registrations::csv(out, &bare(rows), desk.lang, desk.zone)?,
        ListFormat::Table => {
            out.write_all(registrations::table(&bare(rows), desk.lang, desk.width, desk.zone).as_bytes())?;
        }
    }
    Ok(())
}

/// Counts the connections of a registration.
fn of_registration(ledger: &Reader, site: &str, id: &str) -> anyhow::Result<usize> {
    let query = Query { site: Some(site.to_owned()), without_hours: true, ..Query::default() };
    let mut found = 0;
    ledger.visit(&query, |row| {
        found += usize::from(row.row.registration.is_some_and(|known| known.registration.id == id));
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Reads a connection, which must be there.
pub(crate) fn connection(ledger: &Reader, site: &str, number: i64, lang: Lang) -> anyhow::Result<Connection> {
    let query = Query { site: Some(site.to_owned()), number: Some(number), ..Query::default() };
    match ledger.connections(&query)?.into_iter().next() {
        Some(sited) => Ok(sited.row),
        None => bail!("{}", fill(lang, "register.no-connection", &[("number", &number), ("site", &site)])),
    }
}

pub(crate) fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("Asia/Tokyo").to_owned()
}
