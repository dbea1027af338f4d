//! A site and its collector, and what is under way between them: recorded, sent, lost, put back, damaged as dice
//! fall.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::*;
use crate::live::roll_up;
use crate::place::{Place, is_postgres, raw};
use jiff::{SignedDuration, Timestamp};
use sekisho_api::Analysis;
use sekisho_api::sync::{Batch, Outcome};
use sekisho_ledger::{BatchBounds, Intake, Ledger, Outbox, Query, keep_good, random_id, restore_good};

/// The site's name at the collector, which is not the one that it has in its own ledger.
pub(crate) const THERE: &str = "collector's name of kita";
/// Every table that is sent, with what is compared of it.
const TABLES: [(&str, &str); 12] = [
    ("sites", "next_capture, next_connection, next_change, recorded_at"),
    ("captures", "capture, identity, analysis, first_seen, last_seen, recorded_at, detail, sensor"),
    ("inputs", "hash, capture, name"),
    ("devices", "device, role, first_seen, last_seen, withdrawn, search, detail"),
    ("exits", "mac, first_seen, last_seen, withdrawn, search, detail"),
    (
        "connections",
        "number, device, service, exit_mac, category, status, tunnel, first_seen, last_seen, sessions, \
         bytes_out, bytes_in, silent_from, withdrawn, search, detail, watched_by, silent_at",
    ),
    ("activity", "number, hour, capture, octets"),
    ("evidence", "kind, subject, place, rule, confidence, en, ja"),
    (
        "changes",
        "change, at, recorded_at, capture, cause, kind, subject_kind, subject, before_json, after_json",
    ),
    ("sensors", "sensor, watched, roll_ups, first_seen, last_seen"),
    ("days", "capture, number, sessions, bytes_out, bytes_in, hours"),
    ("decisions", "kind, subject, field, stamp, value, author"),
];

/// Numbers that are the same at every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Every row of the tables that are sent, in order, as text that is the same of either database.
pub(crate) fn rows(place: &Path, site: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (table, columns) in TABLES {
        let cells: Vec<String> =
            columns.split(", ").map(|column| format!("COALESCE(CAST({column} AS TEXT), '-')")).collect();
        let site = site.replace('\'', "''");
        let sql = format!("SELECT {} FROM {table} WHERE site = '{site}'", cells.join(" || ' ' || "));
        if is_postgres(place) {
            all.extend(raw(place, &sql).unwrap().into_iter().map(|row| format!("{table} {}", row[0])));
            continue;
        }
        let database = rusqlite::Connection::open(place).unwrap();
        let mut statement = database.prepare(&sql).unwrap();
        let read = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        all.extend(read.map(|row| format!("{table} {}", row.unwrap())));
    }
    all.sort();
    all
}

