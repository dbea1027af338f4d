//! What the history tells of captures read one after the other.

use crate::common::*;
use crate::place::fresh;
use sekisho_api::{Beacon, Connection};
use sekisho_ledger::{HistoryQuery, Ledger, Subject};
use serde_json::json;

/// Records captures one after the other.
fn recorded(captures: &[sekisho_api::Analysis]) -> Ledger {
    let mut ledger = fresh();
    for (place, analysis) in captures.iter().enumerate() {
        ledger.record(SITE, analysis, &source(&place.to_string()), now()).unwrap();
    }
    ledger
}

fn through(mac: &str) -> impl FnOnce(&mut Connection) + '_ {
    move |seen| seen.exit.as_mut().unwrap().mac = mac.to_owned()
}

fn without_connections(first: i64, last: i64) -> sekisho_api::Analysis {
    analysis(at(first), at(last), vec![])
}

#[test]
fn everything_appears_once() {
    let ledger = recorded(&[one(0, 1, |_| {}), one(2, 3, |_| {}), one(4, 5, |_| {})]);
    let history = ledger.history(&HistoryQuery::default()).unwrap();
    let subjects: Vec<_> =
        history.iter().map(|change| (change.kind.slug(), change.subject.clone())).collect();
    let device = Subject::Device(format!("mac:{CT}"));
    let exit = Subject::Exit(FIREWALL.to_owned());
    let appeared = [Subject::Connection(1), exit, device].map(|subject| ("appeared", subject));
    assert_eq!(subjects, appeared);
    assert_eq!(history[0].at, at(0));
    assert_eq!(history[0].recorded_at, now());
}

#[test]
fn what_a_later_capture_no_longer_has_is_silent_once_and_may_return() {
    let captures = [
        one(0, 1, |_| {}),
        without_connections(48, 49),
        without_connections(60, 61),
        one(96, 97, |_| {}),
        one(100, 101, |_| {}),
    ];
    let ledger = recorded(&captures);
    let told = [("gone-silent", at(48)), ("returned", at(96))];
    assert_eq!(events(&ledger), told.map(|(kind, at)| (kind.to_owned(), "connection".to_owned(), at)));
    assert_eq!(only(&ledger, "gone-silent").before, Some(json!({ "last_seen": at(1) })));
    assert_eq!(only(&ledger, "returned").before, Some(json!({ "silent_from": at(48) })));
    assert_eq!(connections(&ledger)[0].number, Some(1));
    assert_eq!(connections(&ledger)[0].sessions, 3);
}

#[test]
fn silence_takes_a_day_or_some_missed_intervals() {
    let beacon = |period_s| Some(Beacon { score: 0.9, period_s, jitter: 0.1 });
    // (beacon, the later capture's last hour, silent, why)
    let cases = [
        (None, 24, false, "23 hours"),
        (None, 25, true, "a day"),
        (beacon(60.0), 25, true, "a day, for all it speaks every minute"),
        (beacon(24.0 * 3600.0), 72, false, "not yet three days"),
        (beacon(24.0 * 3600.0), 73, true, "three nights missed"),
        (beacon(1e300), 9000, false, "never expected"),
    ];
    for (beacon, last, silent, why) in cases {
        let ledger = recorded(&[one(0, 1, |seen| seen.beacon = beacon), without_connections(2, last)]);
        assert_eq!(!events(&ledger).is_empty(), silent, "{why}");
    }
}

#[test]
fn an_older_capture_read_later_tells_no_nonsense() {
    let newer = one(48, 49, |seen| {
        seen.outside.name = Some("vpn.example.net".to_owned());
        seen.exit.as_mut().unwrap().mac = LTE.to_owned();
    });
    let mut other = connection(at(0), at(1));
    other.outside.ip = "203.0.113.7".to_owned();
    other.outside.ips = vec!["203.0.113.7".to_owned()];
    let older = analysis(at(0), at(1), vec![other, connection(at(0), at(1))]);

    let ledger = recorded(&[newer.clone(), without_connections(0, 1)]);
    assert_eq!(events(&ledger), [], "what an older capture does not have is not silent");

    let ledger = recorded(&[newer, older]);
    let earlier = only(&ledger, "seen-earlier");
    assert_eq!(earlier.subject, Subject::Connection(1));
    assert_eq!(earlier.before, Some(json!({ "first_seen": at(48) })));
    assert_eq!(events(&ledger).len(), 1);
    let found = connections(&ledger);
    let first = found.iter().find(|row| row.number == Some(1)).unwrap();
    assert_eq!((first.first_seen, first.last_seen), (at(0), at(49)));
    assert_eq!(first.exit.as_ref().unwrap().mac, LTE, "the later capture's exit");
    assert_eq!(first.outside.name.as_deref(), Some("vpn.example.net"));
    assert_eq!(found.len(), 2);
}

#[test]
fn a_connection_goes_on_by_another_exit() {
    let ledger = recorded(&[one(0, 1, |_| {}), one(30, 31, through(LTE))]);
    let change = only(&ledger, "changed-exit");
    assert_eq!((change.subject, change.at), (Subject::Connection(1), at(30)));
    assert_eq!(change.before.unwrap()["mac"], FIREWALL);
    assert_eq!(change.after.unwrap()["mac"], LTE);
    let found = connections(&ledger);
    assert_eq!((found.len(), found[0].number), (1, Some(1)));
    assert_eq!(found[0].exit.as_ref().unwrap().mac, LTE);
}

