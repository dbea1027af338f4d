//! Captures read again, in another order, overlapping, or in other files.

use crate::common::*;
use crate::place::{Place, dump, fresh};
use sekisho_ledger::{Input, Ledger, Query, Recorded, Source};

const ALREADY: Recorded = Recorded { already: true, new: 0, updated: 0, changes: 0 };

#[test]
fn reading_a_capture_again_changes_no_table() {
    let place = Place::new();
    let path = place.ledger("ledger");
    let captures = [("a", one(0, 1, |_| {})), ("b", one(30, 31, |_| {})), ("c", one(60, 61, |_| {}))];
    let mut ledger = Ledger::open(&path).unwrap();
    for (name, analysis) in &captures {
        assert!(!ledger.record(SITE, analysis, &source(name), now()).unwrap().already);
    }
    let before = dump(&path);
    for place in [2, 0, 1, 1, 0] {
        let (name, analysis) = &captures[place];
        assert_eq!(ledger.record(SITE, analysis, &source(name), at(9999)).unwrap(), ALREADY);
    }
    assert_eq!(dump(&path), before);
}

#[test]
fn a_set_of_files_is_the_same_in_any_order_and_its_parts_bring_nothing() {
    let input = |name: &str| Input { hash: name.to_owned(), name: format!("{name}.pcap") };
    let of = |names: &[&str]| Source { inputs: names.iter().map(|name| input(name)).collect() };
    let mut ledger = fresh();
    let analysis = one(0, 1, |_| {});
    ledger.record(SITE, &analysis, &of(&["a", "b"]), now()).unwrap();
    for names in [&["b", "a"][..], &["a", "b", "a"], &["b"]] {
        assert_eq!(ledger.record(SITE, &analysis, &of(names), now()).unwrap(), ALREADY, "{names:?}");
    }
    let more = ledger.record(SITE, &one(0, 2, |_| {}), &of(&["a", "b", "c"]), now()).unwrap();
    assert_eq!((more.already, more.new, more.updated), (false, 0, 1));
    assert_eq!(connections(&ledger)[0].sessions, 1, "what holds all the files counts for all of them");
}

#[test]
fn captures_of_one_hour_add_up_and_copies_do_not() {
    // From and to in minutes, octets out.
    type Captures = &'static [(i64, i64, u64)];
    // (captures, octets out of all, why)
    let cases: [(Captures, u64, &str); 5] = [
        (&[(0, 30, 10), (30, 59, 7)], 17, "rotated at half past"),
        (&[(30, 59, 7), (0, 30, 10)], 17, "rotated, read backwards"),
        (&[(0, 59, 17), (0, 30, 10)], 17, "a part of it cut out"),
        (&[(0, 30, 10), (0, 59, 17)], 17, "a part of it first"),
        (&[(0, 30, 10), (30, 59, 7), (0, 59, 17)], 17, "the parts, then all of it"),
    ];
    for (captures, out, why) in cases {
        let mut ledger = fresh();
        for (place, (from, to, octets)) in captures.iter().enumerate() {
            let (first, last) = (minutes(0, *from), minutes(0, *to));
            let mut seen = connection(first, last);
            (seen.bytes_out, seen.bytes_in) = (*octets, 2 * octets);
            seen.hours = [(at(0), 3 * octets)].into();
            let analysis = analysis(first, last, vec![seen]);
            ledger.record(SITE, &analysis, &source(&place.to_string()), now()).unwrap();
        }
        let found = connections(&ledger);
        assert_eq!(found.len(), 1, "{why}");
        assert_eq!((found[0].bytes_out, found[0].bytes_in), (out, 2 * out), "{why}");
        assert_eq!(found[0].hours.iter().map(|(_, octets)| octets).sum::<u64>(), 3 * out, "{why}");
        assert_eq!((found[0].first_seen, found[0].last_seen), (minutes(0, 0), minutes(0, 59)), "{why}");
        assert_eq!(found[0].number, Some(1), "{why}");
    }
}

#[test]
fn the_rows_are_the_same_in_whatever_order_captures_are_read() {
    let captures = [
        one(0, 2, |seen| seen.outside.name = Some("vpn.example.net".to_owned())),
        one(1, 3, |seen| seen.category = None),
        one(40, 41, |seen| seen.exit.as_mut().unwrap().mac = LTE.to_owned()),
        one(90, 95, |seen| {
            seen.evidence = vec![evidence("remote/vpn", 70)];
            seen.status = "registered".to_owned();
        }),
    ];
    let read = |order: [usize; 4]| {
        let mut ledger = fresh();
        for place in order {
            ledger.record(SITE, &captures[place], &source(&place.to_string()), now()).unwrap();
        }
        ledger.analysis(&Query::default()).unwrap()
    };
    let in_order = read([0, 1, 2, 3]);
    assert_eq!(in_order.connections.len(), 1);
    for order in [[3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        assert_eq!(read(order), in_order, "{order:?}");
    }
}

#[test]
fn a_capture_read_again_with_better_rules_replaces_what_it_said() {
    let mut ledger = fresh();
    let other = |service: &str| {
        one(0, 1, |seen| {
            seen.service = service.to_owned();
            seen.outside.ip = "198.51.100.9".to_owned();
            seen.outside.ips = vec!["198.51.100.9".to_owned()];
        })
        .connections
    };
    let mut first = one(0, 1, |_| {});
    first.connections.extend(other("unknown"));
    let mut second = one(0, 1, |seen| seen.category = Some("remote-service".to_owned()));
    second.connections.extend(other("anydesk"));
    ledger.record(SITE, &first, &source("a"), now()).unwrap();
    let again = ledger.record(SITE, &second, &source("a"), now()).unwrap();
    assert_eq!((again.already, again.new, again.updated), (false, 1, 1));

    let found = connections(&ledger);
    let services: Vec<_> =
        found.iter().map(|row| (row.service.as_str(), row.number, row.bytes_out)).collect();
    assert_eq!(services, [("anydesk", Some(3), 600), ("ipsec", Some(1), 600)]);
    let told = [("changed-category", "rereading"), ("withdrawn", "rereading")];
    for (kind, cause) in told {
        assert_eq!(only(&ledger, kind).cause.slug(), cause);
    }

    assert_eq!(ledger.record(SITE, &second, &source("a"), now()).unwrap(), ALREADY);
    ledger.record(SITE, &first, &source("a"), now()).unwrap();
    let found = connections(&ledger);
    let services: Vec<_> = found.iter().map(|row| (row.service.as_str(), row.number)).collect();
    assert_eq!(
        services,
        [("ipsec", Some(1)), ("unknown", Some(2))],
        "the first reading again, with its old numbers"
    );
}