/// Both sides, and what is under way between them.
pub(crate) struct World {
    folder: tempfile::TempDir,
    /// Where the collector's ledger is: a file as well, or a server's.
    collector: PathBuf,
    /// What holds it as long as the test.
    _place: Place,
    pub(crate) dice: Dice,
    pub(crate) sequence: u64,
    pub(crate) hour: i64,
    under_way: Vec<Batch>,
    copies: Vec<PathBuf>,
    /// How often a damaged file was put back.
    pub(crate) damages: usize,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        // Thousands of transactions: in memory, where there is a file system for it.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.unwrap();
        let place = Place::new();
        let on_server = Some(place.ledger("collector")).filter(|place| is_postgres(place));
        let collector = on_server.unwrap_or_else(|| folder.path().join("collector.db"));
        let mut world = Self {
            folder,
            collector,
            _place: place,
            dice: Dice(seed),
            sequence: 0,
            hour: 0,
            under_way: Vec::new(),
            copies: Vec::new(),
            damages: 0,
        };
        world.intake().add(THERE, now()).unwrap();
        world.record();
        world
    }

    pub(crate) fn site(&self) -> PathBuf {
        self.folder.path().join("site.db")
    }

    pub(crate) fn collector(&self) -> PathBuf {
        self.collector.clone()
    }

    pub(crate) fn outbox(&self) -> Outbox {
        Outbox::open(self.site(), SITE).unwrap()
    }

    pub(crate) fn intake(&self) -> Intake {
        Intake::open(self.collector()).unwrap()
    }

    /// Some connections of the next hours, or of some that went by.
    fn seen(&mut self) -> Analysis {
        self.hour += 1 + self.dice.below(30).cast_signed();
        let from = if self.dice.below(5) == 0 { self.hour / 2 } else { self.hour };
        let to = at(from) + SignedDuration::from_mins(5);
        let rows = (0..=self.dice.below(4)).map(|_| {
            let mut one = connection(at(from), to);
            one.service = ["ipsec", "ssh", "rdp", "openvpn"][self.dice.below(4) as usize].to_owned();
            one.outside.ip = format!("198.51.100.{}", self.dice.below(3));
            (one.outside.ips, one.outside.name) = (vec![one.outside.ip.clone()], None);
            one.exit.as_mut().unwrap().mac = [FIREWALL, LTE][self.dice.below(2) as usize].to_owned();
            one.bytes_out = self.dice.below(5000);
            one.evidence = vec![evidence(["wire/ike", "wire/other"][self.dice.below(2) as usize], 80)];
            one
        });
        let rows = rows.collect();
        analysis(at(from), to, rows)
    }

    /// What a clock says that is set back and forward, by more than a year.
    pub(crate) fn clock(&mut self) -> Timestamp {
        now() + SignedDuration::from_hours(self.dice.below(20_000).cast_signed() - 10_000)
    }

    pub(crate) fn record(&mut self) {
        let (seen, now) = (self.seen(), self.clock());
        let mut ledger = Ledger::open(self.site()).unwrap();
        if self.dice.below(2) == 0 {
            self.sequence += 1;
            ledger.record_live(SITE, &roll_up("a", self.sequence), &seen, now).unwrap();
            return;
        }
        // A file again under the same name is one read again by other rules.
        let name = format!("day {}", self.dice.below(6));
        ledger.record(SITE, &seen, &source(&name), now).unwrap();
    }

    /// Records what a sensor saw, of which nothing is ever read again.
    pub(crate) fn watch(&mut self) {
        let (seen, now) = (self.seen(), self.clock());
        self.sequence += 1;
        let mut ledger = Ledger::open(self.site()).unwrap();
        ledger.record_live(SITE, &roll_up("a", self.sequence), &seen, now).unwrap();
    }

    pub(crate) fn decide(&mut self) {
        let value = format!("\"{}\"", self.dice.below(100));
        let subject = self.dice.below(3).to_string();
        let what = ("registration", subject.as_str(), ["owner", "until"][self.dice.below(2) as usize]);
        let now = self.clock();
        if self.dice.below(2) == 0 {
            self.outbox().decide(what, Some(&value), "hospital", now).unwrap();
        } else {
            self.intake().decide(THERE, what, Some(&value), "survey", now).unwrap();
        }
    }

    /// Reads a batch, which then is under way.
    pub(crate) fn send(&mut self) {
        let bounds = BatchBounds { entries: 1 + self.dice.below(40) as usize, bytes: 1 << 20 };
        let mut outbox = self.outbox();
        let from = match self.under_way.last() {
            // The next one of a bundle, before the first was answered.
            Some(before) if self.dice.below(2) == 0 => before.to,
            _ => outbox.acknowledged().unwrap(),
        };
        let sending = match self.under_way.last() {
            Some(before) if self.dice.below(2) == 0 => before.sending.clone(),
            _ => random_id().unwrap(),
        };
        let batch = outbox.batch(&sending, from, bounds).unwrap();
        self.under_way.push(batch);
        if self.under_way.len() > 8 {
            self.under_way.remove(0);
        }
    }

    /// One of those under way arrives, the answer perhaps as well; the batch may come once more.
    pub(crate) fn arrive(&mut self) {
        if self.under_way.is_empty() {
            return;
        }
        let which = self.dice.below(self.under_way.len() as u64) as usize;
        let batch = self.under_way[which].clone();
        if self.dice.below(3) > 0 {
            self.under_way.remove(which);
        }
        let now = self.clock();
        let answer = self.intake().apply(THERE, batch, now).unwrap();
        if self.dice.below(3) > 0 {
            self.outbox().answered(&answer).unwrap();
        }
    }

    /// A copy of one side is kept, or put back.
    pub(crate) fn copy(&mut self) {
        let of = [self.site(), self.collector()][self.dice.below(2) as usize].clone();
        if is_postgres(&of) {
            return;
        }
        let copy = of.with_extension("copy");
        if self.copies.contains(&copy) && self.dice.below(2) == 0 {
            fs::copy(&copy, &of).unwrap();
            // The daemon is started anew with it.
            self.sequence += 1000;
        } else if of.exists() {
            fs::copy(&of, &copy).unwrap();
            self.copies.push(copy);
        }
    }

    /// One side's file is damaged: somewhere, or cut short. It is put back as at the next start.
    pub(crate) fn damage(&mut self) {
        let of = [self.site(), self.collector()][self.dice.below(2) as usize].clone();
        if is_postgres(&of) || !of.exists() {
            return;
        }
        // As a daemon does every day.
        if self.dice.below(2) == 0 {
            keep_good(&of).unwrap();
            return;
        }
        if !of.with_extension("db.good").exists() {
            return;
        }
        // All that is in the log goes to the file, where it can be damaged.
        raw(&of, "PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        let mut octets = fs::read(&of).unwrap();
        let at = self.dice.below(octets.len() as u64) as usize;
        if self.dice.below(3) == 0 {
            octets.truncate(at);
        } else {
            let end = octets.len().min(at + 4096);
            octets[at..end].fill(0xa5);
        }
        fs::write(&of, octets).unwrap();
        if restore_good(&of).unwrap() {
            self.damages += 1;
            // The daemon is started anew with it.
            self.sequence += 1000;
        }
    }

    /// Meets until neither side has anything more.
    pub(crate) fn settle(&mut self) {
        settle(&self.site(), &self.collector(), 50);
    }

    /// Both have the same rows, but for what a life that is over had found.
    pub(crate) fn assert_equal(&self, round: &str) {
        let (here, there) = (rows(&self.site(), SITE), rows(&self.collector(), THERE));
        let missing: Vec<_> = here.iter().filter(|row| !there.contains(row)).collect();
        let beyond: Vec<_> =
            there.iter().filter(|row| !here.contains(row) && !self.is_former(row, &here)).collect();
        assert!(missing.is_empty() && beyond.is_empty(), "{round}: missing {missing:#?}, beyond {beyond:#?}");
        assert!(here.len() > 10, "{round}: {} rows", here.len());
    }
}

