//! The sheet 外部接続先一覧: one row a connection, the survey's 31 headings and
//! what the hospital declared; adding a column is one line of `columns`.
//!
//! A row that was only observed is 推定 until a person confirms it, and 要確認 for the department in
//! charge unless it was declared.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sekisho_api::{Analysis, Connection, Device, Terms};
use sekisho_ledger::UNSEEN;

use crate::text::{Lang, label, text};

use super::cell::Cell;
use super::column::{Column, Word, word};
use super::service::{self, MODES};
use super::style::Kind;
use super::timing;

/// Addresses or endpoints that one cell lists before it counts the rest.
const MOST_LISTED: usize = 5;

const CATEGORIES: &[Word] = &[
    word("[1]各システム", "[1] Hospital systems"),
    word("[2]ネットワーク保守", "[2] Network maintenance"),
    word("[3]CT・MRI等の検査機器保守", "[3] Modality maintenance"),
    word("[4]マイナンバーカード（オンライン資格確認）", "[4] Eligibility check"),
    word("[5]地域医療連携", "[5] Regional liaison"),
    word("[6]遠隔読影", "[6] Remote reading"),
    word("[7]研究ネットワーク", "[7] Research network"),
    word("[8]その他リモートサービス", "[8] Other remote service"),
    word("一般インターネット", "General internet"),
];
const OWNERS: &[Word] = &[word("病院", "Hospital"), word("ベンダー", "Vendor"), word("リース", "Leased")];
const LINES: &[Word] = &[
    word("FTTH", "FTTH"),
    word("IP-VPN", "IP-VPN"),
    word("専用線", "Leased line"),
    word("ISDN", "ISDN"),
    word("LTE", "LTE"),
    word("NGN・フレッツ", "NGN"),
    word("アナログ電話", "PSTN"),
    word("衛星", "Satellite"),
    word("インターネット", "Internet"),
    word("不明", "Unknown"),
];
const DIRECTIONS: &[Word] =
    &[word("院内発", "From inside"), word("院外発", "From outside"), word("双方向", "Both ways")];
const PATIENT_DATA: &[Word] = &[word("有", "Yes"), word("無", "No"), word("不明", "Unknown")];
const KNOWN: &[Word] =
    &[word("把握済", "Known"), word("未把握", "Not known"), word("要確認", "To be confirmed")];
const STATES: &[Word] = &[
    word("確定", "Confirmed"),
    word("推定", "Presumed"),
    word("未回答", "No answer"),
    word("廃止", "Retired"),
    word("未観測", "Not observed"),
];

/// A connection and what its cells are told from.
pub(super) struct Row<'a> {
    /// The number that the row carries.
    pub(super) number: u64,
    connection: &'a Connection,
    inside: Option<&'a Device>,
    gateway: Option<&'a Device>,
    lang: Lang,
    zone: &'a TimeZone,
}

impl<'a> Row<'a> {
    /// Gives the connection itself.
    pub(super) const fn connection(&self) -> &'a Connection {
        self.connection
    }
}

/// Gives the rows in the analysis' order; what has no number yet is counted on after the greatest.
pub(super) fn rows<'a>(analysis: &'a Analysis, lang: Lang, zone: &'a TimeZone) -> Vec<Row<'a>> {
    let known = |connection: &Connection| connection.number.and_then(|number| u64::try_from(number).ok());
    let mut last = analysis.connections.iter().filter_map(known).max().unwrap_or(0);
    let mut rows = Vec::with_capacity(analysis.connections.len());
    for connection in &analysis.connections {
        let number = known(connection).unwrap_or_else(|| {
            last += 1;
            last
        });
        let exit = connection.exit.as_ref();
        rows.push(Row {
            number,
            connection,
            inside: device(analysis, connection.inside.mac.as_deref(), Some(&connection.inside.ip)),
            gateway: exit.and_then(|exit| device(analysis, Some(&exit.mac), None)),
            lang,
            zone,
        });
    }
    rows
}

/// Finds a device by hardware address, else, where it has none, by address.
fn device<'a>(analysis: &'a Analysis, mac: Option<&str>, ip: Option<&String>) -> Option<&'a Device> {
    match mac {
        Some(mac) => analysis.devices.iter().find(|device| device.mac.as_deref() == Some(mac)),
        None => analysis.devices.iter().find(|device| ip.is_some_and(|ip| device.ips.contains(ip))),
    }
}

