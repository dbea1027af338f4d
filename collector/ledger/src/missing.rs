//! What should be there and was not seen: an examination device whose kind is always maintained from afar.
//!
//! Nothing seen is no proof of nothing there, so the row says what it may mean and asks for an answer. It
//! is made when the list is read, from the rows of the list, and stored nowhere: a registration or a
//! later sighting applies to the past too.
//!
//! A rule says which kinds of device, and how many days must have been watched. A day counts when half of
//! its hours show any connection to the outside, which a hospital has around the clock; without a day of
//! a weekend nothing is said, for much maintenance is done then.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use sekisho_api::{Analysis, Connection, Device, Evidence, Initiator, Inside};
use sekisho_rules::{Facts, Field, Rules, Subject, Verdict};

use crate::error::Fault;
use crate::query::{self, Query, Sited};
use crate::store::Database;
use crate::summary;

/// The status of such a row, and the slug that stands for its service.
pub const MISSING: &str = "missing";
/// Hours with traffic that make a watched day.
const WATCHED_HOURS: usize = 12;
/// Days from which a rule may speak at all, as far as one asks whether it will.
const EVER: u64 = 3_650;

/// What was looked for and not seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Missing {
    /// One row a device, in the order of the devices.
    pub rows: Vec<Connection>,
    /// Devices of which it is too early to tell.
    pub undecided: usize,
    /// Days watched.
    pub days: u64,
}

/// Finds the devices of an analysis whose maintenance should be there and was not seen.
#[must_use]
pub fn missing(analysis: &Analysis, rules: &Rules) -> Missing {
    let (days, weekend) = watched(analysis);
    let maintained = Maintained::of(&analysis.connections);
    let mut found = Missing { days, ..Missing::default() };
    // By role: whether a rule will ever ask for it, and what it says now.
    let mut verdicts: BTreeMap<&str, (bool, Option<Verdict<'_>>)> = BTreeMap::new();
    for device in &analysis.devices {
        let Some(role) = &device.role else { continue };
        let (asked, now) = verdicts.entry(role).or_insert_with(|| {
            let now = weekend.then(|| verdict(rules, role, days)).flatten();
            (verdict(rules, role, EVER).is_some(), now)
        });
        if !*asked || maintained.has(device) {
            continue;
        }
        match now {
            Some(verdict) => found.rows.extend(row(device, verdict)),
            None => found.undecided += 1,
        }
    }
    found
}

/// Finds them in the ledger where a query asks for them by their status: of the site that it names or, where
/// it names none, of the only one there is. Nowhere else, for all hours of the site are read for it.
pub(crate) fn asked_for(database: &Database, query: &Query) -> Result<Vec<Sited<Connection>>, Fault> {
    if query.status.as_deref() != Some(MISSING) {
        return Ok(Vec::new());
    }
    let sites = query::site_names(database)?;
    let site = match (&query.site, sites.as_slice()) {
        (Some(site), _) | (None, [site]) => site.clone(),
        (None, _) => return Ok(Vec::new()),
    };
    let whole = summary::analysis(database, &Query { site: Some(site.clone()), ..Query::default() })?;
    let rules = Rules::embedded().map_err(|error| Fault::Damaged(error.to_string()))?;
    let mut rows = missing(&whole, &rules).rows;
    rows.retain(|row| is_asked_for(query, row));
    rows.truncate(query.limit.map_or(usize::MAX, |rows| usize::try_from(rows).unwrap_or(usize::MAX)));
    Ok(rows.into_iter().map(|row| Sited { site: site.clone(), row }).collect())
}

/// Tells whether a row that is in no ledger is among what a query asks for.
#[must_use]
pub fn is_asked_for(query: &Query, row: &Connection) -> bool {
    let is = |wanted: &Option<String>, held: Option<&str>| {
        wanted.as_deref().is_none_or(|wanted| held == Some(wanted))
    };
    let found = |text: &String| {
        let texts = [&row.inside.name, &row.inside.mac, &row.inside.vendor, &row.inside.role];
        let mut texts = texts.into_iter().flatten().chain([&row.inside.ip]);
        texts.any(|known| known.to_lowercase().contains(&text.to_lowercase()))
    };
    is(&query.status, Some(&row.status))
        && is(&query.category, row.category.as_deref())
        && is(&query.service, Some(&row.service))
        && is(&query.role, row.inside.role.as_deref())
        && query.exit.is_none()
        && query.number.is_none()
        && !query.only_tunnels
        && query.text.as_ref().is_none_or(found)
}

/// How many days were watched, and whether one was of a weekend.
fn watched(analysis: &Analysis) -> (u64, bool) {
    let hours: BTreeSet<_> =
        analysis.connections.iter().flat_map(|row| row.hours.iter().map(|(hour, _)| hour)).collect();
    let mut days: BTreeMap<_, usize> = BTreeMap::new();
    for hour in hours {
        *days.entry(hour.to_zoned(TimeZone::UTC).date()).or_default() += 1;
    }
    days.retain(|_, hours| *hours >= WATCHED_HOURS);
    let weekend = days.keys().any(|day| matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday));
    (days.len() as u64, weekend)
}

