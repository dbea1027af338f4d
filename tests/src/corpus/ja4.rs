//! JA4 of TLS clients, the whole way: each value that others computed becomes a rule of the site, and the
//! agent must give that rule as a reason for the connection it belongs to.

use std::collections::BTreeSet;
use std::io::{Error, Result};
use std::net::IpAddr;
use std::path::Path;

use serde_json::Value;

use super::facts::Capture;
use super::run::{Agent, write};

/// The sentence of the rule for one value.
fn sentence(value: &str) -> String {
    format!("JA4 {value}")
}

/// (source, destination, value) of every client that others fingerprinted.
#[must_use]
pub fn expected(facts: &Value) -> BTreeSet<(String, String, String)> {
    let rows = facts["tshark"]["ja4_upstream_expected"]["python"].as_array();
    let mut found = BTreeSet::new();
    for row in rows.into_iter().flatten().filter_map(Value::as_object) {
        let end = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        for (key, value) in row {
            // `JA4`, or `JA4.1` and on where a client says hello more than once; not `JA4S`, `JA4_r` …
            let is_ja4 = key == "JA4" || key.strip_prefix("JA4.").is_some_and(|n| n.parse::<u8>().is_ok());
            if let Some(value) = value.as_str().filter(|_| is_ja4) {
                found.insert((end("src"), end("dst"), value.to_owned()));
            }
        }
    }
    found
}

fn rule(number: usize, value: &str) -> String {
    let say = sentence(value);
    format!(
        r#"id = "corpus/ja4-{number}"
revision = 1
title = "JA4"
subject = "connection"

[[match]]
ja4 = "{value}"
confidence = 1

[assert]
org = "{value}"

[say]
en = "{say}"
ja = "{say}"

[[source]]
states = "the value that another program computed"
url = "https://github.com/FoxIO-LLC/ja4"
read = 2026-11-25

[[vector]]
name = "the value"
origin = "synthetic"
ja4 = "{value}"
expect = "match"

[[vector]]
name = "another value"
origin = "synthetic"
ja4 = "t00i000000_000000000000_000000000000"
expect = "no-match"
"#
    )
}

/// Counts the values that must be found in a capture, and tells which are not.
pub fn check(agent: &Agent, file: &Path, capture: &Capture) -> Result<(usize, Vec<String>)> {
    let expected = expected(capture.facts());
    let values: BTreeSet<&String> = expected.iter().map(|(_, _, value)| value).collect();
    let rules = tempfile::tempdir()?;
    for (number, value) in values.iter().enumerate() {
        write(&rules.path().join(format!("corpus/ja4-{number}.toml")), &rule(number, value))?;
    }
    let inside: BTreeSet<IpAddr> = expected.iter().filter_map(|(src, ..)| src.parse().ok()).collect();
    let inside: Vec<IpAddr> = inside.into_iter().collect();
    let analysis = agent
        .analyse(file, &inside, Some(rules.path()))
        .map_err(|failure| Error::other(format!("{}: {failure}", file.display())))?;
    let missing = |row: &&(String, String, String)| {
        let (src, dst, value) = row;
        let canonical =
            |text: &str| text.parse::<IpAddr>().map_or_else(|_| text.to_owned(), |ip| ip.to_string());
        !analysis.reasons([&canonical(src), &canonical(dst)]).contains(sentence(value).as_str())
    };
    let missed = expected.iter().filter(missing).map(|(src, dst, value)| format!("{src} -> {dst}: {value}"));
    Ok((expected.len(), missed.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_client_s_fingerprint_counts() {
        let row = serde_json::json!({
            "src": "192.0.2.1", "dst": "198.51.100.1", "JA4.1": "t13d", "JA4_r.1": "raw", "JA4S": "server",
            "JA4": "q13d", "JA4L-S": "1_2",
        });
        let facts = serde_json::json!({ "tshark": { "ja4_upstream_expected": { "python": [row] } } });
        let values: Vec<String> = expected(&facts).into_iter().map(|(_, _, value)| value).collect();
        assert_eq!(values, ["q13d", "t13d"]);
    }
}
