//! What a box that was replaced had found: how long it stays beside what the new one finds, and with what.

use std::fs;
use std::path::PathBuf;

use crate::common::*;
use crate::live::roll_up;
use crate::place::{Place, raw};
use crate::world::{THERE, settle};
use sekisho_api::Connection;
use sekisho_ledger::{Intake, Ledger, Outbox, Query};

const CDN: &str = "198.51.100.1";
const OTHER: &str = "203.0.113.1";

/// A box, its collector, and how far the box's clock has come.
struct Pair {
    place: Place,
    collector: PathBuf,
    sequence: u64,
    hour: i64,
}

impl Pair {
    fn new() -> Self {
        let place = Place::new();
        let collector = place.ledger("collector");
        Intake::open(&collector).unwrap().add(THERE, now()).unwrap();
        Self { place, collector, sequence: 0, hour: 0 }
    }

    /// The box's ledger: always a file.
    fn site(&self) -> PathBuf {
        self.place.file("site")
    }

    /// The box records what it sees in one hour.
    fn see(&mut self, connections: &[Connection]) {
        self.sequence += 1;
        self.hour += 10;
        let (first, last) = (at(self.hour), at(self.hour + 1));
        let connections = connections.iter().cloned().map(|one| Connection {
            first_seen: first,
            last_seen: last,
            hours: [(first, 1000)].into(),
            ..one
        });
        let seen = analysis(first, last, connections.collect());
        let mut ledger = Ledger::open(self.site()).unwrap();
        ledger.record_live(SITE, &roll_up("a", self.sequence), &seen, now()).unwrap();
    }

    /// Another box comes in its place.
    fn replace(&self) {
        fs::remove_file(self.site()).unwrap();
    }

    fn settle(&self, entries: usize) {
        settle(&self.site(), &self.collector, entries);
    }

    /// What the collector has: name, exit and reasons of each, those that were set aside last.
    fn found(&self) -> Vec<String> {
        let reader = Ledger::read_only(&self.collector).unwrap();
        let all = reader.connections(&Query { site: Some(THERE.to_owned()), ..Query::default() }).unwrap();
        let mut all: Vec<_> = all.into_iter().map(|sited| sited.row).collect();
        all.sort_by_key(|row| (row.number > Some(1_000_000_000), row.outside.name.clone(), row.number));
        let said = all.into_iter().map(|row| {
            let rules: Vec<String> = row.evidence.iter().map(|reason| reason.rule.to_string()).collect();
            let name = row.outside.name.unwrap_or(row.outside.ip);
            let exit = row.exit.map_or("no exit".to_owned(), |exit| exit.take().mac);
            let is_former = if row.number > Some(1_000_000_000) { "former" } else { "new" };
            format!("{is_former} {name} {exit} {}", rules.join(" "))
        });
        said.collect()
    }
}

fn tls(name: Option<&str>, ips: &[&str]) -> Connection {
    let mut one = connection(at(0), at(1));
    one.service = "tls".to_owned();
    one.tunnel = false;
    one.outside.ip = ips[0].to_owned();
    one.outside.ips = ips.iter().map(ToString::to_string).collect();
    one.outside.name = name.map(str::to_owned);
    one.exit = None;
    one.evidence = Vec::new();
    one
}

#[test]
fn one_without_a_name_takes_none_with_a_name_away_that_shares_its_address() {
    let mut pair = Pair::new();
    let named = ["a.example", "b.example", "c.example"].map(|name| tls(Some(name), &[CDN]));
    pair.see(&named);
    pair.settle(2000);
    pair.replace();
    pair.see(&[tls(None, &[CDN])]);
    pair.settle(2000);
    let former = ["a", "b", "c"].map(|name| format!("former {name}.example no exit "));
    assert_eq!(pair.found()[1..], former, "flows that were under way have no name");
    pair.see(&named[1..2]);
    pair.settle(2000);
    let found = pair.found();
    assert!(found.contains(&"new b.example no exit ".to_owned()), "{found:?}");
    assert_eq!(
        found.iter().filter(|row| row.starts_with("former")).count(),
        2,
        "its name was seen: {found:?}"
    );
    pair.see(&named);
    pair.settle(2000);
    let found = pair.found();
    assert!(!found.iter().any(|row| row.starts_with("former")), "all were seen again: {found:?}");
}

