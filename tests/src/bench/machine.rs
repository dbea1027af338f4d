//! What the figures were measured on.

use std::fs;
use std::thread::available_parallelism;

use jiff::Timestamp;

/// Gives day, processor, cores, memory and kernel in one line; what the system does not tell is left out.
#[must_use]
pub fn describe() -> String {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let field = |file: &str, key: &str| {
        let text = read(file);
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let day = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let cores = available_parallelism().map_or(1, usize::from);
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.strip_suffix(" kB")?.parse::<u64>().ok())
        .map(|kib| format!("{} GiB", kib.div_ceil(1 << 20)));
    let kernel = read("/proc/sys/kernel/osrelease");
    let parts = [
        Some(day),
        field("/proc/cpuinfo", "model name"),
        Some(format!("{cores} cores")),
        memory,
        (!kernel.is_empty()).then(|| format!("Linux {}", kernel.trim())),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
