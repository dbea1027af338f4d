//! Live capture against the kernel: a pair of virtual cables in a network namespace of each test's own.
//!
//! The tests need the right to make network namespaces, as root has, and fail without it.

mod block;
mod fanout;
mod link;
mod lone;
mod ring;
pub(super) mod wire;

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};

use super::{LiveOptions, LiveSource};
use crate::capture::source::{Arrival, Source};

/// The two ends of the cable: the box's interface, and the switch's mirror port.
pub(super) const MIRROR: &str = "mirror0";
pub(super) const SWITCH: &str = "switch0";

/// Longer than anything here takes, on a machine that does much else.
const DEADLINE: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_millis(100);

/// A frame as it came out, kept.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Kept {
    time_ns: i64,
    wire_len: u32,
    tci: u16,
    merged: bool,
    data: Vec<u8>,
}

/// Runs a test in a thread with a network of its own, which ends with it.
pub(super) fn in_namespace(test: impl FnOnce() + Send) {
    let run = || {
        unshare(CloneFlags::CLONE_NEWNET).expect("these tests make network namespaces: run them as root");
        ip("link set lo up");
        test();
    };
    thread::scope(|scope| {
        let outcome = scope.spawn(run).join();
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

/// Runs `ip` of iproute2 in the calling thread's namespace.
fn ip(args: &str) -> String {
    let output = Command::new("ip").args(args.split_whitespace()).output().expect("iproute2 is installed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {args}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Lays the cable, with nothing on it but what a test sends.
pub(super) fn lay_cable() {
    ip(&format!("link add {MIRROR} type veth peer name {SWITCH}"));
    for end in [MIRROR, SWITCH] {
        // Without it the kernel sends router solicitations of its own.
        ip(&format!("link set {end} addrgenmode none"));
        ip(&format!("link set {end} up"));
    }
}

fn options() -> LiveOptions {
    LiveOptions::new(MIRROR)
}

pub(super) fn open(options: &LiveOptions) -> LiveSource {
    LiveSource::open(options).unwrap()
}

/// Reads what one wait brings.
fn read(source: &mut LiveSource, kept: &mut Vec<Kept>) {
    match source.batch(PATIENCE).unwrap() {
        Arrival::Frames(frames) => kept.extend(frames.map(|frame| Kept {
            time_ns: frame.time_ns,
            wire_len: frame.wire_len,
            tci: frame.tci,
            merged: frame.merged,
            data: frame.data.to_vec(),
        })),
        Arrival::Nothing => {}
        Arrival::End => panic!("a live source has no end"),
    }
}

/// Reads until so many frames are there.
fn read_frames(source: &mut LiveSource, count: usize) -> Vec<Kept> {
    let mut kept = Vec::new();
    until(&format!("{count} frames"), || {
        read(source, &mut kept);
        kept.len() >= count
    });
    assert_eq!(kept.len(), count);
    kept
}

/// Reads the bytes of all frames that the kernel says it has let through.
pub(super) fn let_through(source: &mut LiveSource) -> Vec<Vec<u8>> {
    let count = source.stats().packets as usize;
    let kept = if count > 0 { read_frames(source, count) } else { Vec::new() };
    kept.into_iter().map(|kept| kept.data).collect()
}

/// Does something until it succeeds.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < DEADLINE, "no {what} after {DEADLINE:?}");
    }
}
