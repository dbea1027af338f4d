//! The sheet 外部接続先調査履歴: what was found out when, how and from whom.
//!
//! First the inquiries of the ledger, with the day on which an answer is due and 期限内回答なし once it has
//! passed; then its history: passive observations, and what people declared. That an inquiry was made or answered
//! is told by the inquiry. People may add to either below.

use jiff::Timestamp;
use sekisho_api::Inquiry;

use crate::history::HistoryRow;
use crate::inquiries::effort;
use crate::text::{Lang, label};

use super::Survey;
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

/// A row and what its cells are told from.
pub(super) struct Row<'a> {
    number: u64,
    what: What<'a>,
    lang: Lang,
    now: Timestamp,
}

/// What a row tells of.
enum What<'a> {
    /// What was seen.
    Change(&'a HistoryRow),
    /// What was asked.
    Inquiry(&'a Inquiry),
}

/// Numbers what was asked, then what was seen, each in its order.
pub(super) fn rows<'a>(survey: &Survey<'a>, lang: Lang) -> Vec<Row<'a>> {
    let asked = survey.inquiries.iter().map(What::Inquiry);
    let is_told = |row: &&HistoryRow| row.kind == "asked" || (row.kind == "answered" && row.before.is_none());
    let history = survey.history.iter().filter(|row| survey.inquiries.is_empty() || !is_told(row));
    let all = asked.chain(history.map(What::Change)).zip(1..);
    all.map(|(what, number)| Row { number, what, lang, now: survey.now }).collect()
}

/// Gives the columns of the survey's history in its order.
#[rustfmt::skip]
pub(super) fn columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        Column::agent(word("履歴番号", "History No."), 10, |row: &Row| Cell::Count(row.number)).of(Kind::Count),
        Column::either(word("接続番号", "Connection No."), 13, connection).of(Kind::Count),
        Column::agent(word("日時", "When"), 18, when).of(Kind::Time),
        Column::either(word("調査方法（受動観測・SNMP・ヒアリング・書類・巡回）", "Method (passive observation, SNMP, interview, documents, walk-through)"), 20, method).choices(METHODS),
        Column::proposed(word("実施者", "By"), 12, by),
        Column::either(word("対象（部署・事業者・担当者）", "Of whom or what (department, supplier, person)"), 32, subject),
        Column::agent(word("質問・確認内容", "Question, what was checked"), 24, question),
        Column::either(word("回答・判明事項", "Answer, what was found"), 36, found),
        Column::proposed(word("回答期限（既定 7日）", "Answer due (7 days unless agreed)"), 14, |row: &Row| day(row, |one| Some(one.due))).of(Kind::Date),
        Column::proposed(word("回答日", "Answered on"), 12, |row: &Row| day(row, |one| one.answered)).of(Kind::Date),
        Column::proposed(word("結果（回答・一部回答・期限内回答なし・該当なし）", "Result (answered, in part, no answer in time, not applicable)"), 18, result).choices(RESULTS),
        Column::agent(word("変更前→変更後", "Before → after"), 36, difference),
        Column::proposed(word("証跡（ファイル, ハッシュ）", "Trace (file, hash)"), 20, proofs),
        Column::proposed(word("次回予定", "Next on"), 12, |row: &Row| asked(row, |one| one.next.clone())),
        Column::proposed(word("工数(時間)", "Effort (hours)"), 10, |row: &Row| asked(row, |one| Some(effort(one.minutes)))),
    ]
}

fn by(row: &Row) -> Cell {
    match &row.what {
        What::Change(change) => change.by.as_ref().map_or(Cell::Empty, Cell::text),
        What::Inquiry(inquiry) => Cell::text(&inquiry.by),
    }
}

fn asked(row: &Row, say: fn(&Inquiry) -> Option<String>) -> Cell {
    match &row.what {
        What::Change(_) => Cell::Empty,
        What::Inquiry(inquiry) => say(inquiry).map_or(Cell::Empty, Cell::text),
    }
}

fn day(row: &Row, say: fn(&Inquiry) -> Option<Timestamp>) -> Cell {
    match &row.what {
        What::Change(_) => Cell::Empty,
        What::Inquiry(inquiry) => say(inquiry).map_or(Cell::Empty, Cell::Time),
    }
}

