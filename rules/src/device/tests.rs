use std::path::{Path, PathBuf};

use super::written::File;
use super::*;
use crate::written::Expect;

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
        let id = file.id.clone();
        let rule = rules.all.iter().find(|rule| rule.id == id).unwrap();
        assert!(!rule.sources.is_empty(), "{id}");
        assert!(file.vector.iter().any(|vector| vector.expect == Expect::Match), "{id}");
        assert!(file.vector.iter().any(|vector| vector.expect == Expect::NoMatch), "{id}");
        for vector in &file.vector {
            let place = format!("{id}: {} ({})", vector.name, vector.origin);
            let mut objects = Objects::new(vector.sys_object_id.as_deref(), vector.sys_descr.as_deref());
            let lines = rule.lines.iter().map(|line| &line.wanted);
            let columns = rule.reads.iter().flat_map(|read| &read.wanted).chain(lines);
            let columns: BTreeSet<&Wanted> =
                columns.filter(|wanted| matches!(wanted, Wanted::Column(_))).collect();
            for (oid, value) in &vector.objects {
                objects.add(Wanted::Object(oid.clone()), oid, value);
                for column in &columns {
                    if let Wanted::Column(name) = column
                        && oid.starts_with(&format!("{name}."))
                    {
                        objects.add((*column).clone(), oid, value);
                    }
                }
            }
            for (column, value) in &vector.entity {
                let column: u32 = column.parse().unwrap();
                objects.add(Wanted::Entity(column), &format!("1.3.6.1.2.1.47.1.1.1.1.{column}.1"), value);
            }
            let is_general = rule.matches.iter().all(|branch| branch.any);
            let identity = rules.identify(&objects);
            let chosen = identity.rule.map(|(id, _, _)| id) == Some(id.as_str());
            match vector.expect {
                Expect::Match if is_general => {
                    let lists = !rule.tunnels.is_empty() || !rule.line_tables.is_empty();
                    assert!(!vector.gives.is_empty() || lists, "{place}");
                }
                Expect::Match => assert!(chosen, "{place}: {:?}", identity.rule),
                Expect::NoMatch => assert!(!chosen, "{place}"),
            }
            let lines = rules.lines(&objects).into_iter().map(|(line, _)| line).collect::<Vec<_>>();
            assert!(vector.expect != Expect::Match || lines == vector.lines, "{place}: {lines:?}");
            for gives in Gives::ALL {
                let expected = vector.gives.get(&gives).map(String::as_str);
                if vector.expect == Expect::Match && gives != Gives::Vendor {
                    assert_eq!(identity.value(gives), expected, "{place}: {}", gives.slug());
                }
            }
        }
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
