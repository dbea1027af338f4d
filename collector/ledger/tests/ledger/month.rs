//! A hospital's month as its box records it: the volume of a real one, roll-up by roll-up.
//!
//! Two hundred devices with ten connections each: some speak all day and night, some in office hours, some in a few
//! hours of a day, some once a week. A roll-up says which hours spoke, so that fewer of them a day leave the same
//! rows as many.

use std::ops::Range;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use sekisho_api::{
    Analysis, Beacon, Capture, Connection, Device, Endpoint, Evidence, Exit, ExitRow, Initiator, Inside,
    Outside,
};
use sekisho_ledger::{BatchBounds, Intake, Ledger, Outbox, RollUp};

use crate::common::{SITE, now};
use crate::place::Place;
use crate::world::rows;

/// Devices that speak to the outside.
const DEVICES: usize = 200;
/// Connections of each.
const EACH: usize = 10;
/// One connection of so many is not there before a day of its own.
const ONE_IS_NEW_IN: usize = 8;
const FIREWALL: &str = "00:53:00:00:ff:01";
const LTE: &str = "00:53:00:00:ff:02";
const HOURS_A_DAY: usize = 24;

/// Roll-ups a day that are recorded: a box makes 288 of them, which takes longer and leaves the same rows.
const ROLL_UPS_A_DAY: usize = 1;

/// Records the days from one to before another.
pub(crate) fn record(ledger: &Path, site: &str, days: Range<usize>) {
    let mut ledger = Ledger::open(ledger).unwrap();
    for roll_up in days.start * ROLL_UPS_A_DAY..days.end * ROLL_UPS_A_DAY {
        let of = RollUp {
            sensor: "box".to_owned(),
            run: "run".to_owned(),
            sequence: roll_up as u64 + 1,
            clock_held: false,
        };
        let hours = HOURS_A_DAY / ROLL_UPS_A_DAY;
        let (first, last) = (roll_up * hours, (roll_up + 1) * hours);
        ledger.record_live(site, &of, &seen(first, last), start_of(last)).unwrap();
    }
}

/// Gives what a ledger takes on the disk, in octets.
pub(crate) fn bytes(ledger: &Path) -> u64 {
    let log = format!("{}-wal", ledger.display());
    let log = std::fs::metadata(log).map_or(0, |log| log.len());
    std::fs::metadata(ledger).unwrap().len() + log
}

fn start_of(hour: usize) -> Timestamp {
    let start: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
    start + SignedDuration::from_hours(i64::try_from(hour).unwrap())
}

/// Tells whether a connection speaks in an hour.
fn speaks(number: usize, hour: usize) -> bool {
    let (day, of_day) = (hour / HOURS_A_DAY, hour % HOURS_A_DAY);
    if number.is_multiple_of(ONE_IS_NEW_IN) && day < number / ONE_IS_NEW_IN % 30 {
        return false;
    }
    match number % 10 {
        0 => true,
        1..4 => (8..18).contains(&of_day) && day % 7 < 5,
        4..8 => (number * 31 + hour * 17 + day * 7).is_multiple_of(6),
        _ => (number + day).is_multiple_of(7) && of_day == number % HOURS_A_DAY,
    }
}

fn seen(first: usize, last: usize) -> Analysis {
    let (begin, end) = (start_of(first), start_of(last) - SignedDuration::from_secs(1));
    let connections: Vec<Connection> =
        (0..DEVICES * EACH).filter_map(|number| connection(number, first, last)).collect();
    let mut devices: Vec<usize> =
        (0..DEVICES * EACH).filter(|number| (first..last).any(|hour| speaks(*number, hour))).collect();
    for device in &mut devices {
        *device /= EACH;
    }
    devices.dedup();
    let exit = |mac: &str, line: Option<&str>| ExitRow {
        mac: mac.to_owned(),
        line: line.map(str::to_owned),
        ..ExitRow::default()
    };
    Analysis {
        capture: Capture {
            packets: 1_000_000,
            bytes: 700_000_000,
            first_seen: Some(begin),
            last_seen: Some(end),
            ..Capture::default()
        },
        devices: devices.into_iter().map(|device| self::device(device, begin, end)).collect(),
        exits: vec![exit(FIREWALL, None), exit(LTE, Some("lte"))],
        connections,
    }
}

fn inside(device: usize) -> (String, String) {
    (format!("198.18.10.{}", device + 1), format!("00:53:00:00:00:{device:02x}"))
}

fn device(device: usize, begin: Timestamp, end: Timestamp) -> Device {
    let (ip, mac) = inside(device);
    Device {
        ips: vec![ip],
        mac: Some(mac),
        vlan: Some(10),
        names: vec![format!("検査室{device}"), format!("modality-{device}.hospital.example")],
        vendor: Some("Example Medical".to_owned()),
        role: Some(["ct", "mr", "pc", "server"][device % 4].to_owned()),
        first_seen: Some(begin),
        last_seen: Some(end),
        evidence: vec![evidence("device/dicom", 80)],
        ..Device::default()
    }
}