/// Gives the columns of the survey's list in its order.
#[rustfmt::skip]
pub(super) fn columns<'a>() -> Vec<Column<Row<'a>>> {
    const SEEN: Word = word("初回検出・最終検出・観測日数", "First seen, last seen, days observed");
    const VOLUME: Word = word("通信量 上り/下り", "Volume out / in (bytes)");
    const CHECKED: Word = word("確認日・確認者・状態（確定/推定/未回答/廃止）", "Checked on, by, state (confirmed / presumed / no answer / retired)");
    const REGISTRATION: Word = word("登録（病院の申告）", "Registration (as declared)");
    vec![
        Column::agent(word("接続番号", "Connection No."), 13, number).of(Kind::Count),
        Column::either(word("分類 [1]-[8]", "Category [1]-[8]"), 20, category).choices(CATEGORIES),
        Column::proposed(word("接続名称／用途", "Name / purpose"), 26, name),
        Column::proposed(word("用途区分（オンデマンド/定期監視/データ送信/参照）", "Mode of use (on demand / monitoring / transfer / reference)"), 16, |row: &Row| say(row, service::mode(row.connection))).choices(MODES),
        Column::either(word("院内側機器名・設置部署", "Inside device, department"), 22, |row: &Row| optional(row.connection.inside.name.as_ref())),
        Column::agent(word("院内側IP／MAC／VLAN", "Inside IP / MAC / VLAN"), 20, inside_address),
        Column::agent(word("機器種別・メーカー・機種", "Device type, maker, model"), 20, inside_device),
        Column::either(word("接続装置（FW/VPNルータ/モデム/LTEルータ）機種", "Connecting equipment (FW / VPN router / modem / LTE router), model"), 22, gateway),
        Column::either(word("ソフトウェア（ファームウェア）バージョン・取得日・取得元", "Software (firmware) version, date, source"), 20, firmware),
        Column::person(word("資産区分（病院/ベンダー/リース）", "Owner (hospital / vendor / lease)"), 12).choices(OWNERS),
        Column::either(word("回線種別（FTTH/IP-VPN/専用線/ISDN/LTE/不明）", "Line type (FTTH / IP-VPN / leased / ISDN / LTE / unknown)"), 16, line).choices(LINES),
        Column::person(word("回線事業者・契約番号・SIM/電話番号", "Carrier, contract No., SIM / phone No."), 16),
        Column::agent(word("接続方式（IPsec/SSL-VPN/RMM/専用アプリ/平文/ダイヤルアップ）", "Method (IPsec / SSL VPN / RMM / own application / plaintext / dial-up)"), 18, method),
        Column::proposed(word("接続先事業者・拠点", "Remote organisation, site"), 20, supplier),
        Column::agent(word("接続先FQDN／IP／ポート／プロトコル", "Remote FQDN / IP / port / protocol"), 30, remote),
        Column::agent(word("発信方向（院内発/院外発/双方向）", "Opened from (inside / outside / both)"), 12, direction).choices(DIRECTIONS),
        Column::agent(word("常時／都度・通信時間帯・頻度", "Always on or not, hours, frequency"), 20, |row: &Row| timing::of(row.connection, row.lang, row.zone)),
        Column::agent(SEEN, 18, |row: &Row| seen(row, row.connection.first_seen)).part(word("初回検出", "First seen")).of(Kind::Time),
        Column::agent(SEEN, 18, |row: &Row| seen(row, row.connection.last_seen)).part(word("最終検出", "Last seen")).of(Kind::Time),
        Column::agent(SEEN, 10, |row: &Row| timing::days(row.connection, row.zone)).part(word("観測日数", "Days")).of(Kind::Count),
        Column::agent(VOLUME, 18, |row: &Row| Cell::Count(row.connection.bytes_out)).part(word("上り", "Out")).of(Kind::Count),
        Column::agent(VOLUME, 18, |row: &Row| Cell::Count(row.connection.bytes_in)).part(word("下り", "In")).of(Kind::Count),
        Column::either(word("暗号化・認証方式（多要素/固定鍵/証明書）", "Encryption, authentication (MFA / pre-shared key / certificate)"), 18, |row: &Row| say(row, service::protection(&row.connection.service))),
        Column::person(word("接続可能範囲（到達できる院内セグメント）", "Reach (segments inside that it can get to)"), 16),
        Column::person(word("取扱情報（患者情報の有無）", "Information handled (patient data or not)"), 12).choices(PATIENT_DATA),
        Column::proposed(word("契約・保守窓口・緊急連絡先", "Contract, maintenance desk, emergency contact"), 16, |row: &Row| declared(row, |terms| terms.contact.clone())),
        Column::proposed(word("情報部門の把握（把握済/未把握/要確認）", "Known to IT (known / not known / to be confirmed)"), 14, known_to_it).choices(KNOWN),
        Column::person(word("申請・承認（事前連絡 Q86 / FW開放制限 Q87 / 直接接続禁止 Q88 / ファイル授受記録 Q89）", "Request, approval (notice Q86 / FW opened only then Q87 / no direct access Q88 / file log Q89)"), 24),
        Column::person(word("アクセスログ（取得元・保存期間・確認者・最終確認日）", "Access log (source, retention, reviewer, last review)"), 18),
        Column::person(word("MDS/SDS（版・入手日）", "MDS/SDS (version, received)"), 12),
        Column::either(word("脆弱性（CVE, KEV, 対応状況）", "Vulnerabilities (CVE, KEV, handling)"), 14, |_| Cell::Empty),
        Column::person(word("リスク評価・対応方針・期限", "Risk, action, due"), 14),
        Column::agent(word("根拠（検出方法・確度・証跡番号）", "Evidence (how found, how sure, trace)"), 48, evidence),
        Column::person(CHECKED, 12).part(word("確認日", "Checked on")).of(Kind::Date),
        Column::person(CHECKED, 12).part(word("確認者", "By")),
        Column::proposed(CHECKED, 12, state).part(word("状態", "State")).choices(STATES),
        Column::agent(REGISTRATION, 14, |row: &Row| Cell::text(label(row.lang, "status", &row.connection.status))).part(word("登録状態", "Status")),
        Column::proposed(REGISTRATION, 14, |row: &Row| declared(row, |terms| terms.owner.clone())).part(word("管理担当", "In charge")),
        Column::proposed(REGISTRATION, 12, |row: &Row| declared(row, |terms| terms.contract_end.map(|day| day.to_string()))).part(word("契約終了日", "Contract ends")),
        Column::proposed(REGISTRATION, 18, |row: &Row| declared(row, |terms| terms.hours.as_ref().map(ToString::to_string))).part(word("許可時間帯", "Permitted hours")),
        Column::proposed(REGISTRATION, 12, |row: &Row| declared(row, |terms| terms.until.map(|day| day.to_string()))).part(word("登録期限", "Registered until")),
        Column::proposed(REGISTRATION, 24, |row: &Row| declared(row, |terms| terms.note.clone())).part(word("備考", "Note")),
        Column::agent(REGISTRATION, 13, |row: &Row| optional(row.connection.registration.as_ref().map(|known| &known.registration.id))).part(word("登録ID", "Registration ID")),
    ]
}

