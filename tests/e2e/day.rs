//! Synthetic hospitals' days, against their truth.

use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use calamine::{Reader, open_workbook_auto};
use sekisho_tests::day;
use serde_json::Value;

use crate::agent;

/// Seeds of their own: not the demo's. Ten that follow each other have every awkward connection and every
/// flaw of a mirror.
const SEEDS: RangeInclusive<u64> = 11..=20;
/// The seed of the week, in which one tunnel sleeps for six days.
const WEEK_SEED: u64 = 42;
/// In percent, of the categories that the wire can tell.
const CATEGORIES_RIGHT: usize = 95;

/// A day, generated and analysed with the truth's prefixes inside.
struct Analysed {
    seed: u64,
    truth: Value,
    analysis: Value,
}

impl Analysed {
    fn of(seed: u64, hours: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        day::generate(seed, hours, folder.path()).unwrap();
        let truth = truth(folder.path());
        let internal = truth["internal"].as_array().unwrap().iter();
        let internal = internal.flat_map(|prefix| ["--internal", prefix.as_str().unwrap()]);
        let capture = folder.path().join("hospital.pcap");
        let mut args = vec!["analyze", "--format", "json"];
        args.extend(internal);
        args.push(capture.to_str().unwrap());
        let text = agent::text(args);
        let family_name = day::PATIENT.split('^').next().unwrap();
        assert!(!text.contains(family_name), "seed {seed}: a patient's name is in the analysis");
        Self { seed, analysis: serde_json::from_str(&text).unwrap(), truth }
    }

    fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
        of[name].as_array().unwrap()
    }

    fn connections(&self) -> &[Value] {
        Self::list(&self.analysis, "connections")
    }

    /// Every external connection is there, with its exit.
    fn finds_every_connection_with_its_exit(&self) {
        let Self { seed, .. } = self;
        let (mut told, mut right) = (0, 0);
        for wanted in Self::list(&self.truth, "external") {
            let (device, remote) = (text(wanted, "/device"), text(wanted, "/remote_ip"));
            let found = self.connections().iter().find(|connection| {
                let ends = ends(connection);
                let service = connection["service"] == wanted["service"];
                // One address behind two gateways is two parties.
                let exit = text(connection, "/exit/mac") == text(wanted, "/exit");
                ends.contains(device) && ends.contains(remote) && service && exit
            });
            let found = found.unwrap_or_else(|| panic!("seed {seed}: missed {wanted:#}"));
            assert_eq!(found["tunnel"], wanted["tunnel"], "seed {seed}: {wanted:#}");
            if !wanted["category"].is_null() {
                told += 1;
                right += usize::from(found["category"] == wanted["category"]);
            }
        }
        assert!(
            right * 100 >= told * CATEGORIES_RIGHT,
            "seed {seed}: {right} categories of {told} are right"
        );
    }

    /// Nothing benign is called a tunnel or maintenance, and nothing is invented.
    fn leaves_the_benign_alone(&self) {
        let Self { seed, .. } = self;
        let remotes = |list: &str| -> BTreeSet<&str> {
            Self::list(&self.truth, list).iter().map(|remote| text(remote, "/remote_ip")).collect()
        };
        let (external, benign) = (remotes("external"), remotes("benign"));
        for connection in self.connections() {
            let ends = ends(connection);
            let is = |list: &BTreeSet<&str>| ends.iter().any(|end| list.contains(end));
            assert!(is(&external) || is(&benign), "seed {seed}: invented {connection:#}");
            let suspected =
                connection["tunnel"] == true || text(connection, "/category").ends_with("-maintenance");
            assert!(!is(&benign) || !suspected, "seed {seed}: benign {connection:#}");
        }
    }

    /// Modalities are known by what they send.
    fn knows_modalities(&self) {
        let Self { seed, .. } = self;
        let modalities = Self::list(&self.truth, "devices").iter();
        let modalities: Vec<&Value> =
            modalities.filter(|device| ["ct", "mr", "xa"].contains(&text(device, "/role"))).collect();
        assert!(!modalities.is_empty());
        for wanted in modalities {
            let has_address = |device: &&Value| Self::list(device, "ips").contains(&wanted["ip"]);
            let found = Self::list(&self.analysis, "devices").iter().find(has_address).unwrap();
            assert_eq!(found["role"], wanted["role"], "seed {seed}: {found:#}");
        }
    }

    fn holds(&self) {
        self.finds_every_connection_with_its_exit();
        self.leaves_the_benign_alone();
        self.knows_modalities();
    }
}

