//! What the list shows, as CSV and as workbook: the rows of the same query, in the same order.

use std::fmt::Display;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use sekisho_api::Connection;
use sekisho_ledger::{LedgerError, NoSurvey, Reader};

use crate::asked::Asked;
use crate::site::{App, told};
use crate::visitor::{Frame, Visitor};

/// A file is made whole in memory, on a box of 1 GiB: some 2 KiB a row. More rows are asked for in
/// parts, by site or filter, or from the command line.
const MAX_ROWS: u32 = 20_000;
const NO_LEDGER: &str = "console.no-ledger";

pub(crate) async fn csv(
    State(app): State<Arc<App>>,
    Visitor { frame, .. }: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    let query = sekisho_ledger::Query {
        limit: Some(MAX_ROWS + 1),
        after: None,
        // The file has no column for them.
        without_hours: true,
        ..asked.query()
    };
    let (lang, zone) = (frame.lang, app.zone.clone());
    let made = made(&app, move |ledger| {
        let mut rows = ledger.connections(&query)?;
        rows.extend(ledger.not_seen(&query)?);
        if rows.len() > MAX_ROWS as usize {
            return Ok(Err("console.too-many-rows"));
        }
        let several = query.site.is_none() && ledger.site_names()?.len() > 1;
        let mut file = Vec::new();
        let written = if several {
            sekisho_report::csv::sited_connections(&mut file, &rows, lang, &zone)
        } else {
            let rows: Vec<Connection> = rows.into_iter().map(|row| row.row).collect();
            sekisho_report::csv::connections(&mut file, &rows, lang, &zone)
        };
        Ok(Ok(written.map(|()| file)))
    });
    answer(frame, made.await, "text/csv; charset=utf-8", "csv")
}

pub(crate) async fn xlsx(
    State(app): State<Arc<App>>,
    Visitor { frame, .. }: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    let query = asked.query();
    let (lang, zone) = (frame.lang, app.zone.clone());
    let made = made(&app, move |ledger| {
        // Beside the list the site as a whole; of the connections only those that are shown.
        let survey = match ledger.survey(&query, MAX_ROWS)? {
            Ok(survey) => survey,
            Err(NoSurvey::TooMany) => return Ok(Err("console.too-many-rows")),
            Err(NoSurvey::SeveralSites) => return Ok(Err("console.several-sites")),
        };
        Ok(Ok(sekisho_report::site_workbook(&survey, Timestamp::now(), lang, &zone)))
    });
    answer(frame, made.await, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")
}

/// A file, a fault in the making, or a text of the catalogue that says why there is none.
type Made<E> = Result<Result<Vec<u8>, E>, &'static str>;

/// Makes a file, one at a time: also while nobody waits for it any more, for it is made to its end.
async fn made<E: Send + 'static>(
    app: &App,
    make: impl FnOnce(&Reader) -> Result<Made<E>, LedgerError> + Send + 'static,
) -> Made<E> {
    let Ok(permit) = Arc::clone(&app.exporting).acquire_owned().await else { return Err("console.busy") };
    let made = app.readers.read(move |ledger| {
        let _permit = permit;
        make(ledger)
    });
    made.await.unwrap_or(Err(NO_LEDGER))
}

/// Gives the file, or says why there is none.
fn answer<E: Display>(frame: Frame, made: Made<E>, kind: &'static str, ending: &str) -> Response {
    match made {
        Ok(Ok(file)) => download(file, kind, ending),
        Ok(Err(error)) => {
            tracing::error!(%error, ending, "cannot make a file");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(NO_LEDGER) => told(frame, StatusCode::SERVICE_UNAVAILABLE, NO_LEDGER),
        Err(why) => told(frame, StatusCode::UNPROCESSABLE_ENTITY, why),
    }
}

fn download(file: Vec<u8>, kind: &'static str, ending: &str) -> Response {
    // 外部接続先一覧 in RFC 8187 form; older browsers take the plain name.
    let name = format!(
        "attachment; filename=\"connections.{ending}\"; \
         filename*=UTF-8''%E5%A4%96%E9%83%A8%E6%8E%A5%E7%B6%9A%E5%85%88%E4%B8%80%E8%A6%A7.{ending}"
    );
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, name)], file).into_response()
}
