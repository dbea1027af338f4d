//! Which rows a query finds, and in what order.

use std::ops::ControlFlow;

use crate::common::*;
use crate::place::{Place, fresh, is_postgres, raw};
use sekisho_api::{Analysis, Connection};
use sekisho_ledger::{HistoryQuery, Ledger, NoSurvey, Query, Sited, Source, Subject};

/// Names the outside party, so that a row can be told in a list.
fn named(name: &str, edit: impl FnOnce(&mut Connection)) -> Connection {
    let mut seen = connection(at(0), at(1));
    seen.outside.name = Some(name.to_owned());
    edit(&mut seen);
    seen
}

fn ledger() -> Ledger {
    let connections = vec![
        named("registered", |seen| seen.status = "registered".to_owned()),
        named("general", |seen| {
            seen.tunnel = false;
            seen.category = Some("general-internet".to_owned());
        }),
        named("untold", |seen| {
            (seen.tunnel, seen.category) = (false, None);
            seen.service = "unknown".to_owned();
        }),
        named("reading", |seen| {
            (seen.tunnel, seen.category) = (false, Some("remote-reading".to_owned()));
            seen.outside.org = Some("Reading Centre 読影センター".to_owned());
        }),
        named("tunnel", |seen| seen.exit.as_mut().unwrap().mac = LTE.to_owned()),
        named("tunnel-later", |seen| (seen.first_seen, seen.last_seen) = (at(2), at(3))),
    ];
    let mut analysis = analysis(at(0), at(4), connections);
    analysis.devices[0].role = Some("ct".to_owned());
    analysis.devices[0].names = vec!["CT-MAIN".to_owned()];
    let mut ledger = fresh();
    ledger.record(SITE, &analysis, &source("a"), now()).unwrap();
    ledger
}

fn names(ledger: &Ledger, query: &Query) -> Vec<String> {
    ledger.connections(query).unwrap().into_iter().map(|row| row.row.outside.name.unwrap()).collect()
}

#[test]
fn what_needs_a_look_comes_first() {
    let order = ["tunnel-later", "tunnel", "reading", "untold", "general", "registered"];
    assert_eq!(names(&ledger(), &Query::default()), order);
}

#[test]
fn a_connection_is_listed_before_its_device_has_come() {
    let place = Place::new();
    let path = place.ledger("ledger");
    let mut ledger = Ledger::open(&path).unwrap();
    ledger.record(SITE, &one(0, 1, |_| {}), &source("a"), now()).unwrap();
    // As an intake leaves it that has met the connection first.
    let unchecked = if is_postgres(&path) { "" } else { "PRAGMA foreign_keys = OFF;" };
    raw(&path, &format!("{unchecked} DELETE FROM devices")).unwrap();
    for query in [Query::default(), Query { text: Some("ipsec".to_owned()), ..Query::default() }] {
        let listed = ledger.connections(&query).unwrap();
        assert_eq!(listed.len() as u64, ledger.count(&query).unwrap().connections, "{query:?}");
    }
    assert_eq!(ledger.connections(&Query::default()).unwrap()[0].row.inside.ip, "192.0.2.10");
}

