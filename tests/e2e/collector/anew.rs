//! Boxes that enrol again: after they were revoked, as another site, in the place of another box.

use super::*;

#[test]
fn a_revoked_or_removed_box_enrols_anew() {
    let collector = Collector::start();
    let site = Site::new("");
    site.record(1);
    for end in [&["site", "revoke", NAME][..], &["site", "remove", NAME, "--yes"]] {
        let enrolled = site.enrol(collector.address, &collector.code(NAME));
        assert!(enrolled.status.success(), "{}", String::from_utf8_lossy(&enrolled.stderr));
        site.ok(&["sync", "--once"]);
        assert_equal(&site, &collector, NAME);
        collector.ok(end);
        assert!(!site.run(&["sync", "--once"]).status.success(), "{end:?}");
    }
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    site.ok(&["sync", "--once"]);
    assert_equal(&site, &collector, NAME);
}

#[test]
fn a_box_that_was_enrolled_as_another_site_by_mistake_sends_to_its_own_from_then_on() {
    let collector = Collector::start();
    let site = Site::new("");
    site.record(1);
    assert!(site.enrol(collector.address, &collector.code("kita")).status.success());
    let refused = site.enrol(collector.address, "AAAA-AAAAA-AAAAA");
    assert!(!refused.status.success(), "a wrong code");
    site.ok(&["sync", "--once"]);
    let before = rows(&collector.ledger(), "kita");
    assert!(!before.is_empty(), "who was refused goes on as before");
    assert!(site.enrol(collector.address, &collector.code("yama")).status.success());
    site.record(2);
    site.ok(&["sync", "--once"]);
    assert_equal(&site, &collector, "yama");
    assert!(rows(&collector.ledger(), "kita") == before, "nothing more came to the other");
}

#[test]
fn status_tells_of_every_site_from_the_first_day_on() {
    let collector = Collector::start();
    let status = || collector.ok(&["status"]);
    assert!(status().starts_with("there are no sites"), "{}", status());
    let site = Site::new("");
    site.record(1);
    let code = collector.code(NAME);
    assert!(status().starts_with(&format!("{NAME}: nothing received yet")), "{}", status());
    assert!(site.enrol(collector.address, &code).status.success());
    assert!(status().contains("nothing received yet"), "{}", status());
    site.ok(&["sync", "--once"]);
    assert!(status().starts_with(&format!("{NAME}: last received")), "{}", status());
    assert_eq!(status().lines().count(), 1, "{}", status());
    collector.ok(&["site", "revoke", NAME]);
    assert_eq!(status().lines().count(), 1, "{}", status());
}