#[test]
fn one_with_a_name_takes_the_place_of_one_without() {
    let mut pair = Pair::new();
    pair.see(&[tls(None, &[CDN])]);
    pair.settle(2000);
    pair.replace();
    pair.see(&["a.example", "b.example"].map(|name| tls(Some(name), &[CDN])));
    pair.settle(2000);
    assert_eq!(pair.found(), ["new a.example no exit ", "new b.example no exit "]);
}

#[test]
fn one_whose_exit_is_not_known_leaves_one_whose_exit_is() {
    let over = |exit: Option<&str>| {
        let mut one = tls(Some("a.example"), &[CDN]);
        one.exit = exit.map(|mac| sekisho_api::Exit { mac: mac.to_owned(), ..Default::default() }.into());
        one
    };
    let mut pair = Pair::new();
    pair.see(&[over(Some(FIREWALL)), over(Some(LTE))]);
    pair.settle(2000);
    pair.replace();
    pair.see(&[over(None)]);
    pair.settle(2000);
    let former = [FIREWALL, LTE].map(|mac| format!("former a.example {mac} "));
    assert_eq!(pair.found()[1..], former);
    pair.see(&[over(Some(LTE))]);
    pair.settle(2000);
    let found = [format!("new a.example {LTE} "), format!("former a.example {FIREWALL} ")];
    assert_eq!(pair.found(), found, "its exit was seen");
}

#[test]
fn a_connection_takes_the_place_of_one_and_at_later_roll_ups_of_no_other() {
    let mut pair = Pair::new();
    pair.see(&[tls(None, &[CDN]), tls(None, &[OTHER])]);
    pair.settle(2000);
    pair.replace();
    for _ in 0..4 {
        pair.see(&[tls(Some("a.example"), &[CDN, OTHER])]);
        pair.settle(2000);
        let found = pair.found();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[1].starts_with("former"), "{found:?}");
    }
}

#[test]
fn what_was_set_aside_keeps_its_reasons_however_many_batches_the_new_life_comes_in() {
    let seen = |name: &str, ip: &str| Connection {
        evidence: ["one", "two"].map(|rule| evidence(&format!("{name}/{rule}"), 90)).to_vec(),
        ..tls(Some(&format!("{name}.example")), &[ip])
    };
    for entries in [1, 2, 3, 5, 2000] {
        let mut pair = Pair::new();
        pair.see(&[seen("old", CDN)]);
        pair.settle(2000);
        pair.replace();
        pair.see(&[seen("new", OTHER)]);
        // Changes are noted from when the box first sends: the row that every roll-up changes comes last.
        drop(Outbox::open(pair.site(), SITE).unwrap());
        for _ in 0..3 {
            pair.see(&[seen("new", OTHER)]);
        }
        pair.settle(entries);
        let found = ["new new.example no exit new/one new/two", "former old.example no exit old/one old/two"];
        assert_eq!(pair.found(), found, "{entries} rows a batch");
        let hours = "SELECT number FROM activity WHERE number > 1000000000";
        assert!(raw(&pair.collector, hours).unwrap().is_empty(), "their captures are gone");
        pair.see(&[seen("old", CDN)]);
        pair.settle(entries);
        let found = ["new new.example no exit new/one new/two", "new old.example no exit old/one old/two"];
        assert_eq!(pair.found(), found, "{entries} rows a batch");
        let aside = "SELECT subject FROM evidence WHERE kind = 'connection' AND LENGTH(subject) > 5";
        assert!(raw(&pair.collector, aside).unwrap().is_empty(), "its reasons go with it");
    }
}

/// The copy has the same connections under the same numbers, their reasons before them.
#[test]
fn a_box_put_back_from_a_copy_finds_its_own_again_and_leaves_nothing_aside() {
    for entries in [1, 3, 2000] {
        let mut pair = Pair::new();
        let named = ["a.example", "b.example"].map(|name| Connection {
            evidence: vec![evidence("one/rule", 90), evidence("two/rule", 80)],
            ..tls(Some(name), &[CDN])
        });
        for _ in 0..3 {
            pair.see(&named);
            pair.settle(2000);
        }
        let before = (pair.found(), fs::read(pair.site()).unwrap());
        pair.see(&named);
        pair.settle(2000);
        fs::write(pair.site(), before.1).unwrap();
        pair.settle(entries);
        assert_eq!(pair.found(), before.0, "{entries} rows a batch");
        let aside = raw(&pair.collector, "SELECT number FROM connections WHERE number > 1000000000").unwrap();
        assert!(aside.is_empty(), "{aside:?}");
    }
}
