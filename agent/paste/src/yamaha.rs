//! Yamaha RTX, NVR, FWX routers, SWX switches, WLX access points: `show environment`, `show config`,
//! `show status`, `show arp`, `show ip route`, in Japanese or English.

use crate::reading::{Reading, States, ip, mac, network};
use crate::session::{Line, Section};
use crate::{Maker, neighbour, table};

/// How names of its models begin.
const MODELS: &[&str] = &["RTX", "RT", "NVR", "FWX", "SRT", "SWX", "WLX", "SWR", "SWP"];

pub(crate) const MAKER: Maker = Maker { slug: "yamaha", name: "Yamaha", writes, read };

fn writes(line: &str) -> bool {
    revision(line).is_some()
}

/// Takes `RTX830 Rev.15.02.31 (…)` apart into model and revision; in a configuration `#` stands before it.
fn revision(line: &str) -> Option<(&str, &str)> {
    let mut words = line.trim_start_matches(['#', ' ']).split_whitespace();
    let (model, revision) = (words.next()?, words.next()?);
    let of_model = MODELS.iter().any(|begin| {
        model.strip_prefix(begin).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    let number = revision.strip_prefix("Rev.")?;
    (of_model && number.starts_with(|c: char| c.is_ascii_digit())).then_some((model, revision))
}

fn read(reading: &mut Reading, section: &Section) {
    let mut interface = None;
    for Line { number, text } in &section.lines {
        if let Some((model, revision)) = revision(text) {
            reading.tell(States::Model, model, section, *number);
            reading.tell(States::Firmware, revision, section, *number);
            reading.role(match model.get(..3) {
                Some("SWX" | "SWR" | "SWP") => "switch",
                Some("WLX") => "access-point",
                _ => "router",
            });
        }
        environment(reading, section, *number, text);
        configuration(reading, section, *number, text);
        status(reading, &mut interface, text);
    }
    if section.is(&["lldp"]) {
        neighbour::read(reading, section);
    } else if !section.is(&["config"]) {
        table::read(reading, section);
    }
}

/// `main:  RTX830 ver=00 serial=M4B000000 MAC-Address=00:… MAC-Address=00:…`, and what SWX writes.
fn environment(reading: &mut Reading, section: &Section, number: usize, text: &str) {
    for word in text.split_whitespace() {
        if let Some(serial) = word.strip_prefix("serial=") {
            reading.tell(States::Serial, serial, section, number);
        }
        if let Some(own) = word.strip_prefix("MAC-Address=") {
            reading.own_mac(own);
        }
    }
    let named =
        [("シリアル番号", States::Serial), ("Serial number", States::Serial), ("システム名", States::Name)];
    for (name, states) in named {
        if let Some(value) = text.trim_start().strip_prefix(name) {
            reading.tell(states, value.trim_start_matches([':', '=', ' ', '：']), section, number);
        }
    }
}

/// Lines of a configuration: addresses, default routes, the other ends of VPNs, lines that are in use.
fn configuration(reading: &mut Reading, section: &Section, number: usize, text: &str) {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["ip", port, "address", own, rest @ ..] => {
            if let Some((ip, prefix)) = network(own, rest.first().copied()) {
                reading.address(&port.to_uppercase(), ip, prefix);
            }
        }
        ["ip", "route", "default", "gateway", hop, rest @ ..] => default_route(reading, hop, rest),
        ["ipsec", "ike", "remote", "address", _, peer]
        | ["tunnel", "endpoint", "address", peer]
        | ["tunnel", "endpoint", "name", peer, ..] => reading.tell(States::Peer, peer, section, number),
        ["pp", "bind", line] | ["pppoe", "use", line] => {
            reading.port(&line.to_uppercase());
        }
        ["snmp", "sysname", name] => reading.tell(States::Name, name, section, number),
        ["snmp", "syslocation", place @ ..] => reading.location(&place.join(" ")),
        _ => {}
    }
}

/// `gateway 192.0.2.254`, `gateway pp 1`, `gateway dhcp lan2`.
fn default_route(reading: &mut Reading, hop: &str, rest: &[&str]) {
    let port = match (hop, rest.first()) {
        ("pp", Some(number)) => number.parse::<u32>().ok().map(|number| format!("PP[{number:02}]")),
        ("tunnel", Some(number)) => number.parse::<u32>().ok().map(|number| format!("TUNNEL[{number}]")),
        ("dhcp", Some(port)) => Some(port.to_uppercase()),
        _ => None,
    };
    if ip(hop).is_some() || port.is_some() {
        reading.route([0, 0, 0, 0].into(), 0, ip(hop), port.as_deref());
    }
}

/// `show status lan1`: the interface on a line of its own, then its words.
fn status(reading: &mut Reading, interface: &mut Option<String>, text: &str) {
    let line = text.trim();
    let heads = ["LAN", "WAN", "BRI", "PP[", "TUNNEL[", "VLAN", "ONU", "WWAN"];
    if heads.iter().any(|head| line.starts_with(head)) && !line.contains(' ') {
        *interface = Some(line.trim_end_matches(':').to_owned());
    }
    let Some(port) = interface.clone() else { return };
    let Some((name, value)) = line.split_once([':', '：']) else { return };
    let value = value.trim();
    match name.trim() {
        "IPアドレス" | "IP Address" | "IP address" => {
            let mut words = value.split_whitespace();
            if let Some((ip, prefix)) = words.next().and_then(|own| network(own, None)) {
                reading.address(&port, ip, prefix);
            }
        }
        "イーサネットアドレス" | "Ethernet Address" | "MACアドレス" => {
            if let (Some(mac), Some(interface)) = (mac(value), reading.interface(&port)) {
                interface.mac = Some(mac.0);
                interface.is_up = true;
            }
        }
        "説明" | "Description" if !value.is_empty() => {
            if let Some(interface) = reading.interface(&port) {
                interface.alias = Some(value.chars().take(64).collect());
            }
        }
        "現在" | "Current" => {
            if let Some(interface) = reading.interface(&port) {
                interface.is_up = value.contains("回線接続中") || value.to_lowercase().contains("connected");
            }
        }
        _ => {}
    }
    // `PP[01]:` is followed by where it is connected.
    if (line.contains("接続されています") || line.contains("is connected"))
        && let Some(interface) = reading.interface(&port)
    {
        interface.is_up = true;
    }
}
