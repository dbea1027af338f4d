//! The list of connections: in order, in pages, counted.
//!
//! The unregistered first, then tunnels, then by category in the study's order (what could not be told
//! after the eight, general internet last), then the one seen last, then by site and number.
//!
//! A page begins after the last row of the one before, by that row's place in the order and not by its
//! count, so that rows that came meanwhile move nothing, and the thousandth page costs what the first
//! does.

use std::fmt::{self, Display};
use std::ops::ControlFlow;
use std::str::FromStr;

use sekisho_api::Connection;

use crate::device::State;
use crate::error::Fault;
use crate::query::{Details, Filter, Query, Sited, searched};
use crate::settle;
use crate::sql::{micros, uncount, unjson};
use crate::store::{Database, Dialect};

/// The first key of the order, down to the category. Migration 6 has an index on it.
pub(crate) const RANK: &str = "(CASE c.status WHEN 'unregistered' THEN 0 ELSE 100 END \
    + CASE c.tunnel WHEN 0 THEN 50 ELSE 0 END \
    + CASE c.category WHEN 'system-maintenance' THEN 1 WHEN 'network-maintenance' THEN 2 \
        WHEN 'modality-maintenance' THEN 3 WHEN 'eligibility' THEN 4 WHEN 'regional-liaison' THEN 5 \
        WHEN 'remote-reading' THEN 6 WHEN 'research' THEN 7 WHEN 'remote-service' THEN 8 \
        WHEN 'general-internet' THEN 10 ELSE 9 END)";

/// A row's place in the list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    pub(crate) rank: i64,
    pub(crate) last_seen: i64,
    pub(crate) number: i64,
    pub(crate) site: String,
}

/// A text that is no place in the list.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a place in the list")]
pub struct NotAPlace;

/// The numbers, then the site, which may hold anything.
impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.rank, self.last_seen, self.number, self.site)
    }
}

impl FromStr for Place {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let mut parts = text.splitn(4, '.');
        let mut part = || parts.next().ok_or(NotAPlace);
        let (rank, last_seen, number, site) = (part()?, part()?, part()?, part()?);
        let number_of = |text: &str| text.parse::<i64>().map_err(|_| NotAPlace);
        Ok(Self {
            rank: number_of(rank)?,
            last_seen: number_of(last_seen)?,
            number: number_of(number)?,
            site: site.to_owned(),
        })
    }
}

/// Some rows of the list, in its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Sited<Connection>>,
    /// Where the next page begins; none where this is the last.
    pub next: Option<Place>,
    /// How many there are on all pages.
    pub count: Count,
}

/// How many connections a query asks for, whatever its limit and its place.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Count {
    /// All of them.
    pub connections: u64,
    /// Those seen but not declared.
    pub unregistered: u64,
    /// Those that can carry other traffic, or a person's hands, inwards.
    pub tunnels: u64,
}

