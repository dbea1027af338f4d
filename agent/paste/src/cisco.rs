//! Cisco IOS, IOS XE, NX-OS and ASA: `show version`, `show inventory`, `show interfaces`,
//! `show mac address-table`, `show arp`, `show lldp|cdp neighbors [detail]`, `show crypto …`, `show ip route`.

use crate::reading::{Reading, States, ip, mac, network};
use crate::session::{Line, Section};
use crate::{Maker, neighbour, table};

/// How names of routers begin; what has none of these and is no firewall is a switch.
const ROUTERS: &[&str] =
    &["ISR", "C8", "C9800", "ASR", "CISCO", "C11", "CSR", "IR", "18", "19", "28", "29", "38", "39", "8"];

pub(crate) const MAKER: Maker = Maker { slug: "cisco", name: "Cisco", writes, read };

fn writes(line: &str) -> bool {
    let small = line.trim_start();
    small.starts_with("Cisco IOS")
        || small.starts_with("Cisco Nexus Operating System")
        || small.starts_with("Cisco Adaptive Security Appliance")
        || small.starts_with("Cisco Internetwork Operating System")
        || small.contains("ARPA   Vlan")
        || small.starts_with("Capability Codes: R - Router, T - Trans Bridge")
        || small.starts_with("          Mac Address Table")
        || line.trim() == "Mac Address Table"
}

fn read(reading: &mut Reading, section: &Section) {
    let mut interface = None;
    for Line { number, text } in &section.lines {
        version(reading, section, *number, text);
        interfaces(reading, &mut interface, text);
        if section.command.contains("crypto") {
            peers(reading, section, *number, text);
        }
    }
    if section.is(&["neighbors"]) {
        neighbour::read(reading, section);
    } else if !section.is(&["interfaces"]) {
        table::read(reading, section);
    }
}

fn version(reading: &mut Reading, section: &Section, number: usize, text: &str) {
    let line = text.trim();
    let is_release = line.starts_with("Cisco") || line.starts_with("NXOS:") || line.starts_with("system:");
    if is_release && let Some((_, rest)) = line.split_once("ersion ") {
        let version = rest.split([',', ' ']).next().unwrap_or_default();
        if version.starts_with(|c: char| c.is_ascii_digit()) {
            reading.tell(States::Firmware, version, section, number);
        }
    }
    if line.starts_with("Cisco Adaptive Security Appliance") {
        reading.role("firewall");
    }
    if let Some((host, _)) = line.split_once(" uptime is ").filter(|(host, _)| !host.contains(' ')) {
        reading.tell(States::Name, host, section, number);
    }
    // `cisco WS-C2960X-24TS-L (APM86XXX) processor (revision A0) with 524288K bytes of memory.`
    if line.to_lowercase().starts_with("cisco ") && line.contains(" processor") && line.contains("bytes of") {
        model(reading, line.split_whitespace().nth(1).unwrap_or_default(), section, number);
    }
    if let Some((name, value)) = line.split_once(':') {
        match name.trim().to_lowercase().as_str() {
            "model number" | "hardware" => {
                model(reading, value.split(',').next().unwrap_or_default(), section, number);
            }
            "system serial number" | "serial number" => reading.tell(States::Serial, value, section, number),
            "base ethernet mac address" => reading.own_mac(value.trim()),
            _ => {}
        }
    }
    if let Some(serial) = line.strip_prefix("Processor board ID ") {
        reading.tell(States::Serial, serial, section, number);
    }
    // `show inventory`: the first is the chassis.
    if let (Some(pid), Some(serial)) = (after(line, "PID:"), after(line, "SN:")) {
        model(reading, pid, section, number);
        reading.tell(States::Serial, serial, section, number);
    }
}

fn after<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let value = line.split_once(name)?.1.trim_start().split([',', ' ']).next()?;
    (!value.is_empty()).then_some(value)
}

fn model(reading: &mut Reading, text: &str, section: &Section, number: usize) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    reading.tell(States::Model, text, section, number);
    let begins = |begin: &&str| text.starts_with(*begin);
    reading.role(match text {
        _ if text.starts_with("ASA") || text.starts_with("FPR") => "firewall",
        _ if text.starts_with("AIR-") || text.starts_with("C91") => "access-point",
        _ if ROUTERS.iter().any(begins) => "router",
        _ => "switch",
    });
}

/// `Vlan10 is up, line protocol is up`, and what is indented below it.
fn interfaces(reading: &mut Reading, interface: &mut Option<String>, text: &str) {
    if let Some((name, state)) = text.split_once(" is ").filter(|_| text.contains("line protocol is ")) {
        let name = name.trim();
        if !name.contains(' ') {
            *interface = Some(name.to_owned());
            if let Some(own) = reading.interface(name) {
                own.is_up = state.starts_with("up");
                own.is_enabled = !state.starts_with("administratively");
            }
        }
        return;
    }
    let Some(port) = interface.clone().filter(|_| text.starts_with(' ')) else { return };
    let line = text.trim();
    if let Some((_, rest)) = line
        .split_once("address is ")
        .filter(|_| line.starts_with("Hardware is") || line.starts_with("Hardware:"))
    {
        let own = rest.split_whitespace().next().and_then(mac);
        if let (Some(own), Some(interface)) = (own, reading.interface(&port)) {
            interface.mac = Some(own.0);
        }
    } else if let Some(descr) = line.strip_prefix("Description: ") {
        if let Some(interface) = reading.interface(&port) {
            interface.alias = Some(descr.chars().take(64).collect());
        }
    } else if let Some(own) =
        line.strip_prefix("Internet address is ").or_else(|| line.strip_prefix("Internet Address is "))
        && let Some((ip, prefix)) = own.split_whitespace().next().and_then(|own| network(own, None))
    {
        reading.address(&port, ip, prefix);
    }
}

/// The other ends of VPNs: `show crypto isakmp sa`, `show crypto ipsec sa`, `show crypto session`.
fn peers(reading: &mut Reading, section: &Section, number: usize, text: &str) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let peer = match words.as_slice() {
        ["current_peer" | "Peer:", peer, ..] | ["IKE", "Peer:", peer, ..] => ip(peer),
        // dst, src, state, conn-id: the other end is not known from the row alone, so both are told.
        [dst, src, "QM_IDLE", ..] => {
            for end in [dst, src] {
                if let Some(end) = ip(end) {
                    reading.tell(States::Peer, &end.to_string(), section, number);
                }
            }
            None
        }
        _ => None,
    };
    if let Some(peer) = peer {
        reading.tell(States::Peer, &peer.to_string(), section, number);
    }
}
