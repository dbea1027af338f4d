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
/// Longer paths do not fit the address of a Unix socket (unix(7), `sun_path`, with its NUL).
const MAX_SOCKET_PATH_BYTES: usize = 107;

/// Tells whether the ledger can be written, or made. What a server allows only it can tell.
pub(super) fn ledger(path: &Path) -> Option<Fault> {
    if is_address(path) {
        return None;
    }
    let values = |path: &Path, detail: String| vec![("path", path.display().to_string()), ("detail", detail)];
    let folder = folder_of(path);
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
