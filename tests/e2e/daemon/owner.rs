//! The daemon under a user of its own, with people beside it who work as root. Needs root, as they do.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::{Daemon, configure};
use crate::agent;
use crate::owned::{USER, all, assert_owned};

#[test]
fn what_root_writes_beside_the_daemon_is_the_daemon_s() {
    let folder = tempfile::tempdir().unwrap();
    // The checkout may be where only root may look.
    let program = folder.path().join("sekisho-agent");
    fs::copy(agent::program(), &program).unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    configure(folder.path(), &format!("[sync]\n[console]\nlisten = \"{free}\""));
    let (config, ledger) = (folder.path().join("agent.toml"), folder.path().join("state/ledger.db"));
    let text = fs::read_to_string(&config).unwrap().replace("/ledger.db", "/state/ledger.db");
    fs::write(&config, text).unwrap();
    let state = folder.path().join("state");
    fs::create_dir(&state).unwrap();
    for owned in [folder.path(), &state] {
        chown(owned, Some(USER), Some(USER)).unwrap();
    }
    let invitation = folder.path().join("invitation.json");
    let text = r#"{"site":"kita","id":"a","secret":"00","ca":"","recipient":""}"#;
    fs::write(&invitation, text).unwrap();
    let as_root = |args: &[&str]| agent::text(args);
    let (config, ledger) = (config.to_str().unwrap(), ledger.to_str().unwrap());
    as_root(&["enrol", "--invitation", invitation.to_str().unwrap(), "--config", config]);
    drop(sekisho_ledger::Ledger::open(ledger).unwrap());
    let mut console = Command::new(agent::program())
        .args(["console", "--db", ledger, "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(console.stdout.take().unwrap()).lines().next();
    console.kill().unwrap();
    console.wait().unwrap();
    assert!(said.unwrap().unwrap().contains("https://"), "the console did not start");
    let written = all(&state);
    assert!(written.iter().any(|path| path.ends_with("certificate.pem")), "{written:?}");
    assert!(written.iter().any(|path| path.ends_with("collector.json")), "{written:?}");
    assert_owned(&written);

    let mut command = Command::new(&program);
    command.args(["run", "--config", config]).uid(USER).gid(USER);
    let daemon = Daemon::of(&mut command, folder);
    let status = daemon.status().unwrap();
    assert!(status["roll_up"]["error"].is_null(), "{status}");
    assert_ne!(status["sync"]["state"], "not-enrolled", "{status}");
    daemon.stop();
}
