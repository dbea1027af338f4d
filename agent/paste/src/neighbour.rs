//! LLDP and CDP as `show … neighbors` prints them: blocks of `name: value`, or a table with a header.

use sekisho_snmp::facts::{Link, LinkProtocol};

use crate::reading::{Reading, ip, mac};
use crate::session::{Line, Section};

/// The names in a block, in small letters, of each maker; longer ones before those that begin them.
const LOCAL: &[&str] = &["local intf", "local interface", "local port", "interface"];
const CHASSIS: &[&str] = &["chassis id", "device id"];
const PORT: &[&str] = &["port id (outgoing port)", "port id"];
const PORT_DESCR: &[&str] = &["port description"];
const NAME: &[&str] = &["system name", "sysname"];
const DESCR: &[&str] = &["system description", "platform"];
const ADDRESS: &[&str] = &["ip address", "management address", "ip", "ipv4 address", "ipv4"];

/// Reads the neighbours that a command's output holds.
pub(crate) fn read(reading: &mut Reading, section: &Section) {
    let protocol = if section.is(&["cdp"]) { LinkProtocol::Cdp } else { LinkProtocol::Lldp };
    let blocks = blocks(section, protocol);
    if blocks.is_empty() {
        table(reading, section, protocol);
    }
    for (port, mut link) in blocks {
        link.local_port = reading.port(&port);
        reading.link(link);
    }
}

fn new(protocol: LinkProtocol) -> Link {
    Link {
        protocol,
        local_port: 0,
        chassis: None,
        port: None,
        port_descr: None,
        name: None,
        descr: None,
        address: None,
    }
}

/// Neighbours in blocks, each with the local port's name.
fn blocks(section: &Section, protocol: LinkProtocol) -> Vec<(String, Link)> {
    let mut found: Vec<(String, Link)> = Vec::new();
    let (mut port, mut link) = (None::<String>, new(protocol));
    for Line { text, .. } in &section.lines {
        // `0/1(CH:10) Link: Up`, as AlaxalA heads the neighbours of a port.
        if let Some(head) =
            text.split_once("Link:").map(|(head, _)| head.trim()).filter(|head| head.contains('/'))
        {
            end(&mut found, port.as_ref(), &mut link, protocol);
            port = head.split('(').next().map(|head| head.trim().to_owned());
            continue;
        }
        for (name, value) in fields(text) {
            let is = |names: &[&str]| names.contains(&name.as_str());
            let begins = is(LOCAL) || (is(CHASSIS) && link.chassis.is_some());
            if begins && link != new(protocol) && !(protocol == LinkProtocol::Cdp && is(LOCAL)) {
                end(&mut found, port.as_ref(), &mut link, protocol);
            }
            if is(LOCAL) {
                port = Some(value.clone());
            } else if is(CHASSIS) {
                link.chassis = Some(mac(&value).map_or_else(|| value.clone(), |mac| mac.to_string()));
                if protocol == LinkProtocol::Cdp {
                    link.name = Some(value);
                }
            } else if is(PORT) {
                link.port = Some(value);
            } else if is(PORT_DESCR) {
                link.port_descr = Some(value);
            } else if is(NAME) {
                link.name = Some(value);
            } else if is(DESCR) {
                link.descr = Some(value);
            } else if is(ADDRESS) {
                link.address = link.address.or_else(|| ip(&value));
            }
        }
    }
    end(&mut found, port.as_ref(), &mut link, protocol);
    found
}

fn end(found: &mut Vec<(String, Link)>, port: Option<&String>, link: &mut Link, protocol: LinkProtocol) {
    let done = std::mem::replace(link, new(protocol));
    if let Some(port) = port.filter(|_| done.chassis.is_some() || done.name.is_some()) {
        found.push((port.clone(), done));
    }
}

