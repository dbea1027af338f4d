//! The workbook read back: by a reader of sheets, and as the XML itself.

use std::io::{Cursor, Read};

use calamine::{Data, DataType as _, Range, Reader as _, Xlsx};
use sekisho_api::{Analysis, Connection, Device, Evidence, Maintenance};

use super::*;

mod hospital;

use hospital::{history, hospital, plain};

type Book = Xlsx<Cursor<Vec<u8>>>;

fn tokyo() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(9))
}

fn write(analysis: &Analysis, lang: Lang) -> Vec<u8> {
    workbook(analysis, &history(), lang, &tokyo()).unwrap()
}

fn open(bytes: Vec<u8>) -> Book {
    Xlsx::new(Cursor::new(bytes)).unwrap()
}

fn sheet(analysis: &Analysis, lang: Lang, name: &str) -> Range<Data> {
    open(write(analysis, lang)).worksheet_range(name).unwrap()
}

fn texts(range: &Range<Data>, row: u32) -> Vec<String> {
    let columns = 0..u32::try_from(range.width()).unwrap();
    columns
        .map(|column| range.get_value((row, column)).map(ToString::to_string).unwrap_or_default())
        .collect()
}

/// Gives the column under a heading of either row.
fn column(range: &Range<Data>, heading: &str) -> u32 {
    let found = (0..2).find_map(|row| texts(range, row).iter().position(|text| text == heading));
    u32::try_from(found.unwrap_or_else(|| panic!("no column {heading}"))).unwrap()
}

fn cell(range: &Range<Data>, row: u32, heading: &str) -> Data {
    range.get_value((row, column(range, heading))).cloned().unwrap_or_default()
}

