//! What people declare and ask on either side is known on both, over the network and by file.

use std::path::Path;

use serde_json::Value;

use super::{Collector, NAME, Site};
use crate::agent;

/// What the box's command line says of its ledger.
fn at_site(site: &Site, args: &[&str]) -> String {
    let ledger = site.path("ledger.db");
    agent::text(args.iter().copied().chain(["--db", ledger.to_str().unwrap()]))
}

fn rows(json: &str) -> Vec<Value> {
    serde_json::from_str(json).unwrap()
}

/// The two lists of what is declared, and the two of what is asked, which are the same.
fn known(site: &Site, collector: &Collector) -> (Vec<Value>, Vec<Value>) {
    let json = ["--format", "json"];
    let told = |of: &[&str]| {
        let ours = rows(&at_site(site, &[of, &json].concat()));
        let theirs = rows(&collector.ok(&[of, &json, &["--site", NAME]].concat()));
        let bare = |rows: &[Value]| {
            let mut rows = rows.to_vec();
            for row in &mut rows {
                row.as_object_mut().unwrap().remove("site");
            }
            rows
        };
        assert_eq!(bare(&ours), bare(&theirs), "{of:?}");
        ours
    };
    (told(&["registrations"]), told(&["inquiry", "list"]))
}

fn status(list: &str, number: &str) -> String {
    let number: i64 = number.parse().unwrap();
    let row = rows(list).into_iter().find(|row| row["number"] == number).unwrap();
    row["status"].as_str().unwrap().to_owned()
}

/// Declares and asks on both sides while they are apart.
fn work(site: &Site, collector: &Collector) -> String {
    let list = rows(&at_site(site, &["connections", "--format", "json"]));
    let row = list.iter().find(|row| row["status"] == "unregistered" && row["number"].is_i64()).unwrap();
    let number = row["number"].to_string();
    let of = ["--site", NAME, "--by", "survey"];
    collector.ok(&[&["register", &number, "--owner", "放射線科"], of.as_slice()].concat());
    at_site(site, &["register", &number, "--vendor", "医用機器", "--by", "hosoda"]);
    collector.ok(&[&["inquiry", "add", "--question", "契約書", "--to", "情報課"], of.as_slice()].concat());
    at_site(site, &["inquiry", "add", "--question", "回線", "--to", "放射線科", "--by", "hosoda"]);
    number
}

fn assert_merged(site: &Site, collector: &Collector, number: &str) {
    let (registrations, inquiries) = known(site, collector);
    let [registration] = registrations.as_slice() else { panic!("{registrations:?}") };
    assert_eq!((&registration["owner"], &registration["vendor"]), (&"放射線科".into(), &"医用機器".into()));
    assert_eq!(inquiries.len(), 2);
    let list = ["connections", "--format", "json"];
    assert_eq!(status(&at_site(site, &list), number), "registered");
    assert_eq!(status(&collector.ok(&list), number), "registered");
    for history in [at_site(site, &["history"]), collector.ok(&["history"])] {
        assert!(history.contains("hosoda") && history.contains("survey"), "{history}");
    }
}

#[test]
fn what_both_sides_declare_and_ask_meets_over_the_network() {
    let collector = Collector::start();
    let site = Site::new("");
    site.record(1);
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    site.ok(&["sync", "--once"]);
    let number = work(&site, &collector);
    site.ok(&["sync", "--once"]);
    // What settles at the site goes up with the next meeting.
    site.ok(&["sync", "--once"]);
    assert_merged(&site, &collector, &number);
}

#[test]
fn what_both_sides_declare_and_ask_meets_by_file() {
    let collector = Collector::start();
    let site = Site::new("");
    site.record(1);
    let invitation = site.path("invitation.json");
    collector.ok(&["site", "add", NAME, "--offline", "-o", invitation.to_str().unwrap()]);
    site.ok(&["enrol", "--invitation", invitation.to_str().unwrap()]);
    let (bundle, answer) = (site.path("bundle"), site.path("answer"));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let round = || {
        site.ok(&["bundle", "-o", &text(&bundle)]);
        collector.ok(&["import", &text(&bundle)]);
        collector.ok(&["answer", NAME, "-o", &text(&answer)]);
        site.ok(&["import", &text(&answer)]);
    };
    round();
    let number = work(&site, &collector);
    round();
    round();
    assert_merged(&site, &collector, &number);
}
