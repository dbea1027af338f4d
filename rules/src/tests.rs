//! The rules that come with the program against each other, and rules that are wrong.

use std::path::Path;

use super::*;

const GOOD: &str = r#"
id       = "remote/tool"
revision = 1
title    = "A tool"
subject  = "connection"

[[match]]
host       = ["tool.example", "relay-*.tool.example"]
confidence = 90

[[match]]
host       = "old.example"
port       = "5900-5910"
not        = { initiator = "outside" }
confidence = 60

[assert]
service = "tool"
tunnel  = true

[say]
en = "{host} belongs to a tool"
ja = "{host} はツールの接続先です"

[[source]]
states = "the names"
url    = "https://tool.example"
read   = 2026-11-22

[[vector]]
name   = "a relay"
origin = "synthetic"
sni    = "relay-1.tool.example"
expect = "match"

[[vector]]
name   = "a name that ends alike"
origin = "synthetic"
sni    = "nottool.example"
expect = "no-match"
"#;

fn parse(text: &str) -> Result<rule::Rule, RuleError> {
    folder::parse(Path::new("site/remote/tool.toml"), Some("remote/tool".to_owned()), text)
}

/// The rules that come with the program, from their files: with their vectors.
fn tried() -> Rules {
    Rules::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data")).unwrap()
}

fn facts<'f>(values: &[(Field, &'f str)]) -> Facts<'f> {
    let mut facts = Facts::default();
    for (field, value) in values {
        facts.add(*field, *value);
    }
    facts
}

#[test]
fn every_rule_that_comes_with_the_program_loads() {
    let rules = Rules::embedded().unwrap();
    assert!(rules.len() >= 250, "only {} rules", rules.len());
    assert_eq!(rules.len(), tried().len());
    assert!(rules.iter().all(|rule| rule.examples.is_empty()), "vectors are for tests");
}

