//! What the list shows, as CSV and as workbook: the rows of the same query, in the same order.

use std::fmt::Display;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use sekisho_api::{Analysis, Connection};
use sekisho_ledger::{HistoryQuery, LedgerError, Reader};
use sekisho_report::Survey;
use sekisho_report::change::row as worded;

use crate::asked::Asked;
use crate::site::{App, told};
use crate::visitor::{Frame, Visitor};

/// A file is made whole in memory, on a box of 1 GiB: some 2 KiB a row. More rows are asked for in
/// parts, by site or filter, or from the command line.
const MAX_ROWS: u32 = 20_000;

pub(crate) async fn csv(
    State(app): State<Arc<App>>,
    Visitor { frame, .. }: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    let Ok(_permit) = app.exporting.acquire().await else {
        return told(frame, StatusCode::SERVICE_UNAVAILABLE, "console.busy");
    };
    let (query, lang, zone) = (whole(&asked), frame.lang, app.zone.clone());
    let made = app.readers.read(move |ledger| {
        let rows = listed(ledger, &query)?;
        let file = || {
            let mut file = Vec::new();
            sekisho_report::csv::connections(&mut file, &rows, lang, &zone).map(|()| file)
        };
        Ok(fits(&rows).then(file))
    });
    let Some(made) = made.await else {
        return told(frame, StatusCode::SERVICE_UNAVAILABLE, "console.no-ledger");
    };
    answer(frame, made, "text/csv; charset=utf-8", "csv")
}

pub(crate) async fn xlsx(
    State(app): State<Arc<App>>,
    Visitor { frame, .. }: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    let Ok(_permit) = app.exporting.acquire().await else {
        return told(frame, StatusCode::SERVICE_UNAVAILABLE, "console.busy");
    };
    let (query, lang, zone) = (whole(&asked), frame.lang, app.zone.clone());
    let made = app.readers.read(move |ledger| {
        let connections = listed(ledger, &query)?;
        if !fits(&connections) {
            return Ok(None);
        }
        let site = query.site.clone();
        // Beside the list the site as a whole; of the connections only those that are shown.
        let of_site = sekisho_ledger::Query { site: site.clone(), limit: Some(0), ..Default::default() };
        let capture = ledger.analysis(&of_site)?.capture;
        let of_site = sekisho_ledger::Query { limit: Some(MAX_ROWS), ..of_site };
        let devices = ledger.devices(&of_site)?.into_iter().map(|row| row.row).collect();
        let exits = ledger.exits(&of_site)?.into_iter().map(|row| row.row).collect();
        let of = HistoryQuery { site, limit: Some(MAX_ROWS), ..HistoryQuery::default() };
        let history: Vec<_> =
            ledger.history(&of)?.into_iter().map(|change| worded(change, lang, &zone)).collect();
        let of =
            sekisho_ledger::Query { site: query.site.clone(), limit: Some(MAX_ROWS), ..Default::default() };
        let inquiries: Vec<_> = ledger.inquiries(&of)?.into_iter().map(|sited| sited.row).collect();
        let survey = Survey { history: &history, inquiries: &inquiries, now: Timestamp::now() };
        let analysis = Analysis { capture, connections, devices, exits };
        Ok(Some(sekisho_report::survey_workbook(&analysis, &survey, lang, &zone)))
    });
    let Some(made) = made.await else {
        return told(frame, StatusCode::SERVICE_UNAVAILABLE, "console.no-ledger");
    };
    answer(frame, made, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")
}

/// Gives the rows of the list: what was seen, then what was declared and never seen.
fn listed(ledger: &Reader, query: &sekisho_ledger::Query) -> Result<Vec<Connection>, LedgerError> {
    let seen = ledger.connections(query)?;
    Ok(seen.into_iter().chain(ledger.unseen(query)?).map(|row| row.row).collect())
}

/// Gives the file, or says why there is none: too many rows, or a fault in the making.
fn answer<E: Display>(
    frame: Frame,
    made: Option<Result<Vec<u8>, E>>,
    kind: &'static str,
    ending: &str,
) -> Response {
    match made {
        Some(Ok(file)) => download(file, kind, ending),
        Some(Err(error)) => {
            tracing::error!(%error, ending, "cannot make a file");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        None => told(frame, StatusCode::UNPROCESSABLE_ENTITY, "console.too-many-rows"),
    }
}

/// The query of a list from its beginning, and one row more than are given out.
fn whole(asked: &Asked) -> sekisho_ledger::Query {
    sekisho_ledger::Query { limit: Some(MAX_ROWS + 1), after: None, ..asked.query() }
}

fn fits(rows: &[Connection]) -> bool {
    rows.len() <= MAX_ROWS as usize
}

fn download(file: Vec<u8>, kind: &'static str, ending: &str) -> Response {
    // 外部接続先一覧 in RFC 8187 form; older browsers take the plain name.
    let name = format!(
        "attachment; filename=\"connections.{ending}\"; \
         filename*=UTF-8''%E5%A4%96%E9%83%A8%E6%8E%A5%E7%B6%9A%E5%85%88%E4%B8%80%E8%A6%A7.{ending}"
    );
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, name)], file).into_response()
}
