//! APRESIA (Hitachi Cable, Hitachi Metals, APRESIA Systems) switches: `show version`, `show system`,
//! `show unit`, `show mac-address-table`, `show arp`, `show lldp neighbors`, `show ip interface`.

use crate::reading::{Reading, States, network};
use crate::session::{Line, Section};
use crate::{Maker, neighbour, table};

pub(crate) const MAKER: Maker = Maker { slug: "apresia", name: "APRESIA", writes, read };

fn writes(line: &str) -> bool {
    model(line).is_some()
}

/// The word that names a model: `ApresiaNP2000-24T4X`, `Apresia13200-28GT`, `ApresiaLightGM124GT`.
fn model(line: &str) -> Option<&str> {
    let is_model = |word: &&str| {
        let rest = word.strip_prefix("Apresia").or_else(|| word.strip_prefix("APRESIA")).unwrap_or_default();
        rest.len() > 2 && rest.chars().any(|c| c.is_ascii_digit())
    };
    line.split_whitespace().map(|word| word.trim_matches([',', ';', ':', '"', '(', ')'])).find(is_model)
}

fn read(reading: &mut Reading, section: &Section) {
    let mut interface = None;
    let mut serial_column = None;
    for Line { number, text } in &section.lines {
        let line = text.trim();
        if let Some(model) = model(line) {
            reading.tell(States::Model, model, section, *number);
            reading.role("switch");
        }
        for name in ["Runtime:", "Ver.", "Firmware Version"] {
            if let Some((_, rest)) = line.split_once(name) {
                let rest = rest.trim_start_matches([' ', ':']);
                let version = rest.split_whitespace().next().unwrap_or_default().trim_end_matches(',');
                if version.starts_with(|c: char| c.is_ascii_digit()) {
                    reading.tell(States::Firmware, version, section, *number);
                }
            }
        }
        if let Some((name, value)) = line.split_once(':') {
            match name.trim().to_lowercase().as_str() {
                "system mac address" | "mac address" => reading.own_mac(value.trim()),
                "serial number" | "serial no." | "serial-number" => {
                    reading.tell(States::Serial, value, section, *number);
                }
                "system name" | "sysname" => reading.tell(States::Name, value, section, *number),
                "system location" | "syslocation" => reading.location(value),
                _ => {}
            }
        }
        serial(reading, section, *number, text, &mut serial_column);
        addresses(reading, &mut interface, line);
    }
    if section.is(&["lldp"]) {
        neighbour::read(reading, section);
    } else {
        table::read(reading, section);
    }
}

/// `show unit` has the serial number in a column of that name.
fn serial(reading: &mut Reading, section: &Section, number: usize, text: &str, column: &mut Option<usize>) {
    let small = text.to_lowercase();
    if let Some(at) =
        small.find("serial-number").or_else(|| small.find("serial number")).filter(|_| !small.contains(':'))
    {
        *column = small.get(..at).map(|before| before.chars().count());
        return;
    }
    let Some(start) = *column else { return };
    let cell: String = text.chars().skip(start).take_while(|c| !c.is_whitespace()).collect();
    if cell.len() > 5
        && cell.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && cell.contains(|c: char| c.is_ascii_digit())
    {
        reading.tell(States::Serial, &cell, section, number);
        *column = None;
    }
}

/// `Interface vlan10 is enabled, …` and below it `IP Address is 192.0.2.1/24`.
fn addresses(reading: &mut Reading, interface: &mut Option<String>, line: &str) {
    if let Some(rest) = line.strip_prefix("Interface ") {
        *interface = rest.split_whitespace().next().map(str::to_owned);
    }
    let address = line.strip_prefix("IP Address is ").or_else(|| line.strip_prefix("IP address is "));
    if let (Some(port), Some(own)) = (interface.as_deref(), address)
        && let Some((ip, prefix)) = own.split_whitespace().next().and_then(|own| network(own, None))
    {
        reading.address(port, ip, prefix);
    }
}
