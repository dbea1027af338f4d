//! The first sheet: what was read and found, what was assumed, what could not be seen, and the legend.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use rust_xlsxwriter::{Workbook, XlsxError};
use sekisho_api::{Analysis, ExitRow};

use crate::text::{Lang, label};
use crate::when::zone_name;

use super::cell::Cell;
use super::column::{Word, word};
use super::page::{MOST_ROWS, Page, WIDTHS};
use super::style::{Kind, Style};

/// Paper size A4 in the sheet's numbering.
const A4: u8 = 9;

const LIMITS: &[Word] = &[
    word(
        "「検出なし」は「接続なし」ではありません。ミラーポートを通らない回線（検査機器に直結したLTE、ISDN・アナログ電話の発信など）は写りません。",
        "Not seen is not the same as not there: lines that bypass the mirror port (LTE at the modality, ISDN or analogue dial-out) do not show.",
    ),
    word(
        "IPsec・WireGuard等のトンネルの中の通信相手、TLS 1.3 の証明書、ECH で隠された接続先名は受動観測では分かりません。",
        "Parties inside IPsec or WireGuard tunnels, certificates in TLS 1.3 and names hidden by ECH cannot be told passively.",
    ),
    word(
        "観測期間外に使われる接続（月次の保守など）は含まれません。「推定」の行は、担当者が確認するまで確定ではありません。",
        "Connections used outside the capture period (monthly maintenance …) are absent. A presumed row is not settled until a person confirms it.",
    ),
];

/// Adds the sheet to the book.
pub(super) fn add(
    book: &mut Workbook,
    analysis: &Analysis,
    lang: Lang,
    zone: &TimeZone,
    style: &Style,
) -> Result<(), XlsxError> {
    let sheet = book.add_worksheet();
    sheet.set_name(word("概要", "Overview").of(lang))?;
    for (width, column) in WIDTHS.into_iter().zip(0..) {
        sheet.set_column_width(column, width)?;
    }
    sheet.set_paper_size(A4).set_print_fit_to_pages(1, 0).set_margins(0.5, 0.5, 0.5, 0.5, 0.25, 0.25);
    sheet.set_footer("&C&P / &N");
    sheet.set_screen_gridlines(false);
    let mut page = Page { sheet, row: 0, lang, zone, style };
    page.title(&word("外部接続先調査　概要", "Survey of external connections: overview"))?;
    capture(&mut page, analysis)?;
    counts(&mut page, analysis)?;
    exits(&mut page, &analysis.exits)?;
    assumed(&mut page, analysis)?;
    cautions(&mut page, analysis)?;
    legend(&mut page)
}

fn capture(page: &mut Page, analysis: &Analysis) -> Result<(), XlsxError> {
    let capture = &analysis.capture;
    let time = |at: Option<jiff::Timestamp>| at.map_or(Cell::Empty, Cell::Time);
    let zone = capture.last_seen.map_or(Cell::Empty, |at| Cell::text(zone_name(page.zone, at)));
    page.section(&word("観測", "Capture"))?;
    page.pair(&word("観測開始", "From"), &time(capture.first_seen))?;
    page.pair(&word("観測終了", "To"), &time(capture.last_seen))?;
    page.pair(&word("時刻帯", "Time zone"), &zone)?;
    page.pair(&word("パケット数", "Packets"), &Cell::Count(capture.packets))?;
    page.pair(&word("バイト数", "Bytes"), &Cell::Count(capture.bytes))?;
    page.pair(&word("重複して写ったパケット", "Packets mirrored twice"), &Cell::Count(capture.duplicates))?;
    page.pair(
        &word("取りこぼし（取得側の申告）", "Frames lost by the capturing side"),
        &Cell::Count(capture.drops),
    )
}

