//! What is known of a capture, and which of it the agent must say: names and addresses of devices, who
//! speaks which protocol with whom.

use std::collections::BTreeSet;
use std::io::{Error, Result};
use std::net::IpAddr;
use std::path::Path;

use serde_json::Value;

use super::run::Analysis;

/// Words in a fact, and the slugs that fulfil it. Of several the first that stands in the fact holds.
const SERVICES: &[(&str, &[&str])] = &[
    ("OpenVPN", &["openvpn"]),
    ("IPsec", &["ipsec"]),
    ("Fortinet", &["fortinet-sslvpn", "ssl-vpn"]),
    ("AnyConnect", &["anyconnect", "ssl-vpn"]),
    ("SoftEther", &["softether"]),
    ("Tailscale", &["tailscale"]),
    ("PPTP", &["pptp"]),
    ("L2TP", &["l2tp"]),
    ("VNC", &["vnc"]),
    ("TeamViewer", &["teamviewer"]),
    ("RDP", &["rdp"]),
    ("Splashtop", &["splashtop"]),
    ("LogMeIn", &["logmein"]),
    ("ScreenConnect", &["screenconnect"]),
    ("Chrome Remote Desktop", &["chrome-remote-desktop"]),
    ("DICOM", &["dicom"]),
    ("C-STORE", &["dicom"]),
    ("C-FIND", &["dicom"]),
    ("HL7", &["hl7"]),
    ("ASTM", &["astm"]),
    ("kerberos", &["kerberos"]),
];
/// Facts that say what must not be said, or that the capture is odd.
const NOT_A_FACT: &[&str] = &["MUST NOT", "must not", "127.0.0.1"];
/// Keys of a device's facts that are its names.
const NAMES: &[&str] = &["lldp_sysname", "cdp_device_id", "dhcp_hostname", "dhcp_fqdn"];
/// Keys that are its addresses.
const ADDRESSES: &[&str] = &["arp_ip", "dhcp_leased_ip"];

/// Who spoke with whom, as others saw it.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Both addresses.
    pub ends: [String; 2],
    /// Both ports.
    pub ports: [u16; 2],
    /// What others call it: protocols in lower case.
    pub labels: BTreeSet<String>,
}

/// All that is known of a capture.
#[derive(Debug)]
pub struct Capture {
    facts: Value,
    /// Who spoke with whom.
    pub flows: Vec<Flow>,
}

