//! Settings that a collector hands down to its sites: in force at once, under the box's own file, and given back.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use sekisho_tests::ended::Ended;
use serde_json::Value;

use super::{Collector, NAME, Site, agent, fs};

/// A meeting comes ten seconds after the last, or half a minute later where the box looks at its clock.
const DEADLINE: Duration = Duration::from_mins(3);

fn run(site: &Site) -> Ended {
    Ended(site.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

fn status(site: &Site) -> Option<Value> {
    let socket = site.path("agent.sock");
    let output = agent::run(["status", "--format", "json", "--socket", socket.to_str().unwrap()]);
    output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
}

fn until<T>(what: &str, mut comes: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(it) = comes() {
            return it;
        }
        assert!(begin.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// What the daemon says of each setting: its key, value and state.
fn handed(site: &Site) -> Vec<[String; 3]> {
    let status = status(site).unwrap_or_default();
    let handed = status["handed"].as_array().cloned().unwrap_or_default();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    handed.iter().map(|one| ["key", "values", "state"].map(|name| text(one, name))).collect()
}

fn checked(site: &Site) -> String {
    let config = site.path("agent.toml");
    agent::text(["--lang", "en", "check-config", config.to_str().unwrap()])
}

const BY: [&str; 2] = ["--by", "survey"];

#[test]
fn a_running_daemon_takes_settings_over_and_returns_to_its_own() {
    let collector = Collector::start();
    let site = Site::new("[sync]\nbandwidth = '1MiB'\n");
    site.record(1);
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    let set = |key: &str, values: &[&str]| {
        collector.ok(&[&["settings", "set", key], values, BY.as_slice()].concat());
    };
    set("sync.every", &["10s"]);
    set("internal", &["10.0.0.0/8", "2001:db8:1::/48"]);
    set("sync.bandwidth", &["64KiB"]);
    let daemon = run(&site);
    let row = |key: &str, values: &str, state: &str| [key, values, state].map(str::to_owned);
    let mut expected = vec![
        row("internal", "10.0.0.0/8 2001:db8:1::/48", "in-force"),
        row("sync.bandwidth", "64KiB", "stated"),
        row("sync.every", "10s", "in-force"),
    ];
    until("the settings", || (handed(&site) == expected).then_some(()));
    // By itself, every ten seconds and not every five minutes: what is set now comes as well.
    set("sync.hours", &["00:00-23:59"]);
    expected.push(row("sync.hours", "00:00-23:59", "in-force"));
    until("the hours", || (handed(&site) == expected).then_some(()));
    let words = checked(&site);
    assert!(words.contains("sync.every = 10s (by survey): in force"), "{words}");
    assert!(
        words.contains("sync.bandwidth = 64KiB (by survey): not taken, for the box's own file"),
        "{words}"
    );
    assert!(words.contains("in force is its 1MiB"), "{words}");

    // Taken back, the file's and the default's hold again; nothing was restarted.
    collector.ok(&[&["settings", "drop", "internal"], BY.as_slice()].concat());
    collector.ok(&[&["settings", "drop", "sync.bandwidth"], BY.as_slice()].concat());
    collector.ok(&[&["settings", "drop", "sync.hours"], BY.as_slice()].concat());
    until("what is left", || (handed(&site) == [row("sync.every", "10s", "in-force")]).then_some(()));
    assert!(
        !collector
            .command(&["settings", "drop", "internal", "--by", "survey"])
            .output()
            .unwrap()
            .status
            .success()
    );
    let status = status(&site).unwrap();
    assert!(status["handed_error"].is_null(), "{}", status["handed_error"]);
    assert!(status["reload"].is_null(), "the file was not read again");
    drop(daemon);
}

#[test]
fn what_a_half_written_rule_of_the_site_keeps_out_is_in_force_when_the_rule_is_right() {
    let collector = Collector::start();
    let site = Site::new("[sync]\nevery = '10s'\n");
    let own = site.path("rules.d");
    fs::create_dir(&own).unwrap();
    let config = fs::read_to_string(site.path("agent.toml")).unwrap();
    fs::write(site.path("agent.toml"), format!("rules = '{}'\n{config}", own.display())).unwrap();
    site.record(1);
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    let daemon = run(&site);
    until("a meeting", || status(&site).filter(|status| status["sync"]["state"] == "in-touch"));
    let half = own.join("half.toml");
    fs::write(&half, "id = ").unwrap();
    collector.ok(&[&["settings", "set", "internal", "10.0.0.0/8"], BY.as_slice()].concat());
    until("a refusal", || status(&site).filter(|status| status["handed_error"].is_string()));
    assert_eq!(handed(&site), Vec::<[String; 3]>::new());
    fs::remove_file(&half).unwrap();
    let row = ["internal", "10.0.0.0/8", "in-force"].map(str::to_owned);
    until("the setting", || (handed(&site) == [row.clone()]).then_some(()));
    assert!(status(&site).unwrap()["handed_error"].is_null(), "it is in force");
    drop(daemon);
}

#[test]
fn settings_come_by_file_to_a_running_daemon_as_well() {
    let collector = Collector::start();
    let site = Site::new("take_settings = true\n");
    // Where the file has only tables, a key at the top goes before them.
    let ledger = site.path("ledger.db");
    let socket = site.path("agent.sock");
    let configure = |more: &str| {
        let places = format!("ledger = '{}'\n[status]\nsocket = '{}'\n", ledger.display(), socket.display());
        fs::write(site.path("agent.toml"), format!("site = 'here'\n{more}\n{places}")).unwrap();
    };
    configure("");
    site.record(1);
    let [invitation, bundle, answer] = ["invitation.json", "bundle", "answer"].map(|name| site.path(name));
    collector.ok(&["site", "add", NAME, "--offline", "-o", invitation.to_str().unwrap()]);
    site.ok(&["enrol", "--invitation", invitation.to_str().unwrap()]);
    let daemon = run(&site);
    until("an answer", || status(&site));
    let round = || {
        site.ok(&["bundle", "-o", bundle.to_str().unwrap()]);
        collector.ok(&["import", bundle.to_str().unwrap()]);
        collector.ok(&["answer", NAME, "-o", answer.to_str().unwrap()]);
        site.ok(&["import", answer.to_str().unwrap()])
    };
    collector.ok(&["settings", "set", "internal", "10.0.0.0/8", "--site", NAME, "--by", "survey"]);
    collector.ok(&["settings", "set", "sync.every", "1h", "--by", "survey"]);
    let listed = collector.ok(&["settings", "list", "--site", NAME]);
    assert!(listed.contains("internal\t10.0.0.0/8\tsurvey") && listed.contains("sync.every\t1h"), "{listed}");
    assert!(round().contains("settings changed"));
    let row = |key: &str, values: &str, state: &str| [key, values, state].map(str::to_owned);
    let both = |first: &str, second: &str| {
        vec![row("internal", "10.0.0.0/8", first), row("sync.every", "1h", second)]
    };
    // There is no `[sync]` here.
    until("the settings", || (handed(&site) == both("in-force", "idle")).then_some(()));
    // The hospital's own file has the last word, and can have it on everything.
    configure("internal = ['192.0.2.0/24']");
    assert!(checked(&site).contains("internal = 10.0.0.0/8 (by survey): not taken"), "{}", checked(&site));
    configure("take_settings = false");
    assert_eq!(checked(&site).matches("take_settings = false").count(), 2, "{}", checked(&site));
    configure("");
    collector.ok(&["settings", "drop", "internal", "--by", "survey"]);
    collector.ok(&["settings", "drop", "sync.every", "--by", "survey"]);
    let history = collector.ok(&["settings", "history", "internal", "--site", NAME]);
    let [first, second] = history.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(first.contains("10.0.0.0/8\tsurvey") && second.contains("(taken back)\tsurvey"), "{history}");
    assert!(round().contains("settings changed"));
    until("nothing", || handed(&site).is_empty().then_some(()));
    drop(daemon);
}

#[test]
fn what_could_harm_is_neither_sent_nor_taken() {
    let collector = Collector::start();
    let site = Site::new("[sync]\n[snmp]\nallow = ['192.0.2.0/24']\ncommunity_file = 'COMMUNITY'\n");
    let community = site.path("community");
    fs::write(&community, "public\n").unwrap();
    let config = fs::read_to_string(site.path("agent.toml")).unwrap();
    fs::write(site.path("agent.toml"), config.replace("COMMUNITY", community.to_str().unwrap())).unwrap();
    site.record(1);
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    // (key, value, a word of why)
    let cases = [
        ("internal", "0.0.0.0/0", "too wide"),
        ("internal", "ten", "no prefix"),
        ("sync.every", "1s", "from 10s"),
        ("sync.bandwidth", "1KiB", "too slow"),
        ("sync.hours", "03:00-03:01", "too short"),
        ("snmp.subnets", "10.0.0.0/8", "too wide"),
        ("snmp.targets", "192.0.2.1", "can be handed down"),
        ("sync.url", "https://192.0.2.66:8444", "can be handed down"),
        ("console.listen", "0.0.0.0:8443", "can be handed down"),
        ("snmp.community_file", "/etc/shadow", "can be handed down"),
    ];
    for (key, value, why) in cases {
        let refused = collector.command(&["settings", "set", key, value, "--by", "x"]).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains(why), "{key} {value}: {said}");
    }
    assert!(collector.ok(&["settings", "list"]).contains("no setting"));

    // A collector that sends it all the same, as another's program would: the box runs on without.
    let ledger = collector.ledger();
    let hostile = "import sqlite3, sys\n\
        database = sqlite3.connect(sys.argv[1], timeout=60)\n\
        rows = [('internal', '[\"0.0.0.0/0\"]'), ('sync.every', '7'), ('sync.url', '[\"https://192.0.2.66\"]'),\n\
        \x20       ('\\x1b[2J../../x', '[\"\\\\u001b[2J\"]'), ('snmp.subnets', '[\"198.51.100.0/24\"]')]\n\
        for place, (key, value) in enumerate(rows, 1):\n\
        \x20   stamp = f'{1_800_000_000_000_000 + place:016x}-{place:016x}'\n\
        \x20   database.execute('INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)',\n\
        \x20                    [sys.argv[2], 'setting', key, 'value', stamp, value, 'mallory', place])\n\
        database.commit()\n";
    let output =
        std::process::Command::new("python3").args(["-c", hostile]).arg(&ledger).arg(NAME).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let daemon = run(&site);
    until("the settings", || (handed(&site).len() == 5).then_some(()));
    let states: Vec<[String; 3]> = handed(&site);
    let state = |key: &str| states.iter().find(|row| row[0] == key).map(|row| row[2].as_str());
    for key in ["internal", "sync.every", "snmp.subnets"] {
        assert_eq!(state(key), Some("refused"), "{key}: {states:?}");
    }
    assert_eq!(state("sync.url"), Some("unknown"));
    let words = checked(&site);
    assert!(words.contains("outside of what `allow`") && !words.contains('\u{1b}'), "{words}");
    let socket = site.path("agent.sock");
    assert!(!agent::text(["status", "--socket", socket.to_str().unwrap()]).contains('\u{1b}'));
    assert!(status(&site).unwrap()["reload"]["error"].is_null());
    drop(daemon);
    // Within what the box allows it is taken.
    collector.ok(&["settings", "set", "snmp.subnets", "192.0.2.128/25", "--by", "survey"]);
    site.ok(&["sync", "--once"]);
    assert!(checked(&site).contains("192.0.2.128/25 (by survey): in force"), "{}", checked(&site));
}
