//! What a running program has used so far, as Linux tells (proc(5)).

use std::fs;

/// Clock ticks a second in `/proc`, which is 100 on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// A program that is watched.
#[derive(Clone, Copy, Debug)]
pub struct Meter(pub u32);

/// What it has taken.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Processor time, in seconds.
    pub cpu_s: f64,
    /// The most memory that it had at once, in MiB.
    pub peak_mib: f64,
}

impl Meter {
    /// Reads it.
    ///
    /// # Panics
    ///
    /// When the program has ended.
    #[must_use]
    pub fn read(self) -> Taken {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap();
        // After the name, which may hold anything: state is the first field, user and system time the 12th and 13th.
        let after = stat.rsplit_once(')').unwrap().1;
        let ticks = after.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap());
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kib: f64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        Taken { cpu_s: ticks.sum::<f64>() / TICKS, peak_mib: kib / 1024.0 }
    }
}
