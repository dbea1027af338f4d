//! NEC UNIVERGE IX routers: `show version`, `show hardware`, `show interfaces`, `show ip address`,
//! `show arp entry`, `show ip route`, `show ike sa`, `show running-config`.

use crate::reading::{Reading, States, ip, mac, network};
use crate::session::{Line, Section};
use crate::{Maker, neighbour, table};

pub(crate) const MAKER: Maker = Maker { slug: "nec-ix", name: "NEC", writes, read };

fn writes(line: &str) -> bool {
    line.contains("NEC Portable Internetwork Core Operating System")
        || line.trim_start().starts_with("IX Series IX")
}

fn read(reading: &mut Reading, section: &Section) {
    let mut interface = None;
    for Line { number, text } in &section.lines {
        let line = text.trim();
        // `IX Series IX2106 (magellan-sec) Software, Version 10.7.18, RELEASE SOFTWARE`
        if let Some(rest) = line.split_once("IX Series ").map(|(_, rest)| rest) {
            reading.tell(States::Model, rest.split_whitespace().next().unwrap_or_default(), section, *number);
            reading.role("router");
            if let Some((_, version)) = rest.split_once("Version ") {
                reading.tell(
                    States::Firmware,
                    version.split(',').next().unwrap_or_default(),
                    section,
                    *number,
                );
            }
        }
        if let Some((name, value)) = line.split_once([':', '=']) {
            match name.trim().to_lowercase().as_str() {
                "serial number" | "s/n" | "serial no." => {
                    reading.tell(States::Serial, value, section, *number);
                }
                _ => {}
            }
        }
        if let Some(serial) = line
            .strip_prefix("Processor board ID <")
            .or_else(|| line.strip_prefix("Processor board serial number "))
        {
            reading.tell(States::Serial, serial.split('>').next().unwrap_or(serial), section, *number);
        }
        if let Some(host) = line.strip_prefix("hostname ") {
            reading.tell(States::Name, host, section, *number);
        }
        interfaces(reading, &mut interface, text);
        peers(reading, section, *number, line);
    }
    if section.is(&["lldp"]) {
        neighbour::read(reading, section);
    } else if section.is(&["arp"]) {
        arp(reading, section);
    } else {
        table::read(reading, section);
    }
}

/// `Interface GigaEthernet0.0 is up`, or `interface GigaEthernet0.0` of a configuration, and what is below.
fn interfaces(reading: &mut Reading, interface: &mut Option<String>, text: &str) {
    let head = text.strip_prefix("Interface ").or_else(|| text.strip_prefix("interface "));
    if let Some(rest) = head {
        let mut words = rest.split_whitespace();
        *interface = words.next().map(str::to_owned);
        if let (Some(name), Some("is"), Some(state)) = (interface.as_deref(), words.next(), words.next())
            && let Some(own) = reading.interface(name)
        {
            own.is_up = state.starts_with("up");
        }
        return;
    }
    let Some(port) = interface.clone().filter(|_| text.starts_with(' ')) else { return };
    let line = text.trim();
    let address = ["Internet address is ", "Local address is ", "ip address "]
        .iter()
        .find_map(|begin| line.strip_prefix(begin));
    if let Some(own) = address {
        if let Some((ip, prefix)) = own.split_whitespace().next().and_then(|own| network(own, None)) {
            reading.address(&port, ip, prefix);
        }
    } else if let Some((_, rest)) =
        line.split_once("ardware address is ").or_else(|| line.split_once("MAC address is "))
    {
        let own = rest.split_whitespace().next().and_then(mac);
        if let (Some(own), Some(interface)) = (own, reading.interface(&port)) {
            interface.mac = Some(own.0);
        }
    }
}

/// ARP by interface: its name on a line of its own, rows below without it.
fn arp(reading: &mut Reading, section: &Section) {
    let mut port: Option<String> = None;
    for Line { text, .. } in &section.lines {
        let words: Vec<&str> = text.split_whitespace().collect();
        if let ["Interface", name, ..] = words.as_slice() {
            port = Some(name.trim_end_matches(',').to_owned());
        }
        let own = (words.iter().find_map(|word| ip(word)), words.iter().find_map(|word| mac(word)));
        let named = words.iter().copied().find(|word| word.contains("Ethernet"));
        if let (Some(ip), Some(mac)) = own
            && let Some(port) = named.or(port.as_deref())
        {
            reading.neighbour(port, ip, mac);
        }
    }
}

/// The other ends of VPNs: `ike policy … peer 203.0.113.1 …`, `IKE SA - peer …`.
fn peers(reading: &mut Reading, section: &Section, number: usize, line: &str) {
    let mut words = line.split_whitespace().skip_while(|word| !word.eq_ignore_ascii_case("peer"));
    let peer = words.nth(1).and_then(ip);
    let is_vpn = line.starts_with("ike ")
        || line.starts_with("ipsec ")
        || section.is(&["ike"])
        || section.is(&["ipsec"]);
    if let Some(peer) = peer.filter(|_| is_vpn) {
        reading.tell(States::Peer, &peer.to_string(), section, number);
    }
}
