//! Captures of flow exports: every flow that others read in them must be a connection, with its octets, and
//! every exporter must be known for one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, Result};
use std::net::IpAddr;
use std::path::Path;

use serde_json::Value;

use super::facts::Capture;
use super::run::{Agent, Analysis};

/// What others call a format, and the agent's slug.
const FORMATS: &[(&str, &str)] = &[("NetFlow", "netflow"), ("IPFIX", "ipfix"), ("sFlow", "sflow")];
/// How a capture is marked whose flows others read out of damage; that it was analysed is what counts.
const DAMAGED: &str = "expects no event";

/// Two ends, the lower one first.
type Pair = [IpAddr; 2];

/// What flows between two ends add up to.
#[derive(Clone, Debug, Default)]
struct Sum {
    octets: u64,
    ports: BTreeSet<u16>,
}

/// Counts the facts of a capture of flow exports that must be reported, and tells which are not.
pub(super) fn check(agent: &Agent, file: &Path, capture: &Capture) -> Result<(usize, Vec<String>)> {
    let analyse = |inside: &[IpAddr]| {
        let analysis = agent.analyse(file, inside, None);
        analysis.map_err(|failure| Error::other(format!("{}: {failure}", file.display())))
    };
    let lines = || capture.facts()["must_report"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if lines().any(|line| line.contains(DAMAGED)) {
        return Ok((1, Vec::new()));
    }
    let (mut facts, mut missed) = (0, Vec::new());
    for (exporter, service) in lines().filter_map(exporter) {
        facts += 1;
        if !analyse(&[exporter])?.speaks(&exporter.to_string(), service) {
            missed.push(format!("exporter {exporter} of {service}"));
        }
    }
    let mut left = flows(capture.facts());
    facts += left.len();
    // What was sent into the site and not answered is no connection: it is one from the other end's view.
    while let Some((inside, outside)) = sides(left.keys()) {
        let before = left.len();
        for view in [inside, outside] {
            let analysis = analyse(&view)?;
            left.retain(|pair, sum| !reports(&analysis, pair, sum));
        }
        if left.len() == before {
            break;
        }
    }
    missed.extend(left.iter().map(|([one, other], sum)| {
        format!("{one} and {other}: {} octets, ports {:?}", sum.octets, sum.ports)
    }));
    Ok((facts, missed))
}

/// `exporter A to …: FORMAT …`, `sFlow v5 agent A from B[;C …]: …`, where B is who sent it.
fn exporter(line: &str) -> Option<(IpAddr, &'static str)> {
    let (_, service) = FORMATS.iter().find(|(word, _)| line.contains(word))?;
    let rest = line.strip_prefix("exporter ").or_else(|| Some(line.split_once(" from ")?.1))?;
    let address = rest.split([' ', ';', ':']).next()?;
    Some((address.parse().ok()?, service))
}

/// The flows that others read, by their ends. What goes to a group is no connection.
fn flows(facts: &Value) -> BTreeMap<Pair, Sum> {
    let shown = &facts["tshark"];
    let exported = [&shown["flows"], &shown["flow_export"]["flows"]];
    let all = exported.into_iter().filter_map(Value::as_array).flatten();
    let mut sums: BTreeMap<Pair, Sum> = BTreeMap::new();
    // Only what was inside an export: by its version, or as a sample inside another packet.
    for flow in all.filter(|flow| flow["v"].is_string() || flow["outer"].is_string()) {
        let end = |key: &str| flow[key].as_str()?.parse::<IpAddr>().ok();
        let (Some(src), Some(dst)) = (end("src"), end("dst")) else { continue };
        let group = |address: &IpAddr| address.is_multicast() || *address == IpAddr::from([255; 4]);
        if src == dst || group(&src) || group(&dst) {
            continue;
        }
        let sum = sums.entry([src.min(dst), src.max(dst)]).or_default();
        sum.octets += numbers(&flow["octets"]).sum::<u64>();
        if ["6", "17", "TCP", "UDP"].iter().any(|protocol| flow["proto"] == *protocol) {
            let ports = ["sport", "dport"].into_iter().flat_map(|key| numbers(&flow[key]));
            sum.ports.extend(ports.filter_map(|port| u16::try_from(port).ok()));
        }
    }
    sums
}

/// A number, or those of a list, as text.
fn numbers(of: &Value) -> impl Iterator<Item = u64> {
    let one = of.as_str().into_iter();
    let list = of.as_array().into_iter().flatten().filter_map(Value::as_str);
    one.chain(list).filter_map(|text| text.parse().ok())
}

/// Parts ends so that as many pairs as may be cross; `None` where there are no pairs.
fn sides<'p>(pairs: impl Iterator<Item = &'p Pair>) -> Option<(Vec<IpAddr>, Vec<IpAddr>)> {
    let (mut inside, mut outside): (BTreeSet<IpAddr>, BTreeSet<IpAddr>) = Default::default();
    for [one, other] in pairs {
        let swap = outside.contains(one) || inside.contains(other);
        let (near, far) = if swap { (*other, *one) } else { (*one, *other) };
        // Where both are on one side already, another round parts them.
        if !outside.contains(&near) && !inside.contains(&far) {
            inside.insert(near);
            outside.insert(far);
        }
    }
    let all = |side: BTreeSet<IpAddr>| side.into_iter().collect::<Vec<_>>();
    (!inside.is_empty()).then(|| (all(inside), all(outside)))
}

