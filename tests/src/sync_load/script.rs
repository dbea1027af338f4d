//! What one site sends: the rows of a real ledger into which a made-up hospital's roll-ups were recorded.
//!
//! The first step is the ledger as it is after a while, each further one what a roll-up of five minutes changed.
//! Played once more, rows are written over, as they are in a ledger of months, and the history goes on.

use jiff::{SignedDuration, Timestamp};
use sekisho_api::sync::{Batch, Entry, Item, SYNC_VERSION, Sending};
use sekisho_api::{
    Analysis, Capture, Connection, Device, Evidence, Exit, ExitRow, Initiator, Inside, Outside,
};
use sekisho_ledger::{BatchBounds, Ledger, Outbox, RollUp};

/// Devices of the hospital that speak to the outside.
const DEVICES: u64 = 20;
/// Connections of each.
const EACH: u64 = 3;
/// One connection of so many speaks in a roll-up.
const ONE_IN: u64 = 3;
/// Roll-ups that are played.
const STEPS: u64 = 24;
const SITE: &str = "here";
const FIREWALL: &str = "00:53:00:00:ff:01";

/// The steps.
#[derive(Debug)]
pub struct Script {
    steps: Vec<Vec<Item>>,
    /// The last number of the history.
    changes: i64,
}

impl Script {
    /// Records the roll-ups and keeps what changed.
    ///
    /// # Panics
    ///
    /// When there is no room for a small ledger.
    #[must_use]
    pub fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.db");
        let mut ledger = Ledger::open(&path).unwrap();
        let mut outbox = None;
        let (mut from, mut changes) = (0, 0);
        let mut steps = Vec::new();
        for step in 0..=STEPS {
            let roll_up = RollUp {
                sensor: "box".to_owned(),
                run: "run".to_owned(),
                sequence: step + 1,
                clock_held: false,
            };
            let begin = start() + SignedDuration::from_mins(5 * step.cast_signed());
            ledger.record_live(SITE, &roll_up, &seen(step, begin), begin).unwrap();
            let outbox = outbox.get_or_insert_with(|| Outbox::open(&path, SITE).unwrap());
            let batch =
                outbox.batch("script", from, BatchBounds { entries: 100_000, bytes: 1 << 30 }).unwrap();
            assert!(batch.last && !batch.entries.is_empty(), "a step is one batch");
            from = batch.to;
            for entry in &batch.entries {
                if let Item::Change(row) = &entry.now {
                    changes = changes.max(row.change);
                }
            }
            steps.push(batch.entries.into_iter().map(|entry| entry.now).collect());
        }
        Self { steps, changes }
    }

    /// Gives what a site sends as its `step`th batch after a place.
    #[must_use]
    pub fn batch(&self, step: usize, from: i64, epoch: &str, sending: &str) -> Batch {
        let further = self.steps.len() - 1;
        // The first step once, then the others for ever.
        let (round, at) = if step == 0 { (0, 0) } else { ((step - 1) / further, 1 + (step - 1) % further) };
        let entries: Vec<Entry> = (from + 1..)
            .zip(&self.steps[at])
            .map(|(seq, now)| {
                let mut now = now.clone();
                if let Item::Change(row) = &mut now {
                    row.change += self.changes * round as i64;
                }
                Entry { seq, now }
            })
            .collect();
        let to = from + entries.len() as i64;
        let sent = vec![Sending { id: sending.to_owned(), to }];
        let (epoch, sending) = (epoch.to_owned(), sending.to_owned());
        let known = sekisho_api::sync::Cursor::default();
        Batch {
            version: SYNC_VERSION,
            epoch,
            sending,
            from,
            to,
            sent,
            last: true,
            entries,
            known,
            machine: Vec::new(),
        }
    }

    /// Gives how many rows the first batch has, and a later one on average.
    #[must_use]
    pub fn rows(&self) -> (usize, usize) {
        let further: usize = self.steps[1..].iter().map(Vec::len).sum();
        (self.steps[0].len(), further / (self.steps.len() - 1))
    }
}

fn start() -> Timestamp {
    "2026-03-02T00:00:00Z".parse().unwrap()
}

/// What a roll-up saw: in the first everything, then some of it.
fn seen(step: u64, begin: Timestamp) -> Analysis {
    let end = begin + SignedDuration::from_mins(5);
    let speaks = |number: u64| step == 0 || (number + step).is_multiple_of(ONE_IN);
    let numbers: Vec<u64> = (0..DEVICES * EACH).filter(|number| speaks(*number)).collect();
    let devices = numbers.iter().map(|number| number / EACH).collect::<std::collections::BTreeSet<_>>();
    Analysis {
        capture: Capture {
            packets: 90_000 + step,
            bytes: 60_000_000 + step,
            first_seen: Some(begin),
            last_seen: Some(end),
            ..Capture::default()
        },
        devices: devices.into_iter().map(|device| self::device(device, begin, end)).collect(),
        exits: vec![ExitRow { mac: FIREWALL.to_owned(), ..ExitRow::default() }],
        connections: numbers.into_iter().map(|number| connection(number, step, begin, end)).collect(),
    }
}

fn inside(device: u64) -> (String, String) {
    (format!("192.0.2.{}", 10 + device), format!("00:53:00:00:00:{device:02x}"))
}

fn device(device: u64, begin: Timestamp, end: Timestamp) -> Device {
    let (ip, mac) = inside(device);
    Device {
        ips: vec![ip],
        mac: Some(mac),
        vlan: Some(10),
        names: vec![format!("modality-{device}.hospital.example")],
        first_seen: Some(begin),
        last_seen: Some(end),
        evidence: vec![evidence("device/dicom", 80)],
        ..Device::default()
    }
}

fn connection(number: u64, step: u64, begin: Timestamp, end: Timestamp) -> Connection {
    let (ip, mac) = inside(number / EACH);
    let service = ["ipsec", "tls", "ssh"][(number % EACH) as usize];
    let outside = format!("198.51.100.{}", number % 200);
    let octets = 10_000 + 7 * number + step;
    Connection {
        number: None,
        service: service.to_owned(),
        transport: if service == "ipsec" { "udp" } else { "tcp" }.to_owned(),
        port: [4500, 443, 22][(number % EACH) as usize],
        endpoints: Vec::new(),
        initiator: Initiator::Inside,
        inside: Inside { ip, mac: Some(mac), vlan: Some(10), ..Inside::default() }.into(),
        outside: Outside {
            ip: outside.clone(),
            ips: vec![outside],
            name: Some(format!("host-{number}.vendor.example")),
            ..Outside::default()
        },
        exit: Some(Exit { mac: FIREWALL.to_owned(), ..Exit::default() }.into()),
        tunnel: service == "ipsec",
        category: Some("modality-maintenance".to_owned()),
        status: "unregistered".to_owned(),
        registration: None,
        first_seen: begin,
        last_seen: end,
        sessions: 1,
        bytes_out: octets,
        bytes_in: 2 * octets,
        hours: [(begin, 3 * octets)].into(),
        beacon: None,
        behaviour: None,
        maintenance: Vec::new(),
        exporters: Vec::new(),
        evidence: vec![evidence("wire/handshake", 90), evidence("port/registered", 40)],
    }
}

fn evidence(rule: &str, confidence: u8) -> Evidence {
    Evidence {
        rule: rule.into(),
        confidence,
        en: format!("{rule} says so by the first bytes of the conversation").into(),
        ja: format!("{rule} により、通信の最初の部分から判断しました").into(),
    }
}