fn counts(page: &mut Page, analysis: &Analysis) -> Result<(), XlsxError> {
    let connections = &analysis.connections;
    let tunnels = connections.iter().filter(|connection| connection.tunnel).count() as u64;
    let undeclared =
        connections.iter().filter(|connection| connection.status == "unregistered").count() as u64;
    page.section(&word("件数", "Counts"))?;
    page.pair(&word("外部接続", "External connections"), &Cell::Count(connections.len() as u64))?;
    page.pair(
        &word("　うちトンネル・遠隔操作", "  of these tunnels or remote control"),
        &Cell::Count(tunnels),
    )?;
    page.pair(&word("　うち未登録", "  of these undeclared"), &Cell::Count(undeclared))?;
    page.pair(&word("院内機器", "Devices inside"), &Cell::Count(analysis.devices.len() as u64))?;
    page.pair(&word("院外への出口", "Exits"), &Cell::Count(analysis.exits.len() as u64))?;

    page.section(&word("分類別", "By category"))?;
    page.headings(&[
        word("分類", "Category"),
        word("接続数", "Connections"),
        word("うちトンネル等", "Tunnels"),
    ])?;
    // The labels begin with the survey's numbers; those without stand last.
    let mut by_category: BTreeMap<_, (u64, u64)> = BTreeMap::new();
    for connection in connections {
        let slug = connection.category.as_deref().unwrap_or("none");
        let category = label(page.lang, "category", slug);
        let count = by_category.entry((!category.starts_with('['), category)).or_default();
        count.0 += 1;
        count.1 += u64::from(connection.tunnel);
    }
    for ((_, category), (all, tunnels)) in by_category {
        page.line(&[Cell::text(category), Cell::Count(all), Cell::Count(tunnels)])?;
    }
    Ok(())
}

fn exits(page: &mut Page, exits: &[ExitRow]) -> Result<(), XlsxError> {
    page.section(&word("院外への出口", "Exits"))?;
    page.headings(&[
        word("出口（名称・IP・MAC）", "Exit (name, IP, MAC)"),
        word("メーカー", "Maker"),
        word("回線", "Line"),
        word("登録", "Declared"),
        word("接続数", "Connections"),
    ])?;
    for exit in exits.iter().take(MOST_ROWS) {
        let line = exit.line.as_ref().map(|slug| label(page.lang, "line", slug));
        let declared = match (exit.registered, exit.proofs.len()) {
            (true, _) => word("登録済み", "Yes"),
            (false, 1) => word("要確認（根拠1件）", "To be confirmed (one proof)"),
            (false, _) => word("未登録", "No"),
        };
        page.line(&[
            Cell::lines([exit.name.as_ref(), exit.ip.as_ref(), Some(&exit.mac)]),
            Cell::lines([exit.vendor.as_ref()]),
            Cell::lines([line]),
            Cell::text(declared.of(page.lang)),
            Cell::Count(exit.connections),
        ])?;
    }
    page.more(exits.len())
}

fn assumed(page: &mut Page, analysis: &Analysis) -> Result<(), XlsxError> {
    let assumed = &analysis.capture.assumed;
    if assumed.is_empty() {
        return Ok(());
    }
    page.section(&word("院内・院外とみなした範囲", "Taken as inside or outside"))?;
    for assumption in assumed.iter().take(MOST_ROWS) {
        let side = if assumption.inside { word("院内", "Inside") } else { word("院外", "Outside") };
        let why = match page.lang {
            Lang::Ja => &assumption.ja,
            Lang::En => &assumption.en,
        };
        page.wide(&[Cell::text(&assumption.prefix), Cell::text(side.of(page.lang)), Cell::text(why)])?;
    }
    page.more(assumed.len())
}

fn cautions(page: &mut Page, analysis: &Analysis) -> Result<(), XlsxError> {
    let capture = &analysis.capture;
    page.section(&word("注意", "Cautions"))?;
    for warning in capture.warnings.iter().take(MOST_ROWS) {
        page.note(&Cell::text(warning))?;
    }
    page.more(capture.warnings.len())?;
    for limit in LIMITS {
        page.note(&Cell::text(limit.of(page.lang)))?;
    }
    if capture.weird.is_empty() {
        return Ok(());
    }
    page.section(&word(
        "規格外・打ち切りの件数",
        "Traffic that breaks a standard, or was cut off by a bound",
    ))?;
    for (name, count) in capture.weird.iter().take(MOST_ROWS) {
        page.line(&[Cell::text(name), Cell::Count(*count)])?;
    }
    page.more(capture.weird.len())
}

fn legend(page: &mut Page) -> Result<(), XlsxError> {
    let (ours, theirs) = (page.style.heading.clone(), page.style.person_heading.clone());
    let to_fill = page.style.cell(Kind::Text, true);
    page.section(&word("凡例", "Legend"))?;
    page.sample(
        &ours,
        &word("青い見出し", "Blue heading"),
        &word("観測データから自動で記入した列", "Filled from the capture"),
    )?;
    page.sample(
        &theirs,
        &word("黄土色の見出し", "Ochre heading"),
        &word("人が記入・確認する列", "For people to fill or confirm"),
    )?;
    page.sample(
        &to_fill,
        &word("薄い黄色のセル", "Light cell"),
        &word(
            "人が記入・確認するセル（文字がある場合は提案値）",
            "For people to fill or confirm; what stands there is a proposal",
        ),
    )
}
