//! AlaxalA AX switches and routers: `show version`, `show system`, `show mac-address-table`, `show ip arp`,
//! `show lldp [detail]`, `show ip interface`.

use crate::reading::{Reading, States, network};
use crate::session::{Line, Section};
use crate::{Maker, neighbour, table};

pub(crate) const MAKER: Maker = Maker { slug: "alaxala", name: "AlaxalA", writes, read };

fn writes(line: &str) -> bool {
    let line = line.trim();
    let model = line.strip_prefix("Model:").map(str::trim);
    model.is_some_and(|model| {
        model.starts_with("AX") && model.chars().nth(2).is_some_and(|c| c.is_ascii_digit())
    }) || line.starts_with("S/W: OS-L")
        || line.starts_with("S/W: OS-SE")
}

fn read(reading: &mut Reading, section: &Section) {
    let mut interface = None;
    for Line { number, text } in &section.lines {
        let line = text.trim();
        if let Some(model) = line.strip_prefix("Model:") {
            reading.tell(States::Model, model, section, *number);
            reading.role("switch");
        } else if let Some(software) = line.strip_prefix("S/W:") {
            let version = software.split_once("Ver.").map_or(software, |(_, version)| version);
            reading.tell(
                States::Firmware,
                version.split(['[', '(']).next().unwrap_or(version),
                section,
                *number,
            );
        } else if let Some((name, value)) = line.split_once(':') {
            match name.trim().to_lowercase().as_str() {
                "name" | "system name" if section.is(&["system"]) => {
                    reading.tell(States::Name, value, section, *number);
                }
                "locate" | "location" if section.is(&["system"]) => reading.location(value),
                "chassis mac address" | "mac address" => reading.own_mac(value.trim()),
                _ => {}
            }
        }
        // `H/W: AX-3630-24T-A [EX24T00000000000]`: the number of the board stands in brackets.
        if let Some((_, serial)) = line.split_once('[').filter(|(board, _)| board.contains("AX-")) {
            reading.tell(States::Serial, serial.trim_end_matches(']'), section, *number);
        }
        addresses(reading, &mut interface, text);
    }
    if section.is(&["lldp"]) {
        neighbour::read(reading, section);
    } else {
        table::read(reading, section);
    }
}

/// `VLAN0010: flags=…` and below it `inet 192.0.2.1/24 broadcast …`.
fn addresses(reading: &mut Reading, interface: &mut Option<String>, text: &str) {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [name, flags, ..] if flags.starts_with("flags=") => {
            *interface = Some(name.trim_end_matches(':').to_owned());
        }
        ["inet" | "inet6", own, ..] => {
            if let (Some(port), Some((ip, prefix))) = (interface.as_deref(), network(own, None)) {
                reading.address(port, ip, prefix);
            }
        }
        _ => {}
    }
}
