use std::path::{Path, PathBuf};

use super::written::File;
use super::*;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_vector_of_every_rule_comes_out_as_it_says() {
    let rules = DeviceRules::embedded().unwrap();
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data/device"), &mut paths);
    assert_eq!(paths.len(), rules.len());
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        rules.try_vectors(&file.id, &file.vector).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn a_site_lays_its_own_over_ours_and_each_is_tried() {
    let rule = |id: &str, firmware: &str| {
        format!(
            "id = \"{id}\"\nrevision = 1\ntitle = \"t\"\n[[match]]\nsys_object_id = [\"1.3.6.1.4.1.99999.1\"]\n\
             confidence = 90\n[[read]]\ngives = \"firmware\"\nfrom = \"sys_descr\"\npattern = 'v([0-9.]+)'\n\
             [say]\nen = \"e\"\nja = \"j\"\n[[source]]\nstates = \"s\"\nurl = \"u\"\nread = 2026-11-25\n\
             [[vector]]\nname = \"one\"\norigin = \"synthetic\"\nsys_object_id = \"1.3.6.1.4.1.99999.1.5\"\n\
             sys_descr = \"Example v1.2\"\nexpect = \"match\"\n[vector.gives]\nfirmware = \"{firmware}\"\n\
             [[vector]]\nname = \"another\"\norigin = \"synthetic\"\nsys_object_id = \"1.3.6.1.4.1.99999.2\"\n\
             expect = \"no-match\"\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("device");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("example.toml"), rule("device/example", "1.2")).unwrap();
    let rules = DeviceRules::load(folder.path()).unwrap();
    let objects = Objects::new(Some("1.3.6.1.4.1.99999.1.7"), Some("Example v3.4"));
    assert_eq!(rules.identify(&objects).value(Gives::Firmware), Some("3.4"));
    assert_eq!(DeviceRules::load(&own.join("example.toml")).unwrap().len(), rules.len(), "a file alone");
    // (what is written, what is wrong with it)
    let cases = [
        (rule("device/example", "9.9"), "firmware comes out as 1.2"),
        (rule("device/other", "1.2"), "its id is not its path"),
        (rule("device/example", "1.2").replace("no-match", "match"), "no `no-match` vector"),
        (rule("device/example", "1.2").replace("gives =", "gave ="), "is not written as a rule is"),
    ];
    for (written, says) in cases {
        std::fs::write(own.join("example.toml"), written).unwrap();
        let error = DeviceRules::load(folder.path()).unwrap_err();
        assert!(error.to_string().contains(says), "{says}: {error}");
        let mut others = DeviceRules::embedded().unwrap();
        assert_eq!(
            folder::lay_devices(&mut others, folder.path()).unwrap().0,
            Vec::<String>::new(),
            "left out"
        );
        assert_eq!(others.len() + 1, rules.len());
    }
}

#[test]
fn a_subtree_holds_its_own_arcs_only() {
    let rules = DeviceRules::embedded().unwrap();
    let rule = |id: &str| rules.identify(&Objects::new(Some(id), None)).rule.map(|(id, _, _)| id);
    assert_eq!(rule("1.3.6.1.4.1.14988.1"), Some("device/mikrotik"));
    assert_eq!(rule("1.3.6.1.4.1.14988.10"), None);
}

#[test]
fn an_unknown_device_tells_what_a_rule_would_begin_with() {
    let rules = DeviceRules::embedded().unwrap();
    let identity = rules.identify(&Objects::new(Some("1.3.6.1.4.1.32473.1.2"), Some("Example OS 1.0")));
    assert_eq!(identity, Identity::default());
    assert_eq!(enterprise(".1.3.6.1.4.1.32473.1.2"), Some(32473));
    assert_eq!(enterprise("1.3.6.1.2.1.33"), None);
}

#[test]
fn no_two_rules_contradict_each_other_at_equal_confidence() {
    let rules = DeviceRules::embedded().unwrap();
    let mut seen: BTreeMap<(String, u8), &str> = BTreeMap::new();
    for rule in &rules.all {
        for branch in
            rule.matches.iter().filter(|branch| branch.sys_descr.is_empty() && branch.has.is_empty())
        {
            for oid in &branch.sys_object_id {
                let other = seen.insert((oid.to_string(), branch.confidence), &rule.id);
                assert!(other.is_none_or(|other| other == rule.id), "{oid}: {} and {other:?}", rule.id);
            }
        }
    }
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    let whole = "id = 'device/x'\nrevision = 1\ntitle = 'x'\n[[match]]\nsys_object_id = ['1.3.6.1.4.1.32473']\n\
                 confidence = 50\n[[read]]\ngives = 'model'\nfrom = 'sys_descr'\npattern = '(\\S+)'\n[say]\nen = 'x'\n\
                 ja = 'x'\n[[source]]\nstates = 'x'\nurl = 'https://example.com/'\nread = 2026-11-25\n";
    let check = |text: &str| toml::from_str::<File>(text).unwrap().check("device/x");
    assert!(check(whole).is_ok());
    // (what is written, what stands there instead)
    let cases = [
        ("id = 'device/x'", "id = 'device/y'"),
        ("confidence = 50", "confidence = 0"),
        ("32473", "32473.x"),
        (r"(\S+)", r"(\S+"),
        ("from = 'sys_descr'", "from = 'object'"),
        ("from = 'sys_descr'", "from = 'entity'"),
        ("sys_object_id = ['1.3.6.1.4.1.32473']", ""),
        ("en = 'x'", "en = ' '"),
    ];
    for (written, instead) in cases {
        assert!(check(&whole.replace(written, instead)).is_err(), "{instead}");
    }
}

#[test]
fn makers_of_vpn_boxes_say_where_their_tunnels_are() {
    let rules = DeviceRules::embedded().unwrap();
    let makers = [
        "cisco-asa",
        "cisco-ios",
        "check-point",
        "fortigate",
        "juniper",
        "nec-ix",
        "palo-alto",
        "pulse",
        "sonicwall",
        "sophos",
        "watchguard",
    ];
    for maker in makers {
        let rule = rules.all.iter().find(|rule| rule.id == format!("device/{maker}")).unwrap();
        assert!(!rule.tunnels.is_empty(), "{maker}");
        for tunnel in &rule.tunnels {
            assert!(tunnel.columns().count() > 0, "{maker}: nothing to read");
            assert!(!tunnel.service.is_empty(), "{maker}");
        }
    }
}

#[test]
fn tables_of_lines_say_by_what_a_line_is_up_and_never_list_calls_in_which_people_speak() {
    let rules = DeviceRules::embedded().unwrap();
    let tables: Vec<_> = rules.all.iter().flat_map(|rule| &rule.line_tables).collect();
    let entries: Vec<&str> = tables.iter().map(|table| table.entry.as_str()).collect();
    let calls = ["1.3.6.1.2.1.10.20.1.2.1.1", "1.3.6.1.2.1.10.21.1.3.1.1"];
    assert!(calls.iter().all(|entry| entries.contains(entry)), "{entries:?}");
    for table in tables {
        // isdnBearerInfoType and callActiveInfoType: 2 is speech, 6 and 7 are audio.
        let spoken = |numbers: &Vec<u64>| numbers.iter().any(|number| [2, 6, 7].contains(number));
        let kind = table.only.get(&7).or_else(|| table.only.get(&12));
        assert!(table.called.is_none() || kind.is_some_and(|kind| !spoken(kind)), "{}", table.entry);
    }
}
