//! Recording a roll-up: what a daemon saw since its last one, onto rows, days and history.
//!
//! * A roll-up that was recorded is known by sensor, run and sequence, and changes nothing again.
//! * Rows are extended by each roll-up, never made anew: the work depends on what the roll-up holds and
//!   on the captures of the same days, not on how long the ledger goes back.
//! * Where a file's capture shares time with a day, sums follow the rule of `rollup`: a row's sums move
//!   by what that rule gives after the roll-up less what it gave before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sekisho_api::{Analysis, Capture, Connection};
use serde_json::json;

use crate::ahead;
use crate::capture::{self, Known, Span};
use crate::change::{Cause, ChangeKind, Subject};
use crate::clean;
use crate::connection::{self, Row};
use crate::counters::Counters;
use crate::day;
use crate::error::Fault;
use crate::fold;
use crate::record::{Recorded, Recorder, patience};
use crate::rollup::{self, Part};
use crate::settle;
use crate::sighting::{self, Connected, Sighted};
use crate::sql::{micros, time};
use crate::store::Database;
use crate::watch::{self, RollUp};

/// How often a row may go on by another exit within a day before the other exit gets a row of its own:
/// a line that fails and comes back twice is told as such, and one that is used beside the first is not
/// told every few minutes.
const EXIT_CHANGES_A_DAY: i64 = 4;

/// How many changes of one kind the history tells of one subject within a day. More come from something
/// that changes with every look; the row then says what is so now.
const CHANGES_A_DAY: i64 = 8;

/// The counter in a day's capture of the changes that the bound above left out of the history.
const UNTOLD: &str = "ledger-changes-untold";

/// What is peculiar to a roll-up.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) sensor: String,
    /// The sensor's watch after this roll-up.
    reading: i64,
    /// When it watched for this roll-up.
    watched: Span,
    /// The days it has something of, by number: their captures.
    days: BTreeMap<i64, day::Extended>,
    /// The captures around it as they were before.
    before: BTreeMap<i64, Known>,
    /// Whether no other capture shares time with its days.
    alone: bool,
    /// The connections that it has.
    met: BTreeSet<i64>,
    untold: u64,
}

/// Records a roll-up, all of it or nothing.
pub(crate) fn record(
    database: &Database,
    site: &str,
    roll_up: &RollUp,
    analysis: &Analysis,
    now: Timestamp,
) -> Result<Recorded, Fault> {
    let site = clean::text(site.trim());
    if site.is_empty() {
        return Err(Fault::NoSite);
    }
    let [sensor, run] = [&roll_up.sensor, &roll_up.run].map(|text| clean::text(text.trim()));
    if sensor.is_empty() || run.is_empty() {
        return Err(Fault::NoSensor);
    }
    let roll_up = RollUp { sensor, run, ..*roll_up };
    // The writer's lock first: what is read from here on stays so until the end.
    let transaction = database.begin()?;
    if watch::is_recorded(&transaction, &site, &roll_up)? {
        return Ok(Recorded { already: true, ..Recorded::default() });
    }
    let sighted = sighting::of(analysis)?;
    let counters = Counters::load(&transaction, &site, micros(now))?;
    let connections: Vec<_> = sighted.connections.iter().map(|one| &one.connection).collect();
    let span = day::span(&analysis.capture, &connections);
    // A relationship goes back to its first conn, days before what the sensor watched for this roll-up.
    let frames = day::frames(&analysis.capture).or(span);
    let newest = frames.map_or(micros(now), |frames| frames.last.max(micros(now)));
    ahead::put_right(&transaction, &site, &roll_up, newest)?;
    let reading = watch::enter(&transaction, &site, &roll_up, (span, frames), micros(now))?;
    let recorded = match span.or_else(|| moment(&sighted, now)) {
        None => {
            counters.save(&transaction, &site)?;
            Recorded::default()
        }
        Some(span) => {
            let watched = frames.unwrap_or(span);
            let place = Place { site: &site, sensor: roll_up.sensor, span, watched, reading };
            extend(&transaction, place, counters, sighted, &analysis.capture, now)?
        }
    };
    transaction.commit()?;
    Ok(recorded)
}

/// Where and when a roll-up is of.
struct Place<'d> {
    site: &'d str,
    sensor: String,
    span: Span,
    watched: Span,
    reading: i64,
}

/// Gives the time of what has no time of its own: devices and exits that are known without a frame.
fn moment(sighted: &Sighted, now: Timestamp) -> Option<Span> {
    let empty = sighted.devices.is_empty() && sighted.exits.is_empty();
    (!empty).then_some(Span { first: micros(now), last: micros(now) })
}