/// Whether a pair is a connection with its octets, at one of its ports.
fn reports(analysis: &Analysis, pair: &Pair, sum: &Sum) -> bool {
    let ends = pair.each_ref().map(ToString::to_string);
    let Some((octets, ports)) = analysis.between(ends.each_ref().map(String::as_str)) else { return false };
    octets >= sum.octets && (sum.ports.is_empty() || !ports.is_disjoint(&sum.ports))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn lines_name_the_exporter_and_its_format() {
        let cases = [
            ("exporter 192.0.2.1 to udp/2055: NetFlow v9, 2 datagrams", Some((ip(1), "netflow"))),
            ("exporter 192.0.2.2 to udp/4739: IPFIX, 1 datagrams", Some((ip(2), "ipfix"))),
            ("sFlow v5 agent 192.0.2.9 from 192.0.2.3;192.0.2.4: 1 datagrams", Some((ip(3), "sflow"))),
            ("5 flow records with addresses", None),
        ];
        for (line, wanted) in cases {
            assert_eq!(exporter(line), wanted, "{line}");
        }
    }

    #[test]
    fn flows_are_summed_by_their_ends_and_groups_left_out() {
        let flow = |src: &str, dst: &str, octets: Value| json!({ "v": "9", "src": src, "dst": dst, "sport": "50000", "dport": "443", "proto": "6", "octets": octets });
        let facts = json!({ "tshark": { "flows": [
            flow("192.0.2.1", "192.0.2.2", json!("10")),
            flow("192.0.2.2", "192.0.2.1", json!(["5", "7"])),
            flow("192.0.2.1", "224.0.0.1", json!("9")),
            { "src": "192.0.2.8", "dst": "192.0.2.9", "proto": "UDP" },
        ] } });
        let found = flows(&facts);
        assert_eq!(found.keys().collect::<Vec<_>>(), [&[ip(1), ip(2)]]);
        assert_eq!(found.values().map(|sum| sum.octets).collect::<Vec<_>>(), [22]);
    }

    #[test]
    fn of_each_pair_one_end_is_inside_after_some_rounds() {
        let triangle = [[ip(1), ip(2)], [ip(1), ip(3)], [ip(2), ip(3)]];
        assert_eq!(sides(triangle.iter()), Some((vec![ip(1)], vec![ip(2), ip(3)])));
        assert_eq!(sides(triangle[2..].iter()), Some((vec![ip(2)], vec![ip(3)])));
        assert_eq!(sides([].iter()), None);
    }
}
