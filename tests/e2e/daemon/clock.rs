//! A box whose clock is set under the running daemon: back, on, and by years, with and without a time server.

use std::fs::{self, File};
use std::net::UdpSocket;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Daemon, configure, until};
use crate::agent;
use crate::live::netflow;

const HOUR: i64 = 3_600;
const YEAR: i64 = 365 * 24 * HOUR;

/// A daemon with a clock of its own, and an exporter that tells it of conns.
struct Sensor {
    daemon: Daemon,
    clock: File,
    exporter: UdpSocket,
    listens: u16,
    told: u32,
}

impl Sensor {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (library, clock) = (folder.path().join("clock.so"), folder.path().join("clock"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/daemon/clock.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).args([&library, &source]);
        assert!(compiler.status().unwrap().success(), "{compiler:?}");
        fs::write(&clock, [0; 16]).unwrap();
        let file = File::options().write(true).open(&clock).unwrap();
        // At first a time server holds it: the machine of the test may have started just now.
        file.write_all_at(&1_i64.to_ne_bytes(), 8).unwrap();

        let exporter = UdpSocket::bind("127.0.0.1:0").unwrap();
        let listens = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let exports = format!("[[exports]]\nlisten = \"127.0.0.1:{listens}\"");
        configure(folder.path(), &format!("roll_up = \"1s\"\n{exports}"));
        let daemon = Daemon::in_folder(folder, &[("LD_PRELOAD", &library), ("SET_CLOCK", &clock)]);
        until("listening", || daemon.status().filter(|status| status["workers"][0]["state"] == "watching"));
        Self { daemon, clock: file, exporter, listens, told: 0 }
    }

    /// Sets the clock so far from the right time, and waits until the daemon has noticed.
    fn set(&self, seconds: i64, is_held: bool) -> Value {
        let jumps = self.clock()["jumps"].as_u64();
        // Held by nobody in between, lest a time that is wrong be believed.
        for (word, place) in [(0, 8), (seconds, 0), (i64::from(is_held), 8)] {
            self.clock.write_all_at(&word.to_ne_bytes(), place).unwrap();
        }
        until("the jump", || Some(self.clock()).filter(|clock| clock["jumps"].as_u64() > jumps))
    }

    fn clock(&self) -> Value {
        self.daemon.status().unwrap()["clock"].clone()
    }

    /// The exporter tells of a conn of an inside address, and it is counted.
    fn meets(&mut self, inside: u8) {
        self.told += 1;
        let datagram = netflow(self.told - 1, [10, 1, 2, inside]);
        self.exporter.send_to(&datagram, ("127.0.0.1", self.listens)).unwrap();
        until("the flow", || {
            let status = self.daemon.status()?;
            (status["traffic"]["packets"].as_u64() >= Some(self.told.into())).then_some(())
        });
    }

    /// When an inside address was seen first and last; `None` where the ledger does not have it.
    fn row(&self, inside: u8) -> Option<[Timestamp; 2]> {
        let ledger = self.daemon.path("ledger.db");
        let listed = agent::text(["connections", "--format", "json", "--db", ledger.to_str().unwrap()]);
        let rows: Vec<Value> = serde_json::from_str(&listed).unwrap();
        let row = rows.iter().find(|row| row["inside"]["ip"] == format!("10.1.2.{inside}"))?;
        Some(["first_seen", "last_seen"].map(|time| row[time].as_str().unwrap().parse().unwrap()))
    }

    /// Lets the time pass in which it would be recorded.
    fn waits(&self) {
        let uptime = || self.daemon.status()?["uptime_s"].as_u64();
        let before = uptime().unwrap();
        until("two roll-ups' time", || (uptime()? > before + 2).then_some(()));
    }

    /// Waits for what is gathered now to be recorded.
    fn records(&self) {
        let recorded = || self.daemon.status()?["roll_up"]["recorded"].as_u64();
        let before = recorded().unwrap();
        // One may be under way.
        until("two roll-ups", || (recorded()? > before + 1).then_some(()));
    }
}

/// Tells whether something was seen just now, by the right time.
fn is_now(row: Option<[Timestamp; 2]>) -> bool {
    row.is_some_and(|[_, last]| last.duration_since(Timestamp::now()).abs() < SignedDuration::from_mins(2))
}

fn is_to_come(row: Option<[Timestamp; 2]>) -> bool {
    row.is_some_and(|[_, last]| last > Timestamp::now())
}

#[test]
fn a_clock_that_is_set_a_little_under_the_daemon_moves_nothing_that_is_known() {
    let mut site = Sensor::start();
    site.meets(1);
    site.records();
    let row = site.row(1);
    assert!(is_now(row), "{row:?}");

    // Back: what is seen meanwhile is recorded.
    assert_eq!(site.set(-HOUR, false)["waits"], false);
    site.meets(2);
    site.records();
    assert!(site.row(2).is_some());
    assert_eq!(site.row(1), row);

    // On, first without a time server and then with one; and back with one: nobody is to be seen yet.
    for (seconds, is_held, inside) in [(HOUR, false, 3), (30 * HOUR, true, 4)] {
        assert_eq!(site.set(seconds, is_held)["waits"], false);
        site.meets(inside);
        site.records();
        assert!(is_to_come(site.row(inside)), "{seconds}");
    }
    site.set(0, true);
    site.meets(1);
    site.records();
    for inside in [1, 3, 4] {
        assert!(is_now(site.row(inside)), "{inside}: {:?}", site.row(inside));
    }
    site.daemon.stop();
}

#[test]
fn an_empty_battery_and_a_wrong_year_leave_nothing_once_the_clock_is_right_again() {
    let mut site = Sensor::start();
    site.meets(1);
    site.records();
    let row = site.row(1);
    for (seconds, inside) in [(-50 * YEAR, 2), (10 * YEAR, 3)] {
        assert_eq!(site.set(seconds, false)["waits"], true, "{seconds}");
        site.meets(inside);
        site.waits();
        assert_eq!(site.row(inside), None, "{seconds}");
        assert!(site.daemon.words("ja").contains("記録を待ちます"));
        site.set(0, true);
        site.records();
        assert_eq!(site.row(inside), None, "{seconds}");
    }
    assert_eq!(site.row(1), row);
    site.meets(4);
    site.records();
    assert!(is_now(site.row(4)), "it goes on: {:?}", site.row(4));
    site.daemon.stop();
}
