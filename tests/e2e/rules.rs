//! A site's own rules, and why a connection stands in the list as it does.

use std::fs;
use std::path::Path;

use crate::{agent, cases};

const OPENVPN: &str = "openvpn-on-port-443-behind-a-core-switch";

/// A rule that names every OpenVPN connection's party and category.
const OWN: &str = r#"
id       = "own/vpn"
revision = 1
title    = "The vendor's VPN"
subject  = "connection"

[[match]]
service    = "openvpn"
confidence = 99

[assert]
category = "regional-liaison"
org      = "Vendor Example"

[say]
en = "The contract says that {service} is for the regional network"
ja = "契約書によると {service} は地域医療連携用です"

[[source]]
states = "the contract"
url    = "https://vendor.example/contract"
read   = 2026-11-25

[[vector]]
name    = "the VPN"
origin  = "synthetic"
service = "openvpn"
expect  = "match"

[[vector]]
name    = "another"
origin  = "synthetic"
service = "ssh"
expect  = "no-match"
"#;

/// A folder with a capture, its ledger and a site's rules.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new(rule: &str) -> Self {
        let this = Self(tempfile::tempdir().unwrap());
        fs::write(this.0.path().join("mirror.pcap"), cases::capture(OPENVPN)).unwrap();
        fs::create_dir_all(this.0.path().join("rules/own")).unwrap();
        fs::write(this.0.path().join("rules/own/vpn.toml"), rule).unwrap();
        agent::text(["analyze", "--db", &this.at("ledger.db"), "--site", "minato", &this.at("mirror.pcap")]);
        this
    }

    fn at(&self, name: &str) -> String {
        self.0.path().join(Path::new(name)).to_str().unwrap().to_owned()
    }
}

#[test]
fn explain_prints_the_chain_from_facts_to_what_to_ask() {
    let bench = Bench::new(OWN);
    for (lang, observed, verdict) in [("ja", "■ 観測した事実", "■ 判定"), ("en", "Observed", "Verdict")]
    {
        let recorded = agent::text(["explain", "1", "--db", &bench.at("ledger.db"), "--lang", lang]);
        let read = agent::text(["explain", "1", &bench.at("mirror.pcap"), "--lang", lang]);
        for said in [recorded, read] {
            let places: Vec<_> =
                [observed, "udp", "wire/openvpn", verdict].map(|part| said.find(part)).into();
            assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{said}");
        }
    }
    let missing = agent::run(["explain", "999", "--db", &bench.at("ledger.db")]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("999"));
}

#[test]
fn a_site_s_rule_is_explained_by_its_own_source() {
    let bench = Bench::new(OWN);
    let said = agent::text([
        "explain",
        "1",
        &bench.at("mirror.pcap"),
        "--rules",
        &bench.at("rules"),
        "--lang",
        "en",
    ]);
    for part in ["rule own/vpn, revision 1", "https://vendor.example/contract", "← own/vpn (99 %)"] {
        assert!(said.contains(part), "no `{part}` in\n{said}");
    }
}

#[test]
fn a_rule_is_tried_on_past_data_and_changes_nothing() {
    let bench = Bench::new(OWN);
    let list = || agent::text(["connections", "--db", &bench.at("ledger.db"), "--format", "json"]);
    let before = list();
    let said = agent::text([
        "rules",
        "test",
        &bench.at("rules/own/vpn.toml"),
        "--db",
        &bench.at("ledger.db"),
        "--lang",
        "en",
    ]);
    assert!(said.contains("own/vpn (new)") && said.contains("1 would change"), "{said}");
    assert!(said.contains("→ [5] Regional liaison") && said.contains("→ Vendor Example"), "{said}");
    assert_eq!(list(), before);
}

#[test]
fn check_names_file_line_and_what_to_do() {
    let bench = Bench::new(OWN);
    let sound = agent::text(["rules", "check", &bench.at("rules")]);
    assert!(sound.contains("誤りはありません"), "{sound}");
    fs::write(bench.at("rules/own/vpn.toml"), OWN.replace("service    = ", "servise    = ")).unwrap();
    let output = agent::run(["rules", "check", &bench.at("rules")]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("vpn.toml:8: ") && errors.contains("「servise」"), "{errors}");
}

#[test]
fn the_list_of_rules_is_long_and_shows_what_each_asserts() {
    let listed = agent::text(["rules", "list", "--lang", "en"]);
    let teamviewer = listed.lines().find(|line| line.contains("remote/teamviewer")).unwrap();
    assert!(teamviewer.contains("TeamViewer"), "{teamviewer}");
    assert!(listed.lines().count() > 250);
}