fn when(row: &Row) -> Cell {
    match &row.what {
        What::Change(change) => Cell::Time(change.at),
        What::Inquiry(inquiry) => Cell::Time(inquiry.asked),
    }
}

fn subject(row: &Row) -> Cell {
    match &row.what {
        What::Change(change) => Cell::text(&change.subject),
        What::Inquiry(inquiry) => Cell::text(&inquiry.counterpart),
    }
}

fn question(row: &Row) -> Cell {
    match &row.what {
        What::Change(change) => Cell::text(label(row.lang, "change", &change.kind)),
        What::Inquiry(inquiry) => Cell::text(&inquiry.question),
    }
}

/// What came of it; one that waits for its answer is left to people.
fn result(row: &Row) -> Cell {
    match &row.what {
        What::Change(_) => Cell::Empty,
        What::Inquiry(inquiry) => match inquiry.state(row.now) {
            "waiting" => Cell::Empty,
            state => Cell::text(label(row.lang, "outcome", state)),
        },
    }
}

fn proofs(row: &Row) -> Cell {
    match &row.what {
        What::Change(_) => Cell::Empty,
        What::Inquiry(inquiry) => Cell::lines(crate::inquiries::proofs(inquiry).into_iter().map(Some)),
    }
}

/// Gives the number of a subject that is a connection: its label, then its number.
fn connection(row: &Row) -> Cell {
    let change = match &row.what {
        What::Change(change) => change,
        What::Inquiry(inquiry) => {
            let number = inquiry.connection.and_then(|number| u64::try_from(number).ok());
            return number.map_or(Cell::Empty, Cell::Count);
        }
    };
    let subject = change.subject.trim();
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
    match &row.what {
        // How people came to know what they declared, they tell.
        What::Change(change) if change.by.is_some() => Cell::Empty,
        What::Change(_) => METHODS.first().map_or(Cell::Empty, |word| Cell::text(word.of(row.lang))),
        What::Inquiry(inquiry) => Cell::text(label(row.lang, "method", &inquiry.method)),
    }
}

fn found(row: &Row) -> Cell {
    let said = match &row.what {
        What::Change(change) => &change.after,
        What::Inquiry(inquiry) => &inquiry.answer,
    };
    said.as_ref().map_or(Cell::Empty, Cell::text)
}

fn difference(row: &Row) -> Cell {
    let What::Change(change) = &row.what else { return Cell::Empty };
    match (&change.before, &change.after) {
        (None, None) => Cell::Empty,
        (before, after) => {
            let known = |side: &Option<String>| side.clone().unwrap_or_else(|| "–".to_owned());
            Cell::text(format!("{} → {}", known(before), known(after)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_declared_is_no_observation_and_an_inquiry_is_told_once() {
        let row = |kind: &str, before: Option<&str>, by: Option<&str>| HistoryRow {
            at: Timestamp::UNIX_EPOCH,
            site: "example".to_owned(),
            kind: kind.to_owned(),
            subject: "外部接続 1".to_owned(),
            before: before.map(str::to_owned),
            after: None,
            by: by.map(str::to_owned),
        };
        let history = [
            row("asked", None, Some("hosoda")),
            row("answered", None, Some("hosoda")),
            row("answered", Some("another answer"), Some("hosoda")),
            row("registered", None, Some("hosoda")),
            row("appeared", None, None),
        ];
        let inquiries = [Inquiry { by: "survey".to_owned(), ..Inquiry::default() }];
        let survey = Survey { history: &history, inquiries: &inquiries, now: Timestamp::UNIX_EPOCH };
        let told: Vec<_> = rows(&survey, Lang::Ja).iter().map(|row| (by(row), method(row))).collect();
        let passive = Cell::text("受動観測");
        let hosoda = Cell::text("hosoda");
        assert_eq!(told.len(), 4);
        assert_eq!(told[0].0, Cell::text("survey"));
        assert_eq!(told[1..3], [(hosoda.clone(), Cell::Empty), (hosoda, Cell::Empty)]);
        assert_eq!(told[3], (Cell::Empty, passive));
        let without = Survey { inquiries: &[], ..survey };
        assert_eq!(rows(&without, Lang::Ja).len(), 5, "nothing else tells of them");
    }
}
