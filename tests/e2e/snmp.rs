//! `poll` against Net-SNMP's own agent: every version, wrong passwords, an agent that stands still.

use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::agent::text;

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
             createUser sekisho SHA-256 authpass123 AES privpass123\nrouser sekisho priv\nsysName e2e\n"
        );
        let path = folder.path().join("snmpd.conf");
        std::fs::write(&path, configuration).unwrap();
        for (name, content) in [("community", "public\n"), ("wrong", "wrong\n"), ("user.toml", USER)] {
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
        let known = ["community", "wrong", "user.toml", "other.toml"];
        let named = |arg: &&str| {
            if known.contains(arg) { self.file(arg) } else { (*arg).to_owned() }
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
    let cases: [(&[&str], &str); 4] = [
        (&["--community-file", "community"], "complete"),
        (&["--community-file", "community", "--v1"], "complete"),
        (&["--user-file", "user.toml"], "complete"),
        (&["--community-file", "wrong", "--retries", "0"], "no-answer"),
    ];
    for (args, state) in cases {
        let device = snmpd.poll(args);
        assert_eq!(device["state"], state, "{args:?}");
        if state == "complete" {
            assert_eq!(device["name"], "e2e", "{args:?}");
            let interfaces = device["facts"]["interfaces"].as_array().unwrap();
            assert!(
                interfaces.iter().any(|interface| interface["descr"] == "lo"),
                "{args:?}: {interfaces:?}"
            );
        }
    }
    for (written, instead) in
        [("authpass123", "authpass999"), ("privpass123", "privpass999"), ("'sekisho'", "'nobody'")]
    {
        std::fs::write(snmpd.file("other.toml"), USER.replace(written, instead)).unwrap();
        let device = snmpd.poll(&["--user-file", "other.toml", "--retries", "0"]);
        assert_eq!(device["state"], "credentials", "{instead}");
    }
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
    let shown = text([
        "poll",
        "--dry-run",
        "--format",
        "json",
        "--target",
        &target,
        "--subnet",
        "192.0.2.0/30",
        "--community-file",
        community.to_str().unwrap(),
    ]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["would_ask"], serde_json::json!([target, "192.0.2.1:161", "192.0.2.2:161"]));
    assert!(device.recv(&mut [0; 1]).is_err(), "a packet was sent");
}
