//! The benchmark on small captures: it runs, and what is found in every workload is true.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::agent;

const BENCH: &str = env!("CARGO_BIN_EXE_bench");

fn bench(profile: &str, folder: &Path, agent: &Path) -> Output {
    Command::new(BENCH)
        .args(["--profile", profile, "--packets", "300000", "--rounds", "1", "--peers", "none", "--table"])
        .arg("--folder")
        .arg(folder)
        .arg("--agent")
        .arg(agent)
        .output()
        .unwrap()
}

#[test]
fn what_is_found_in_every_workload_is_what_it_holds() {
    // (workload, how many figures are held against its truth)
    let cases = [("hospital", 11), ("small-packets", 9), ("flood", 11), ("elephant", 10), ("tunnels", 8)];
    for (profile, figures) in cases {
        let scratch = tempfile::tempdir().unwrap();
        let output = bench(profile, scratch.path(), agent::program());
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{profile}: {text}\n{errors}");
        assert!(text.ends_with(&format!("\naccuracy: all {figures} figures hold\n")), "{profile}: {text}");
        for program in ["Sekisho", "yardstick"] {
            let row = text.lines().find(|line| line.starts_with(&format!("| {program} |"))).unwrap();
            let rate: f64 = row.split(['|', '(']).nth(3).unwrap().trim().parse().unwrap();
            assert!(rate > 0.0, "{row}");
        }
    }
}

#[test]
fn an_agent_that_fails_is_no_number_and_fails_the_benchmark() {
    let scratch = tempfile::tempdir().unwrap();
    let output = bench("elephant", scratch.path(), Path::new("false"));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("| Sekisho | everything | failed: status 1 |"), "{text}");
    assert!(!text.contains("figures hold"), "{text}");
}

/// Measures a line of shell.
fn measured(max_seconds: &str, script: &str) -> Value {
    let scratch = tempfile::tempdir().unwrap();
    let output = Command::new(BENCH)
        .args(["measure", "--max-seconds", max_seconds, "--output", "/dev/null", "--errors"])
        .arg(scratch.path().join("errors"))
        .args(["sh", "--", "-c", script])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_program_is_measured_with_all_that_it_starts_and_its_end_is_told() {
    let count = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
    let cpu = |usage: &Value| usage["cpu_s"].as_f64().unwrap();
    let alone = measured("60", count);
    assert_eq!(alone["end"], "Done");
    // Left behind by a program that ends before: still its work.
    let orphan = measured("60", &format!("({count}; {count}; {count}) & exit 0"));
    assert_eq!(orphan["end"], "Done");
    assert!(cpu(&orphan) > cpu(&alone), "{orphan} {alone}");
    let failed = measured("60", "echo first >&2; echo cause >&2; exit 3");
    assert_eq!(failed["end"]["Failed"], "status 3: cause");
    let endless = measured("1", "sleep 60");
    assert_eq!(endless["end"]["Over"], 1);
    assert!(endless["wall_s"].as_f64().unwrap() < 30.0, "{endless}");
}
