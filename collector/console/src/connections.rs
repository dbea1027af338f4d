//! The list of external connections, page by page.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_api::{CATEGORIES, GENERAL_INTERNET};
use sekisho_ledger::Count;
use sekisho_report::{label, zone_name};

use crate::asked::Asked;
use crate::site::{App, drawn, told};
use crate::view::{Row, row};
use crate::visitor::{Frame, Visitor};

/// A page to read down, not to scroll for ever.
const ROWS: u32 = 100;
/// A list to choose from holds no more sites than a person reads; beyond, the address names the site.
const MAX_CHOICES: usize = 500;

#[derive(Template)]
#[template(path = "connections.html")]
struct Page {
    frame: Frame,
    asked: Asked,
    rows: Vec<Row>,
    count: Count,
    sites: Vec<String>,
    categories: Vec<(&'static str, String)>,
    statuses: Vec<(&'static str, String)>,
    first: Option<String>,
    next: Option<String>,
    csv: String,
    xlsx: String,
    zone: String,
}

/// The statuses that the ledger knows.
const STATUSES: [&str; 5] = ["unregistered", "registered", "expired", "outside-hours", "unseen"];

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    Visitor { frame, .. }: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    let query = sekisho_ledger::Query { limit: Some(ROWS), ..asked.query() };
    let read = app.readers.read(move |ledger| {
        let sites: Vec<String> = ledger.site_names()?;
        let (mut page, mut count) = (ledger.page(&query)?, ledger.count(&query)?);
        // What was declared and never seen stands after all that was seen.
        let unseen = ledger.unseen(&sekisho_ledger::Query { limit: None, ..query })?;
        count.connections = count.connections.saturating_add(unseen.len() as u64);
        if page.next.is_none() {
            page.rows.extend(unseen);
        }
        Ok((page, count, sites))
    });
    let Some((page, count, sites)) = read.await else {
        return told(frame, StatusCode::SERVICE_UNAVAILABLE, "console.no-ledger");
    };
    let lang = frame.lang;
    let named = |kind: &'static str| move |slug: &'static str| (slug, label(lang, kind, slug).into_owned());
    let newest = page.rows.first().map(|first| first.row.last_seen).unwrap_or_default();
    drawn(&Page {
        rows: page.rows.iter().map(|sited| row(sited, lang, &app.zone)).collect(),
        count,
        sites: sites.into_iter().take(MAX_CHOICES).collect(),
        categories: CATEGORIES.into_iter().chain([GENERAL_INTERNET]).map(named("category")).collect(),
        statuses: STATUSES.into_iter().map(named("status")).collect(),
        first: (!asked.after.is_empty()).then(|| asked.address("/connections", None)),
        next: page.next.map(|next| asked.address("/connections", Some(&next))),
        csv: asked.address("/connections.csv", None),
        xlsx: asked.address("/connections.xlsx", None),
        zone: zone_name(&app.zone, newest),
        frame,
        asked,
    })
}

impl Page {
    /// The summary above the list.
    fn summary(&self) -> String {
        let values: [(&str, &dyn std::fmt::Display); 3] = [
            ("connections", &self.count.connections),
            ("unregistered", &self.count.unregistered),
            ("tunnels", &self.count.tunnels),
        ];
        sekisho_report::fill(self.frame.lang, "console.count", &values)
    }
}
