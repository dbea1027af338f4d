//! What an explanation says, and that nothing on it drives a terminal.

use super::*;
use crate::tests::samples;

fn note() -> RuleNote {
    RuleNote {
        id: "remote/tool".to_owned(),
        revision: 3,
        title: "A tool".to_owned(),
        subject: "connection",
        asserts: vec![("service", "teamviewer".to_owned()), ("category", "remote-service".to_owned())],
        tunnel: Some(true),
        sources: vec![("the names".to_owned(), "https://tool.example".to_owned(), "2026-11-25".to_owned())],
    }
}

fn explained(change: impl FnOnce(&mut Connection), lang: Lang) -> String {
    let mut row = samples::connections().swap_remove(0);
    row.service = "teamviewer".to_owned();
    row.tunnel = true;
    row.evidence = vec![
        Evidence {
            rule: "remote/tool".into(),
            confidence: 90,
            en: "a tool's name".into(),
            ja: "ツールの名前".into(),
        },
        Evidence { rule: "wire/tls".into(), confidence: 80, en: "it is TLS".into(), ja: "TLSです".into() },
    ];
    change(&mut row);
    let rules = BTreeMap::from([("remote/tool".to_owned(), note())]);
    let questions = vec![("誰が使いますか".to_owned(), "who uses it".to_owned())];
    let what = Explanation { connection: &row, number: 7, device: None, exit: None, rules, questions };
    explain(&what, lang, &TimeZone::UTC)
}

#[test]
fn the_chain_goes_from_facts_to_reasons_to_rules_to_the_verdict() {
    let said = explained(|row| row.category = Some("remote-service".to_owned()), Lang::En);
    let places: Vec<_> = [
        "connection 7:",
        "Observed",
        " 90 %  a tool's name",
        "rule remote/tool, revision 3",
        "https://tool.example (read 2026-11-25)",
        "wire/tls: recognised",
        "Verdict",
        "← remote/tool (90 %)",
    ]
    .iter()
    .map(|part| said.find(part).unwrap_or_else(|| panic!("no `{part}` in\n{said}")))
    .collect();
    assert!(places.is_sorted(), "{said}");
    assert!(!said.contains("who uses it"), "a category is known\n{said}");
}

#[test]
fn where_no_category_is_known_it_says_what_to_ask() {
    let said = explained(|row| row.category = None, Lang::Ja);
    assert!(said.contains("未分類") && said.contains("・誰が使いますか"), "{said}");
}

#[test]
fn what_strangers_wrote_drives_no_terminal() {
    let said = explained(|row| row.outside.name = Some("evil\u{1b}[2J\u{202e}.example".to_owned()), Lang::En);
    assert!(!said.contains('\u{1b}') && !said.contains('\u{202e}'), "{said}");
}
