//! This machine's network interfaces.

use sekisho_decode::MacAddr;

use super::InterfaceInfo;

/// Lists the interfaces, in the kernel's order.
pub(crate) fn interfaces() -> Vec<InterfaceInfo> {
    let found = pnet_datalink::interfaces().into_iter().map(|interface| InterfaceInfo {
        mac: interface.mac.map(|mac| MacAddr(mac.octets())).filter(|mac| *mac != MacAddr::ZERO),
        running: interface.is_running(),
        name: interface.name,
    });
    found.collect()
}

/// Lists their names, for whoever mistyped one.
pub(super) fn names() -> Vec<String> {
    let mut names: Vec<String> = interfaces().into_iter().map(|interface| interface.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}
