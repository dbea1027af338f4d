//! Allied Telesis switches and routers with AlliedWare Plus: `show system`, `show version`, `show interface`,
//! `show ip interface`, `show mac address-table`, `show arp`, `show lldp neighbors`.

use crate::reading::{Reading, States, mac, network};
use crate::session::{Line, Section};
use crate::{Maker, neighbour, table};

pub(crate) const MAKER: Maker = Maker { slug: "allied-telesis", name: "Allied Telesis", writes, read };

fn writes(line: &str) -> bool {
    line.contains("AlliedWare Plus")
        || line.contains("Allied Telesis")
        || line.trim_start().starts_with("Current software")
        || line
            .split_whitespace()
            .any(|word| word.strip_prefix("port").is_some_and(|port| port.split('.').count() == 3))
}

fn read(reading: &mut Reading, section: &Section) {
    let mut interface = None;
    let mut awaited = None;
    for Line { number, text } in &section.lines {
        let line = text.trim();
        // `System Name` stands on a line of its own, and its value below.
        if let Some(what) = awaited.take() {
            match what {
                "System Name" => reading.tell(States::Name, line, section, *number),
                _ => reading.location(line),
            }
        }
        match line {
            "System Name" => awaited = Some("System Name"),
            "System Location" => awaited = Some("System Location"),
            _ => {}
        }
        system(reading, section, *number, line);
        interfaces(reading, &mut interface, text);
    }
    if section.is(&["lldp"]) {
        neighbour::read(reading, section);
    } else if !section.is(&["interface"]) || section.is(&["ip"]) {
        table::read(reading, section);
        brief(reading, section);
    }
}

fn system(reading: &mut Reading, section: &Section, number: usize, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    // `Base        367        x230-28GT        A-0     A04000000000000`
    if let ["Base", _, rest @ ..] = words.as_slice()
        && let (Some(model), Some(serial)) = (rest.first(), rest.last().filter(|_| rest.len() >= 3))
    {
        reading.tell(States::Model, model, section, number);
        reading.tell(States::Serial, serial, section, number);
        reading.role(if model.starts_with("AR") { "router" } else { "switch" });
    }
    if let Some((name, value)) = line.split_once(':') {
        match name.trim() {
            "Software version" => reading.tell(States::Firmware, value, section, number),
            "MAC Address" | "Base MAC address" => reading.own_mac(value.trim()),
            _ => {}
        }
    }
    // `AlliedWare Plus (TM) 5.4.8 12/11/17 …`
    if let Some((_, rest)) = line.split_once("AlliedWare Plus (TM)") {
        let version = rest.split_whitespace().next().unwrap_or_default();
        if version.starts_with(|c: char| c.is_ascii_digit()) {
            reading.tell(States::Firmware, version, section, number);
        }
    }
}

/// `Interface vlan1`, and below it `Hardware is VLAN, address is …`, `IPv4 address 192.0.2.1/24 …`.
fn interfaces(reading: &mut Reading, interface: &mut Option<String>, text: &str) {
    if let Some(rest) = text.strip_prefix("Interface ") {
        *interface = rest.split_whitespace().next().map(str::to_owned);
        return;
    }
    let Some(port) = interface.clone().filter(|_| text.starts_with(' ')) else { return };
    let line = text.trim();
    if let Some((_, rest)) = line.split_once("address is ").filter(|_| line.starts_with("Hardware is")) {
        let own = rest.split_whitespace().next().and_then(mac);
        if let (Some(own), Some(interface)) = (own, reading.interface(&port)) {
            interface.mac = Some(own.0);
        }
    } else if let Some(own) = line.strip_prefix("IPv4 address ") {
        if let Some((ip, prefix)) = own.split_whitespace().next().and_then(|own| network(own, None)) {
            reading.address(&port, ip, prefix);
        }
    } else if let Some(state) = line.strip_prefix("Link is ")
        && let Some(interface) = reading.interface(&port)
    {
        interface.is_up = state.starts_with("UP");
    }
}

/// `show ip interface brief`: `vlan1   192.0.2.1/24   admin up   running`.
fn brief(reading: &mut Reading, section: &Section) {
    for Line { text, .. } in &section.lines {
        let mut words = text.split_whitespace();
        if let (Some(port), Some(own), Some("admin")) = (words.next(), words.next(), words.next())
            && let Some((ip, Some(prefix))) = network(own, None)
        {
            reading.address(port, ip, Some(prefix));
        }
    }
}
