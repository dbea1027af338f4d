use ::csv::{ReaderBuilder, StringRecord};

use super::*;
use crate::tests::samples;

fn tokyo() -> TimeZone {
    TimeZone::get("Asia/Tokyo").unwrap()
}

/// The headings and rows of a file, read back.
fn read(file: &[u8]) -> (StringRecord, Vec<StringRecord>) {
    let text = std::str::from_utf8(file).unwrap().strip_prefix(BYTE_ORDER_MARK).unwrap();
    let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
    let headings = reader.headers().unwrap().clone();
    (headings, reader.records().map(Result::unwrap).collect())
}

fn cell<'r>(headings: &StringRecord, row: &'r StringRecord, heading: &str) -> &'r str {
    let column = headings.iter().position(|held| held == heading);
    &row[column.unwrap_or_else(|| panic!("no column {heading}"))]
}

#[test]
fn the_file_opens_in_excel_as_it_is() {
    for lang in [Lang::Ja, Lang::En] {
        let mut file = Vec::new();
        connections(&mut file, &samples::connections(), lang, &tokyo()).unwrap();
        assert!(file.starts_with(b"\xef\xbb\xbf"));
        let lines = file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        assert!(lines.clone().all(|line| line.ends_with(b"\r")));
        assert_eq!(lines.count(), 11);
    }
}

#[test]
fn a_connection_is_one_row_with_every_field() {
    let mut file = Vec::new();
    connections(&mut file, &samples::connections(), Lang::Ja, &tokyo()).unwrap();
    let (headings, rows) = read(&file);
    // (heading, cell)
    let cases = [
        ("番号", "101"),
        ("分類", "[3]CT・MRI等の検査機器保守"),
        ("登録状態", "未登録"),
        ("院内IPアドレス", "192.0.2.10"),
        ("院内VLAN", "10"),
        ("院内機器種別", "CT"),
        ("接続開始側", "院内から"),
        ("院外組織", "Example Medical"),
        ("AS番号", "64496"),
        ("サービス", "IPsec（VPN）"),
        ("サービス識別子", "ipsec"),
        ("プロトコル・ポート", "udp/500"),
        ("トンネル・遠隔操作", "はい"),
        ("出口MACアドレス", "00:00:5E:00:53:10"),
        ("回線", "LTE・モバイル"),
        ("最終検出", "2026-02-01T00:04:05+09:00"),
        ("送信バイト（院内→院外）", "1234567890"),
        ("通信周期（秒）", "60"),
        ("根拠", "IKE の交換を観測しました (20%, wire/ipsec); IKE の交換を観測しました (95%, wire/ipsec)"),
    ];
    for (heading, expected) in cases {
        assert_eq!(cell(&headings, &rows[0], heading), expected, "{heading}");
    }
    assert_eq!(cell(&headings, &rows[1], "番号"), "2", "its place where the ledger gave no number");
    assert_eq!(cell(&headings, &rows[6], "分類"), "未分類");
}

#[test]
fn a_connection_without_an_exit_has_empty_cells() {
    let mut rows = samples::connections();
    rows.truncate(1);
    rows[0].exit = None;
    rows[0].endpoints.clear();
    let mut file = Vec::new();
    connections(&mut file, &rows, Lang::En, &tokyo()).unwrap();
    let (headings, rows) = read(&file);
    assert_eq!(cell(&headings, &rows[0], "Exit MAC address"), "");
    assert_eq!(cell(&headings, &rows[0], "Transport and port"), "udp/500");
}

#[test]
fn devices_exits_and_history_have_a_row_each() {
    let zone = tokyo();
    let mut files = [const { Vec::new() }; 3];
    devices(&mut files[0], &samples::devices(), Lang::Ja, &zone).unwrap();
    exits(&mut files[1], &samples::exits(), Lang::Ja, &zone).unwrap();
    history(&mut files[2], &samples::history(), Lang::Ja, &zone).unwrap();
    // (heading, cell of the first row)
    let cases = [("製造番号", "'-1234"), ("登録", "はい"), ("変更内容", "新規検出")];
    for (file, (heading, expected)) in files.iter().zip(cases) {
        let (headings, rows) = read(file);
        assert_eq!(rows.len(), 2);
        assert_eq!(cell(&headings, &rows[0], heading), expected);
    }
}

#[test]
fn no_cell_is_taken_for_a_formula() {
    // (sent, cell, why)
    let cases = [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0", "the classic"),
        ("+81 3 0000 0000", "'+81 3 0000 0000", "plus"),
        ("-host", "'-host", "minus"),
        ("@SUM(A1)", "'@SUM(A1)", "at"),
        ("＝1+1", "'＝1+1", "wide"),
        ("＋1", "'＋1", "wide"),
        ("－1", "'－1", "wide"),
        ("＠a", "'＠a", "wide"),
        ("  =1", "'  =1", "after spaces"),
        ("\u{3000}=1", "'\u{3000}=1", "after a wide space"),
        ("\tx", "'\tx", "tab"),
        ("\rx", "'\rx", "carriage return"),
        ("a=b", "a=b", "not at the start"),
        ("192.0.2.1", "192.0.2.1", "an address"),
        ("", "", "nothing"),
    ];
    for (sent, expected, why) in cases {
        assert_eq!(unformulated(sent), expected, "{why}");
    }
    let mut rows = samples::connections();
    rows[0].inside.name = Some("\u{200b}=1\r\n=2,\"3".to_owned());
    rows[0].outside.name = Some("\t=1".to_owned());
    let mut file = Vec::new();
    connections(&mut file, &rows, Lang::En, &tokyo()).unwrap();
    let (headings, rows) = read(&file);
    assert_eq!(cell(&headings, &rows[0], "Inside device"), "\u{fffd}=1  =2,\"3");
    assert_eq!(cell(&headings, &rows[0], "Outside host name"), "' =1");
}

#[test]
fn a_disk_that_is_full_is_an_error() {
    let mut small = [0; 64];
    assert!(connections(&mut small[..], &samples::connections(), Lang::Ja, &tokyo()).is_err());
}
