//! Recording: one analysis in, rows and history out, in one transaction.
//!
//! * The same inputs with the same analysis, or a part of inputs already recorded: nothing changes.
//! * The same inputs with another analysis (better rules, other settings): what the capture said is
//!   replaced, and history rows carry the cause `rereading`.
//! * New inputs: rows are extended. An older capture moves `first_seen` back and adds what was not
//!   known; it changes nothing that a later capture says, and tells nobody silent.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sekisho_api::{Analysis, Connection, Evidence, ExitRow};
use serde_json::{Value, json};

use crate::capture::{self, Known, Source, Span};
use crate::change::{Cause, ChangeKind, Subject};
use crate::clean;
use crate::connection::{self, Row};
use crate::counters::Counters;
use crate::day;
use crate::device::State;
use crate::error::Fault;
use crate::fold::{self, Kind, Stored};
use crate::live::Live;
use crate::pairing::pair;
use crate::rollup;
use crate::settle;
use crate::sighting::{self, Sighted};
use crate::sql::{micros, time};
use crate::standing;
use crate::store::Database;
use crate::watch;

/// How long a connection must be absent from later captures to be told silent, in microseconds.
///
/// A day: what runs once a night is not silent at noon, and a capture rotated every half an hour
/// tells nobody silent for not speaking in one of the files.
pub const SILENT_AFTER_US: i64 = 24 * 3_600_000_000;

/// How many usual intervals a regular connection must miss to be told silent, where that is longer.
const MISSED_INTERVALS: f64 = 3.0;

/// What recording did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Recorded {
    /// Whether the ledger had it all already; the rest is zero then.
    pub already: bool,
    /// Connections that the site did not have.
    pub new: u64,
    /// Connections that the site had.
    pub updated: u64,
    /// Rows added to the history.
    pub changes: u64,
}

/// Records an analysis.
pub(crate) fn record(
    database: &Database,
    site: &str,
    analysis: &Analysis,
    source: &Source,
    now: Timestamp,
) -> Result<Recorded, Fault> {
    let site = clean::text(site.trim());
    if site.is_empty() {
        return Err(Fault::NoSite);
    }
    let inputs = source.by_hash()?;
    let identity = capture::digest(inputs.keys().map(String::as_str));
    let content = capture::digest([crate::sql::json(analysis)?.as_str()]);
    let transaction = database.begin()?;
    let known = capture::find(&transaction, &site, &identity)?;
    let already = match &known {
        Some((_, before)) => *before == content,
        None => capture::is_part_of_another(&transaction, &site, &inputs)?,
    };
    if already {
        return Ok(Recorded { already, ..Recorded::default() });
    }
    let sighted = sighting::of(analysis)?;
    let mut counters = Counters::load(&transaction, &site, micros(now))?;
    let number = known.as_ref().map_or_else(|| counters.capture(), |(number, _)| *number);
    capture::save(&transaction, &site, number, (&identity, &content), analysis, micros(now))?;
    if known.is_none() {
        capture::save_inputs(&transaction, &site, number, &inputs)?;
    }
    let cause = if known.is_some() { Cause::Rereading } else { Cause::Capture };
    let mut recorder = Recorder::new(&transaction, &site, number, cause, now, counters)?;
    recorder.record(sighted)?;
    let recorded = recorder.recorded;
    recorder.counters.save(&transaction, &site)?;
    transaction.commit()?;
    Ok(recorded)
}

/// The recording of one capture, or of a roll-up into its day's capture.
pub(crate) struct Recorder<'d> {
    pub(crate) database: &'d Database,
    pub(crate) site: &'d str,
    pub(crate) capture: i64,
    /// The site's captures, this one included; of a roll-up those around it.
    pub(crate) captures: BTreeMap<i64, Known>,
    pub(crate) span: Option<Span>,
    pub(crate) cause: Cause,
    pub(crate) now: Timestamp,
    /// Whether no capture of the site is later.
    pub(crate) latest: bool,
    /// Whether rows can be extended: this capture comes after all others and shares no time with them.
    pub(crate) extends: bool,
    pub(crate) counters: Counters,
    pub(crate) recorded: Recorded,
    /// Set for a roll-up.
    pub(crate) live: Option<Live>,
    /// The connections that were written, to be held against the registrations.
    pub(crate) touched: BTreeSet<i64>,
}