/// Reads connections.
pub(crate) fn connections(database: &Database, query: &Query) -> Result<Vec<Sited<Connection>>, Fault> {
    let mut found = Vec::new();
    visit(database, query, |_, row| {
        found.push(row);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Reads a page of connections, of `query.limit` rows at most.
pub(crate) fn page(database: &Database, query: &Query) -> Result<Page, Fault> {
    if query.text.is_none() || database.dialect() == Dialect::Sqlite {
        let mut page = part(database, query, Way::InOrder)?;
        let is_all = query.after.is_none() && page.next.is_none();
        page.count = if is_all { Count::of(&page.rows) } else { count(database, query)? };
        return Ok(page);
    }
    let count = count(database, query)?;
    let way = if count.connections < FEW { Way::Gathered } else { Way::InOrder };
    let page = if count.connections == 0 { Page::default() } else { part(database, query, way)? };
    Ok(Page { count, ..page })
}

/// Reads a page without counting what is on others.
fn part(database: &Database, query: &Query, way: Way) -> Result<Page, Fault> {
    let rows_wanted = query.limit.map_or(usize::MAX, |rows| rows as usize);
    // One row more tells whether there is another page.
    let query = Query { limit: query.limit.map(|rows| rows.saturating_add(1)), ..query.clone() };
    let (mut page, mut last) = (Page::default(), None);
    walk(database, &query, way, |place, row| {
        if page.rows.len() >= rows_wanted {
            page.next = last.take();
            return ControlFlow::Break(());
        }
        page.rows.push(row);
        last = Some(place);
        ControlFlow::Continue(())
    })?;
    Ok(page)
}

impl Count {
    fn of(rows: &[Sited<Connection>]) -> Self {
        let of = |is: fn(&Connection) -> bool| rows.iter().filter(|row| is(&row.row)).count() as u64;
        Self {
            connections: rows.len() as u64,
            unregistered: of(|row| row.status == settle::UNREGISTERED),
            tunnels: of(|row| row.tunnel),
        }
    }
}

/// Hands connections to `take` one by one, in their order, until it has enough.
pub(crate) fn visit(
    database: &Database,
    query: &Query,
    take: impl FnMut(Place, Sited<Connection>) -> ControlFlow<()>,
) -> Result<(), Fault> {
    walk(database, query, Way::InOrder, take)
}

/// So few a server sorts in less time than it takes to look for them from the list's beginning, row by row.
const FEW: u64 = 20_000;

/// How a server comes to rows in their order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    /// From one to the next, by the index of the list.
    InOrder,
    /// From one side of the table to the other, to be sorted then.
    Gathered,
}

fn walk(
    database: &Database,
    query: &Query,
    way: Way,
    mut take: impl FnMut(Place, Sited<Connection>) -> ControlFlow<()>,
) -> Result<(), Fault> {
    let mut filter = asked(database.dialect(), query);
    if let Some(place) = &query.after {
        after(place, &mut filter);
    }
    // The index is of the rank as it is and of no sum: what is to be sorted is not looked for in it.
    let sum = if database.dialect() == Dialect::Postgres && way == Way::Gathered { " + 0" } else { "" };
    let order = format!(" ORDER BY {RANK}{sum}, c.last_seen DESC, c.site, c.number");
    filter.sql.push_str(&order);
    filter.limit(query.limit);
    let sql = format!(
        "SELECT c.site, c.number, c.detail, d.detail, {RANK}, c.last_seen, c.status, c.registration, \
         c.expires, c.outside_hours FROM connections c {} {WITH_DEVICE}",
        through(database, query),
    );
    let mut reader = Details::of(database, query);
    let at = query.now.map(micros);
    database.visit(&format!("{sql}{}", filter.sql), filter.values, |stored| {
        let (site, number): (String, i64) = (stored.get(0)?, stored.get(1)?);
        let (detail, device): (String, Option<String>) = (stored.get(2)?, stored.get(3)?);
        let place = Place { rank: stored.get(4)?, last_seen: stored.get(5)?, number, site: site.clone() };
        let device = device.map(|device| unjson::<State>(&device)).transpose()?;
        let device = device.map(|state| state.device).unwrap_or_default();
        let mut row = reader.complete(&site, number, unjson(&detail)?, device)?;
        row.status = settle::shown(stored.get(6)?, stored.get(8)?, at.unwrap_or(place.last_seen));
        row.registration = reader.registered(&site, stored.get(7)?, settle::broken(stored.get(9)?)?)?;
        Ok(take(place, Sited { site, row }))
    })
}

/// The conditions of the status as it is shown.
fn has_status(query: &Query, filter: &mut Filter) {
    let Some(status) = &query.status else { return };
    let at = match query.now {
        Some(now) => {
            filter.values.push(micros(now).into());
            format!("${}", filter.values.len())
        }
        None => "c.last_seen".to_owned(),
    };
    if status == "expired" {
        return filter.always(&format!("c.expires <= {at}"));
    }
    filter.and("c.status = $", Some(status.clone()));
    filter.always(&format!("(c.expires IS NULL OR c.expires > {at})"));
}

/// Leaves out what stands at a place in the list or before it.
fn after(place: &Place, filter: &mut Filter) {
    // The index is entered by this one; the next is looked at within it.
    filter.and(&format!("{RANK} >= $"), Some(place.rank));
    let known = filter.values.len();
    let (rank, seen, site, number) = (known, known + 1, known + 2, known + 3);
    filter.values.extend([place.last_seen.into(), place.site.clone().into(), place.number.into()]);
    filter.always(&format!(
        "({RANK} > ${rank} OR c.last_seen < ${seen} \
         OR (c.last_seen = ${seen} AND (c.site, c.number) > (${site}, ${number})))"
    ));
}

/// Counts connections.
pub(crate) fn count(database: &Database, query: &Query) -> Result<Count, Fault> {
    let filter = asked(database.dialect(), query);
    let sql = format!(
        "SELECT COUNT(*), COUNT(CASE c.status WHEN 'unregistered' THEN 1 END), \
         COUNT(CASE c.tunnel WHEN 1 THEN 1 END) FROM connections c {}{}",
        through(database, query),
        filter.sql
    );
    let counted = database.query_row(&sql, filter.values, |row| {
        Ok(Count {
            connections: uncount(row.get(0)?),
            unregistered: uncount(row.get(1)?),
            tunnels: uncount(row.get(2)?),
        })
    })?;
    Ok(counted.unwrap_or_default())
}

/// Which way through the table: in the order of the list, where the index decides nearly everything, texts
/// among it. PostgreSQL finds its own.
fn through(database: &Database, query: &Query) -> &'static str {
    if query.number.is_some() || database.dialect() == Dialect::Postgres {
        ""
    } else {
        "INDEXED BY connections_in_order"
    }
}

/// Adds each connection's device, which may not have come yet while a site's ledger is being sent. SQLite
/// reads the connections first, as it must for those without.
const WITH_DEVICE: &str = "LEFT JOIN devices d ON d.site = c.site AND d.device = c.device";

/// Begins the condition that a connection's device is one of some.
const OF_DEVICES: &str = "(c.site, c.device) IN (SELECT site, device FROM devices";

/// The conditions that a query puts to connections. Of their devices those that fit are found first, once and not
/// for each connection.
fn asked(dialect: Dialect, query: &Query) -> Filter {
    let mut filter = Filter::default();
    filter.always("c.withdrawn = 0");
    filter.and("c.site = $", query.site.clone());
    filter.and("c.number = $", query.number);
    filter.and("c.service = $", query.service.clone());
    filter.and("c.category = $", query.category.clone());
    has_status(query, &mut filter);
    filter.and("c.exit_mac = $", query.exit.clone());
    filter.and(&format!("{OF_DEVICES} WHERE role = $)"), query.role.clone());
    filter.and("c.last_seen >= $", query.since.map(micros));
    filter.and("c.first_seen <= $", query.until.map(micros));
    if let Some(text) = &query.text {
        filter.values.push(searched(text).into());
        let place = filter.values.len();
        let [seen, device] = ["c.search", "search"].map(|column| dialect.has(column, place));
        filter.always(&format!("({seen} OR {OF_DEVICES} WHERE {device}))"));
    }
    if query.only_tunnels {
        filter.always("c.tunnel = 1");
    }
    if query.only_surveyed {
        filter.always("(c.tunnel = 1 OR c.category IS NULL OR c.category <> 'general-internet')");
    }
    match query.silent {
        Some(true) => filter.always("c.silent_from IS NOT NULL"),
        Some(false) => filter.always("c.silent_from IS NULL"),
        None => {}
    }
    filter
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SEEN;

    #[test]
    fn a_text_is_looked_for_within_the_index_of_the_list() {
        let database = Database::in_memory().unwrap();
        crate::schema::migrate(&database).unwrap();
        for query in [
            Query::default(),
            Query { text: Some("読影".to_owned()), role: Some("ct".to_owned()), ..Query::default() },
            Query { status: Some("expired".to_owned()), only_surveyed: true, ..Query::default() },
        ] {
            SEEN.take();
            count(&database, &query).unwrap();
            let counted = SEEN.take().into_iter().find(|sql| sql.contains("COUNT")).unwrap();
            let mut plan = database.sqlite().prepare(&format!("EXPLAIN QUERY PLAN {counted}")).unwrap();
            let values = rusqlite::params_from_iter(vec![rusqlite::types::Null; plan.parameter_count()]);
            let steps = plan.query_map(values, |row| row.get::<_, String>(3)).unwrap();
            let steps: Vec<String> = steps.map(Result::unwrap).collect();
            assert!(
                steps[0].starts_with("SCAN c USING COVERING INDEX connections_in_order"),
                "{query:?}: {steps:?}"
            );
        }
    }

    #[test]
    fn a_place_reads_back_as_it_was_written_whatever_the_site_is_called() {
        for site in ["kita", "", "a.b..c", "東 <b>.1"] {
            let place = Place { rank: 53, last_seen: -7, number: 12, site: site.to_owned() };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for text in ["", "1.2.3", "a.2.3.kita", "1.2.99999999999999999999.kita"] {
            assert_eq!(text.parse::<Place>(), Err(NotAPlace), "{text}");
        }
    }
}
