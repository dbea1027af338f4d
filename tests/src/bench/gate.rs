//! Whether what was found is what the capture holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use serde::Deserialize;

use crate::floor::Counts;
use crate::workload::{External, Truth};

/// Conns that use a port again within a timeout are one, and one that is long quiet is two: per mille.
const SESSIONS_MAY_DIFFER: u64 = 10;

/// One figure, as it should be and as it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Check {
    /// Of what.
    pub what: String,
    /// What the capture holds.
    pub made: u64,
    /// What was found.
    pub found: u64,
    /// Whether that is near enough.
    pub holds: bool,
}

/// What of the agent's analysis is looked at.
#[derive(Debug, Deserialize)]
struct Analysis {
    capture: Seen,
    connections: Vec<Connection>,
}

#[derive(Debug, Deserialize)]
struct Seen {
    packets: u64,
    bytes: u64,
    duplicates: u64,
    weird: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
struct Connection {
    service: String,
    endpoints: Vec<Endpoint>,
    outside: Outside,
    sessions: u64,
}

#[derive(Debug, Deserialize)]
struct Endpoint {
    transport: String,
    port: u16,
}

#[derive(Debug, Deserialize)]
struct Outside {
    ips: Vec<String>,
    name: Option<String>,
}

/// Holds the agent's JSON against the truth.
pub fn check_agent(truth: &Truth, json: &Path) -> io::Result<Vec<Check>> {
    let analysis: Analysis = serde_json::from_reader(BufReader::new(File::open(json)?))?;
    let Analysis { capture, connections } = &analysis;
    let too_deep = capture.weird.get("tunnels-too-deep").copied().unwrap_or_default();
    let names: BTreeSet<&str> = connections.iter().filter_map(|row| row.outside.name.as_deref()).collect();
    let present = truth.external.iter().filter(|external| connections.iter().any(|row| is(row, external)));
    let mut checks = vec![
        exact("packets", truth.packets, capture.packets),
        exact("octets", truth.bytes, capture.bytes),
        exact("duplicates", 0, capture.duplicates),
        exact("packets in tunnels too deep", truth.too_deep, too_deep),
        exact("known external connections", truth.external.len() as u64, present.count() as u64),
        names_of(truth.distinct_external_names, names.len() as u64),
    ];
    for (service, made) in &truth.sessions {
        let found = connections.iter().filter(|row| row.service == *service).map(|row| row.sessions).sum();
        let holds = made.abs_diff(found) * 1000 <= made * SESSIONS_MAY_DIFFER;
        checks.push(Check { what: format!("conns of {service}"), made: *made, found, holds });
    }
    Ok(checks)
}

/// A row bears the name of most octets: of two names of one party that a single device called, one may
/// stand in no row. That happens to one in thousands.
fn names_of(made: u64, found: u64) -> Check {
    let hidden = made.checked_sub(found);
    let holds = hidden.is_some_and(|hidden| hidden * 1000 <= made);
    Check { what: "external names".to_owned(), made, found, holds }
}

/// Holds the yardstick's counts against the truth: one that skips work measures nothing.
pub fn check_floor(truth: &Truth, json: &Path) -> io::Result<Vec<Check>> {
    let counts: Counts = serde_json::from_reader(BufReader::new(File::open(json)?))?;
    let mut checks = vec![
        exact("the yardstick's packets", truth.packets, counts.packets),
        exact("the yardstick's octets", truth.bytes, counts.bytes),
    ];
    if let Some(tuples) = truth.tuples {
        checks.push(exact("the yardstick's flows", tuples, counts.flows as u64));
    }
    Ok(checks)
}

fn exact(what: &str, made: u64, found: u64) -> Check {
    Check { what: what.to_owned(), made, found, holds: made == found }
}

fn is(row: &Connection, external: &External) -> bool {
    let External { transport, port, outside, service } = external;
    row.outside.ips.contains(outside)
        && row.endpoints.iter().any(|end| end.transport == *transport && end.port == *port)
        && service.as_ref().is_none_or(|service| row.service == *service)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth() -> Truth {
        Truth {
            packets: 10,
            bytes: 900,
            distinct_external_names: 1,
            sessions: [("tls".to_owned(), 200)].into(),
            external: vec![External::new("gre", 0, [198, 51, 100, 7], Some("gre"))],
            too_deep: 2,
            ..Truth::default()
        }
    }

    const ANALYSIS: &str = r#"{
        "capture": {"packets": 10, "bytes": 900, "duplicates": 0, "weird": {"tunnels-too-deep": 2}},
        "connections": [
            {"service": "gre", "endpoints": [{"transport": "gre", "port": 0}], "sessions": 1,
             "outside": {"ips": ["198.51.100.7"], "name": null}},
            {"service": "tls", "endpoints": [{"transport": "tcp", "port": 443}], "sessions": 199,
             "outside": {"ips": ["198.51.100.8"], "name": "www.example"}}
        ]}"#;

    fn wrong(analysis: &str) -> Vec<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), analysis).unwrap();
        let checks = check_agent(&truth(), file.path()).unwrap();
        checks.into_iter().filter(|check| !check.holds).map(|check| check.what).collect()
    }

    #[test]
    fn a_true_analysis_passes_and_each_untruth_is_named() {
        assert_eq!(wrong(ANALYSIS), [""; 0]);
        // (what is said, instead of what, which check tells)
        let cases = [
            (r#""packets": 9"#, r#""packets": 10"#, "packets"),
            (r#""bytes": 901"#, r#""bytes": 900"#, "octets"),
            (r#""duplicates": 1"#, r#""duplicates": 0"#, "duplicates"),
            ("{}", r#"{"tunnels-too-deep": 2}"#, "packets in tunnels too deep"),
            (r#""service": "ipip""#, r#""service": "gre""#, "known external connections"),
            (r#"["198.51.100.9"]"#, r#"["198.51.100.7"]"#, "known external connections"),
            (r#""transport": "udp""#, r#""transport": "gre""#, "known external connections"),
            ("null", r#""www.example""#, "external names"),
            (r#""sessions": 190"#, r#""sessions": 199"#, "conns of tls"),
        ];
        for (said, instead, told) in cases {
            assert!(ANALYSIS.contains(instead), "{instead}");
            assert_eq!(wrong(&ANALYSIS.replace(instead, said)), [told], "{said}");
        }
    }
}
