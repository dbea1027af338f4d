//! What only the box can tell about a configuration: folders, interfaces, cores.
//!
//! Each check gives the name and values of a [`super::Problem`], or nothing.

use std::fs;
use std::path::Path;
use std::thread;

use rustix::fs::{Access, access};
use sekisho_ledger::is_address;
use sekisho_rules::Rules;
use sekisho_rules::device::DeviceRules;

use super::checker::Fault;

/// Where Linux lists its interfaces.
const INTERFACES: &str = "/sys/class/net";
/// The folder that the unit has made (`StateDirectory`).
const STATE: &str = "/var/lib/sekisho";
/// Longer paths do not fit the address of a Unix socket (unix(7), `sun_path`, with its NUL).
const MAX_SOCKET_PATH_BYTES: usize = 107;

/// Tells whether the ledger can be written, or made. What a server allows only it can tell.
pub(super) fn ledger(path: &Path) -> Option<Fault> {
    if is_address(path) {
        return None;
    }
    let values = |path: &Path, detail: String| vec![("path", path.display().to_string()), ("detail", detail)];
    let folder = folder_of(path);
    // The service manager makes it when the service starts for the first time.
    if !folder.exists() && folder == Path::new(STATE) {
        return None;
    }
    if !folder.is_dir() {
        return Some(("folder-missing", values(folder, String::new())));
    }
    // SQLite keeps files beside the database: the folder must be writable as well.
    for place in [folder, path] {
        if !place.exists() {
            continue;
        }
        if let Err(error) = access(place, Access::WRITE_OK) {
            return Some(("not-writable", values(place, error.to_string())));
        }
    }
    path.is_dir().then(|| ("ledger-is-folder", values(path, String::new())))
}

/// Octets that the program takes beside `max_memory`: itself, the ledger's cache, the console.
const BESIDE_TABLES: u64 = 128 << 20;
/// Where Linux tells what the box has, and what this process and those around it may take.
const MEMORY: &str = "/proc/meminfo";
const CGROUP: &str = "/proc/self/cgroup";
const CGROUPS: &str = "/sys/fs/cgroup";

/// Tells whether there is so much memory: of the box, and of the service where the service manager runs this.
pub(super) fn memory(max_memory: u64) -> Option<Fault> {
    let whole = fs::read_to_string(MEMORY).ok().and_then(|text| total(&text));
    let granted = fs::read_to_string(CGROUP).ok().and_then(|text| granted(&text, Path::new(CGROUPS)));
    let least = [whole, granted].into_iter().flatten().min()?;
    let mib = |octets: u64| format!("{} MiB", octets >> 20);
    let values = vec![("value", mib(max_memory)), ("there", mib(least))];
    (max_memory.saturating_add(BESIDE_TABLES) > least).then_some(("memory-too-large", values))
}

/// Reads the box's memory (proc_meminfo(5)), in octets.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1024)
}

/// Reads the least that the groups of a process may take together (cgroups(7), version 2), or may take before they
/// are slowed down: for whom packets wait, being slow is losing.
fn granted(text: &str, root: &Path) -> Option<u64> {
    let own = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let bound =
        |group: &Path, name| fs::read_to_string(root.join(group).join(name)).ok()?.trim().parse().ok();
    let bounds = |group| ["memory.max", "memory.high"].into_iter().filter_map(move |name| bound(group, name));
    Path::new(own).ancestors().flat_map(bounds).min()
}

/// Tells whether a folder of rules is one, and every rule in it sound.
pub(super) fn rules(folder: &Path) -> Option<Fault> {
    let loaded = Rules::load(folder).map(drop).and_then(|()| DeviceRules::load(folder).map(drop));
    let error = loaded.err()?;
    let chain = anyhow::Error::from(error).chain().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    Some(("bad-rules", vec![("path", folder.display().to_string()), ("detail", chain)]))
}

/// Tells whether a socket can be made there.
pub(super) fn socket(path: &Path) -> Option<Fault> {
    let shown = path.display().to_string();
    if path.as_os_str().len() > MAX_SOCKET_PATH_BYTES {
        return Some(("socket-path-long", vec![("path", shown)]));
    }
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Some(("folder-missing", vec![("path", folder.display().to_string())]));
    }
    let error = access(folder, Access::WRITE_OK).err()?;
    Some(("not-writable", vec![("path", folder.display().to_string()), ("detail", error.to_string())]))
}

/// Tells whether an interface is there; it may also be plugged in later.
pub(super) fn interface(name: &str) -> Option<Fault> {
    if Path::new(INTERFACES).join(name).exists() {
        return None;
    }
    let mut there: Vec<String> = fs::read_dir(INTERFACES)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    there.sort();
    Some(("no-such-interface", vec![("value", name.to_owned()), ("there", there.join(", "))]))
}

/// How many threads can run at the same time.
pub(in crate::run) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The folder that a path is in; a bare name is in the current one.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_the_box_and_of_the_service_is_read() {
        assert_eq!(total("MemTotal:        1003212 kB\nMemFree: 1 kB\n"), Some(1_003_212 << 10));
        let root = tempfile::tempdir().unwrap();
        let service = root.path().join("system.slice/sekisho-agent.service");
        fs::create_dir_all(&service).unwrap();
        fs::write(service.join("memory.max"), "805306368\n").unwrap();
        fs::write(root.path().join("system.slice/memory.max"), "max\n").unwrap();
        let of = |text: &str| granted(text, root.path());
        assert_eq!(of("0::/system.slice/sekisho-agent.service\n"), Some(768 << 20));
        fs::write(service.join("memory.high"), "734003200\n").unwrap();
        assert_eq!(of("0::/system.slice/sekisho-agent.service\n"), Some(700 << 20));
        assert_eq!(of("0::/system.slice/other.service\n"), None);
        assert_eq!(of("4:memory:/x\n"), None, "version 1");
    }
}