fn text(of: &Value, key: &str) -> String {
    match &of[key] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

fn flow(of: &Value, labels: BTreeSet<String>) -> Option<Flow> {
    let ends = [text(of, "src"), text(of, "dst")];
    let parsed = ends.iter().all(|end| end.parse::<IpAddr>().is_ok());
    let port = |key: &str| text(of, key).parse().unwrap_or(0);
    parsed.then(|| Flow { ports: [port("sport"), port("dport")], ends, labels })
}

impl Capture {
    /// Reads what is known of a capture.
    pub fn read(capture: &Path) -> Result<Self> {
        let path = format!("{}.facts.json", capture.display());
        let text_of_file = std::fs::read_to_string(&path)?;
        let facts: Value =
            serde_json::from_str(&text_of_file).map_err(|error| Error::other(format!("{path}: {error}")))?;
        let mut flows = Vec::new();
        for seen in list(&facts["tshark"], "flows") {
            let apps = list(seen, "app").iter().filter_map(Value::as_str).map(str::to_lowercase).collect();
            flows.extend(flow(seen, apps));
        }
        // What was told by its port or address alone is no truth.
        for seen in list(&facts, "ndpi_flows").iter().filter(|seen| seen["confidence"] == "DPI") {
            let labels = text(seen, "ndpi").split('.').map(str::to_lowercase).collect();
            flows.extend(flow(seen, labels));
        }
        for line in list(&facts, "must_report").iter().filter_map(Value::as_str) {
            flows.extend(Spoken::parse(line).map(|spoken| Flow {
                ends: spoken.ends,
                ports: [0, spoken.port],
                labels: BTreeSet::new(),
            }));
        }
        Ok(Self { facts, flows })
    }

    /// The capture's facts as they were read.
    #[must_use]
    pub const fn facts(&self) -> &Value {
        &self.facts
    }

    /// Addresses to be told as inside, so that as many flows as may be cross the border: of two that speak
    /// with each other one.
    #[must_use]
    pub fn inside(&self) -> Vec<IpAddr> {
        let (mut inside, mut outside): (BTreeSet<IpAddr>, BTreeSet<IpAddr>) = Default::default();
        for flow in &self.flows {
            let [Ok(src), Ok(dst)] = [0, 1].map(|end: usize| flow.ends[end].parse::<IpAddr>()) else {
                continue;
            };
            let group = |address: IpAddr| address.is_multicast() || address == IpAddr::from([255; 4]);
            if group(src) || group(dst) {
                continue;
            }
            let is_outside = |address: &IpAddr| outside.contains(address);
            let src_inside = !is_outside(&src) && (inside.contains(&src) || !inside.contains(&dst));
            let (near, far) = if src_inside { (src, dst) } else { (dst, src) };
            // Where both are on one side already, the flow stays there.
            if !outside.contains(&near) && !inside.contains(&far) {
                inside.insert(near);
                outside.insert(far);
            }
        }
        inside.into_iter().collect()
    }

    /// Counts the facts that must be reported, and tells which are not: flows by the analysis that was told
    /// what is inside, devices by the one that found it out.
    #[must_use]
    pub fn check(&self, analysis: &Analysis, found_out: &Analysis) -> (usize, Vec<String>) {
        let (mut facts, mut missed) = (0, Vec::new());
        let mut hold = |reported: bool, what: String| {
            facts += 1;
            if !reported {
                missed.push(what);
            }
        };
        for line in list(&self.facts, "must_report").iter().filter_map(Value::as_str) {
            if NOT_A_FACT.iter().any(|words| line.contains(words)) {
                continue;
            }
            if let Some(spoken) = Spoken::parse(line)
                && let Some((_, slugs)) = SERVICES.iter().find(|(word, _)| line.contains(word))
            {
                let ends = spoken.ends.each_ref().map(String::as_str);
                let row = analysis.services(ends, [spoken.port; 2]);
                let spoken_inside =
                    || slugs.iter().any(|slug| ends.iter().all(|end| found_out.speaks(end, slug)));
                let responds = || slugs.iter().any(|slug| analysis.speaks(ends[1], slug));
                let said = slugs.iter().any(|slug| row.contains(slug)) || spoken_inside() || responds();
                hold(said, format!("{line}: reported as {row:?}"));
            }
        }
        let devices = self.facts["tshark"]["devices"].as_object();
        for (mac, device) in devices.into_iter().flatten().filter(|(mac, _)| *mac != "00:00:00:00:00:00") {
            // A switch sends from a port's address and names its chassis.
            let chassis = list(device, "lldp_chassis_mac").iter().filter_map(Value::as_str);
            let macs: Vec<&str> = chassis.chain([mac.as_str()]).collect();
            for key in NAMES {
                for name in list(device, key).iter().filter_map(Value::as_str) {
                    let named = macs.iter().any(|mac| found_out.is_named(mac, name));
                    hold(named, format!("{mac}: {key} {name}"));
                }
            }
            for key in ADDRESSES {
                for ip in list(device, key).iter().filter_map(Value::as_str) {
                    // A list that was cut short ends in words.
                    if ip.parse::<IpAddr>().is_ok_and(|ip| !ip.is_unspecified()) {
                        hold(found_out.has_address(mac, ip), format!("{mac}: {key} {ip}"));
                    }
                }
            }
        }
        (facts, missed)
    }
}

/// `[VLAN n: ]A[:port] [words] ->|<-> B:port[/PROTOCOL] words`.
struct Spoken {
    ends: [String; 2],
    port: u16,
}

impl Spoken {
    fn parse(line: &str) -> Option<Self> {
        let line = match line.split_once(": ") {
            Some((vlan, rest)) if vlan.starts_with("VLAN ") => rest,
            _ => line,
        };
        let (from, to) = line.split_once(" <-> ").or_else(|| line.split_once(" -> "))?;
        let (from, to) = (from.split(' ').next()?, to.split(' ').next()?);
        let (to, _) = to.split_once('/').unwrap_or((to, ""));
        let (to, port) = to.rsplit_once(':')?;
        let from = if from.parse::<IpAddr>().is_ok() { from } else { from.rsplit_once(':')?.0 };
        let ends = [from, to];
        let parsed = ends.iter().all(|end| end.parse::<IpAddr>().is_ok());
        parsed.then_some(())?;
        Some(Self { ends: ends.map(str::to_owned), port: port.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_two_ends_is_a_flow_and_others_are_not() {
        // (line, ends and port)
        let cases = [
            (
                "VLAN 105: 192.0.2.18 <-> 198.51.100.7:13680/UDP OpenVPN",
                Some(("192.0.2.18", "198.51.100.7", 13680)),
            ),
            ("192.0.2.21 CT01 -> 192.0.2.10:104 PACS01 DICOM", Some(("192.0.2.21", "192.0.2.10", 104))),
            ("192.0.2.12:44256 <-> 192.0.2.3:88/TCP kerberos", Some(("192.0.2.12", "192.0.2.3", 88))),
            ("VLAN 102: inventory of devices in the facts", None),
            ("00:00:5e:00:53:01: arp_ip=192.0.2.1", None),
        ];
        for (line, wanted) in cases {
            let found = Spoken::parse(line);
            let found = found.as_ref().map(|spoken| (&*spoken.ends[0], &*spoken.ends[1], spoken.port));
            assert_eq!(found, wanted, "{line}");
        }
    }

    #[test]
    fn of_two_that_speak_one_is_inside() {
        let flow = |a: &str, b: &str| Flow {
            ends: [a, b].map(str::to_owned),
            ports: [0; 2],
            labels: BTreeSet::new(),
        };
        let flows = vec![
            flow("192.0.2.1", "192.0.2.2"),
            flow("192.0.2.3", "192.0.2.2"),
            flow("192.0.2.2", "224.0.0.1"),
        ];
        let capture = Capture { facts: Value::Null, flows };
        let inside: Vec<IpAddr> = ["192.0.2.1", "192.0.2.3"].map(|text| text.parse().unwrap()).to_vec();
        assert_eq!(capture.inside(), inside);
    }
}
