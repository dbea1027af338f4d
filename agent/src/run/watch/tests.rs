//! A tap that gives what a test puts into it.

use std::collections::VecDeque;
use std::sync::Mutex;

use sekisho_decode::LinkType;
use sekisho_enrich::Bounds;
use tracing_subscriber::filter::LevelFilter;

use super::super::known::Known;
use super::super::site::Site;
use super::super::vitals::lock;
use super::*;
use crate::capture::{CaptureError, Frame, Warning};
use crate::doctor::samples::{OTHER, OWN, datagram};
use crate::poll::board::Board;
use crate::rules::Folders;

type Shared<T> = Arc<Mutex<T>>;

#[derive(Clone, Default)]
struct Fake {
    own: Shared<Vec<MacAddr>>,
    frames: Shared<VecDeque<Vec<u8>>>,
    drops: Shared<u64>,
}

struct FakeSource {
    tap: Fake,
    frame: Vec<u8>,
}

impl Tap for Fake {
    type Source = FakeSource;

    fn open(&self) -> anyhow::Result<FakeSource> {
        Ok(FakeSource { tap: self.clone(), frame: Vec::new() })
    }

    fn losses(&self, source: &FakeSource) -> Losses {
        Losses { drops: source.drops(), link_up: true, ..Losses::default() }
    }

    fn exports(&self, _: &Live) -> Exports {
        Exports::None
    }

    fn own(&self) -> Option<Vec<MacAddr>> {
        Some(lock(&self.own).clone())
    }

    fn port(&self) -> Around {
        Around::default()
    }
}

impl Source for FakeSource {
    type Batch<'a> = std::option::IntoIter<Frame<'a>>;

    fn batch(&mut self, _: Duration) -> Result<Arrival<Self::Batch<'_>>, CaptureError> {
        let Some(frame) = lock(&self.tap.frames).pop_front() else { return Ok(Arrival::Nothing) };
        self.frame = frame;
        let (time_ns, wire_len) = (now_ns(), self.frame.len() as u32);
        let link = LinkType::Ethernet;
        let frame = Frame { time_ns, link, tci: 0, merged: false, wire_len, data: &self.frame };
        Ok(Arrival::Frames(Some(frame).into_iter()))
    }

    fn drops(&self) -> u64 {
        *lock(&self.tap.drops)
    }

    fn warnings(&self) -> Vec<Warning> {
        Vec::new()
    }
}

fn live() -> Live {
    Live {
        internal: Vec::new(),
        rules: Folders::default(),
        roll_up: Duration::from_mins(5),
        log_level: LevelFilter::INFO,
        snmp: None,
        allowed: Vec::new(),
    }
}

fn watch(tap: &Fake) -> Watch<Fake> {
    Watch::new(tap.clone(), &Settings::default(), &live(), Lang::En)
}

/// A question to outside and its answer, of a protocol that nobody knows.
fn talk(watch: &mut Watch<Fake>, tap: &Fake) {
    let hosts = [[192, 168, 5, 10], [203, 0, 113, 7]];
    let asked = datagram(OTHER, [50_000, 7_000], hosts, b"question");
    let answered = datagram(OTHER, [7_000, 50_000], [hosts[1], hosts[0]], b"answer");
    for frame in [asked, answered] {
        lock(&tap.frames).push_back(frame);
        watch.step(Duration::ZERO).unwrap();
    }
}

#[test]
fn what_waits_to_be_recognised_is_in_the_last_share() {
    let tap = Fake::default();
    let mut watch = watch(&tap);
    watch.open().unwrap();
    talk(&mut watch, &tap);
    let mut known = Known::new(&live(), Bounds::default(), Arc::new(Board::default())).unwrap();
    known.absorb(watch.gather());
    assert_eq!(known.conclude().connections.len(), 0, "it may be recognised yet");
    known.absorb(watch.last());
    let outside: Vec<_> = known.conclude().connections.into_iter().map(|row| row.outside.ip).collect();
    assert_eq!(outside, ["203.0.113.7"]);
}

#[test]
fn what_lies_with_the_kernel_is_in_the_last_share() {
    let tap = Fake::default();
    let mut watch = watch(&tap);
    watch.open().unwrap();
    for number in 0..5 {
        let hosts = [[192, 168, 5, number], [203, 0, 113, 7]];
        lock(&tap.frames).push_back(datagram(OTHER, [50_000, 7_000], hosts, b"question"));
    }
    assert_eq!(watch.gather().capture.packets, 0);
    assert_eq!(watch.last().capture.packets, 5);
}

#[test]
fn an_interface_that_comes_later_or_in_place_of_another_is_known_by_its_own_address() {
    let tap = Fake::default();
    let mut watch = watch(&tap);
    let knows = |watch: &Watch<Fake>, mac| watch.check.as_ref().unwrap().fresh.is_own(MacAddr(mac));
    assert!(!knows(&watch, OWN), "it is not there yet");
    for (mac, other) in [(OWN, OTHER), (OTHER, OWN)] {
        *lock(&tap.own) = vec![MacAddr(mac)];
        watch.open().unwrap();
        talk(&mut watch, &tap);
        assert!(knows(&watch, mac) && !knows(&watch, other));
        assert!(watch.pipeline.mirror(None).unwrap().is_own(MacAddr(mac)), "frames are told by it");
        // While it is away, nothing is known of it.
        lock(&tap.own).clear();
        watch.open().unwrap();
        assert!(knows(&watch, mac));
    }
}

#[test]
fn nothing_is_told_of_a_check_that_has_just_begun() {
    let tap = Fake::default();
    let mut watch = watch(&tap);
    watch.open().unwrap();
    let mut told = |mac: Option<[u8; 6]>| {
        *lock(&tap.own) = mac.map(MacAddr).into_iter().collect();
        watch.check.as_mut().unwrap().told = Instant::now().checked_sub(JUDGING).unwrap();
        watch.detail().mirror.is_some()
    };
    assert!(!told(Some(OWN)), "it has come just now");
    assert!(told(Some(OWN)));
    assert!(told(None), "what was counted stays while it is away");
}

#[test]
fn what_was_lost_before_the_clock_was_set_is_not_told_after() {
    let tap = Fake::default();
    let mut watch = watch(&tap);
    watch.open().unwrap();
    *lock(&tap.drops) = 100;
    assert_eq!(watch.gather().capture.drops, 100);
    *lock(&tap.drops) = 150;
    watch.forget();
    *lock(&tap.drops) = 157;
    assert_eq!(watch.gather().capture.drops, 7);
    assert_eq!(watch.vitals().kernel_drops, 157, "the count goes on");
}