fn say(row: &Row, word: Option<&Word>) -> Cell {
    word.map_or(Cell::Empty, |word| Cell::text(word.of(row.lang)))
}

fn pick(row: &Row, words: &'static [Word], ja: &str) -> Cell {
    say(row, words.iter().find(|word| word.ja == ja))
}

fn optional(text: Option<&String>) -> Cell {
    text.map_or(Cell::Empty, Cell::text)
}

fn category(row: &Row) -> Cell {
    row.connection.category.as_ref().map_or(Cell::Empty, |slug| Cell::text(label(row.lang, "category", slug)))
}

/// What was never seen has no number: one could be taken for that of another.
fn number(row: &Row) -> Cell {
    if row.connection.status == UNSEEN { Cell::Empty } else { Cell::Count(row.number) }
}

fn seen(row: &Row, at: Timestamp) -> Cell {
    if row.connection.status == UNSEEN { Cell::Empty } else { Cell::Time(at) }
}

fn declared(row: &Row, say: fn(&Terms) -> Option<String>) -> Cell {
    let terms = row.connection.registration.as_ref().map(|known| &known.registration.terms);
    optional(terms.and_then(say).as_ref())
}

fn supplier(row: &Row) -> Cell {
    match declared(row, |terms| terms.vendor.clone()) {
        Cell::Empty => optional(row.connection.outside.org.as_ref()),
        said => said,
    }
}

fn name(row: &Row) -> Cell {
    let said = declared(row, |terms| terms.purpose.clone());
    // Of what was never seen there is nothing to propose a name from.
    if said != Cell::Empty || row.connection.status == UNSEEN {
        return said;
    }
    Cell::text(proposed_name(row.connection, row.lang))
}

fn proposed_name(connection: &Connection, lang: Lang) -> String {
    let outside = &connection.outside;
    let party = outside.org.as_ref().or(outside.name.as_ref()).unwrap_or(&outside.ip);
    format!("{} {party}", label(lang, "service", &connection.service))
}

/// Tells whether a text is what the workbook proposes as a connection's name or its company: nobody said it.
#[must_use]
pub fn is_proposal(connection: &Connection, text: &str) -> bool {
    let names = [Lang::Ja, Lang::En].map(|lang| Cell::text(proposed_name(connection, lang)));
    let text = Cell::text(text);
    names.contains(&text) || connection.outside.org.as_ref().is_some_and(|org| Cell::text(org) == text)
}