#[test]
fn two_exits_at_once_are_two_connections() {
    let both = |first, last| {
        let mut second = connection(at(first), at(last));
        second.exit.as_mut().unwrap().mac = LTE.to_owned();
        analysis(at(first), at(last), vec![connection(at(first), at(last)), second])
    };
    let ledger = recorded(&[one(0, 1, |_| {}), both(30, 31), both(60, 61)]);
    assert_eq!(events(&ledger), []);
    let mut exits: Vec<_> =
        connections(&ledger).into_iter().map(|row| (row.number, row.exit.unwrap().take().mac)).collect();
    exits.sort();
    assert_eq!(exits, [(Some(1), FIREWALL.to_owned()), (Some(2), LTE.to_owned())]);
}

#[test]
fn a_party_that_gets_a_name_is_the_same_party() {
    let named = |seen: &mut Connection| {
        seen.outside.name = Some("vpn.example.net".to_owned());
        seen.outside.ip = "198.51.100.2".to_owned();
        seen.outside.ips = vec!["198.51.100.1".to_owned(), "198.51.100.2".to_owned()];
    };
    let ledger = recorded(&[one(0, 1, |_| {}), one(2, 3, named), one(4, 5, |_| {})]);
    let change = only(&ledger, "named");
    assert_eq!((change.before, change.after), (None, Some(json!({ "name": "vpn.example.net" }))));
    let found = connections(&ledger);
    assert_eq!((found.len(), found[0].number), (1, Some(1)));
    assert_eq!(
        found[0].outside.name.as_deref(),
        Some("vpn.example.net"),
        "kept when the wire is silent again"
    );
    assert_eq!(found[0].outside.ips, ["198.51.100.1", "198.51.100.2"]);
}

#[test]
fn a_device_and_an_exit_tell_what_changed() {
    let edited = |first: i64, ip: &str, name: &str, role: &str, firmware: &str| {
        let mut analysis = one(first, first + 1, |seen| seen.inside.ip = ip.to_owned());
        let device = &mut analysis.devices[0];
        device.ips = vec![ip.to_owned()];
        device.names = vec![name.to_owned()];
        (device.role, device.firmware) = (Some(role.to_owned()), Some(firmware.to_owned()));
        analysis.exits[0].ip = Some(ip.replace("192.0.2", "203.0.113"));
        analysis
    };
    let captures = [
        edited(0, "192.0.2.10", "ct-1", "server", "1.0"),
        edited(2, "192.0.2.20", "ct-main", "ct", "1.1"),
        edited(4, "192.0.2.10", "ct-main", "ct", "1.1"),
    ];
    let ledger = recorded(&captures);
    let told: Vec<_> =
        events(&ledger).into_iter().map(|(kind, of, at)| format!("{kind} {of} {at}")).collect();
    let expected = [
        ("changed-address device", 2),
        ("changed-name device", 2),
        ("changed-role device", 2),
        ("changed-firmware device", 2),
        ("changed-address exit", 2),
        ("changed-address device", 4),
        ("changed-address exit", 4),
    ];
    let expected = expected.map(|(what, hours)| format!("{what} {}", at(hours)));
    // An exit without times of its own takes those of its connections.
    assert_eq!(told, expected);
    assert_eq!(connections(&ledger).len(), 1, "a moved device keeps its connection");
}

#[test]
fn a_missing_address_is_no_change() {
    let with = |first: i64, ips: &[&str]| {
        let mut analysis = one(first, first + 1, |_| {});
        analysis.devices[0].ips = ips.iter().map(ToString::to_string).collect();
        analysis
    };
    let (two, one) = (["192.0.2.10", "192.0.2.11"], ["192.0.2.10"]);
    let ledger = recorded(&[with(0, &two), with(2, &one), with(4, &two), with(6, &[])]);
    assert_eq!(events(&ledger), []);
}

#[test]
fn numbers_are_given_in_order_and_never_again() {
    let named = |first: i64, names: &[&str]| {
        let connections = names.iter().map(|name| {
            let mut seen = connection(at(first), at(first + 1));
            seen.outside.name = Some((*name).to_owned());
            seen
        });
        analysis(at(first), at(first + 1), connections.collect())
    };
    let mut ledger = recorded(&[named(0, &["z.example", "a.example"]), named(48, &["m.example"])]);
    let numbers = |ledger: &Ledger| {
        let mut found: Vec<_> = connections(ledger)
            .into_iter()
            .map(|row| (row.number.unwrap(), row.outside.name.unwrap()))
            .collect();
        found.sort();
        found
    };
    let expected =
        [(1, "z.example"), (2, "a.example"), (3, "m.example")].map(|(n, name)| (n, name.to_owned()));
    assert_eq!(numbers(&ledger), expected);
    ledger.record("minami", &named(0, &["q.example"]), &source("0"), now()).unwrap();
    ledger.record(SITE, &named(96, &["a.example", "z.example"]), &source("4"), now()).unwrap();
    let of_site: Vec<_> = numbers(&ledger).into_iter().filter(|(_, name)| name != "q.example").collect();
    assert_eq!(of_site, expected);
}
