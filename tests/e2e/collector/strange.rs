//! Whatever is asked by the description of the HTTP API, and beside it, the collector answers and does not fail.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Collector, NAME, Site};

/// Requests of one kind to one address: together about half a minute.
const EXAMPLES: &str = "60";

/// Schemathesis, which `tests/run` installs beside the lab's programs.
fn schemathesis() -> PathBuf {
    let python =
        Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("lab-python/bin/schemathesis");
    assert!(python.exists(), "{}: tests/run installs it", python.display());
    python
}

/// Asks for everything that the description allows, and for what it does not.
fn ask(collector: &Collector, more: &[&str]) {
    let description = collector.folder.path().join("openapi.json");
    fs::write(&description, collector.ok(&["openapi"])).unwrap();
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/collector/packed.py");
    let output = Command::new(schemathesis())
        .env("SCHEMATHESIS_HOOKS", hooks)
        .arg("run")
        .arg(&description)
        .args(["--url", &format!("https://{}", collector.address), "--tls-verify", "false"])
        .args(["--checks", "not_a_server_error,response_schema_conformance,status_code_conformance"])
        .args(["--mode", "all", "--max-examples", EXAMPLES, "--seed", "1", "--no-color"])
        .args(["--phases", "examples,coverage,fuzzing", "--generation-database", "none"])
        .args(["--request-timeout", "60", "--warnings", "off"])
        .args(more)
        // It keeps what it met where it runs.
        .current_dir(collector.folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // All three addresses were asked.
    assert!(said.contains("Tested: 3"), "{said}");
}

#[test]
fn a_stranger_is_answered_whatever_it_asks() {
    let collector = Collector::start();
    ask(&collector, &[]);
    // It still serves.
    let site = Site::new("");
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
}

#[test]
fn a_box_is_answered_whatever_it_asks_and_only_its_own_rows_change() {
    let collector = Collector::start();
    let other = Site::new("");
    other.record(1);
    assert!(other.enrol(collector.address, &collector.code("another")).status.success());
    other.ok(&["sync", "--once"]);
    let before = super::rows(&collector.ledger(), "another");
    let site = Site::new("");
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    let known: Value =
        serde_json::from_str(&fs::read_to_string(site.path("sync/collector.json")).unwrap()).unwrap();
    let certificate = site.path("box.pem");
    fs::write(&certificate, known["certificate"].as_str().unwrap()).unwrap();
    let key = site.path("box.key");
    fs::write(&key, known["keys"]["key"].as_str().unwrap()).unwrap();
    ask(
        &collector,
        &["--request-cert", certificate.to_str().unwrap(), "--request-cert-key", key.to_str().unwrap()],
    );
    assert!(before == super::rows(&collector.ledger(), "another"), "another site's rows changed");
    // What it did make of its own rows harms no reader, and another is still served.
    for list in ["connections", "devices", "exits", "history"] {
        collector.ok(&[list]);
    }
    other.record(2);
    other.ok(&["sync", "--once"]);
    super::assert_equal(&other, &collector, "another");
}
