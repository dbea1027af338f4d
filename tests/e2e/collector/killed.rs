//! Either side killed while it records, sends and takes in: nothing is lost, nothing doubled, and that the kills
//! hit is told.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU32};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::*;
use crate::live::{FLOW_BYTES, netflow};

/// Rounds of each test; the instants lie evenly within what one undisturbed run took.
const ROUNDS: u32 = 20;

/// Starts a command of the site, without its words.
fn started(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits for a part of a time, and says whether the child was still at work then.
fn at_work(child: &mut Child, takes: Duration, round: u32) -> bool {
    thread::sleep(takes * round / ROUNDS);
    child.try_wait().unwrap().is_none()
}

#[test]
fn either_side_killed_at_any_instant_loses_and_doubles_nothing() {
    let mut collector = Collector::start();
    let site = Site::new("");
    site.record(1);
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    let begin = Instant::now();
    site.ok(&["sync", "--once"]);
    let takes = begin.elapsed();
    let mut hits = [0, 0];
    for round in 0..ROUNDS {
        if round % 3 == 0 {
            site.record(u64::from(round) + 2);
        }
        let mut child = started(site.command(&["sync", "--once"]));
        let hit = at_work(&mut child, takes, round);
        if round % 2 == 0 {
            let _ = child.kill();
        } else {
            collector.kill();
        }
        let ended = child.wait().unwrap();
        if hit && !ended.success() {
            hits[(round % 2) as usize] += 1;
        }
        if collector.running.is_none() {
            collector.run();
        }
    }
    assert!(hits.iter().all(|hits| *hits > 1), "of {ROUNDS} kills {hits:?} hit");
    site.ok(&["sync", "--once"]);
    assert_equal(&site, &collector, NAME);
}

#[test]
fn a_box_killed_while_it_records_and_sends_loses_and_doubles_nothing() {
    let collector = Collector::start();
    let site = Site::new("");
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    let ledger = site.path("ledger.db");
    let (mut hits, mut takes) = (0, Duration::ZERO);
    for round in 0..ROUNDS {
        let day = site.path("day");
        fs::create_dir(&day).unwrap();
        sekisho_tests::day::generate(u64::from(round) + 1, 1, &day).unwrap();
        let mut record = Command::new(agent::program());
        record.args(["analyze", "--db", ledger.to_str().unwrap(), "--site", "here", "--format", "csv"]);
        record.args(["-o", "/dev/null"]).arg(day.join("hospital.pcap")).stdin(Stdio::null());
        let begin = Instant::now();
        let mut recording = started(record);
        let mut sending = (round > 0).then(|| started(site.command(&["sync", "--once"])));
        if round == 0 {
            assert!(recording.wait().unwrap().success());
            takes = begin.elapsed();
        } else {
            hits += u32::from(at_work(&mut recording, takes, round));
        }
        for child in [Some(&mut recording), sending.as_mut()].into_iter().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
        fs::remove_dir_all(day).unwrap();
    }
    assert!(hits > ROUNDS / 4, "of {ROUNDS} kills {hits} hit a recording");
    site.record(99);
    site.ok(&["sync", "--once"]);
    assert_equal(&site, &collector, NAME);
}

/// Sends a flow of another of 200 inside addresses every few milliseconds until it is told to stop.
fn export(to: SocketAddr, sent: &AtomicU32, stop: &AtomicBool) {
    let exporter = UdpSocket::bind("127.0.0.1:0").unwrap();
    while !stop.load(Ordering::SeqCst) {
        let sequence = sent.fetch_add(1, Ordering::SeqCst);
        // While nobody listens the socket says so, once.
        let _ = exporter.send_to(&netflow(sequence, [10, 1, 2, (sequence % 200) as u8]), to);
        thread::sleep(Duration::from_millis(4));
    }
}

/// What the ledger says of how many connections there are, of how many octets.
fn recorded(site: &Site) -> (usize, u64) {
    if !site.path("ledger.db").exists() {
        return (0, 0);
    }
    let ledger = site.path("ledger.db");
    let text = agent::text(["connections", "--format", "json", "--db", ledger.to_str().unwrap()]);
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    (rows.len(), rows.iter().map(|row| row["bytes_out"].as_u64().unwrap()).sum())
}

#[test]
fn a_daemon_killed_while_it_watches_records_and_sends_loses_and_doubles_nothing() {
    let collector = Collector::start();
    let site = Site::new("");
    let listen = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = fs::read_to_string(site.path("agent.toml")).unwrap();
    let more = format!("[[exports]]\nlisten = '{listen}'\n[sync]\nevery = '10s'\n");
    fs::write(site.path("agent.toml"), format!("roll_up = '1s'\n{config}{more}")).unwrap();
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    let (sent, stop) = (AtomicU32::new(0), AtomicBool::new(false));
    let mut grown = 0;
    thread::scope(|scope| {
        scope.spawn(|| export(listen, &sent, &stop));
        let mut before = (0, 0);
        for round in 0..ROUNDS {
            let mut daemon = started(site.command(&["run"]));
            thread::sleep(Duration::from_secs(1));
            // It meets the collector by itself when it starts; here again, with what it has recorded since.
            let mut sending = started(site.command(&["sync", "--once"]));
            thread::sleep(Duration::from_secs(2) * round / ROUNDS);
            assert!(daemon.try_wait().unwrap().is_none(), "it has ended by itself");
            for child in [&mut daemon, &mut sending] {
                let _ = child.kill();
                let _ = child.wait();
            }
            let after = recorded(&site);
            assert!(after.0 >= before.0 && after.1 >= before.1, "{before:?} became {after:?}");
            grown += usize::from(after > before);
            before = after;
        }
        let mut daemon = started(site.command(&["run"]));
        let begin = Instant::now();
        while recorded(&site) == before {
            assert!(begin.elapsed() < DEADLINE, "nothing more is recorded");
        }
        kill(Pid::from_raw(daemon.id().cast_signed()), Signal::SIGTERM).unwrap();
        assert!(daemon.wait().unwrap().success());
        stop.store(true, Ordering::SeqCst);
    });
    assert!(grown > ROUNDS as usize / 4, "only in {grown} rounds of {ROUNDS} something was recorded");
    let (connections, bytes) = recorded(&site);
    assert!(
        connections > 100 && bytes <= FLOW_BYTES * u64::from(sent.into_inner()),
        "{connections}, {bytes}"
    );
    site.ok(&["sync", "--once"]);
    assert_equal(&site, &collector, NAME);
}
