use super::*;
use crate::tests::samples;

fn tokyo() -> TimeZone {
    TimeZone::get("Asia/Tokyo").unwrap()
}

/// The columns that a text takes on a screen, by UAX #11 for the scripts of the samples.
fn columns_of(line: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{3000}'..='\u{9fff}' | '\u{ff01}'..='\u{ff60}');
    line.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

#[test]
fn a_connection_is_one_line_with_what_a_reader_asks_first() {
    let drawn = connections(&samples::connections(), &[], Lang::Ja, None, &tokyo());
    let lines: Vec<&str> = drawn.lines().collect();
    assert_eq!(
        lines[0],
        "外部接続 10 件（うちトンネル・遠隔操作 5 件〔*印〕、未分類 2 件）。時刻は Asia/Tokyo"
    );
    assert_eq!(lines.len(), 1 + 1 + 2 + 10, "summary, blank, heading and rule, a line a row");
    for part in [
        "101 [3]検査機器",
        "CT-1号機 CT 192.0.2.10",
        "→",
        "Example Medical rsc.example.com 203.0.113.5",
        "*IPsec（VPN）",
        "Example Mobile 00:00:5E:00:53:10 LTE・モバイル",
        "2026-02-01 00:04",
        "1.3 GB  95%",
    ] {
        assert!(lines[4].contains(part), "{part} in {}", lines[4]);
    }
}

#[test]
fn what_is_not_known_is_told_by_the_next_best() {
    let drawn = connections(&samples::connections(), &[], Lang::En, None, &tokyo());
    let line = |part: &str| drawn.lines().find(|line| line.contains(part)).unwrap().to_owned();
    // (what finds the row, what it says, why)
    let cases = [
        ("192.0.2.200", "Example Medical 192.0.2.200", "neither name nor role: the maker"),
        ("203.0.113.80", "203.0.113.80 +2", "more addresses than one"),
        ("192.0.2.77", "Unknown (encrypted) tcp/8443", "only the port tells anything"),
        ("192.0.2.60", "←", "opened from outside"),
        ("192.0.2.60", "ISDN", "the line behind the exit"),
        ("mri02", "fw01 Internet", "a named exit needs no hardware address"),
    ];
    for (found_by, says, why) in cases {
        assert!(line(found_by).contains(says), "{why}: {}", line(found_by));
    }
}

#[test]
fn a_narrow_screen_is_never_overrun_and_no_address_is_broken() {
    for lang in [Lang::Ja, Lang::En] {
        for width in [80, 90, 100, 120, 160, 200] {
            let rows = samples::connections();
            let drawn = connections(&rows, &[], lang, Some(width), &tokyo());
            for line in drawn.lines().skip(1) {
                assert!(columns_of(line) <= usize::from(width), "{width}: {line}");
            }
            let whole = |address: &str| address.contains(':') || drawn.contains(address);
            assert!(rows.iter().all(|row| whole(&row.inside.ip) && whole(&row.outside.ip)), "{drawn}");
            assert!(drawn.contains("00:00:5E:00:53:40"), "{drawn}");
        }
    }
}

#[test]
fn every_list_says_its_count_and_holds_its_rows() {
    let zone = tokyo();
    // (drawn, summary, a part of a row)
    let cases = [
        (devices(&samples::devices(), Lang::Ja, None, &zone), "院内機器 2 件", "CT-1号機 +1 192.0.2.10 +1"),
        (devices(&samples::devices(), Lang::En, None, &zone), "Devices inside: 2", "Scanner 64 7.1"),
        (exits(&samples::exits(), Lang::Ja, None, &zone), "出口 2 件（うち未登録 1 件）", "LTE・モバイル"),
        (exits(&samples::exits(), Lang::En, None, &zone), "Exits: 2; not declared: 1", "00:00:5E:00:53:11"),
        (history(&samples::history(), Lang::Ja, None, &zone), "変更履歴 2 件", "出口変更"),
        (history(&samples::history(), Lang::En, None, &zone), "Changes: 2", "Appeared"),
    ];
    for (drawn, summary, part) in cases {
        assert!(drawn.starts_with(summary) || drawn.lines().next().unwrap().contains(summary), "{drawn}");
        assert!(drawn.contains(part), "{part} in {drawn}");
    }
}

#[test]
fn an_empty_list_is_a_summary_without_a_table() {
    for lang in [Lang::Ja, Lang::En] {
        let zone = tokyo();
        let drawn = [
            connections::<Connection>(&[], &[], lang, Some(80), &zone),
            devices(&[], lang, Some(80), &zone),
            exits(&[], lang, Some(80), &zone),
            history(&[], lang, Some(80), &zone),
        ];
        for text in drawn {
            assert_eq!(text.lines().count(), 1, "{text}");
        }
    }
}

#[test]
fn what_was_taken_as_inside_is_told_and_bounded() {
    let assumption = |n: usize| Assumption {
        prefix: format!("192.0.2.{n}/32"),
        inside: n.is_multiple_of(2),
        en: "private".to_owned(),
        ja: "プライベート".to_owned(),
    };
    let assumed: Vec<_> = (0..11).map(assumption).collect();
    let drawn = connections::<Connection>(&[], &assumed, Lang::Ja, None, &tokyo());
    let lines: Vec<&str> = drawn.lines().collect();
    assert_eq!(lines[1], "院内とみなした範囲: 192.0.2.0/32（プライベート）");
    assert_eq!(lines[2], "院外とみなした範囲: 192.0.2.1/32（プライベート）");
    assert_eq!(lines.last(), Some(&"ほか 3 範囲"));
    assert_eq!(lines.len(), 1 + MAX_ASSUMPTIONS + 1);
}

#[test]
fn a_hostile_name_drives_no_terminal() {
    let mut rows = samples::connections();
    rows[0].inside.name = Some("\u{1b}]0;owned\u{7}\u{202e}tc".to_owned());
    rows[0].outside.org = Some("a\nb\r\nc".to_owned());
    rows[0].service = "\u{9b}31m".to_owned();
    let drawn = connections(&rows, &[], Lang::En, None, &tokyo());
    assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()), "{drawn:?}");
    assert!(!drawn.contains('\u{202e}'));
    assert_eq!(drawn.lines().count(), 14);
}