/// Inside ends of what may be maintenance.
struct Maintained<'a> {
    macs: BTreeSet<&'a str>,
    /// Of those without a hardware address.
    ips: BTreeSet<&'a str>,
    /// Of all.
    all_ips: BTreeSet<&'a str>,
}

impl<'a> Maintained<'a> {
    fn of(connections: &'a [Connection]) -> Self {
        let mut this = Self { macs: BTreeSet::new(), ips: BTreeSet::new(), all_ips: BTreeSet::new() };
        let maintains = |row: &&Connection| {
            let category = row.category.as_deref().unwrap_or_default();
            row.tunnel || category.ends_with("-maintenance") || row.initiator == Initiator::Outside
        };
        for Inside { ip, mac, .. } in connections.iter().filter(maintains).map(|row| &*row.inside) {
            this.all_ips.insert(ip);
            match mac {
                Some(mac) => this.macs.insert(mac),
                None => this.ips.insert(ip),
            };
        }
        this
    }

    fn has(&self, device: &Device) -> bool {
        let (macs, ips) = match &device.mac {
            Some(mac) => (self.macs.contains(mac.as_str()), &self.ips),
            None => (false, &self.all_ips),
        };
        macs || device.ips.iter().any(|ip| ips.contains(ip.as_str()))
    }
}

fn verdict<'r>(rules: &'r Rules, role: &str, days: u64) -> Option<Verdict<'r>> {
    let mut facts = Facts::default();
    facts.add(Field::Service, MISSING).add(Field::InsideRole, role.to_owned());
    facts.add(Field::DaysWatched, days.to_string());
    rules.evaluate(Subject::Connection, &facts).into_iter().next()
}

fn row(device: &Device, verdict: &Verdict<'_>) -> Option<Connection> {
    let (first_seen, last_seen) = (device.first_seen?, device.last_seen?);
    Some(Connection {
        initiator: Initiator::Outside,
        inside: Inside {
            ip: device.ips.first().cloned().unwrap_or_default(),
            mac: device.mac.clone(),
            vlan: device.vlan,
            name: device.names.first().cloned(),
            role: device.role.clone(),
            vendor: device.vendor.clone(),
        }
        .into(),
        category: verdict.assert.category.clone(),
        first_seen,
        evidence: vec![Evidence {
            rule: verdict.rule.into(),
            confidence: verdict.confidence,
            en: verdict.en.clone().into(),
            ja: verdict.ja.clone().into(),
        }],
        ..Connection::bare(MISSING, MISSING, last_seen)
    })
}

#[cfg(test)]
mod tests {
    use jiff::{Span, Timestamp};

    use super::*;
    use crate::{Ledger, Source};

    const MIDNIGHT: &str = "2026-01-05T00:00:00Z";

