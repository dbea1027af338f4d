//! Either side killed while it records, sends and takes in: nothing is lost, nothing doubled, and that the kills
//! hit is told.

use super::*;

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
