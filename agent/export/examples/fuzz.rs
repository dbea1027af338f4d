//! Reads millions of damaged datagrams, then measures how fast whole ones are read.
//!
//! `cargo run --release -p sekisho-export --example fuzz -- [DATAGRAMS] [SEED]`
//!
//! Datagrams of every kind are damaged (bytes changed, cut, spliced, repeated) and come from some
//! thousand exporters, so that tables fill and evict. A panic ends the run; so does resident memory
//! beyond [`MAX_RESIDENT_BYTES`]. The same seed gives the same datagrams.

#![allow(clippy::print_stdout, reason = "a command's output")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(clippy::disallowed_methods, reason = "speed is measured by the wall clock")]

#[path = "../src/tests/datagrams.rs"]
mod datagrams;

use std::time::{Duration, Instant};

use anyhow::Context;
use datagrams::{IPFIX_FLOW, NOON_NS, V9_FLOW, every_kind, ipfix, ipfix_flows, set, template, v9, v9_flows};
use nix::time::{ClockId, clock_gettime};
use sekisho_decode::Addr;
use sekisho_export::{Exporters, Limits};

/// What the process may hold: the exporters' bound, twice for the allocator, and the program itself.
const MAX_RESIDENT_BYTES: u64 = 48 * 1024 * 1024;

/// Those that send most, so that damage meets what they have announced before.
const REGULARS: u64 = 64;

/// Together more than [`Limits::exporters`], so that some are always being forgotten.
const STRANGERS: u64 = 4_096;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |or: u64| arguments.next().map_or(Ok(or), |text| text.parse());
    let datagrams = number(1_000_000).context("the first argument is a number of datagrams")?;
    let seed = number(1).context("the second argument is a seed, a number")?;
    fuzz(datagrams, seed)?;
    let v9_template = v9(0, 7, &[set(0, &template(256, &V9_FLOW))]);
    speed("NetFlow v9", &v9_template, |number| v9(number, 7, &[set(256, &v9_flows(30))]))?;
    let ipfix_template = ipfix(0, 7, &[set(2, &template(256, &IPFIX_FLOW))]);
    speed("IPFIX", &ipfix_template, |number| ipfix(number * 30, 7, &[set(256, &ipfix_flows(30))]))
}

fn fuzz(datagrams: u64, seed: u64) -> anyhow::Result<()> {
    let limits = Limits::default();
    let mut exporters = Exporters::new(limits);
    let mut random = Random(seed | 1);
    let kinds = every_kind();
    let (mut flows, mut read, mut damaged) = (0_u64, 0_u64, 0_u64);
    let mut slowest = Duration::ZERO;
    let (start, resident_first) = (Instant::now(), resident_bytes()?);
    let mut resident_most = resident_first;
    for count in 0..datagrams {
        let datagram = mutate(&kinds, &mut random);
        let n =
            if random.below(16) == 0 { REGULARS + random.below(STRANGERS) } else { random.below(REGULARS) };
        let exporter = Addr::v4([198, 18, (n >> 8) as u8, n as u8]);
        let time_ns = NOON_NS + i64::try_from(count)? * 10_000;
        let began = processor_time()?;
        let result = exporters.datagram(time_ns, exporter, &datagram, &mut |flow| {
            assert!(flow.first_ns <= flow.last_ns && flow.last_ns <= time_ns, "{flow:?}");
            flows += 1;
        });
        slowest = slowest.max(processor_time()?.saturating_sub(began));
        match result {
            Ok(_) => read += 1,
            Err(_) => damaged += 1,
        }
        assert!(exporters.held_bytes() <= limits.held_bytes, "{} bytes held", exporters.held_bytes());
        if count % 65_536 == 0 {
            resident_most = resident_most.max(resident_bytes()?);
            assert!(resident_most < MAX_RESIDENT_BYTES, "{resident_most} bytes resident");
        }
    }
    println!(
        "{datagrams} damaged datagrams in {:.1} s: {read} read, {damaged} refused, {flows} flows, {} exporters \
         forgotten; slowest {slowest:?} of processor time; {} KiB held; resident {} KiB at first, {} KiB at most",
        start.elapsed().as_secs_f64(),
        exporters.evicted(),
        exporters.held_bytes() / 1024,
        resident_first / 1024,
        resident_most / 1024,
    );
    Ok(())
}

fn mutate(kinds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let pick = |random: &mut Random| &kinds[random.below(kinds.len() as u64) as usize];
    let mut datagram = pick(random).clone();
    for _ in 0..random.below(8) {
        if datagram.is_empty() {
            break;
        }
        let at = random.below(datagram.len() as u64) as usize;
        match random.below(8) {
            0 => datagram[at] ^= 1 << random.below(8),
            1 => datagram[at] = 0xff,
            2 => datagram[at] = 0,
            3 => datagram.truncate(at),
            4 => {
                let other = pick(random);
                datagram.extend_from_slice(&other[random.below(other.len() as u64) as usize..]);
            }
            5 if datagram.len() < 32_768 => datagram.extend_from_within(at..),
            _ => datagram[at] = random.next() as u8,
        }
    }
    datagram
}

fn speed(name: &str, announcement: &[u8], datagram: impl Fn(u32) -> Vec<u8>) -> anyhow::Result<()> {
    const DATAGRAMS: u32 = 100_000;
    let mut exporters = Exporters::new(Limits::default());
    let exporter = Addr::v4([192, 0, 2, 254]);
    exporters.datagram(NOON_NS, exporter, announcement, &mut |_| ())?;
    let made: Vec<_> = (1..1_000).map(datagram).collect();
    let (mut flows, mut bytes) = (0_u64, 0_u64);
    let start = Instant::now();
    for n in 0..DATAGRAMS {
        let payload = &made[n as usize % made.len()];
        exporters.datagram(NOON_NS, exporter, payload, &mut |flow| {
            flows += 1;
            bytes = bytes.wrapping_add(flow.bytes);
        })?;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{name}: {:.1} million records/s ({flows} of 30 a datagram, {bytes} octets)",
        f64::from(DATAGRAMS) * 30.0 / seconds / 1e6
    );
    Ok(())
}

/// Reads the time that this thread has had of a processor: others on the machine do not count.
fn processor_time() -> anyhow::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}

/// Reads how much of the process is in memory.
fn resident_bytes() -> anyhow::Result<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split(' ').nth(1).context("statm has no second figure")?.parse()?;
    Ok(pages * 4_096)
}

/// A xorshift generator.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