fn xml(bytes: &[u8], part: &str) -> String {
    let mut parts = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    parts.by_name(part).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_sheets_have_the_names_of_the_survey() {
    let names = |lang| open(write(&hospital(), lang)).sheet_names();
    assert_eq!(names(Lang::Ja), ["概要", "外部接続先一覧", "外部接続先調査履歴", "機器台帳"]);
    assert_eq!(names(Lang::En), ["Overview", "Connections", "Survey history", "Devices"]);
}

#[test]
fn the_list_of_connections_has_the_31_headings_of_the_survey_in_order() {
    let expected = [
        "接続番号",
        "分類 [1]-[8]",
        "接続名称／用途",
        "用途区分（オンデマンド/定期監視/データ送信/参照）",
        "院内側機器名・設置部署",
        "院内側IP／MAC／VLAN",
        "機器種別・メーカー・機種",
        "接続装置（FW/VPNルータ/モデム/LTEルータ）機種",
        "ソフトウェア（ファームウェア）バージョン・取得日・取得元",
        "資産区分（病院/ベンダー/リース）",
        "回線種別（FTTH/IP-VPN/専用線/ISDN/LTE/不明）",
        "回線事業者・契約番号・SIM/電話番号",
        "接続方式（IPsec/SSL-VPN/RMM/専用アプリ/平文/ダイヤルアップ）",
        "接続先事業者・拠点",
        "接続先FQDN／IP／ポート／プロトコル",
        "発信方向（院内発/院外発/双方向）",
        "常時／都度・通信時間帯・頻度",
        "初回検出・最終検出・観測日数",
        "通信量 上り/下り",
        "暗号化・認証方式（多要素/固定鍵/証明書）",
        "接続可能範囲（到達できる院内セグメント）",
        "取扱情報（患者情報の有無）",
        "契約・保守窓口・緊急連絡先",
        "情報部門の把握（把握済/未把握/要確認）",
        "申請・承認（事前連絡 Q86 / FW開放制限 Q87 / 直接接続禁止 Q88 / ファイル授受記録 Q89）",
        "アクセスログ（取得元・保存期間・確認者・最終確認日）",
        "MDS/SDS（版・入手日）",
        "脆弱性（CVE, KEV, 対応状況）",
        "リスク評価・対応方針・期限",
        "根拠（検出方法・確度・証跡番号）",
        "確認日・確認者・状態（確定/推定/未回答/廃止）",
        "登録（病院の申告）",
    ];
    let headings = texts(&sheet(&hospital(), Lang::Ja, "外部接続先一覧"), 0);
    // A heading over several columns stands in the first of them.
    assert_eq!(headings.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>(), expected);
    let headings = texts(&sheet(&hospital(), Lang::En, "Connections"), 0);
    assert_eq!(headings.into_iter().filter(|text| !text.is_empty()).count(), expected.len());
}

#[test]
fn the_history_and_the_devices_have_the_headings_of_the_survey_in_order() {
    let history = texts(&sheet(&hospital(), Lang::Ja, "外部接続先調査履歴"), 0);
    assert_eq!(
        history,
        [
            "履歴番号",
            "接続番号",
            "日時",
            "調査方法（受動観測・SNMP・ヒアリング・書類・巡回）",
            "実施者",
            "対象（部署・事業者・担当者）",
            "質問・確認内容",
            "回答・判明事項",
            "回答期限（既定 7日）",
            "回答日",
            "結果（回答・一部回答・期限内回答なし・該当なし）",
            "変更前→変更後",
            "証跡（ファイル, ハッシュ）",
            "次回予定",
            "工数(時間)",
        ]
    );
    let devices = texts(&sheet(&hospital(), Lang::Ja, "機器台帳"), 0);
    assert_eq!(
        devices,
        [
            "管理番号",
            "種別(サーバ/端末PC/ネットワーク機器/医療機器)",
            "名称",
            "メーカー",
            "機種",
            "S/N",
            "OS・FW版",
            "IP/MAC/ホスト名",
            "設置場所",
            "管理部署",
            "利用者",
            "使用可否(状態)",
            "保守事業者",
            "リモート保守の有無(2-②)",
            "サポート終了日",
            "確認日",
        ]
    );
}

#[test]
fn times_are_dates_of_the_zone_and_sizes_are_numbers() {
    let list = sheet(&hospital(), Lang::Ja, "外部接続先一覧");
    let Data::DateTime(first) = cell(&list, 2, "初回検出") else { panic!("a date") };
    assert_eq!(first.to_ymd_hms_milli(), (2026, 1, 5, 8, 30, 0, 0), "2026-01-04T23:30:00Z in Japan");
    assert_eq!(cell(&list, 2, "上り"), Data::Float(52_428_800.0));
    let history = sheet(&hospital(), Lang::Ja, "外部接続先調査履歴");
    assert!(cell(&history, 1, "日時").is_datetime());
    assert_eq!(cell(&history, 1, "接続番号"), Data::Float(1.0));
}

#[test]
fn a_row_only_observed_is_presumed_and_to_be_confirmed() {
    let list = sheet(&hospital(), Lang::Ja, "外部接続先一覧");
    let known = "情報部門の把握（把握済/未把握/要確認）";
    assert_eq!(cell(&list, 2, "状態"), Data::String("推定".to_owned()));
    assert_eq!(cell(&list, 2, known), Data::String("要確認".to_owned()));
    // (status, known to the department in charge, state, why)
    let cases = [
        ("registered", "把握済", "推定", "declared and seen, not yet confirmed"),
        ("expired", "把握済", "推定", "declared once"),
        ("unseen", "把握済", "未観測", "declared, never on the wire"),
        ("missing", "要確認", "推定", "nobody declared what should be there"),
    ];
    for (status, department, state, why) in cases {
        let connections = vec![Connection { status: status.to_owned(), ..plain() }];
        let list = sheet(&Analysis { connections, ..Analysis::default() }, Lang::Ja, "外部接続先一覧");
        assert_eq!(cell(&list, 2, known).to_string(), department, "{why}");
        assert_eq!(cell(&list, 2, "状態").to_string(), state, "{why}");
    }
}

#[test]
fn connections_without_a_number_are_counted_on() {
    // (numbers in the analysis, numbers on the sheet)
    let cases = [
        (vec![None, None], vec![1.0, 2.0]),                  // nothing recorded yet
        (vec![Some(7), None, Some(3)], vec![7.0, 8.0, 3.0]), // a new one after the greatest
    ];
    for (numbers, expected) in cases {
        let connections = numbers.iter().map(|number| Connection { number: *number, ..plain() }).collect();
        let list = sheet(&Analysis { connections, ..Analysis::default() }, Lang::Ja, "外部接続先一覧");
        let rows = 2..2 + u32::try_from(expected.len()).unwrap();
        let found: Vec<f64> = rows.map(|row| cell(&list, row, "接続番号").as_f64().unwrap()).collect();
        assert_eq!(found, expected, "{numbers:?}");
    }
}

#[test]
fn what_strangers_wrote_stays_text() {
    // (name on the wire, in the sheet, why)
    let cases = [
        ("=cmd|'/c calc'!A1", "=cmd|'/c calc'!A1", "a formula"),
        ("+1+1", "+1+1", "a formula of old spreadsheets"),
        ("-2", "-2", "a number"),
        ("@SUM(A1)", "@SUM(A1)", "a function of old spreadsheets"),
        ("https://vendor.example/", "https://vendor.example/", "a link"),
        ("a\0b", "a\u{fffd}b", "NUL"),
        ("a\u{ffff}b", "a\u{fffd}b", "a noncharacter"),
        ("\u{202e}gpj.exe", "\u{fffd}gpj.exe", "right-to-left override"),
        ("one\ntwo", "one two", "a line of its own"),
        ("_x0041_", "_x0041_", "the escape of sheets themselves"),
        ("<f>1</f>]]>&", "<f>1</f>]]>&", "XML"),
    ];
    for (sent, shown, why) in cases {
        let mut connection = plain();
        connection.inside.name = Some(sent.to_owned());
        let devices = vec![Device { names: vec![sent.to_owned()], ..Device::default() }];
        let analysis = Analysis { connections: vec![connection], devices, ..Analysis::default() };
        let bytes = write(&analysis, Lang::Ja);
        for part in 1..=4 {
            let raw = xml(&bytes, &format!("xl/worksheets/sheet{part}.xml"));
            assert!(!raw.contains("<f>") && !raw.contains("<f ") && !raw.contains("hyperlink"), "{why}");
        }
        let list = open(bytes).worksheet_range("外部接続先一覧").unwrap();
        assert_eq!(cell(&list, 2, "院内側機器名・設置部署"), Data::String(shown.to_owned()), "{why}");
    }
}

#[test]
fn a_text_longer_than_a_cell_is_cut_and_says_so() {
    // (letter, why)
    for (letter, why) in
        [("a", "one octet"), ("あ", "three octets, one unit"), ("🏥", "four octets, two units")]
    {
        let mut connection = plain();
        connection.inside.name = Some(letter.repeat(100_000));
        let analysis = Analysis { connections: vec![connection], ..Analysis::default() };
        let cell =
            cell(&sheet(&analysis, Lang::Ja, "外部接続先一覧"), 2, "院内側機器名・設置部署").to_string();
        assert!(cell.starts_with(letter) && cell.ends_with('…'), "{why}");
        let units = cell.encode_utf16().count();
        assert!((32_766..=32_767).contains(&units), "{why}: {units} units");
    }
}

#[test]
fn every_table_keeps_its_headings_in_sight_and_filters_its_rows() {
    let bytes = write(&hospital(), Lang::Ja);
    // (part, cell below and right of what stays, rows and columns of the filter)
    let last = 2 + hospital().connections.len();
    let cases = [
        (2, "topLeftCell=\"D3\"", format!("<autoFilter ref=\"A2:AQ{last}\"")),
        (3, "topLeftCell=\"D2\"", format!("<autoFilter ref=\"A1:O{}\"", 1 + history().len())),
        (4, "topLeftCell=\"D2\"", format!("<autoFilter ref=\"A1:P{}\"", 1 + hospital().devices.len())),
    ];
    for (part, pane, filter) in cases {
        let raw = xml(&bytes, &format!("xl/worksheets/sheet{part}.xml"));
        assert!(raw.contains("<pane ") && raw.contains(pane), "sheet {part} is frozen");
        assert!(raw.contains(&filter), "sheet {part} has {filter}");
        assert!(raw.contains("orientation=\"landscape\"") && raw.contains("paperSize=\"8\""), "sheet {part}");
        assert!(raw.contains("<dataValidation "), "sheet {part} offers choices");
    }
}

#[test]
fn choices_are_offered_in_the_words_that_the_cells_use() {
    for (lang, state) in
        [(Lang::Ja, "確定,推定,未回答,廃止,未観測"), (Lang::En, "Confirmed,Presumed,No answer")]
    {
        let raw = xml(&write(&hospital(), lang), "xl/worksheets/sheet2.xml");
        assert!(raw.contains(state));
        // A word that holds the list's own separator would become two.
        for column in connections::columns() {
            assert!(column.choices.iter().all(|word| !word.of(lang).contains(',')));
        }
        for slug in ["isdn", "ip-vpn", "dedicated", "ngn", "pstn", "satellite", "internet"] {
            let word = crate::text::label(lang, "line", slug);
            assert!(raw.contains(word.as_ref()), "{word}");
        }
        for slug in ["system-maintenance", "eligibility", "remote-service", "general-internet"] {
            let word = crate::text::label(lang, "category", slug);
            assert!(raw.contains(word.as_ref()), "{word}");
        }
    }
}

#[test]
fn the_same_analysis_gives_the_same_bytes() {
    for lang in [Lang::Ja, Lang::En] {
        assert_eq!(write(&hospital(), lang), write(&hospital(), lang));
    }
    let properties = xml(&write(&hospital(), Lang::Ja), "docProps/core.xml");
    assert!(properties.contains("2026-01-11T14:59:00Z"), "made when the last frame was seen: {properties}");
}

#[test]
fn an_empty_analysis_gives_a_workbook_to_fill_in() {
    for lang in [Lang::Ja, Lang::En] {
        let bytes = workbook(&Analysis::default(), &[], lang, &TimeZone::UTC).unwrap();
        assert_eq!(open(bytes).sheet_names().len(), 4);
    }
}

#[test]
fn evidence_is_told_in_the_reader_s_language() {
    let mut connection = plain();
    let told = |rule: &str, ja: &str, en: &str| Evidence {
        rule: rule.into(),
        confidence: 95,
        en: en.into(),
        ja: ja.into(),
    };
    connection.evidence = vec![told("wire/ipsec", "IKE の応答を見た", "an IKE answer was seen")];
    let analysis = Analysis { connections: vec![connection], ..Analysis::default() };
    let ja = cell(&sheet(&analysis, Lang::Ja, "外部接続先一覧"), 2, "根拠（検出方法・確度・証跡番号）");
    assert_eq!(ja, Data::String("95% IKE の応答を見た [wire/ipsec]".to_owned()));
    let en = cell(&sheet(&analysis, Lang::En, "Connections"), 2, "Evidence (how found, how sure, trace)");
    assert_eq!(en, Data::String("95% an IKE answer was seen [wire/ipsec]".to_owned()));
}

#[test]
fn times_of_work_from_outside_are_told_with_the_last_one() {
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let work = Maintenance {
        start: at("2026-07-01T13:05:00Z"),
        end: at("2026-07-01T14:20:00Z"),
        bytes_out: 90_000_000,
        bytes_in: 4_000_000,
        quiet_s: 518_400,
        open: false,
    };
    let connections = vec![Connection { maintenance: vec![work], ..plain() }];
    let sheet = sheet(&Analysis { connections, ..Analysis::default() }, Lang::Ja, "外部接続先一覧");
    let told = "院外からの作業 1 回（最終 2026-07-01 22:05〜23:20）";
    assert!((0..sheet.height() as u32).any(|row| texts(&sheet, row).iter().any(|cell| cell.contains(told))));
}