fn inside_address(row: &Row) -> Cell {
    let inside = &row.connection.inside;
    Cell::lines([Some(inside.ip.clone()), inside.mac.clone(), inside.vlan.map(|vlan| format!("VLAN {vlan}"))])
}

fn inside_device(row: &Row) -> Cell {
    let inside = &row.connection.inside;
    let role = inside.role.as_ref().map(|role| label(row.lang, "role", role).into_owned());
    Cell::lines([role, inside.vendor.clone(), row.inside.and_then(|device| device.model.clone())])
}

fn gateway(row: &Row) -> Cell {
    let Some(exit) = &row.connection.exit else { return Cell::Empty };
    let vendor = exit.vendor.clone().or_else(|| row.gateway.and_then(|device| device.vendor.clone()));
    let model = row.gateway.and_then(|device| device.model.clone());
    Cell::lines([vendor, model, exit.name.clone(), exit.ip.clone(), Some(exit.mac.clone())])
}

fn firmware(row: &Row) -> Cell {
    let Some(device) = row.gateway else { return Cell::Empty };
    let Some(firmware) = &device.firmware else { return Cell::Empty };
    let seen = device.last_seen.map(|at| at.to_zoned(row.zone.clone()).date().to_string());
    let source = word("受動観測", "Passive observation").of(row.lang);
    Cell::lines([Some(firmware.clone()), seen, Some(source.to_owned())])
}

fn line(row: &Row) -> Cell {
    let Some(slug) = row.connection.exit.as_ref().and_then(|exit| exit.line.as_ref()) else {
        return Cell::Empty;
    };
    // The survey's own word is shorter than the label of the tables.
    if slug == "lte" { pick(row, LINES, "LTE") } else { Cell::text(label(row.lang, "line", slug)) }
}

fn method(row: &Row) -> Cell {
    let service = &row.connection.service;
    let method = service::Method::of(service).word().map(|word| word.of(row.lang).to_owned());
    let named = label(row.lang, "service", service).into_owned();
    let reported = row.connection.is_only_reported().then(|| text(row.lang, "word.snmp-only").to_owned());
    Cell::lines([method.filter(|method| *method != named), Some(named), reported])
}

fn remote(row: &Row) -> Cell {
    let connection = row.connection;
    let outside = &connection.outside;
    let mut lines: Vec<Option<String>> = vec![outside.name.clone()];
    let ips = if outside.ips.is_empty() { std::slice::from_ref(&outside.ip) } else { &outside.ips };
    lines.extend(listed(ips.iter().cloned(), row.lang).map(Some));
    let endpoint = |transport: &str, port: u16| match port {
        0 => transport.to_owned(),
        port => format!("{transport}/{port}"),
    };
    let mut endpoints: Vec<String> =
        connection.endpoints.iter().map(|seen| endpoint(&seen.transport, seen.port)).collect();
    if endpoints.is_empty() {
        endpoints.push(endpoint(&connection.transport, connection.port));
    }
    lines.push(Some(listed(endpoints.into_iter(), row.lang).collect::<Vec<_>>().join(", ")));
    Cell::lines(lines)
}

/// Gives the first few, and how many more there are.
fn listed(items: impl ExactSizeIterator<Item = String>, lang: Lang) -> impl Iterator<Item = String> {
    let more = items.len().saturating_sub(MOST_LISTED);
    let more = match lang {
        Lang::Ja => (more > 0).then(|| format!("ほか {more} 件")),
        Lang::En => (more > 0).then(|| format!("and {more} more")),
    };
    items.take(MOST_LISTED).chain(more)
}

fn direction(row: &Row) -> Cell {
    match row.connection.initiator {
        sekisho_api::Initiator::Inside => pick(row, DIRECTIONS, "院内発"),
        sekisho_api::Initiator::Outside => pick(row, DIRECTIONS, "院外発"),
    }
}

fn known_to_it(row: &Row) -> Cell {
    match row.connection.status.as_str() {
        "registered" | "expired" | "outside-hours" | "unseen" | "rejected" => pick(row, KNOWN, "把握済"),
        _ => pick(row, KNOWN, "要確認"),
    }
}

fn state(row: &Row) -> Cell {
    pick(row, STATES, if row.connection.status == UNSEEN { "未観測" } else { "推定" })
}

fn evidence(row: &Row) -> Cell {
    let mut told = BTreeSet::new();
    let mut lines = Vec::new();
    for evidence in &row.connection.evidence {
        let sentence = match row.lang {
            Lang::Ja => &evidence.ja,
            Lang::En => &evidence.en,
        };
        if told.insert((sentence, &evidence.rule)) {
            let confidence = evidence.confidence;
            lines.push(Some(format!("{confidence}% {sentence} [{}]", evidence.rule)));
        }
    }
    Cell::lines(lines)
}