fn extend(
    database: &Database,
    place: Place<'_>,
    mut counters: Counters,
    mut sighted: Sighted,
    counted: &Capture,
    now: Timestamp,
) -> Result<Recorded, Fault> {
    let Place { site, sensor, span, watched, reading } = place;
    for one in &mut sighted.connections {
        one.hours = day::within(&one.hours, span);
    }
    let mut days = BTreeMap::new();
    let last = day::number(span.last);
    for day in day::touched(span, sighted.connections.iter().map(|one| &one.hours)) {
        // Frames and drops are counted where the roll-up ends: they come without hours.
        let counted = if day == last { counted.clone() } else { Capture::default() };
        let key = (site, sensor.as_str(), day);
        let extended =
            day::extend(database, key, day::clip(span, day), counted, micros(now), || counters.capture())?;
        days.insert(day, extended);
    }
    let mut captures = BTreeMap::new();
    for day in days.keys() {
        captures.extend(capture::around(database, site, day::clip(span, *day))?);
    }
    let alone = captures.values().all(|known| known.sensor.as_ref() == Some(&sensor));
    let mut before = captures.clone();
    for extended in days.values() {
        match (extended.before, before.get_mut(&extended.capture)) {
            (Some(span), Some(known)) => known.span = span,
            _ => drop(before.remove(&extended.capture)),
        }
    }
    let capture = days.get(&last).map_or(0, |extended| extended.capture);
    let live = Live { sensor, reading, watched, days, before, alone, met: BTreeSet::new(), untold: 0 };
    let mut recorder = Recorder::of_roll_up(database, site, capture, captures, span, now, counters, live);
    recorder.roll_up(sighted)?;
    recorder.finish()
}

