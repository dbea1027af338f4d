//! What the structure promises, held by tests: who depends on whom, what code may not contain, that
//! every rule has its sources and vectors.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Crate (its folder) → which of ours it may depend on. An arrow more needs a row here first.
const MAY_DEPEND: &[(&str, &[&str])] = &[
    ("agent/decode", &[]),
    ("agent/track", &["decode"]),
    ("agent/mirror", &["decode", "track"]),
    ("agent/recognise", &["decode"]),
    ("agent/export", &["decode"]),
    ("agent/snmp", &[]),
    // snmp: its facts alone, as plain data.
    ("agent/paste", &["api", "snmp"]),
    ("agent/topology", &["api", "snmp"]),
    // api: the analysis is what enrichment gives; a second set of the same types would only be copied.
    ("agent/enrich", &["api", "decode", "export", "recognise", "rules", "track"]),
    (
        "agent",
        &[
            "api",
            "console",
            "decode",
            "desk",
            "enrich",
            "export",
            "ledger",
            "mirror",
            "paste",
            "recognise",
            "report",
            "rules",
            "snmp",
            "sync",
            "topology",
            "track",
        ],
    ),
    ("collector", &["api", "console", "desk", "ledger", "report", "rules", "sync"]),
    ("collector/api", &[]),
    ("collector/ledger", &["api", "rules"]),
    ("collector/console", &["api", "ledger", "report"]),
    // What people do at the command line of either program.
    ("collector/desk", &["api", "ledger", "report"]),
    // ledger: it words the history.
    ("collector/report", &["api", "ledger"]),
    // What both ends of the way know; it touches sockets, and no ledger.
    ("collector/sync", &["api"]),
    ("rules", &[]),
    // Simulated sites that speak to a real collector.
    ("tests", &["api", "ledger", "sync"]),
    ("tests/fuzz", &["decode", "export", "recognise"]),
];

/// Crates that read no clock and do no I/O: the agent's stages before the ledger.
const PURE: &[&str] = &[
    "agent/decode",
    "agent/export",
    "agent/track",
    "agent/mirror",
    "agent/recognise",
    "agent/enrich",
    "agent/topology",
];

/// Lines of a source file, tests apart, from which it is surely more than one idea.
const MAX_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn toml(path: &Path) -> toml::Table {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(under: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|ending| ending == extension) {
            found.push(path);
        }
    }
}

/// Every source file of the products: not of the test crate, not test files.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for (folder, _) in MAY_DEPEND.iter().filter(|(folder, _)| *folder != "tests") {
        files(&root().join(folder).join("src"), "rs", &mut found);
    }
    found.retain(|path| !is_test(path));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    };
    found.into_iter().map(read).collect()
}

/// Tells whether a file is compiled for tests only: by its name, or as its parent module declares it.
fn is_test(path: &Path) -> bool {
    let module = path.file_stem().unwrap().to_str().unwrap();
    let declares = |file: PathBuf| {
        let text = fs::read_to_string(file).unwrap_or_default();
        ["mod", "pub(crate) mod"].iter().any(|word| text.contains(&format!("#[cfg(test)]\n{word} {module};")))
    };
    path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
        || declares(path.with_file_name("lib.rs"))
        || declares(path.parent().unwrap().with_extension("rs"))
}

/// A source without the tests at its end.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap()
}

#[test]
fn crates_depend_on_each_other_as_the_table_says() {
    let members = toml(&root().join("Cargo.toml"))["workspace"]["members"].clone();
    let mut members: Vec<String> = members.try_into().unwrap();
    members.sort();
    let mut table: Vec<&str> = MAY_DEPEND.iter().map(|(folder, _)| *folder).collect();
    table.sort_unstable();
    assert_eq!(members, table, "every crate has a row");
    for (folder, allowed) in MAY_DEPEND {
        let manifest = toml(&root().join(folder).join("Cargo.toml"));
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        for name in dependencies.into_iter().flat_map(toml::Table::keys) {
            let Some(ours) = name.strip_prefix("sekisho-") else { continue };
            assert!(allowed.contains(&ours), "{folder} may not depend on {ours}");
        }
    }
}

/// The files that share memory with the kernel: the live ring, and the counter that it is measured against.
const UNSAFE: &[&str] = &["agent/src/capture/live/sys.rs", "tests/src/bin/ring-count.rs"];

#[test]
fn every_crate_takes_the_workspace_s_lints_and_unsafe_code_stays_in_two_files() {
    let workspace = toml(&root().join("Cargo.toml"));
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("deny"));
    for (folder, _) in MAY_DEPEND {
        let manifest = toml(&root().join(folder).join("Cargo.toml"));
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{folder}");
    }
    let allowed: Vec<PathBuf> = UNSAFE.iter().map(|path| root().join(path)).collect();
    // Split, so that this file is not found itself.
    let word = concat!("un", "safe");
    let mut found = Vec::new();
    for (folder, _) in MAY_DEPEND {
        files(&root().join(folder), "rs", &mut found);
    }
    found.sort();
    found.dedup();
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        let code = |line: &str| line.split("//").next().unwrap().to_owned();
        let uses = [" {", " impl", " fn", " extern"].map(|what| format!("{word}{what}"));
        let used = text.lines().any(|line| uses.iter().any(|word| code(line).contains(word)));
        assert_eq!(used, allowed.contains(&path), "{}: {word} code", path.display());
        // Every block says why it is sound.
        let blocks = text.lines().filter(|line| code(line).contains(&format!("{word} {{"))).count();
        let reasons = text.lines().filter(|line| line.contains("// SAFETY: ")).count();
        assert!(reasons >= blocks, "{}: {blocks} blocks, {reasons} reasons", path.display());
    }
}

