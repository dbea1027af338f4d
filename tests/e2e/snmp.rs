//! `poll` against Net-SNMP's own agent: every version, wrong passwords, an agent that stands still.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sekisho_tests::simulator::{Simulator, Temper, made};
use serde_json::Value;
use tempfile::TempDir;

use crate::agent::text;
use crate::cases;

const USER: &str = "user = 'sekisho'\nauth = 'sha256'\nauth_password = 'authpass123'\nprivacy = 'aes128'\n\
                    privacy_password = 'privpass123'\n";

/// A running snmpd, on a port of its own.
struct Snmpd {
    child: Child,
    folder: TempDir,
    target: String,
}

impl Snmpd {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let target = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let configuration = format!(
            "agentAddress udp:{target}\nrocommunity public 127.0.0.1\n\
             createUser sekisho SHA-256 authpass123 AES privpass123\nrouser sekisho priv\n\
             createUser long SHA authpass123 AES-256 privpass123\nrouser long priv\nsysName e2e\n"
        );
        let path = folder.path().join("snmpd.conf");
        std::fs::write(&path, configuration).unwrap();
        // SHA-1 is shorter than the key that AES-256 needs.
        let long = |privacy| {
            USER.replace("'sekisho'", "'long'").replace("'sha256'", "'sha1'").replace("'aes128'", privacy)
        };
        for (name, content) in [
            ("community", "public\n"),
            ("wrong", "wrong\n"),
            ("second", "wrong\npublic\n"),
            ("user.toml", USER),
            ("long.toml", &long("'aes256-blumenthal'")),
            ("reeder.toml", &long("'aes256'")),
            ("wrong-auth.toml", &USER.replace("authpass123", "authpass999")),
            ("wrong-privacy.toml", &USER.replace("privpass123", "privpass999")),
            ("wrong-name.toml", &USER.replace("'sekisho'", "'nobody'")),
        ] {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let child = Command::new("snmpd")
            .args(["-f", "-Lo", "-C", "-c"])
            .arg(&path)
            .env("SNMP_PERSISTENT_DIR", folder.path().join("state"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let snmpd = Self { child, folder, target };
        let begin = Instant::now();
        while snmpd.poll(&["--community-file", "community", "--retries", "0"])["state"] != "complete" {
            assert!(begin.elapsed() < Duration::from_mins(1), "snmpd does not answer");
        }
        snmpd
    }

    fn file(&self, name: &str) -> String {
        Path::new(self.folder.path()).join(name).display().to_string()
    }

    /// Asks it with files in its folder; gives the device.
    fn poll(&self, args: &[&str]) -> Value {
        let named = |arg: &&str| {
            if self.folder.path().join(arg).exists() { self.file(arg) } else { (*arg).to_owned() }
        };
        let mut all: Vec<String> =
            ["poll", "--format", "json", "--rate", "1000", "--timeout", "1", "--target"]
                .iter()
                .map(ToString::to_string)
                .collect();
        all.push(self.target.clone());
        all.extend(args.iter().map(named));
        let answer: Value = serde_json::from_str(&text(all)).unwrap();
        answer["devices"][0].clone()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn net_snmp_is_read_over_every_version_and_each_failure_has_its_state() {
    let snmpd = Snmpd::start();
    // (arguments, state)
    let cases: [(&[&str], &str); 8] = [
        (&["--community-file", "community"], "complete"),
        (&["--community-file", "community", "--v1"], "complete"),
        (&["--user-file", "user.toml"], "complete"),
        // Net-SNMP lengthens keys as in Blumenthal's draft.
        (&["--user-file", "long.toml"], "complete"),
        (&["--user-file", "reeder.toml", "--retries", "0"], "credentials"),
        // One after the other: the second community; the community, where the user is refused.
        (&["--community-file", "second", "--retries", "0"], "complete"),
        (&["--user-file", "reeder.toml", "--community-file", "community", "--retries", "0"], "complete"),
        (&["--community-file", "wrong", "--retries", "0"], "no-answer"),
    ];
    let read = &|args: &[&str], state: &str| {
        let device = snmpd.poll(args);
        assert_eq!(device["state"], state, "{args:?}");
        if state == "complete" {
            assert_eq!(device["name"], "e2e", "{args:?}");
            let interfaces = device["facts"]["interfaces"].as_array().unwrap();
            let is_loopback = |interface: &Value| interface["descr"] == "lo";
            assert!(interfaces.iter().any(is_loopback), "{args:?}: {interfaces:?}");
        }
    };
    // Together: most of the time goes by in waiting for answers that do not come.
    thread::scope(|scope| {
        for (args, state) in cases {
            scope.spawn(move || read(args, state));
        }
        for wrong in ["wrong-auth.toml", "wrong-privacy.toml", "wrong-name.toml"] {
            scope.spawn(move || read(&["--user-file", wrong, "--retries", "0"], "credentials"));
        }
    });
    snmpd.signal(Signal::SIGSTOP);
    assert_eq!(snmpd.poll(&["--community-file", "community", "--retries", "0"])["state"], "no-answer");
    snmpd.signal(Signal::SIGCONT);
    assert_eq!(snmpd.poll(&["--community-file", "community"])["state"], "complete");
}

#[test]
fn a_dry_run_sends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let community = folder.path().join("community");
    std::fs::write(&community, "public\n").unwrap();
    let device = UdpSocket::bind("127.0.0.1:0").unwrap();
    device.set_nonblocking(true).unwrap();
    let target = device.local_addr().unwrap().to_string();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (mirror, ledger) = (file("mirror.pcap"), file("ledger.db"));
    std::fs::write(&mirror, cases::capture("openvpn-on-port-443-behind-a-core-switch")).unwrap();
    text(["analyze", "--db", &ledger, "--site", "minato", &mirror]);
    let shown = text([
        "poll",
        "--dry-run",
        "--format",
        "json",
        "--target",
        &target,
        "--subnet",
        "192.0.2.0/30",
        "--db",
        &ledger,
        "--community-file",
        community.to_str().unwrap(),
    ]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["would_ask"], serde_json::json!([target, "192.0.2.1:161", "192.0.2.2:161"]));
    assert!(device.recv(&mut [0; 1]).is_err(), "a packet was sent");
}

/// Devices that answer badly, each with the state that it must come to. Slow ones hold up whoever is behind
/// the same socket, so they have one of their own.
const TEMPERS: [(Temper, &str); 10] = [
    (Temper::Sound, "complete"),
    (Temper::Silent, "no-answer"),
    (Temper::SilentAfter(6), "interrupted"),
    (Temper::Junk(60_000), "garbage"),
    (Temper::Junk(1), "garbage"),
    (Temper::Stuck, "loops"),
    (Temper::Circle, "loops"),
    (Temper::Endless, "truncated"),
    (Temper::Small, "complete"),
    (Temper::Refuses, "refused"),
];

#[test]
fn devices_that_answer_badly_end_in_a_state_each_in_bounded_time_and_memory() {
    let folder = tempfile::tempdir().unwrap();
    let community = folder.path().join("community");
    std::fs::write(&community, "public\n").unwrap();
    let tempered = |temper| made::switch(60).tempered(temper);
    let address = |at: usize| Ipv4Addr::new(127, 4, 0, at as u8 + 1);
    let devices =
        TEMPERS.iter().enumerate().map(|(at, (temper, _))| (address(at), Arc::new(tempered(*temper))));
    let simulator = Simulator::start(0, devices.collect()).unwrap();
    let slow = BTreeMap::from([(address(99), Arc::new(tempered(Temper::Slow(Duration::from_millis(20)))))]);
    let slow = Simulator::start(0, slow).unwrap();
    simulator.put(address(98), made::switch(1).for_community(b"other"));
    let mut targets: Vec<String> =
        (0..TEMPERS.len()).map(|at| format!("{}:{}", address(at), simulator.port())).collect();
    targets.push(format!("{}:{}", address(98), simulator.port()));
    targets.push(format!("{}:{}", address(99), slow.port()));
    let begin = Instant::now();
    // Of the address space, the program itself takes most.
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 400000; exec \"$0\" \"$@\""])
        .arg(crate::agent::program())
        .args([
            "poll",
            "--format",
            "json",
            "--rate",
            "1000",
            "--timeout",
            "1",
            "--retries",
            "1",
            "--community-file",
        ])
        .arg(&community)
        .args(targets.iter().flat_map(|target| ["--target", target]))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(begin.elapsed() < Duration::from_mins(2), "{:?}", begin.elapsed());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let states: Vec<&str> = answer["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["state"].as_str().unwrap())
        .collect();
    let expected: Vec<&str> =
        TEMPERS.iter().map(|(_, state)| *state).chain(["no-answer", "complete"]).collect();
    assert_eq!(states, expected);
    let sent: u64 = simulator.counts().values().chain(slow.counts().values()).sum();
    assert_eq!(answer["traffic"]["sent"], sent, "every datagram is accounted");
}

#[test]
fn what_stops_a_poll_is_told_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (empty, odd) =
        (file("empty", "\n"), file("odd.toml", "user = 'x'\nauth = 'sha3'\nauth_password = 'hidden'\n"));
    let cases: [(&[&str], &str, &str); 7] = [
        (&[], "問い合わせる相手がありません", "nobody to ask"),
        (&["--target", "router1"], "router1", "is no address"),
        (&["--subnet", "10.0.0.0/8"], "/20", "no wider than a /20"),
        (&["--subnet", "192.0.2.0/30"], "--db", "which devices of the subnet are medical"),
        (&["--target", "192.0.2.1"], "--community-file", "--user-file"),
        (&["--target", "192.0.2.1", "--community-file", &empty], "空です", "it is empty"),
        (&["--target", "192.0.2.1", "--user-file", &odd], "sha512", "auth is one of"),
    ];
    thread::scope(|scope| {
        for (args, ja, en) in cases {
            scope.spawn(move || {
                for (lang, words) in [("ja", ja), ("en", en)] {
                    let output = crate::agent::run(["poll", "--lang", lang].iter().chain(args));
                    let told = String::from_utf8(output.stderr).unwrap();
                    assert!(!output.status.success() && told.contains(words), "{args:?}: {told}");
                    assert!(!told.contains("hidden"), "{told}");
                }
            });
        }
    });
}