/// The fields of a line: `name: value`, several of them where commas or wide gaps stand between.
fn fields(line: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    // AlaxalA: `Type=MAC  Info=0012.e200.0001` is one value.
    let mut line = line.to_owned();
    while line.contains("  Info=") {
        line = line.replace("  Info=", " Info=");
    }
    for part in line.split("  ").flat_map(|part| part.split(",  ")) {
        let part = part.trim().trim_end_matches(',');
        for part in split_commas(part) {
            let Some((name, value)) = part.split_once(':') else { continue };
            let name = name.trim().trim_end_matches('.').trim().to_lowercase();
            let value = value.rsplit("Info=").next().unwrap_or(value).trim().trim_matches('"');
            if !value.is_empty() && !name.is_empty() {
                found.push((name, value.to_owned()));
            }
        }
    }
    found
}

/// Splits `Interface: Gi1/0/1, Port ID (outgoing port): Gi1/0/24` at commas before another name.
fn split_commas(part: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = part;
    while let Some((first, more)) = rest.split_once(", ") {
        if !more.contains(": ") {
            break;
        }
        parts.push(first);
        rest = more;
    }
    parts.push(rest);
    parts
}

/// Where a column begins, by its name in the header.
struct Columns {
    local: usize,
    chassis: usize,
    port: usize,
    name: Option<usize>,
    ends: Vec<usize>,
}

/// A table of neighbours: columns begin where their names do.
fn table(reading: &mut Reading, section: &Section, protocol: LinkProtocol) {
    let header = section.lines.iter().enumerate().find_map(|(at, line)| Some((at, columns(&line.text)?)));
    let Some((at, columns)) = header else { return };
    let mut carried: Option<String> = None;
    for Line { text, .. } in section.lines.iter().skip(at + 1) {
        let cell = |start: usize| {
            let end = columns.ends.iter().copied().find(|end| *end > start).unwrap_or(usize::MAX);
            let cell: String = text.chars().skip(start).take(end.saturating_sub(start)).collect();
            Some(cell.trim().to_owned()).filter(|cell| !cell.is_empty())
        };
        let words = text.split_whitespace().count();
        // A long name stands on a line of its own above its row.
        if words == 1 && !text.starts_with(' ') {
            carried = Some(text.trim().to_owned());
            continue;
        }
        let chassis = carried.take().or_else(|| cell(columns.chassis));
        let (Some(local), Some(chassis), Some(port)) = (cell(columns.local), chassis, cell(columns.port))
        else {
            continue;
        };
        if !local.contains(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let as_mac = mac(&chassis);
        let named = columns.name.and_then(cell).or_else(|| as_mac.is_none().then(|| chassis.clone()));
        let mut link = new(protocol);
        link.local_port = reading.port(&local);
        link.chassis = Some(as_mac.map_or(chassis, |mac| mac.to_string()));
        link.name = named;
        link.port = Some(port);
        reading.link(link);
    }
}

/// Reads a header; none where it lacks what a neighbour is known by.
fn columns(header: &str) -> Option<Columns> {
    let small = header.to_lowercase();
    let at = |names: &[&str]| {
        names.iter().find_map(|name| small.find(name)).and_then(|at| Some(small.get(..at)?.chars().count()))
    };
    // Allied Telesis heads the local port's column in two lines.
    let local = at(&["local"]).or_else(|| small.starts_with("port ").then_some(0))?;
    let (chassis, port) = (at(&["chassis id", "device id", "device-id"])?, at(&["port id"])?);
    let name = at(&["system name", "sys name"]);
    // Names stand two spaces or more apart; within a name there is one.
    let mut ends: Vec<usize> = Vec::new();
    let chars: Vec<char> = small.chars().collect();
    for (place, pair) in chars.windows(2).enumerate() {
        if let [' ', next] = pair
            && *next != ' '
            && (place == 0 || chars.get(place - 1) == Some(&' '))
        {
            ends.push(place + 1);
        }
    }
    ends.extend([local, chassis, port]);
    ends.sort_unstable();
    Some(Columns { local, chassis, port, name, ends })
}
