//! This machine's network interfaces.

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use sekisho_decode::MacAddr;

use super::sys;
use super::{InterfaceInfo, LiveError};

/// Lists the interfaces, in the kernel's order.
pub(crate) fn interfaces() -> Result<Vec<InterfaceInfo>, LiveError> {
    // Any socket will do to ask about interfaces; this kind needs no privilege.
    let asking =
        socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None).map_err(|error| {
            LiveError::System {
                step: "ask about interfaces",
                interface: "*".to_owned(),
                source: error.into(),
            }
        })?;
    let found = pnet_datalink::interfaces().into_iter().map(|interface| InterfaceInfo {
        mac: interface.mac.map(|mac| MacAddr(mac.octets())).filter(|mac| *mac != MacAddr::ZERO),
        ips: interface.ips.iter().map(|net| (net.ip(), net.prefix())).collect(),
        up: interface.is_up(),
        running: interface.is_running(),
        loopback: interface.is_loopback(),
        mtu: sys::mtu(&asking, &interface.name).unwrap_or(0),
        name: interface.name,
    });
    Ok(found.collect())
}

/// Lists their names, for whoever mistyped one.
pub(super) fn names() -> Vec<String> {
    let mut names: Vec<String> =
        pnet_datalink::interfaces().into_iter().map(|interface| interface.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}
