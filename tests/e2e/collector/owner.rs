//! A collector under a user of its own, with people beside it who work as root. Needs root, as they do.

use std::os::unix::fs::{chown, symlink};
use std::os::unix::process::CommandExt;

use super::*;
use crate::owned::{USER, all, assert_owned};

#[test]
fn what_root_does_beside_the_collector_locks_it_out_of_nothing() {
    let mut collector = Collector::start();
    collector.kill();
    let folder = collector.folder.path().to_owned();
    // As it is installed: the folder is the service's, all else is begun anew by root.
    let state = folder.join("state");
    fs::remove_dir_all(&state).unwrap();
    fs::create_dir(&state).unwrap();
    for owned in [&folder, &state] {
        chown(owned, Some(USER), Some(USER)).unwrap();
    }
    collector.ok(&["init"]);
    let (here, capture) = captures::site(&collector, Site::new(""), NAME);
    let bundle = captures::bundle(&here, &[&capture]);
    collector.ok(&["import", bundle.to_str().unwrap()]);
    // Where a link leads is written to, and the link stays one.
    let (answer, link) = (here.path("answer"), here.path("link"));
    fs::write(&answer, "").unwrap();
    symlink(&answer, &link).unwrap();
    collector.ok(&["answer", NAME, "-o", link.to_str().unwrap()]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    here.ok(&["import", answer.to_str().unwrap()]);
    let written = all(&state);
    assert!(written.iter().any(|path| path.ends_with("ledger.db.members")), "{written:?}");
    assert!(written.iter().any(|path| path.ends_with("captures.lock")), "{written:?}");
    assert_owned(&written);

    // The checkout may be where only root may look.
    let program = folder.join("sekisho-collector");
    fs::copy(collector_program(), &program).unwrap();
    let config = folder.join("collector.toml");
    let as_user = |args: &[&str]| {
        let mut command = Command::new(&program);
        command.arg("--config").arg(&config).args(["--lang", "en"]).args(args).uid(USER).gid(USER);
        command
    };
    let listed = as_user(&["captures"]).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("morning.pcap"), "{listed:?}");
    let mut running = as_user(&["run"]).stdout(Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    while TcpStream::connect(collector.address).is_err() {
        assert!(begin.elapsed() < DEADLINE && running.try_wait().unwrap().is_none(), "it does not listen");
        thread::sleep(Duration::from_millis(20));
    }
    running.kill().unwrap();
    running.wait().unwrap();
    let removed = as_user(&["site", "remove", NAME, "--yes"]).output().unwrap();
    assert!(removed.status.success(), "{removed:?}");
}