#[test]
fn every_crate_but_the_two_with_shared_memory_forbids_unsafe_code() {
    let exempt = ["agent/src/main.rs", "tests/src/bin/ring-count.rs"].map(|path| root().join(path));
    let mut found = Vec::new();
    for (folder, _) in MAY_DEPEND {
        files(&root().join(folder), "rs", &mut found);
    }
    let is_root = |path: &PathBuf| {
        path.ends_with("main.rs") || path.ends_with("lib.rs") || path.parent().unwrap().ends_with("src/bin")
    };
    found.retain(is_root);
    assert!(found.len() >= 15, "only {} crate roots found", found.len());
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        let forbids = text.lines().any(|line| line == "#![forbid(unsafe_code)]");
        assert!(forbids || exempt.contains(&path), "{} does not forbid it", path.display());
    }
}

#[test]
fn pure_crates_ban_the_wall_clock() {
    for folder in PURE {
        let text = fs::read_to_string(root().join(folder).join("clippy.toml")).unwrap();
        for clock in ["std::time::Instant::now", "std::time::SystemTime::now"] {
            assert!(text.contains(clock), "{folder}/clippy.toml does not ban {clock}");
        }
    }
    for (path, text) in sources() {
        let pure = PURE.iter().any(|folder| path.starts_with(root().join(folder)));
        for io in ["std::fs", "std::net::Tcp", "std::net::Udp", "Instant::now", "SystemTime::now", "println!"]
        {
            assert!(!pure || !without_tests(&text).contains(io), "{}: {io}", path.display());
        }
    }
}

#[test]
fn no_unwrap_or_expect_outside_tests() {
    for (path, text) in sources() {
        for (number, line) in without_tests(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap();
            for banned in [".unwrap()", ".expect(\"", "todo!(", "unimplemented!("] {
                assert!(!code.contains(banned), "{}:{}: {banned}", path.display(), number + 1);
            }
        }
    }
}

#[test]
fn every_source_file_says_what_it_is_and_holds_one_idea() {
    for (path, text) in sources() {
        assert!(text.starts_with("//!"), "{} does not start with `//!`", path.display());
        let lines = without_tests(&text).lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines: split it", path.display());
    }
}

#[test]
fn every_protocol_file_is_registered() {
    let folder = root().join("agent/recognise/src");
    let lib = fs::read_to_string(folder.join("lib.rs")).unwrap();
    let mut found = Vec::new();
    files(&folder, "rs", &mut found);
    let mut protocols = 0;
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        if !text.contains("const PROTOCOL: Protocol") {
            continue;
        }
        let module = path.file_stem().unwrap().to_str().unwrap();
        assert!(lib.contains(&format!("{module}::PROTOCOL")), "{module} is not in PROTOCOLS");
        protocols += 1;
    }
    assert!(protocols >= 30, "only {protocols} protocols");
}

#[test]
fn every_rule_has_its_path_as_id_sources_and_vectors_of_both_kinds() {
    let data = root().join("rules/data");
    let mut found = Vec::new();
    files(&data, "toml", &mut found);
    assert!(!found.is_empty());
    for path in found {
        let rule = toml(&path);
        let id = path.strip_prefix(&data).unwrap().with_extension("");
        assert_eq!(rule["id"].as_str(), id.to_str(), "{}", path.display());
        let array = |key: &str| rule.get(key).and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let sources = array("source");
        assert!(!sources.is_empty(), "{}: no source", path.display());
        for source in sources {
            assert!(source.get("read").is_some(), "{}: a source without the day it was read", path.display());
        }
        let mut expected: BTreeMap<String, usize> = BTreeMap::new();
        for vector in array("vector") {
            *expected.entry(vector["expect"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        for kind in ["match", "no-match"] {
            assert!(expected.contains_key(kind), "{}: no `{kind}` vector", path.display());
        }
        for language in ["en", "ja"] {
            assert!(rule["say"].get(language).is_some(), "{}: no sentence `{language}`", path.display());
        }
    }
}

#[test]
fn bulk_tables_name_source_licence_and_hash() {
    let tables = root().join("rules/tables");
    let mut found = Vec::new();
    files(&tables, "toml", &mut found);
    assert!(!found.is_empty());
    for path in found {
        let source = toml(&path);
        for key in ["source", "licence", "sha256"] {
            assert!(source.contains_key(key), "{}: no `{key}`", path.display());
        }
    }
}

#[test]
fn the_license_is_both() {
    for file in ["LICENSE-APACHE", "LICENSE-MIT"] {
        assert!(root().join(file).is_file(), "{file}");
    }
}
