//! This machine's network interfaces.

use std::fs;
use std::path::Path;

use sekisho_decode::MacAddr;

use super::InterfaceInfo;
use super::socket::index_of;

/// Lists the interfaces, in the kernel's order.
pub(crate) fn interfaces() -> Vec<InterfaceInfo> {
    let found = pnet_datalink::interfaces().into_iter().map(|interface| InterfaceInfo {
        mac: interface.mac.map(|mac| MacAddr(mac.octets())).filter(|mac| *mac != MacAddr::ZERO),
        enabled: interface.is_up(),
        running: interface.is_running(),
        name: interface.name,
    });
    found.collect()
}

/// Tells whether there is an interface of a name now.
pub(crate) fn is_there(interface: &str) -> bool {
    index_of(interface).is_some()
}

/// Reads how fast an interface is, in Mbit/s; `None` where it has no link, or no such thing as a speed.
pub(crate) fn speed_mbps(interface: &str) -> Option<u32> {
    let text = fs::read_to_string(Path::new("/sys/class/net").join(interface).join("speed")).ok()?;
    // -1 without a link.
    text.trim().parse().ok().filter(|mbps| *mbps > 0)
}

/// Lists their names, for whoever mistyped one.
pub(super) fn names() -> Vec<String> {
    let mut names: Vec<String> = interfaces().into_iter().map(|interface| interface.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}