impl World {
    /// Tells whether a row is of what was set aside: a connection of a number that no box gives, or a device, an
    /// exit, a reason that the site has under no key of that kind.
    fn is_former(&self, row: &str, here: &[String]) -> bool {
        if self.lives() < 2 {
            return false;
        }
        let mut words = row.split(' ');
        match (words.next().unwrap(), words.next().unwrap()) {
            ("connections", number) => number.parse::<i64>().unwrap() > 1_000_000_000,
            (table @ ("devices" | "exits"), key) => {
                let known = format!("{table} {key} ");
                !here.iter().any(|row| row.starts_with(&known))
            }
            ("evidence", "connection") => words.next().unwrap().parse::<i64>().unwrap() > 1_000_000_000,
            ("evidence", _) => true,
            _ => false,
        }
    }

    /// The lives that the collector has met.
    pub(crate) fn lives(&self) -> usize {
        raw(&self.collector(), "SELECT epoch FROM sync_epochs").unwrap().len() + 1
    }

    /// What the collector says was found: each party of each device by each service, over whichever exit.
    pub(crate) fn found(&self) -> BTreeSet<String> {
        if !self.collector().exists() && !is_postgres(&self.collector()) {
            return BTreeSet::new();
        }
        let reader = Ledger::read_only(self.collector()).unwrap();
        let all = reader.connections(&Query { site: Some(THERE.to_owned()), ..Query::default() }).unwrap();
        let said = all.into_iter().map(|sited| {
            let row = sited.row;
            format!("{} {} {}", row.inside.ip, row.service, row.outside.ip)
        });
        said.collect()
    }
}

/// A site's first batch.
pub(crate) fn first(world: &World) -> Batch {
    let mut outbox = world.outbox();
    outbox.batch("first", 0, BatchBounds::default()).unwrap()
}

/// Has a site and its collector meet, some rows at a time, until neither has anything more.
pub(crate) fn settle(site: &Path, collector: &Path, entries: usize) {
    let (mut outbox, mut intake) = (Outbox::open(site, SITE).unwrap(), Intake::open(collector).unwrap());
    let sending = random_id().unwrap();
    for _ in 0..10_000 {
        let from = outbox.acknowledged().unwrap();
        let batch = outbox.batch(&sending, from, BatchBounds { entries, bytes: 1 << 20 }).unwrap();
        let last = batch.last;
        let answer = intake.apply(THERE, batch, now()).unwrap();
        let progress = outbox.answered(&answer).unwrap();
        let done = matches!(answer.outcome, Outcome::Applied | Outcome::Already);
        if last && done && !progress.renewed && !progress.more && outbox.waiting().unwrap() == 0 {
            return;
        }
    }
    panic!("never settled");
}
