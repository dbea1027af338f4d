//! Rules that a collector hands down to its sites.

use super::{Collector, DEADLINE, Duration, Instant, NAME, Site, agent, fs, thread};

/// A rule with both vectors; `match` of the second makes it unsound.
fn rule(id: &str, expect: &str) -> String {
    format!(
        "id = \"{id}\"\nrevision = 1\ntitle = \"Example\"\nsubject = \"connection\"\n\n[[match]]\nhost = \"vendor.example\"\n\
         confidence = 90\n\n[assert]\norg = \"Example\"\n\n[say]\nen = \"It is Example's\"\nja = \"Example の接続です\"\n\n\
         [[source]]\nstates = \"an example\"\nurl = \"https://vendor.example/\"\nread = 2026-11-25\n\n\
         [[vector]]\nname = \"its name\"\norigin = \"synthetic\"\nsni = \"vpn.vendor.example\"\nexpect = \"match\"\n\n\
         [[vector]]\nname = \"another\"\norigin = \"synthetic\"\nsni = \"other.example\"\nexpect = \"{expect}\"\n"
    )
}

#[test]
fn a_rule_of_the_collectors_reaches_its_sites_and_is_taken_back() {
    let collector = Collector::start();
    let site = Site::new("[sync]\n");
    site.record(1);
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    let away = "yama-clinic";
    let (invitation, answer) = (site.path("invitation.json"), site.path("answer"));
    let (bundle, path) = (site.path("bundle"), site.path("example.toml"));
    let offline = Site::new("");
    offline.record(2);
    collector.ok(&["site", "add", away, "--offline", "-o", invitation.to_str().unwrap()]);
    offline.ok(&["enrol", "--invitation", invitation.to_str().unwrap()]);
    let put = ["rules", "put", path.to_str().unwrap(), "--by", "survey"];

    // What is not sound reaches nobody.
    fs::write(&path, rule("vendor/example", "match")).unwrap();
    assert!(!collector.command(&put).output().unwrap().status.success());
    fs::write(&path, rule("vendor/example", "no-match")).unwrap();
    assert!(collector.ok(&put).contains("sites: 2"));
    assert!(collector.ok(&["rules", "list"]).contains("vendor/example"));

    let by_file = || {
        offline.ok(&["bundle", "-o", bundle.to_str().unwrap()]);
        collector.ok(&["import", bundle.to_str().unwrap()]);
        collector.ok(&["answer", away, "-o", answer.to_str().unwrap()]);
        offline.ok(&["import", answer.to_str().unwrap()])
    };
    assert!(site.ok(&["sync", "--once"]).contains("rules changed"));
    assert!(by_file().contains("rules changed"));
    assert!(!site.ok(&["sync", "--once"]).contains("rules changed"), "once");
    // In force: one of the same name would take its place.
    let tried = |of: &Site| {
        let ledger = of.path("ledger.db");
        agent::text([
            "--lang",
            "en",
            "rules",
            "test",
            path.to_str().unwrap(),
            "--db",
            ledger.to_str().unwrap(),
        ])
    };
    for of in [&site, &offline] {
        assert!(tried(of).contains("takes the place"), "{}", tried(of));
    }

    collector.ok(&["rules", "take-back", "vendor/example", "--by", "survey"]);
    assert!(site.ok(&["sync", "--once"]).contains("rules changed"));
    assert!(by_file().contains("rules changed"));
    for of in [&site, &offline] {
        assert!(!tried(of).contains("takes the place"), "{}", tried(of));
    }
}

#[test]
fn rules_reach_a_running_daemon_while_somebody_edits_its_configuration() {
    let collector = Collector::start();
    let site = Site::new("[sync]\nevery = '10s'\n");
    site.record(1);
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    let log = site.path("log");
    let mut command = site.command(&["run"]);
    let mut daemon = command.stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
    let told = |words: &str| {
        let begin = Instant::now();
        loop {
            let text = fs::read_to_string(&log).unwrap();
            if text.contains(words) {
                return text;
            }
            assert!(begin.elapsed() < DEADLINE, "no \"{words}\": {text}");
            thread::sleep(Duration::from_millis(50));
        }
    };
    told("met the collector");
    fs::write(site.path("agent.toml"), "site = 'here'\nroll_up = \"so").unwrap();
    let path = site.path("example.toml");
    fs::write(&path, rule("vendor/example", "no-match")).unwrap();
    collector.ok(&["rules", "put", path.to_str().unwrap(), "--by", "survey"]);
    let text = told("what the collector handed down is taken over");
    assert!(!text.contains("refused"), "{text}");
    let pid = nix::unistd::Pid::from_raw(daemon.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert!(daemon.wait().unwrap().success());
}