impl Recorder<'_> {
    fn roll_up(&mut self, sighted: Sighted) -> Result<(), Fault> {
        self.sightings(sighted)?;
        self.settle_joined()?;
        self.overdue()?;
        settle::seen(self.database, self.site, &self.touched)
    }

    fn finish(self) -> Result<Recorded, Fault> {
        if let (Some(live), Some(span)) = (&self.live, self.span)
            && live.untold > 0
        {
            let weird = BTreeMap::from([(UNTOLD.to_owned(), live.untold)]);
            let more = Capture { weird, ..Capture::default() };
            let day = day::number(span.last);
            let key = (self.site, live.sensor.as_str(), day);
            let capture = self.capture;
            day::extend(self.database, key, day::clip(span, day), more, micros(self.now), || capture)?;
        }
        self.counters.save(self.database, self.site)?;
        Ok(self.recorded)
    }

    /// Leaves a row that has changed its exit often today to the exit it has.
    pub(crate) fn settled_on_its_exit(&self, row: &Row, one: &Connected) -> Result<bool, Fault> {
        let mac = |connection: &Connection| connection.exit.as_ref().map(|exit| exit.mac.clone());
        let (Some(was), Some(is)) = (mac(&row.connection), mac(&one.connection)) else { return Ok(false) };
        if self.live.is_none() || was == is {
            return Ok(false);
        }
        let subject = Subject::Connection(row.number);
        Ok(self.told_today(&subject, ChangeKind::ChangedExit)? >= EXIT_CHANGES_A_DAY)
    }

    /// Says whether the history has had enough of a kind of change of a subject today, and counts it.
    pub(crate) fn is_too_much(&mut self, subject: &Subject, kind: ChangeKind) -> Result<bool, Fault> {
        if self.live.is_none() || self.told_today(subject, kind)? < CHANGES_A_DAY {
            return Ok(false);
        }
        if let Some(live) = &mut self.live {
            live.untold += 1;
        }
        Ok(true)
    }

    fn told_today(&self, subject: &Subject, kind: ChangeKind) -> Result<i64, Fault> {
        let sql = "SELECT COUNT(*) FROM changes \
               WHERE site = $1 AND subject_kind = $2 AND subject = $3 AND capture = $4 AND kind = $5";
        let values = (self.site, subject.kind(), subject.key(), self.capture, kind.slug());
        Ok(self.database.query_row(sql, values, |row| row.get(0))?.unwrap_or(0))
    }

    /// Adds what a connection counted to its days.
    pub(crate) fn count_days(
        &self,
        live: &Live,
        number: i64,
        connection: &Connection,
        hours: &BTreeMap<i64, u64>,
    ) -> Result<(), Fault> {
        for (day, part) in day::parts(connection, hours) {
            let Some(extended) = live.days.get(&day) else { continue };
            day::add(self.database, self.site, extended.capture, number, &part)?;
        }
        Ok(())
    }

    /// Sums what the captures around this roll-up counted of a connection, as they were before it.
    pub(crate) fn sum_before(&self, live: &Live, number: i64) -> Result<Option<Part>, Fault> {
        if live.alone {
            return Ok(None);
        }
        Ok(Some(rollup::total(&self.parts_around(number)?, &live.before)))
    }

    /// Moves the sums of a row by what the captures around this roll-up count now and did not before.
    pub(crate) fn move_sums(
        &self,
        number: i64,
        known: &Connection,
        row: &mut Connection,
        before: &Part,
    ) -> Result<(), Fault> {
        let after = rollup::total(&self.parts_around(number)?, &self.captures);
        let moved = |known: u64, before: u64, after: u64| known.saturating_add(after).saturating_sub(before);
        row.sessions = moved(known.sessions, before.sessions, after.sessions);
        row.bytes_out = moved(known.bytes_out, before.bytes_out, after.bytes_out);
        row.bytes_in = moved(known.bytes_in, before.bytes_in, after.bytes_in);
        Ok(())
    }

    fn parts_around(&self, number: i64) -> Result<BTreeMap<i64, Part>, Fault> {
        let (database, site) = (self.database, self.site);
        let mut hours = rollup::load(database, site, number)?;
        let mut parts = BTreeMap::new();
        for (capture, known) in &self.captures {
            let part = if known.sensor.is_some() {
                day::of_connection(database, site, *capture, number)?
            } else {
                let seen = fold::sighting::<Connection>(database, site, &number.to_string(), *capture)?;
                seen.map(|seen| Part {
                    sessions: seen.sessions,
                    bytes_out: seen.bytes_out,
                    bytes_in: seen.bytes_in,
                    hours: hours.remove(capture).unwrap_or_default(),
                })
            };
            parts.extend(part.map(|part| (*capture, part)));
        }
        Ok(parts)
    }

    /// Brings the sums up to date of connections that this roll-up does not have, where a day of its
    /// sensor has grown into the time of another capture.
    fn settle_joined(&mut self) -> Result<(), Fault> {
        let Some(live) = self.live.take() else { return Ok(()) };
        let settled = self.settle_days(&live);
        self.live = Some(live);
        settled
    }

    fn settle_days(&self, live: &Live) -> Result<(), Fault> {
        if live.alone {
            return Ok(());
        }
        let mut numbers = BTreeSet::new();
        for extended in live.days.values() {
            let Some(now) = self.captures.get(&extended.capture) else { continue };
            let Some(before) = extended.before.filter(|before| *before != now.span) else { continue };
            let others = self.captures.values().filter(|known| known.number != now.number);
            for joined in others.filter(|known| now.span.overlaps(known.span) && !before.overlaps(known.span))
            {
                let theirs = self.connections_of(joined)?;
                let ours = day::connections(self.database, self.site, now.number)?;
                numbers.extend(ours.intersection(&theirs).filter(|number| !live.met.contains(number)));
            }
        }
        for number in numbers {
            let mut row = connection::load(self.database, self.site, number)?;
            let before = rollup::total(&self.parts_around(number)?, &live.before);
            let known = row.connection.clone();
            self.move_sums(number, &known, &mut row.connection, &before)?;
            connection::update(self.database, self.site, &row)?;
        }
        Ok(())
    }

    fn connections_of(&self, known: &Known) -> Result<BTreeSet<i64>, Fault> {
        if known.sensor.is_some() {
            return day::connections(self.database, self.site, known.number);
        }
        let sql = "SELECT CAST(subject AS BIGINT) FROM sightings \
                   WHERE site = $1 AND capture = $2 AND kind = 'connection'";
        let numbers = self.database.query(sql, (self.site, known.number), |row| row.get(0))?;
        Ok(numbers.into_iter().collect())
    }

    /// Lets the sensor wait for a connection that it has just seen.
    pub(crate) fn wait_for(&mut self, number: i64, connection: &Connection) -> Result<(), Fault> {
        let Some(live) = &mut self.live else { return Ok(()) };
        live.met.insert(number);
        let silent_at = live.reading.saturating_add(patience(connection));
        watch::wait_for(self.database, self.site, number, &live.sensor, silent_at)
    }

    /// Tells the connections silent for which the sensor has waited long enough.
    fn overdue(&mut self) -> Result<(), Fault> {
        let Some(live) = &self.live else { return Ok(()) };
        let (database, site, from) = (self.database, self.site, live.watched.first);
        for row in watch::unwatched(database, site, from)? {
            let silent_at = live.reading.saturating_add(patience(&row.connection));
            watch::wait_for(database, site, row.number, &live.sensor, silent_at)?;
        }
        for mut row in watch::overdue(database, site, &live.sensor, live.reading)? {
            row.silent_from = Some(from);
            connection::update(database, site, &row)?;
            let before = json!({ "last_seen": row.connection.last_seen });
            let subject = Subject::Connection(row.number);
            self.change(ChangeKind::GoneSilent, &subject, Some(time(from)?), Some(before), None)?;
        }
        Ok(())
    }
}

impl<'d> Recorder<'d> {
    #[expect(clippy::too_many_arguments, reason = "one call, and each is a thing of its own")]
    fn of_roll_up(
        database: &'d Database,
        site: &'d str,
        capture: i64,
        captures: BTreeMap<i64, Known>,
        span: Span,
        now: Timestamp,
        counters: Counters,
        live: Live,
    ) -> Self {
        Self {
            database,
            site,
            capture,
            captures,
            span: Some(span),
            cause: Cause::Live,
            now,
            // A roll-up is news, and comes after all that its sensor said, whatever the clock says.
            latest: true,
            extends: true,
            counters,
            recorded: Recorded::default(),
            live: Some(live),
            touched: BTreeSet::new(),
        }
    }
}

#[cfg(test)]
mod tests;