#[test]
fn a_query_chooses_by_every_field() {
    let ledger = ledger();
    let text = |text: &str| Some(text.to_owned());
    let cases = [
        (Query { site: text("kita"), limit: Some(1), ..Query::default() }, &["tunnel-later"][..], "a limit"),
        (Query { site: text("nowhere"), ..Query::default() }, &[], "another site"),
        (Query { service: text("unknown"), ..Query::default() }, &["untold"], "a service"),
        (Query { category: text("remote-reading"), ..Query::default() }, &["reading"], "a category"),
        (Query { status: text("registered"), ..Query::default() }, &["registered"], "a status"),
        (Query { exit: text(LTE), ..Query::default() }, &["tunnel"], "an exit"),
        (Query { number: Some(2), ..Query::default() }, &["general"], "a number"),
        (Query { role: text("mr"), ..Query::default() }, &[], "a role"),
        (Query { since: Some(at(2)), ..Query::default() }, &["tunnel-later"], "since"),
        (
            Query { until: Some(at(1)), only_tunnels: true, ..Query::default() },
            &["tunnel", "registered"],
            "until",
        ),
        (Query { text: text("読影"), ..Query::default() }, &["reading"], "Japanese"),
        (Query { text: text("読"), ..Query::default() }, &["reading"], "one letter"),
        (Query { text: text("影セ"), ..Query::default() }, &["reading"], "two, across words"),
        (Query { text: text("読影センター所"), ..Query::default() }, &[], "more than is there"),
        (Query { text: text("_"), ..Query::default() }, &[], "a wildcard of one letter"),
        (Query { text: text(r"\"), ..Query::default() }, &[], "what escapes others"),
        (Query { text: text("読影"), role: text("ct"), ..Query::default() }, &["reading"], "of a role"),
        (Query { text: text("読影"), role: text("mr"), ..Query::default() }, &[], "of another role"),
        (Query { text: text("LATER"), ..Query::default() }, &["tunnel-later"], "any case"),
        (Query { text: text("%"), ..Query::default() }, &[], "a wildcard is a character"),
        (Query { text: text("' OR 1=1 --"), ..Query::default() }, &[], "a quote is a character"),
        (Query { silent: Some(true), ..Query::default() }, &[], "silent"),
        (
            Query { text: text("ct-main"), limit: Some(2), ..Query::default() },
            &["tunnel-later", "tunnel"],
            "a device",
        ),
    ];
    for (query, found, why) in cases {
        assert_eq!(names(&ledger, &query), found, "{why}");
    }
}

#[test]
fn a_row_comes_back_whole() {
    let ledger = ledger();
    let row = ledger.connections(&Query { number: Some(1), ..Query::default() }).unwrap().remove(0).row;
    let mut expected = named("registered", |seen| seen.status = "registered".to_owned());
    expected.number = Some(1);
    expected.inside.name = Some("CT-MAIN".to_owned());
    expected.inside.role = Some("ct".to_owned());
    assert_eq!(row, expected);
    let analysis = ledger.analysis(&Query::default()).unwrap();
    assert_eq!((analysis.capture.packets, analysis.capture.first_seen), (10, Some(at(0))));
    assert_eq!(analysis.devices[0].evidence, [evidence("device/dicom", 80)]);
    let exits: Vec<_> = analysis.exits.iter().map(|exit| (exit.mac.as_str(), exit.connections)).collect();
    assert_eq!(exits, [(FIREWALL, 5), (LTE, 1)]);
}

#[test]
fn the_history_of_one_connection_can_be_read() {
    let ledger = ledger();
    let query = HistoryQuery {
        site: Some(SITE.to_owned()),
        subject: Some(Subject::Connection(6)),
        ..HistoryQuery::default()
    };
    let history = ledger.history(&query).unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].kind.slug(), history[0].at), ("appeared", at(2)));
    assert_eq!(history[0].after.as_ref().unwrap()["outside"]["name"], "tunnel-later");
    let none = HistoryQuery { since: Some(at(5)), ..HistoryQuery::default() };
    assert!(ledger.history(&none).unwrap().is_empty());
}

/// A capture of as many connections of one device, of all categories, tunnels or not, some at one time.
fn many(count: u16) -> Analysis {
    let categories = [Some("general-internet"), Some("remote-service"), None, Some("system-maintenance")];
    let one = |number: u16| {
        let mut row = connection(at(0), at(i64::from(number % 7)));
        row.outside.ip = format!("198.51.100.{number}");
        row.outside.ips = vec![row.outside.ip.clone()];
        row.service = format!("service-{number}");
        row.category = categories[usize::from(number % 4)].map(str::to_owned);
        row.tunnel = number.is_multiple_of(5);
        row
    };
    analysis(at(0), at(9), (0..count).map(one).collect())
}