fn truth(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("truth.json")).unwrap()).unwrap()
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Every address of a connection's two ends.
fn ends(connection: &Value) -> BTreeSet<&str> {
    let all = connection["outside"]["ips"].as_array().unwrap().iter().filter_map(Value::as_str);
    all.chain([text(connection, "/inside/ip"), text(connection, "/outside/ip")]).collect()
}

#[test]
fn ten_days_are_read_as_they_were() {
    for seed in SEEDS {
        Analysed::of(seed, 24).holds();
    }
}

/// The seed of a day with tunnels that are kept alive, and work from outside through some of them.
const BUSY_SEED: u64 = 12;

#[test]
fn a_day_tells_keep_alives_and_work_from_outside_and_calls_nothing_missing() {
    let day = Analysed::of(BUSY_SEED, 24);
    let rows = day.connections();
    let kept_alive = |row: &&Value| row.pointer("/behaviour/keep_alive_s").is_some_and(Value::is_number);
    let regular = |row: &&Value| row.pointer("/beacon/score").and_then(Value::as_f64) > Some(0.7);
    let tunnels = rows.iter().filter(kept_alive).filter(|row| row["tunnel"] == true);
    assert!(tunnels.clone().filter(regular).count() >= 2, "{:#?}", tunnels.collect::<Vec<_>>());
    let mut works = 0;
    for row in rows {
        for work in row["maintenance"].as_array().into_iter().flatten() {
            let maintains = text(row, "/category").ends_with("-maintenance");
            assert!(row["tunnel"] == true || maintains || row["initiator"] == "outside", "{row:#}");
            assert!(text(work, "/start") < text(work, "/end"), "{work:#}");
            assert!(work["bytes_out"].as_u64() > Some(0), "{work:#}");
            works += 1;
        }
    }
    assert!(works >= 2, "{works} times of work");
    assert!(rows.iter().all(|row| row["status"] != "missing"));
    let warnings = day.analysis["capture"]["warnings"].as_array().unwrap();
    assert!(warnings.iter().filter_map(Value::as_str).any(|warning| warning.contains("14")), "{warnings:#?}");
}

#[test]
fn a_week_shows_what_is_used_on_its_last_day_alone() {
    Analysed::of(WEEK_SEED, 7 * 24).holds();
}

#[test]
fn the_patient_is_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    day::generate(*SEEDS.start(), 24, folder.path()).unwrap();
    let capture = folder.path().join("hospital.pcap");
    let bytes = fs::read(&capture).unwrap();
    for name in [day::PATIENT, day::PATIENT_KANJI] {
        let carried = bytes.windows(name.len()).filter(|window| *window == name.as_bytes()).count();
        assert!(carried > 10, "the day must carry {name}, it does {carried} times");
    }

    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    let (ledger, book, list) = (path("ledger.db"), path("book.xlsx"), path("list.csv"));
    let capture = capture.to_str().unwrap();
    let output =
        agent::run(["-vvv", "analyze", "--db", &ledger, "--site", "demo", "--format", "json", capture]);
    assert!(output.status.success());
    agent::text(["connections", "--db", &ledger, "--format", "xlsx", "-o", &book]);
    agent::text(["connections", "--db", &ledger, "--format", "csv", "-o", &list]);
    let mut cells = String::new();
    let mut workbook = open_workbook_auto(&book).unwrap();
    for (_, sheet) in workbook.worksheets() {
        for row in sheet.rows() {
            cells.extend(row.iter().map(|cell| format!("{cell}\n")));
        }
    }
    assert!(cells.lines().count() > 100);
    let [family_name, family_kanji] =
        [day::PATIENT, day::PATIENT_KANJI].map(|name| name.split('^').next().unwrap());
    for (place, kept) in [
        ("standard output", output.stdout),
        ("the log", output.stderr),
        ("the ledger", fs::read(&ledger).unwrap()),
        ("the list", fs::read(&list).unwrap()),
        ("the workbook", cells.into_bytes()),
    ] {
        assert!(!kept.is_empty() || place == "the log", "{place} is empty");
        for name in [family_name, family_kanji] {
            let found = kept.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name.as_bytes()));
            assert!(!found, "{name} is in {place}");
        }
    }
}
