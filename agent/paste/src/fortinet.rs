//! Fortinet FortiGate: `get system status`, `get system interface`, `get system arp`,
//! `get router info routing-table all`, `get vpn ipsec tunnel summary`.

use crate::reading::{Reading, States, ip, network};
use crate::session::{Line, Section};
use crate::{Maker, table};

pub(crate) const MAKER: Maker = Maker { slug: "fortinet", name: "Fortinet", writes, read };

fn writes(line: &str) -> bool {
    line.strip_prefix("Version:").is_some_and(|version| version.trim().starts_with("Forti"))
        || line.trim_start().starts_with("Hardware Addr") && line.contains("Interface")
}

fn read(reading: &mut Reading, section: &Section) {
    for Line { number, text } in &section.lines {
        if let Some((name, value)) = text.split_once(':') {
            let value = value.trim();
            match name.trim() {
                // `FortiGate-60F v7.0.12,build0523,230606 (GA.M)`
                "Version" => {
                    let (model, version) = value.split_once(' ').unwrap_or((value, ""));
                    reading.tell(States::Model, model, section, *number);
                    reading.tell(
                        States::Firmware,
                        version.split_whitespace().next().unwrap_or_default(),
                        section,
                        *number,
                    );
                    reading.role(match model {
                        _ if model.starts_with("FortiSwitch") => "switch",
                        _ if model.starts_with("FortiAP") => "access-point",
                        _ => "firewall",
                    });
                }
                "Serial-Number" => reading.tell(States::Serial, value, section, *number),
                "Hostname" => reading.tell(States::Name, value, section, *number),
                _ => {}
            }
        }
        interface(reading, text);
        peer(reading, section, *number, text);
    }
    if section.is(&["arp"]) {
        arp(reading, section);
    } else {
        table::read(reading, section);
    }
}

/// `name: internal   mode: static    ip: 192.0.2.1 255.255.255.0   status: up    netbios-forward: …`
fn interface(reading: &mut Reading, text: &str) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let after = |name: &str| words.iter().position(|word| *word == name);
    let value = |at: Option<usize>| at.and_then(|at| words.get(at + 1)).copied();
    let (Some(port), at) = (value(after("name:")), after("ip:")) else { return };
    let mask = at.and_then(|at| words.get(at + 2)).copied();
    if let Some((ip, prefix)) = value(at).and_then(|own| network(own, mask)) {
        reading.address(port, ip, prefix);
    }
    let is_up = value(after("status:")) == Some("up");
    if let Some(own) = reading.interface(port) {
        own.is_up = is_up;
    }
}

/// The other ends of tunnels: `'branch01' 203.0.113.9:0  selectors(total,up): 1/1 …`.
fn peer(reading: &mut Reading, section: &Section, number: usize, text: &str) {
    let mut words = text.split_whitespace();
    let (Some(name), Some(end)) = (words.next(), words.next()) else { return };
    if name.starts_with('\'') && text.contains("selectors(") {
        let end = end.split(':').next().unwrap_or(end);
        if let Some(end) = ip(end) {
            reading.tell(States::Peer, &end.to_string(), section, number);
        }
    }
}

/// `192.0.2.9   0   00:00:5e:00:53:09   internal`: interfaces have any name here.
fn arp(reading: &mut Reading, section: &Section) {
    for Line { text, .. } in &section.lines {
        let words: Vec<&str> = text.split_whitespace().collect();
        if let [own, _, mac, port] = words.as_slice()
            && let (Some(ip), Some(mac)) = (ip(own), crate::reading::mac(mac))
        {
            reading.neighbour(port, ip, mac);
        }
    }
}