    /// A site with a CT and a PC that speaks to the outside in so many hours a day for so many days, the
    /// first a Monday.
    fn site(days: i64, hours_a_day: i64) -> Analysis {
        let start: Timestamp = MIDNIGHT.parse().unwrap();
        let at = |hour: i64| start + Span::new().hours(hour);
        let device = |role: &str, ip: &str| Device {
            ips: vec![ip.to_owned()],
            role: Some(role.to_owned()),
            first_seen: Some(start),
            last_seen: Some(at(days * 24)),
            ..Device::default()
        };
        let devices = vec![device("ct", "192.0.2.7"), device("pc", "192.0.2.8")];
        let verdict = Verdict {
            rule: "test",
            revision: 1,
            confidence: 1,
            assert: &sekisho_rules::Assert::default(),
            en: String::new(),
            ja: String::new(),
        };
        let mut web = row(&devices[1], &verdict).unwrap();
        web.initiator = Initiator::Inside;
        web.hours =
            (0..days).flat_map(|day| (0..hours_a_day).map(move |hour| (at(day * 24 + hour), 1))).collect();
        Analysis { devices, connections: vec![web], ..Analysis::default() }
    }

    #[test]
    fn a_ct_without_maintenance_is_told_once_enough_was_watched() {
        let rules = Rules::embedded().unwrap();
        // (days, hours a day, rows, undecided, why)
        let cases = [
            (14, 24, 1, 0, "two weeks"),
            (14, 12, 1, 0, "half of each day"),
            (14, 11, 0, 1, "too little of each day"),
            (13, 24, 0, 1, "a day short"),
            (1, 1, 0, 1, "one capture"),
        ];
        for (days, hours, rows, undecided, why) in cases {
            let found = missing(&site(days, hours), &rules);
            assert_eq!((found.rows.len(), found.undecided), (rows, undecided), "{why}");
        }
        let found = missing(&site(14, 24), &rules);
        let [row] = found.rows.as_slice() else { panic!("{found:?}") };
        assert_eq!((row.status.as_str(), row.inside.role.as_deref()), ("missing", Some("ct")));
        assert_eq!(row.category.as_deref(), Some("modality-maintenance"));
        let [why] = row.evidence.as_slice() else { panic!("{row:?}") };
        assert!(why.en.contains("14 watched days") && why.ja.contains("LTE"), "{why:?}");
    }

    #[test]
    fn whatever_may_be_its_maintenance_is_not_missing() {
        type Turn = fn(&mut Connection);
        let rules = Rules::embedded().unwrap();
        let turns: [(&str, Turn); 3] = [
            ("a tunnel", |row| row.tunnel = true),
            ("a maker's service", |row| row.category = Some("modality-maintenance".to_owned())),
            ("a call from outside", |row| row.initiator = Initiator::Outside),
        ];
        for (why, turn) in turns {
            let mut site = site(14, 24);
            let mut seen = site.connections[0].clone();
            seen.inside.ip = "192.0.2.7".to_owned();
            seen.hours = [].into();
            site.connections.push(seen);
            assert_eq!(missing(&site, &rules).rows.len(), 1, "the same, but for {why}");
            turn(site.connections.last_mut().unwrap());
            assert_eq!(missing(&site, &rules).rows.len(), 0, "{why}");
        }
    }

    #[test]
    fn a_list_that_asks_for_it_by_its_status_has_it_of_one_site() {
        let mut ledger = Ledger::in_memory().unwrap();
        let mut seen = site(14, 24);
        (seen.capture.first_seen, seen.capture.last_seen) =
            (seen.devices[0].first_seen, seen.devices[0].last_seen);
        for web in &mut seen.connections {
            (web.service, web.status) = ("tls".to_owned(), "unregistered".to_owned());
        }
        let now = seen.capture.last_seen.unwrap();
        ledger.record("kita", &seen, &Source::of("a", "a"), now).unwrap();
        let asked = |ledger: &Ledger, status: &str, site: Option<&str>| {
            let (site, status) = (site.map(str::to_owned), Some(status.to_owned()));
            ledger.not_seen(&Query { site, status, ..Query::default() }).unwrap().len()
        };
        assert_eq!(asked(&ledger, MISSING, None), 1);
        assert_eq!(asked(&ledger, "unseen", None), 0);
        ledger.record("minami", &Analysis::default(), &Source::of("b", "b"), now).unwrap();
        assert_eq!(asked(&ledger, MISSING, None), 0, "of which site is open");
        assert_eq!((asked(&ledger, MISSING, Some("kita")), asked(&ledger, MISSING, Some("minami"))), (1, 0));
    }
}