impl<'d> Recorder<'d> {
    fn new(
        database: &'d Database,
        site: &'d str,
        capture: i64,
        cause: Cause,
        now: Timestamp,
        counters: Counters,
    ) -> Result<Self, Fault> {
        let captures = capture::all(database, site)?;
        let own = captures.get(&capture);
        let mut others = captures.values().filter(|known| known.number != capture);
        let latest = own.is_some_and(|own| {
            others.clone().all(|other| (other.span, &other.identity) < (own.span, &own.identity))
        });
        let alone = own.is_some_and(|own| !others.any(|other| other.span.overlaps(own.span)));
        Ok(Self {
            database,
            site,
            capture,
            span: own.map(|own| own.span),
            cause,
            now,
            latest,
            extends: latest && alone && cause == Cause::Capture,
            counters,
            recorded: Recorded::default(),
            captures,
            live: None,
            touched: BTreeSet::new(),
        })
    }

    fn record(&mut self, sighted: Sighted) -> Result<(), Fault> {
        let before = self.forget_earlier_reading()?;
        self.sightings(sighted)?;
        self.settle(&before)?;
        self.silences()?;
        settle::seen(self.database, self.site, &self.touched)
    }

    /// Records what is seen, devices and exits before the connections that refer to them.
    pub(crate) fn sightings(&mut self, sighted: Sighted) -> Result<(), Fault> {
        for (key, device) in sighted.devices {
            self.observe(&key, device)?;
        }
        for (mac, exit) in sighted.exits {
            self.observe(&mac, exit)?;
        }
        self.connections(sighted.connections)
    }

    /// Keeps what this capture or sensor says of a subject.
    fn keep<K: Kind>(&self, key: &str, seen: &mut K) -> Result<(), Fault> {
        match &self.live {
            Some(live) => standing::extend(self.database, (self.site, &live.sensor), key, seen),
            None => fold::save_sighting(self.database, self.site, key, self.capture, seen),
        }
    }

    /// Keeps what this capture or sensor counted of a connection.
    fn count(&self, number: i64, seen: &Connection, hours: &BTreeMap<i64, u64>) -> Result<(), Fault> {
        match &self.live {
            Some(live) => self.count_days(live, number, seen, hours),
            None => rollup::save(self.database, self.site, number, self.capture, hours),
        }
    }

    /// Takes back what an earlier reading of this capture said, and gives the subjects it spoke of.
    fn forget_earlier_reading(&self) -> Result<BTreeSet<(String, String)>, Fault> {
        if self.cause != Cause::Rereading {
            return Ok(BTreeSet::new());
        }
        let subjects = self.subjects()?;
        for sql in [
            "DELETE FROM sightings WHERE site = $1 AND capture = $2",
            "DELETE FROM activity WHERE site = $1 AND capture = $2",
        ] {
            self.database.execute(sql, (self.site, self.capture))?;
        }
        Ok(subjects)
    }

