//! Where the daemon answers beside its work, while the address is not to be had.

use std::fs;
use std::net::{TcpListener, TcpStream};

use super::{Daemon, until};
use crate::agent;

#[test]
fn an_address_that_is_not_to_be_had_stops_nothing_and_is_tried_again() {
    let taken = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (console, metrics) = (taken(), taken());
    let [pages, figures] = [&console, &metrics].map(|listener| listener.local_addr().unwrap());
    let more =
        format!("roll_up = \"1s\"\n[console]\nlisten = \"{pages}\"\n[metrics]\nlisten = \"{figures}\"");
    let daemon = Daemon::start(&more);
    let told = |count: usize| {
        daemon.status().filter(|status| {
            let listeners = status["listeners"].as_array().unwrap();
            let failing = listeners.iter().filter(|listener| !listener["error"].is_null());
            listeners.len() == 2 && failing.count() == count
        })
    };
    until("both told", || told(2).filter(|status| status["listeners"].to_string().contains("os error")));
    until("a roll-up", || daemon.status().filter(|status| status["roll_up"]["recorded"].as_u64() > Some(0)));
    for (lang, words) in [("ja", "注意: 画面を開けません"), ("en", "attention: the console cannot be opened")]
    {
        let shown = daemon.words(lang);
        assert!(shown.contains(words), "{shown}");
    }
    drop((console, metrics));
    until("both open", || told(0));
    for address in [pages, figures] {
        TcpStream::connect(address).unwrap();
    }
    let log = daemon.stop();
    assert!(log.contains("cannot listen, trying it again"), "{log}");
}

#[test]
fn a_console_over_a_ledger_that_is_not_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leger.db");
    let output = agent::run(["console", "--db", path.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("leger.db"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made");
}
