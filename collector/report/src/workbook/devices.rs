//! The sheet 機器台帳: one row a device inside; what the wire cannot know is for people.

use sekisho_api::{Analysis, Connection, Device, role};

use crate::text::{Lang, label};

use super::cell::Cell;
use super::column::{Column, Word, word};
use super::connections;
use super::style::Kind;

const KINDS: &[Word] = &[
    word("サーバ", "Server"),
    word("端末PC", "PC"),
    word("ネットワーク機器", "Network equipment"),
    word("医療機器", "Medical device"),
    word("その他", "Other"),
];
const USE: &[Word] = &[
    word("使用可", "In use"),
    word("使用不可", "Not to be used"),
    word("停止中", "Stopped"),
    word("廃棄", "Disposed of"),
    word("要確認", "To be confirmed"),
];
const REMOTE: &[Word] = &[word("有", "Yes"), word("無", "No"), word("要確認", "To be confirmed")];

/// A device and what its cells are told from.
pub(super) struct Row<'a> {
    device: &'a Device,
    maintained_by: Vec<u64>,
    lang: Lang,
}

/// Gives the rows in the analysis' order, with the numbers of the connections that maintain each device.
pub(super) fn rows<'a>(
    analysis: &'a Analysis,
    numbered: &[connections::Row<'_>],
    lang: Lang,
) -> Vec<Row<'a>> {
    let mut rows = Vec::with_capacity(analysis.devices.len());
    for device in &analysis.devices {
        let theirs =
            numbered.iter().filter(|row| is_maintenance(row.connection()) && is_of(device, row.connection()));
        rows.push(Row { device, maintained_by: theirs.map(|row| row.number).collect(), lang });
    }
    rows
}

/// Tells the same device by hardware address, else by address.
fn is_of(device: &Device, connection: &Connection) -> bool {
    match (&device.mac, &connection.inside.mac) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => device.ips.contains(&connection.inside.ip),
    }
}

fn is_maintenance(connection: &Connection) -> bool {
    connection.category.as_ref().is_some_and(|slug| slug.ends_with("-maintenance"))
}

/// Gives the columns of the ledger in its order.
#[rustfmt::skip]
pub(super) fn columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        Column::person(word("管理番号", "Asset No."), 12),
        Column::either(word("種別(サーバ/端末PC/ネットワーク機器/医療機器)", "Type (server / PC / network equipment / medical device)"), 18, kind).choices(KINDS),
        Column::either(word("名称", "Name"), 26, name),
        Column::either(word("メーカー", "Maker"), 24, |row: &Row| optional(row.device.vendor.as_ref())),
        Column::either(word("機種", "Model"), 24, |row: &Row| optional(row.device.model.as_ref())),
        Column::either(word("S/N", "Serial No."), 20, |row: &Row| optional(row.device.serial.as_ref())),
        Column::either(word("OS・FW版", "OS, firmware"), 26, |row: &Row| Cell::lines([row.device.os.clone(), row.device.firmware.clone()])),
        Column::agent(word("IP/MAC/ホスト名", "IP / MAC / host name"), 32, addresses),
        Column::person(word("設置場所", "Place"), 14),
        Column::person(word("管理部署", "Department"), 14),
        Column::person(word("利用者", "User"), 12),
        Column::proposed(word("使用可否(状態)", "Fit for use (state)"), 14, |row: &Row| pick(row, USE, "要確認")).choices(USE),
        Column::person(word("保守事業者", "Maintained by"), 16),
        Column::either(word("リモート保守の有無(2-②)", "Remote maintenance (checklist 2-②)"), 18, remote).choices(REMOTE),
        Column::person(word("サポート終了日", "End of support"), 14).of(Kind::Date),
        Column::person(word("確認日", "Checked on"), 12).of(Kind::Date),
    ]
}

fn optional(text: Option<&String>) -> Cell {
    text.map_or(Cell::Empty, Cell::text)
}

fn pick(row: &Row, words: &'static [Word], ja: &str) -> Cell {
    words.iter().find(|word| word.ja == ja).map_or(Cell::Empty, |word| Cell::text(word.of(row.lang)))
}

/// Gives the checklist's type of a role; for other roles a person decides.
fn kind(row: &Row) -> Cell {
    let Some(role) = row.device.role.as_deref() else { return Cell::Empty };
    match role {
        "server" | "pacs" | "ris" | "his" | "lis" | "nas" => pick(row, KINDS, "サーバ"),
        "pc" => pick(row, KINDS, "端末PC"),
        role if role::is_equipment(role) => pick(row, KINDS, "ネットワーク機器"),
        role if role::is_medical(role) => pick(row, KINDS, "医療機器"),
        "printer" | "camera" | "phone" => pick(row, KINDS, "その他"),
        _ => Cell::Empty,
    }
}

fn name(row: &Row) -> Cell {
    let role = row.device.role.as_ref().map(|role| label(row.lang, "role", role).into_owned());
    match row.device.names.first() {
        Some(name) => Cell::lines([Some(name.clone()), role]),
        None => Cell::lines([role]),
    }
}

fn addresses(row: &Row) -> Cell {
    let device = row.device;
    let vlan = device.vlan.map(|vlan| format!("VLAN {vlan}"));
    let lines = device.ips.iter().cloned().map(Some).chain([device.mac.clone(), vlan]);
    Cell::lines(lines.chain(device.names.iter().cloned().map(Some)))
}

/// Says yes with the connections' numbers; that none was seen is no proof of none.
fn remote(row: &Row) -> Cell {
    if row.maintained_by.is_empty() {
        return Cell::Empty;
    }
    let numbers = row.maintained_by.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    match row.lang {
        Lang::Ja => Cell::text(format!("有（接続番号 {numbers}）")),
        Lang::En => Cell::text(format!("Yes (No. {numbers})")),
    }
}
