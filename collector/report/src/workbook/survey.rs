//! The sheet 外部接続先調査履歴: what was found out when, how and from whom.
//!
//! The rows of the ledger's history are passive observations. Hearings and papers are for people to
//! add below, with the seven days that a vendor has to answer and 期限内回答なし as a result of its own.

use crate::history::HistoryRow;
use crate::text::{Lang, label};

use super::cell::Cell;
use super::column::{Column, Word, word};
use super::style::Kind;

const METHODS: &[Word] = &[
    word("受動観測", "Passive observation"),
    word("SNMP", "SNMP"),
    word("ヒアリング", "Interview"),
    word("書類", "Documents"),
    word("巡回", "Walk-through"),
];
const RESULTS: &[Word] = &[
    word("回答", "Answered"),
    word("一部回答", "Answered in part"),
    word("期限内回答なし", "No answer in time"),
    word("該当なし", "Not applicable"),
];

/// A change and what its cells are told from.
pub(super) struct Row<'a> {
    number: u64,
    change: &'a HistoryRow,
    lang: Lang,
}

/// Numbers the changes in their order.
pub(super) fn rows(history: &[HistoryRow], lang: Lang) -> Vec<Row<'_>> {
    history.iter().zip(1..).map(|(change, number)| Row { number, change, lang }).collect()
}

/// Gives the columns of the survey's history in its order.
#[rustfmt::skip]
pub(super) fn columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        Column::agent(word("履歴番号", "History No."), 10, |row: &Row| Cell::Count(row.number)).of(Kind::Count),
        Column::either(word("接続番号", "Connection No."), 13, connection).of(Kind::Count),
        Column::agent(word("日時", "When"), 18, |row: &Row| Cell::Time(row.change.at)).of(Kind::Time),
        Column::agent(word("調査方法（受動観測・SNMP・ヒアリング・書類・巡回）", "Method (passive observation, SNMP, interview, documents, walk-through)"), 20, method).choices(METHODS),
        Column::person(word("実施者", "By"), 12),
        Column::either(word("対象（部署・事業者・担当者）", "Of whom or what (department, supplier, person)"), 32, |row: &Row| Cell::text(&row.change.subject)),
        Column::agent(word("質問・確認内容", "Question, what was checked"), 24, |row: &Row| Cell::text(label(row.lang, "change", &row.change.kind))),
        Column::either(word("回答・判明事項", "Answer, what was found"), 36, found),
        Column::person(word("回答期限（既定 7日）", "Answer due (7 days unless agreed)"), 14).of(Kind::Date),
        Column::person(word("回答日", "Answered on"), 12).of(Kind::Date),
        Column::person(word("結果（回答・一部回答・期限内回答なし・該当なし）", "Result (answered, in part, no answer in time, not applicable)"), 18).choices(RESULTS),
        Column::agent(word("変更前→変更後", "Before → after"), 36, difference),
        Column::person(word("証跡（ファイル, ハッシュ）", "Trace (file, hash)"), 20),
        Column::person(word("次回予定", "Next on"), 12).of(Kind::Date),
        Column::person(word("工数(時間)", "Effort (hours)"), 10),
    ]
}

/// Gives the number of a subject that is a connection: its label, then its number.
fn connection(row: &Row) -> Cell {
    let subject = row.change.subject.trim();
    let names = [
        "connection".into(),
        label(Lang::Ja, "subject", "connection"),
        label(Lang::En, "subject", "connection"),
    ];
    let rest = names.iter().find_map(|name| subject.strip_prefix(name.as_ref())).unwrap_or(subject);
    let digits = rest.trim_start_matches([' ', '#', ':', '：']);
    let digits = digits.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
    // A bare subject must be the number alone: `192.0.2.1` is an address.
    if rest.len() == subject.len() && digits.len() != subject.len() {
        return Cell::Empty;
    }
    digits.parse().map_or(Cell::Empty, Cell::Count)
}

fn method(row: &Row) -> Cell {
    METHODS.first().map_or(Cell::Empty, |word| Cell::text(word.of(row.lang)))
}

fn found(row: &Row) -> Cell {
    row.change.after.as_ref().map_or(Cell::Empty, Cell::text)
}

fn difference(row: &Row) -> Cell {
    match (&row.change.before, &row.change.after) {
        (None, None) => Cell::Empty,
        (before, after) => {
            let known = |side: &Option<String>| side.clone().unwrap_or_else(|| "–".to_owned());
            Cell::text(format!("{} → {}", known(before), known(after)))
        }
    }
}