#[test]
fn pages_of_any_length_together_are_the_list() {
    let mut ledger = fresh();
    for site in ["kita", "minami.1"] {
        ledger.record(site, &many(60), &Source::of(site, site), at(10)).unwrap();
    }
    let text = |text: &str| Query { text: Some(text.to_owned()), ..Query::default() };
    // (what is asked for, how many there are)
    let cases = [
        (Query::default(), 120),
        (text("service-1"), 22),
        (text("e"), 120),
        (text("192.0.2.10"), 120),
        (text("nowhere"), 0),
        (Query { role: Some("ct".to_owned()), ..Query::default() }, 0),
    ];
    for (asked, rows) in cases {
        let all = ledger.connections(&asked).unwrap();
        assert_eq!(all.len(), rows, "{asked:?}");
        for limit in [1, 7, 119, 120, 121] {
            let (mut query, mut paged) = (Query { limit: Some(limit), ..asked.clone() }, Vec::new());
            loop {
                let page = ledger.page(&query).unwrap();
                assert_eq!(page.count, ledger.count(&asked).unwrap(), "on every page");
                paged.extend(page.rows);
                let Some(next) = page.next else { break };
                query.after = Some(next.to_string().parse().unwrap());
            }
            assert_eq!(paged, all, "by {limit}: {asked:?}");
        }
    }
}

#[test]
fn what_is_counted_is_what_is_listed() {
    let mut ledger = fresh();
    ledger.record("kita", &many(60), &Source::of("a", "a"), at(10)).unwrap();
    let queries = [
        Query::default(),
        Query { only_surveyed: true, ..Query::default() },
        Query { only_tunnels: true, site: Some("kita".to_owned()), ..Query::default() },
        Query { text: Some("198.51.100.1".to_owned()), ..Query::default() },
        Query { category: Some("remote-service".to_owned()), silent: Some(false), ..Query::default() },
        Query { role: Some("ct".to_owned()), ..Query::default() },
    ];
    for query in queries {
        let rows = ledger.connections(&query).unwrap();
        let count = ledger.count(&query).unwrap();
        assert_eq!(count.connections, rows.len() as u64, "{query:?}");
        assert_eq!(count.tunnels, rows.iter().filter(|row| row.row.tunnel).count() as u64, "{query:?}");
        assert_eq!(count.unregistered, count.connections, "{query:?}");
        let listed = |row: &Sited<Connection>| {
            row.row.tunnel || row.row.category.as_deref() != Some("general-internet")
        };
        assert!(!query.only_surveyed || (rows.len() == 48 && rows.iter().all(listed)));
    }
    let mut seen = 0;
    ledger
        .visit(&Query::default(), |_| {
            seen += 1;
            if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(seen, 3);
}

#[test]
fn a_survey_is_of_one_site_and_holds_all_or_nothing() {
    let mut ledger = ledger();
    let surveyed = |ledger: &Ledger, site: Option<&str>, most| {
        let query = Query { site: site.map(str::to_owned), only_tunnels: true, ..Query::default() };
        ledger.survey(&query, most).unwrap()
    };
    let found = surveyed(&ledger, None, 100).unwrap();
    let analysis = &found.analysis;
    assert_eq!((analysis.connections.len(), analysis.devices.len(), analysis.exits.len()), (3, 1, 2));
    assert_eq!(analysis.capture.packets, 10);
    assert_eq!(found.history, ledger.history(&HistoryQuery::default()).unwrap());
    let rows = u32::try_from(found.history.len()).unwrap();
    assert_eq!(surveyed(&ledger, None, rows - 1), Err(NoSurvey::TooMany), "the history is cut off");
    ledger.record("minami", &one(0, 1, |_| {}), &source("b"), now()).unwrap();
    assert_eq!(surveyed(&ledger, None, 100), Err(NoSurvey::SeveralSites));
    assert_eq!(surveyed(&ledger, Some("kita"), 100), Ok(found));
}

#[test]
fn hours_are_left_out_where_they_are_not_asked_for() {
    let ledger = ledger();
    for without_hours in [false, true] {
        let rows = ledger.connections(&Query { without_hours, ..Query::default() }).unwrap();
        assert!(
            rows.iter().all(|row| row.row.hours.is_empty() == without_hours && !row.row.evidence.is_empty())
        );
    }
}