#[test]
fn no_two_rules_contradict_each_other_at_equal_confidence() {
    let rules = tried();
    let mut found = Vec::new();
    for rule in rules.iter() {
        for example in &rule.examples {
            let outcome = rules.conclude(rule.subject, example.clone());
            assert!(
                outcome.verdicts.iter().any(|verdict| verdict.rule == rule.id),
                "{} is not found by index",
                rule.id
            );
            found.extend(
                ties(&outcome.verdicts).into_iter().map(|tie| format!("{tie:?} on a vector of {}", rule.id)),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_match_needs_all_its_conditions_and_none_of_its_exceptions() {
    let rule = parse(GOOD).unwrap();
    // (why, facts, confidence)
    let cases = [
        ("the first branch", facts(&[(Field::Sni, "relay-9.tool.example")]), Some(90)),
        ("a name from DNS", facts(&[(Field::Name, "TOOL.example.")]), Some(90)),
        ("the second, on its port", facts(&[(Field::Sni, "old.example"), (Field::Port, "5901")]), Some(60)),
        ("the second without its port", facts(&[(Field::Sni, "old.example")]), None),
        (
            "the second with its exception",
            facts(&[(Field::Sni, "old.example"), (Field::Port, "5901"), (Field::Initiator, "outside")]),
            None,
        ),
    ];
    for (why, facts, confidence) in cases {
        assert_eq!(rule.branch(&facts).map(|branch| branch.confidence), confidence, "{why}");
    }
}

#[test]
fn a_sentence_shows_what_was_seen() {
    let rule = parse(GOOD).unwrap();
    let facts = facts(&[(Field::Sni, "unrelated.example"), (Field::Name, "eu.tool.example")]);
    let (en, ja) = rule.say(rule.branch(&facts).unwrap(), &facts);
    assert_eq!(en, "eu.tool.example belongs to a tool");
    assert_eq!(ja, "eu.tool.example はツールの接続先です");
}

#[test]
fn a_rule_that_is_wrong_says_what_to_do() {
    // (what is changed, to what, what the error says)
    let cases = [
        (r#"id       = "remote/tool""#, r#"id = "remote/other""#, "write its path"),
        ("confidence = 90", "confidence = 0", "between 1 and 100"),
        ("revision = 1", "revision = 1\ncolour = 3", "not written as a rule is"),
        (
            r#"host       = ["tool.example", "relay-*.tool.example"]"#,
            "hots = \"tool.example\"",
            "`hots` is no field",
        ),
        (r#"host       = ["tool.example", "relay-*.tool.example"]"#, "host = []", "has no value"),
        (r#"host       = ["tool.example", "relay-*.tool.example"]"#, "host = \"*\"", "no domain"),
        (r#""5900-5910""#, r#""vnc""#, "no number or range"),
        ("service = \"tool\"\ntunnel  = true", "", "`[assert]` is empty"),
        ("{host} belongs", "{ja4} belongs", "no key of every"),
        ("{host} belongs", "{host belongs", "every brace closed"),
        (r#"expect = "no-match""#, r#"expect = "match""#, "no `no-match` vector"),
        (r#"sni    = "nottool.example""#, r#"sni    = "tool.example""#, "expects `no-match`"),
        (
            "[[source]]\nstates = \"the names\"\nurl    = \"https://tool.example\"\nread   = 2026-11-22",
            "",
            "no `[[source]]`",
        ),
    ];
    for (from, to, says) in cases {
        assert!(GOOD.contains(from), "{from}");
        let error = parse(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(
            error.starts_with("site/remote/tool.toml:") && error.contains(says),
            "{from} -> {to}: {error}"
        );
    }
}

#[test]
fn a_rule_that_is_wrong_says_in_which_line() {
    // (what is changed, to what, the line)
    let cases = [
        ("confidence = 60", "confidence = 160", 15),
        (r#""5900-5910""#, r#""vnc""#, 13),
        ("revision = 1", "revision = 1\ncolour = 3", 4),
        ("title    = \"A tool\"", "title    = \"A tool", 4),
        (r#"sni    = "nottool.example""#, r#"sni    = "tool.example""#, 37),
    ];
    for (from, to, line) in cases {
        let error = parse(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("site/remote/tool.toml:{line}: ")), "{from} -> {to}: {error}");
    }
}

#[test]
fn a_site_s_folder_adds_rules_and_takes_the_place_of_others() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("remote")).unwrap();
    std::fs::write(folder.path().join("remote/tool.toml"), GOOD).unwrap();
    let embedded = Rules::embedded().unwrap();
    let rules = Rules::load(folder.path()).unwrap();
    assert_eq!(rules.len(), embedded.len() + 1);
    let outcome = rules.conclude(Subject::Connection, facts(&[(Field::Sni, "tool.example")]));
    assert!(outcome.verdicts.iter().any(|verdict| verdict.rule == "remote/tool"));
    let missing = Rules::load(&folder.path().join("nowhere")).unwrap_err().to_string();
    assert!(missing.contains("nowhere") && missing.contains("check"), "{missing}");
}

#[test]
fn a_rule_that_contradicts_another_at_equal_confidence_is_told() {
    let rival = GOOD.replace("tool.example", "teamviewer.com").replace("confidence = 90", "confidence = 92");
    let rival = rival.replace(r#"service = "tool""#, r#"service = "rival""#);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("remote")).unwrap();
    std::fs::write(folder.path().join("remote/tool.toml"), &rival).unwrap();
    let rules = Rules::load(folder.path()).unwrap();
    let service = settle(&evaluated(&rules), |assert| assert.service.as_deref()).map(str::to_owned);
    assert!(service.is_some());
    let ties = rules.contradictions("remote/tool");
    assert!(ties.iter().any(|tie| tie.key == "service" && tie.first == "remote/teamviewer"), "{ties:?}");
    assert!(rules.contradictions("remote/anydesk").is_empty());
}

fn evaluated(rules: &Rules) -> Vec<Verdict<'_>> {
    rules.evaluate(Subject::Connection, &facts(&[(Field::Sni, "relay-1.teamviewer.com")]))
}

#[test]
fn a_question_asks_and_asserts_nothing() {
    let rules = Rules::embedded().unwrap();
    let known =
        facts(&[(Field::Initiator, "inside"), (Field::Tunnel, "true"), (Field::InsideRole, "vpn-router")]);
    let asked = rules.evaluate(Subject::Question, &known);
    assert_eq!(asked.first().map(|verdict| verdict.rule), Some("question/tunnel-on-gateway"));
    assert!(asked.iter().all(|verdict| *verdict.assert == Assert::default() && verdict.ja.contains("確認")));
    let asserting = GOOD.replace("subject  = \"connection\"", "subject  = \"question\"");
    assert!(parse(&asserting).unwrap_err().to_string().contains("it is a question"));
}

#[test]
fn a_rule_tells_which_of_its_keys_cannot_be_answered() {
    let rule = parse(GOOD).unwrap();
    assert_eq!(rule.unanswered(&[Field::Name]), ["port"]);
    assert!(rule.unanswered(&[Field::Name, Field::Port]).is_empty());
}

#[test]
fn what_one_round_concludes_the_next_one_knows() {
    let rules = Rules::embedded().unwrap();
    let teamviewer = facts(&[
        (Field::Service, "tls"),
        (Field::Sni, "router7.teamviewer.com"),
        (Field::InsideRole, "ct"),
        (Field::Tunnel, "false"),
    ]);
    let outcome = rules.conclude(Subject::Connection, teamviewer);
    let service = settle(&outcome.verdicts, |assert| assert.service.as_deref());
    let category = settle(&outcome.verdicts, |assert| assert.category.as_deref());
    assert_eq!((service, category), (Some("teamviewer"), Some("modality-maintenance")));
}

#[test]
fn facts_without_what_tells_nothing_get_the_same_verdicts() {
    let rules = tried();
    let mut left_out = 0;
    for rule in rules.iter() {
        for example in &rule.examples {
            let mut all = example.clone();
            for (field, noise) in [
                (Field::Name, "host.unheard-of.example"),
                (Field::Sni, "host.unheard-of.example"),
                (Field::OutsideAddress, "192.0.2.77"),
                (Field::Port, "64999"),
                (Field::Hostname, "unheard-of"),
                (Field::SopClass, "1.2.3.4"),
            ] {
                all.add(field, noise);
            }
            let mut telling = Facts::default();
            for (field, value) in all.iter().filter(|(field, value)| rules.tells(rule.subject, *field, value))
            {
                telling.add(field, value.to_owned());
            }
            left_out += all.iter().count() - telling.iter().count();
            let said = |facts: Facts<'static>| format!("{:?}", rules.conclude(rule.subject, facts).verdicts);
            assert_eq!(said(all), said(telling), "{}", rule.id);
        }
    }
    assert!(left_out > rules.len(), "only {left_out} values are left out");
}
