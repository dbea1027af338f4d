use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::*;

fn catalogue() -> Catalogue {
    toml::from_str(include_str!("../text.toml")).unwrap()
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).map(|part| part.split_once('}').unwrap().0).collect()
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| ["tests", "tests.rs"].map(OsStr::new).contains(&part.as_os_str()))
}

/// The source files of this crate, without their tests.
fn sources() -> Vec<(String, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !is_test(&path) {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod ").next().unwrap().to_owned();
                found.push((path.display().to_string(), code));
            }
        }
    }
    found
}

#[test]
fn both_languages_have_every_text_with_the_same_values() {
    let catalogue = catalogue();
    assert!(catalogue.len() >= 10);
    for (section, entries) in catalogue {
        for (name, entry) in entries {
            assert!(!entry.ja.is_empty() && !entry.en.is_empty(), "{section}.{name}");
            assert_eq!(placeholders(&entry.ja), placeholders(&entry.en), "{section}.{name}");
        }
    }
}

#[test]
fn every_key_that_the_sources_use_exists() {
    let mut used = 0;
    for (path, code) in sources() {
        // Every second part between quotes is a string literal, as long as none holds a quote.
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for literal in line.split('"').skip(1).step_by(2) {
                let Some((section, name)) = literal.split_once('.') else { continue };
                let is_name =
                    |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '-');
                if !is_name(section) || !is_name(name) || ["toml", "xlsx", "xml"].contains(&name) {
                    continue;
                }
                assert_ne!(text(Lang::En, literal), literal, "{path}: no text `{literal}`");
                used += 1;
            }
        }
    }
    assert!(used >= 60, "only {used} keys found");
}

#[test]
fn every_category_has_a_short_label_too() {
    let catalogue = catalogue();
    let names = |section: &str| catalogue[section].keys().cloned().collect::<Vec<_>>();
    assert_eq!(names("category"), names("category-short"));
    assert_eq!(names("category").len(), 10);
}

#[test]
fn every_kind_of_damage_to_a_capture_is_worded_with_its_place() {
    let slugs = [
        "cut-off",
        "too-long",
        "block-length",
        "byte-order",
        "section-version",
        "unreadable",
        "skipped-malformed",
        "skipped-undescribed-interface",
        "link-type",
    ];
    for lang in [Lang::Ja, Lang::En] {
        for slug in slugs {
            let key = format!("warning.{slug}");
            let values: [(&str, &dyn Display); 4] =
                [("file", &"a.pcap"), ("offset", &24), ("after_packet", &7), ("detail", &"16 < 60")];
            let said = fill(lang, &key, &values);
            assert!(said.starts_with("a.pcap: ") && said.contains("16 < 60"), "{said}");
            assert!(said.contains("24") && !said.contains('{'), "{said}");
        }
    }
}

#[test]
fn every_loss_of_a_live_capture_is_worded_with_its_interface() {
    for lang in [Lang::Ja, Lang::En] {
        for slug in ["link-lost", "damaged-ring"] {
            let values: [(&str, &dyn Display); 2] = [("file", &"mirror0"), ("detail", &"2 times")];
            let said = fill(lang, &format!("warning.{slug}"), &values);
            assert!(said.starts_with("mirror0: ") && said.contains("2 times"), "{said}");
            assert!(!said.contains('{'), "{said}");
        }
    }
}

#[test]
fn what_has_no_text_stays_itself() {
    assert_eq!(text(Lang::Ja, "no.such"), "no.such");
    assert_eq!(text(Lang::Ja, "nothing"), "nothing");
    assert_eq!(label(Lang::Ja, "role", "hovercraft"), "hovercraft");
    assert_eq!(label(Lang::Ja, "no-such-kind", "ct"), "ct");
}

#[test]
fn a_slug_reads_as_its_label_in_each_language() {
    assert_eq!(label(Lang::Ja, "category", "remote-reading"), "[6]遠隔読影");
    assert_eq!(label(Lang::En, "line", "lte"), "LTE/mobile");
    assert_eq!(label(Lang::Ja, "service", "anydesk"), "AnyDesk（遠隔操作）");
}

#[test]
fn a_value_is_put_in_once_and_not_read_again() {
    // (key used as its own text, expected, why)
    let cases = [
        ("{a} and {b}", "{b} and 2", "a value that looks like a name"),
        ("{c}", "{c}", "a name without a value"),
        ("{a", "{a", "a brace that is not closed"),
        ("}{b}{", "}2{", "braces alone"),
    ];
    for (key, expected, why) in cases {
        assert_eq!(fill(Lang::En, key, &[("a", &"{b}"), ("b", &2)]), expected, "{why}");
    }
}