    /// Gives the kinds and keys of what this capture shows.
    fn subjects(&self) -> Result<BTreeSet<(String, String)>, Fault> {
        let sql = "SELECT kind, subject FROM sightings WHERE site = $1 AND capture = $2";
        let values = (self.site, self.capture);
        Ok(self.database.query(sql, values, |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect())
    }

    /// Records a device or an exit.
    fn observe<K: Stored>(&mut self, key: &str, mut seen: K) -> Result<(), Fault> {
        let (database, site) = (self.database, self.site);
        let at = seen.first_seen();
        self.keep(key, &mut seen)?;
        let Some((mut before, withdrawn)) = K::load(database, site, key)? else {
            let evidence = std::mem::take(seen.evidence());
            seen.save(database, site, key)?;
            fold::save_evidence::<K>(database, site, key, &evidence)?;
            return self.change(ChangeKind::Appeared, &K::subject(key), at, None, Some(seen.summary()));
        };
        *before.evidence() = fold::evidence::<K>(database, site, key)?;
        let after = if self.extends { before.clone().merge(seen) } else { self.folded(key)?.unwrap_or(seen) };
        self.save_stored(key, after.clone(), Some(before.evidence()))?;
        if withdrawn {
            self.returned(&K::subject(key), at, None)?;
        }
        self.differences(&K::subject(key), at, &before, &after)
    }

    /// Writes a row; its evidence only where it is not the one that is stored.
    fn save_stored<K: Stored>(
        &self,
        key: &str,
        mut row: K,
        stored: Option<&mut Vec<Evidence>>,
    ) -> Result<(), Fault> {
        let evidence = std::mem::take(row.evidence());
        row.save(self.database, self.site, key)?;
        if stored.is_some_and(|stored| *stored == evidence) {
            return Ok(());
        }
        fold::save_evidence::<K>(self.database, self.site, key, &evidence)
    }

    /// Makes a row anew from all sightings, if there is any.
    fn folded<K: Kind>(&self, key: &str) -> Result<Option<K>, Fault> {
        let sightings = fold::sightings::<K>(self.database, self.site, key)?;
        Ok(sightings.into_iter().map(|(_, seen)| seen).reduce(K::merge))
    }

    fn connections(&mut self, sighted: Vec<sighting::Connected>) -> Result<(), Fault> {
        let mut groups: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (place, one) in sighted.iter().enumerate() {
            groups.entry((&one.device, &one.connection.service)).or_default().push(place);
        }
        let mut rows: BTreeMap<usize, Row> = BTreeMap::new();
        for ((device, service), places) in groups {
            let known = connection::of_device(self.database, self.site, device, service)?;
            let theirs: Vec<_> = known.iter().map(|row| &row.connection).collect();
            let ours = places.iter().filter_map(|place| sighted.get(*place)).map(|one| &one.connection);
            let pairs = pair(&theirs, &ours.collect::<Vec<_>>());
            for (place, row) in places.into_iter().zip(pairs) {
                let (Some(row), Some(one)) = (row.and_then(|row| known.get(row)), sighted.get(place)) else {
                    continue;
                };
                if !self.settled_on_its_exit(row, one)? {
                    rows.insert(place, row.clone());
                }
            }
        }
        // New rows are numbered in the analysis's order, not in that of the groups.
        for (place, one) in sighted.into_iter().enumerate() {
            match rows.remove(&place) {
                Some(row) => self.continue_row(row, one)?,
                None => self.new_row(one)?,
            }
        }
        Ok(())
    }

    fn new_row(&mut self, one: sighting::Connected) -> Result<(), Fault> {
        let (database, site) = (self.database, self.site);
        let number = self.counters.connection();
        let key = number.to_string();
        let mut connection = one.connection;
        let at = Some(connection.first_seen);
        self.keep(&key, &mut connection)?;
        let evidence = std::mem::take(&mut connection.evidence);
        let row = Row { number, connection, silent_from: None, withdrawn: false };
        connection::insert(database, site, &one.device, &row)?;
        self.count(number, &row.connection, &one.hours)?;
        fold::save_evidence::<Connection>(database, site, &key, &evidence)?;
        self.wait_for(number, &row.connection)?;
        self.touched.insert(number);
        self.recorded.new += 1;
        let after = Some(row.connection.summary());
        self.change(ChangeKind::Appeared, &Subject::Connection(number), at, None, after)?;
        self.worked(number, &[], &row.connection.maintenance)
    }

    fn continue_row(&mut self, mut row: Row, one: sighting::Connected) -> Result<(), Fault> {
        let (database, site, number) = (self.database, self.site, row.number);
        let key = number.to_string();
        let mut seen = one.connection;
        let at = Some(seen.first_seen);
        let sum_before = self.live.as_ref().map(|live| self.sum_before(live, number)).transpose()?.flatten();
        self.keep(&key, &mut seen)?;
        self.count(number, &seen, &one.hours)?;
        let mut before = row.connection;
        before.evidence = fold::evidence::<Connection>(database, site, &key)?;
        let last_seen = micros(seen.last_seen);
        if self.live.is_none() && seen.last_seen > before.last_seen {
            watch::release(database, site, number)?;
        }
        let mut after = if self.extends {
            before.clone().merge(seen)
        } else {
            self.folded_connection(number)?.unwrap_or(seen)
        };
        if let Some(sum_before) = sum_before {
            self.move_sums(number, &before, &mut after, &sum_before)?;
        }
        // A sensor that sees it now tells so whatever the clock says; a file's capture may be an old one.
        let returns = |from: &i64| self.live.is_some() || last_seen > *from;
        let silent_from = row.silent_from.filter(returns);
        if silent_from.is_some() || row.withdrawn {
            self.returned(&Subject::Connection(number), at, silent_from)?;
        }
        row.silent_from = row.silent_from.filter(|_| silent_from.is_none());
        row.withdrawn = false;
        row.connection = after.clone();
        self.save_connection(row, Some(&before.evidence))?;
        self.wait_for(number, &after)?;
        self.touched.insert(number);
        self.recorded.updated += 1;
        self.differences(&Subject::Connection(number), at, &before, &after)?;
        self.worked(number, &before.maintenance, &after.maintenance)
    }

    /// Writes a row; its evidence only where it is not the one that is stored.
    fn save_connection(&self, mut row: Row, stored: Option<&[Evidence]>) -> Result<(), Fault> {
        let evidence = std::mem::take(&mut row.connection.evidence);
        connection::update(self.database, self.site, &row)?;
        if stored == Some(&evidence) {
            return Ok(());
        }
        fold::save_evidence::<Connection>(self.database, self.site, &row.number.to_string(), &evidence)
    }

    /// Makes a connection anew from all sightings, its sums from the roll-ups.
    fn folded_connection(&self, number: i64) -> Result<Option<Connection>, Fault> {
        let sightings = fold::sightings::<Connection>(self.database, self.site, &number.to_string())?;
        let mut hours = rollup::load(self.database, self.site, number)?;
        let mut parts = BTreeMap::new();
        for (capture, seen) in &sightings {
            let Some(capture) = capture else { continue };
            let Connection { sessions, bytes_out, bytes_in, .. } = *seen;
            let hours = hours.remove(capture).unwrap_or_default();
            parts.insert(*capture, rollup::Part { sessions, bytes_out, bytes_in, hours });
        }
        parts.extend(day::all(self.database, self.site, number, 0)?);
        let total = rollup::total(&parts, &self.captures);
        let folded = sightings.into_iter().map(|(_, seen)| seen).reduce(Connection::merge);
        Ok(folded.map(|folded| Connection {
            sessions: total.sessions,
            bytes_out: total.bytes_out,
            bytes_in: total.bytes_in,
            ..folded
        }))
    }

    /// Brings the rows up to date that the earlier reading spoke of and this one does not.
    fn settle(&mut self, before: &BTreeSet<(String, String)>) -> Result<(), Fault> {
        if before.is_empty() {
            return Ok(());
        }
        let now = self.subjects()?;
        for (kind, key) in before.difference(&now) {
            match Subject::stored(kind, key.clone())? {
                Subject::Device(key) => self.settle_stored::<State>(&key)?,
                Subject::Exit(mac) => self.settle_stored::<ExitRow>(&mac)?,
                Subject::Connection(number) => self.settle_connection(number)?,
                // Captures say nothing of what people did.
                Subject::Registration(_) | Subject::Inquiry(_) => {}
            }
        }
        Ok(())
    }

    fn settle_stored<K: Stored>(&mut self, key: &str) -> Result<(), Fault> {
        if let Some(row) = self.folded::<K>(key)? {
            return self.save_stored(key, row, None);
        }
        let Some((row, _)) = K::load(self.database, self.site, key)? else { return Ok(()) };
        K::withdraw(self.database, self.site, key)?;
        self.change(ChangeKind::Withdrawn, &K::subject(key), None, Some(row.summary()), None)
    }

    fn settle_connection(&mut self, number: i64) -> Result<(), Fault> {
        let mut row = connection::load(self.database, self.site, number)?;
        if let Some(connection) = self.folded_connection(number)? {
            self.touched.insert(number);
            return self.save_connection(Row { connection, ..row }, None);
        }
        let before = Some(row.connection.summary());
        row.withdrawn = true;
        connection::update(self.database, self.site, &row)?;
        self.change(ChangeKind::Withdrawn, &Subject::Connection(number), None, before, None)
    }

    /// Tells the connections silent that the site's latest capture no longer has.
    fn silences(&mut self) -> Result<(), Fault> {
        let Some(span) = self.span.filter(|_| self.latest) else { return Ok(()) };
        // Where a sensor watches, it tells; a file is a glance.
        let watching = span.first.saturating_sub(SILENT_AFTER_US);
        for mut row in connection::last_seen_before(self.database, self.site, span.first, watching)? {
            let last_seen = row.connection.last_seen;
            if span.last.saturating_sub(micros(last_seen)) < patience(&row.connection) {
                continue;
            }
            row.silent_from = Some(span.first);
            connection::update(self.database, self.site, &row)?;
            let (subject, before) = (Subject::Connection(row.number), json!({ "last_seen": last_seen }));
            self.change(ChangeKind::GoneSilent, &subject, Some(time(span.first)?), Some(before), None)?;
        }
        Ok(())
    }

    fn returned(
        &mut self,
        subject: &Subject,
        at: Option<Timestamp>,
        silent_from: Option<i64>,
    ) -> Result<(), Fault> {
        let before = silent_from.map(time).transpose()?.map(|from| json!({ "silent_from": from }));
        self.change(ChangeKind::Returned, subject, at, before, Some(json!({ "first_seen": at })))
    }

    /// Tells what differs. Of a capture that is not the latest only what was not known before it.
    fn differences<K: Kind>(
        &mut self,
        subject: &Subject,
        at: Option<Timestamp>,
        before: &K,
        after: &K,
    ) -> Result<(), Fault> {
        for difference in after.differences(before) {
            let is_news = self.latest
                || self.cause == Cause::Rereading
                || difference.before.is_none()
                || difference.kind == ChangeKind::SeenEarlier;
            if is_news {
                self.change(difference.kind, subject, at, difference.before, difference.after)?;
            }
        }
        Ok(())
    }

    pub(crate) fn change(
        &mut self,
        kind: ChangeKind,
        subject: &Subject,
        at: Option<Timestamp>,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Result<(), Fault> {
        if self.is_too_much(subject, kind)? {
            return Ok(());
        }
        let number = self.counters.change();
        let began = self.span.map(|span| span.first);
        let at = at.map(micros).or(began).unwrap_or(micros(self.now));
        let sql = "INSERT INTO changes (site, change, at, recorded_at, capture, cause, kind, subject_kind, \
                   subject, before_json, after_json) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let values = (
            self.site,
            number,
            at,
            micros(self.now),
            self.capture,
            self.cause.slug(),
            kind.slug(),
            subject.kind(),
            subject.key(),
            before.map(|before| before.to_string()),
            after.map(|after| after.to_string()),
        );
        self.database.execute(sql, values)?;
        self.recorded.changes += 1;
        Ok(())
    }
}

/// Gives how long a connection may be absent before it is told silent, in microseconds.
pub(crate) fn patience(connection: &Connection) -> i64 {
    let Some(beacon) = &connection.beacon else { return SILENT_AFTER_US };
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, which is right for a bound")]
    let intervals = (beacon.period_s * MISSED_INTERVALS * 1e6) as i64;
    intervals.max(SILENT_AFTER_US)
}
