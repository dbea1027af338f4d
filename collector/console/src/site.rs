//! The addresses of the pages, what all of them share, and the headers of every answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use jiff::tz::TimeZone;
use sekisho_report::Lang;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::guard::Guard;
use crate::password::Password;
use crate::readers::Readers;
use crate::session::Sessions;
use crate::settings::Settings;
use crate::visitor::{Frame, LANG, Visitor, asked_lang};
use crate::{connection, connections, export, lists, sign};

/// A form is a password and two tokens.
const MAX_BODY_BYTES: usize = 8 * 1024;
/// A workbook of as many rows as are given out, on a busy box.
const ANSWER: Duration = Duration::from_mins(2);
/// Nothing but this program's own style and pictures; no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// What all pages share.
pub(crate) struct App {
    pub(crate) readers: Readers,
    pub(crate) password: Password,
    pub(crate) sessions: Mutex<Sessions>,
    pub(crate) guard: Mutex<Guard>,
    /// One hash at a time: each takes 19 MiB and a core.
    pub(crate) hashing: Arc<Semaphore>,
    /// One file at a time: each is whole in memory.
    pub(crate) exporting: Arc<Semaphore>,
    pub(crate) zone: TimeZone,
}

impl App {
    pub(crate) fn new(settings: Settings, password: Password) -> Self {
        Self {
            readers: Readers::new(settings.ledger),
            password,
            sessions: Mutex::default(),
            guard: Mutex::default(),
            hashing: Arc::new(Semaphore::new(1)),
            exporting: Arc::new(Semaphore::new(1)),
            zone: settings.zone,
        }
    }
}

/// Gives the pages by their addresses.
pub(crate) fn pages(app: &Arc<App>) -> Router {
    Router::new()
        .route("/", get(async |_: Visitor| Redirect::to("/connections")))
        .route("/setup", get(sign::setup).post(sign::set_up))
        .route("/sign-in", get(sign::form).post(sign::sign_in))
        .route("/sign-out", post(sign::sign_out))
        .route("/connections", get(connections::page))
        .route("/connections.csv", get(export::csv))
        .route("/connections.xlsx", get(export::xlsx))
        .route("/connections/{site}/{number}", get(connection::page))
        .route("/exits", get(lists::exits))
        .route("/devices", get(lists::devices))
        .route("/sites", get(lists::sites))
        .route(
            "/style.css",
            get(async || ([(CONTENT_TYPE, "text/css")], include_str!("../assets/style.css"))),
        )
        .route(
            "/favicon.ico",
            get(async || ([(CONTENT_TYPE, "image/svg+xml")], include_str!("../assets/mark.svg"))),
        )
        .fallback(async |Visitor { frame, .. }: Visitor| {
            told(frame, StatusCode::NOT_FOUND, "console.no-page")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(guarded))
        .with_state(Arc::clone(app))
}

/// Bounds an answer's time, and adds what the browser must keep to.
async fn guarded(request: Request, next: Next) -> Response {
    let lang = asked_lang(request.uri().query());
    let answer = timeout(ANSWER, next.run(request)).await;
    let mut answer = answer.unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response());
    let headers = answer.headers_mut();
    let fixed = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(lang) = lang {
        let slug = if lang == Lang::Ja { "ja" } else { "en" };
        set_cookie(&mut answer, LANG, slug, Duration::from_hours(365 * 24));
    }
    answer
}

/// Sets a cookie that scripts and other sites do not see.
pub(crate) fn set_cookie(answer: &mut Response, name: &str, value: &str, life: Duration) {
    let text =
        format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={}", life.as_secs());
    // Names and values are this program's own tokens.
    if let Ok(text) = HeaderValue::from_str(&text) {
        answer.headers_mut().append(SET_COOKIE, text);
    }
}

/// Draws a page.
pub(crate) fn drawn(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot draw a page");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "told.html")]
struct Told {
    frame: Frame,
    key: &'static str,
}

/// Draws a page that tells a person one thing.
pub(crate) fn told(frame: Frame, status: StatusCode, key: &'static str) -> Response {
    (status, drawn(&Told { frame, key })).into_response()
}