fn connection(number: usize, first: usize, last: usize) -> Option<Connection> {
    let hours: Vec<usize> = (first..last).filter(|hour| speaks(number, *hour)).collect();
    let (begin, end) = (*hours.first()?, *hours.last()?);
    let (ip, mac) = inside(number / EACH);
    let (service, port, tunnel) =
        [("tls", 443, false), ("ipsec", 4500, true), ("quic", 443, false), ("ssh", 22, true)][number % 4];
    let transport = if matches!(service, "ipsec" | "quic") { "udp" } else { "tcp" };
    let address = |more: usize| format!("203.0.113.{}", (number + more) % 250 + 1);
    let octets = |hour: usize| (10_000 + number * 7 + hour * 3) as u64;
    let sum: u64 = hours.iter().map(|hour| octets(*hour)).sum();
    // A line that fails for a day.
    let exit =
        if number.is_multiple_of(50) && (first / HOURS_A_DAY).is_multiple_of(9) { LTE } else { FIREWALL };
    Some(Connection {
        transport: transport.to_owned(),
        port,
        endpoints: vec![Endpoint { transport: transport.to_owned(), port }],
        initiator: Initiator::Inside,
        inside: Inside { ip, mac: Some(mac), vlan: Some(10), ..Inside::default() }.into(),
        outside: Outside {
            ip: address(0),
            ips: (0..=number % 6).map(address).collect(),
            name: Some(format!("host-{number}.vendor.example")),
            org: Some("遠隔読影センター（例）".to_owned()),
            ..Outside::default()
        },
        exit: Some(Exit { mac: exit.to_owned(), ..Exit::default() }.into()),
        tunnel,
        category: (!number.is_multiple_of(3)).then(|| "general-internet".to_owned()),
        last_seen: start_of(end) + SignedDuration::from_mins(55),
        sessions: hours.len() as u64,
        bytes_out: sum / 4,
        bytes_in: sum - sum / 4,
        hours: hours.iter().map(|hour| (start_of(*hour), octets(*hour))).collect(),
        beacon: Some(Beacon { score: 0.8, period_s: 300.0, jitter: 0.1 }),
        evidence: vec![
            evidence("wire/handshake", 90),
            evidence("port/registered", 40),
            evidence("party/known", 70),
        ],
        ..Connection::bare(service, "unregistered", start_of(begin))
    })
}

fn evidence(rule: &str, confidence: u8) -> Evidence {
    Evidence {
        rule: rule.into(),
        confidence,
        en: format!("{rule} says so by the first bytes of the conversation").into(),
        ja: format!("{rule} により、通信の最初の部分から判断しました").into(),
    }
}

/// What the site's ledger may take, which is the spool as well.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// Rows that a month changes: one a connection and day on which it spoke, and the history.
const LEAST_ROWS: u64 = 30_000;
/// Octets of it before they are packed: 100 kbit/s carry them in an hour, packed to a tenth in minutes.
const MOST_SENT: usize = 40 * 1024 * 1024;
const THERE: &str = "collector's name of kita";

/// Sends what waits, batch by batch, and gives how many octets that was before it is packed.
fn catch_up(site: &Path, collector: &Path) -> usize {
    let (mut outbox, mut intake) = (Outbox::open(site, SITE).unwrap(), Intake::open(collector).unwrap());
    intake.add(THERE, now()).unwrap();
    let mut sent = 0;
    loop {
        let from = outbox.acknowledged().unwrap();
        let batch = outbox.batch("month", from, BatchBounds::default()).unwrap();
        let last = batch.last;
        sent += serde_json::to_vec(&batch).unwrap().len();
        let answer = intake.apply(THERE, batch, now()).unwrap();
        outbox.answered(&answer).unwrap();
        if last {
            return sent;
        }
    }
}

#[test]
fn a_hospital_that_was_away_for_thirty_days_catches_up_and_its_spool_stays_small() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let (site, collector) = (folder.path().join("site.db"), place.ledger("collector"));
    record(&site, SITE, 0..1);
    catch_up(&site, &collector);
    record(&site, SITE, 1..31);
    let (waiting, after) = (Outbox::open(&site, SITE).unwrap().waiting().unwrap(), bytes(&site));
    assert!(waiting > LEAST_ROWS, "only {waiting} rows");
    assert!(after < MOST_BYTES, "{after} octets");
    let sent = catch_up(&site, &collector);
    assert!(sent < MOST_SENT, "{sent} octets of {waiting} rows");
    assert!(bytes(&site) < MOST_BYTES);
    assert!(rows(&site, SITE) == rows(&collector, THERE), "both sides are equal");
}
