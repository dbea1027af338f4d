//! Setting the password, signing in, signing out.
//!
//! Forms before a session carry a token that a cookie repeats (OWASP, "Signed Double-Submit" without the
//! signature: a `__Host-` cookie cannot be planted from elsewhere); forms of a session carry its own.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::password::{MAX_BYTES, MIN_CHARS, sha256};
use crate::session::{LIFE, token};
use crate::site::{App, drawn, set_cookie, told};
use crate::visitor::{Anybody, FORM, Frame, SESSION, Visitor};

#[derive(Template)]
#[template(path = "sign.html")]
struct Page {
    frame: Frame,
    form: String,
    setting_up: bool,
    /// A key of the catalogue; empty where nothing is wrong.
    wrong: &'static str,
    min_chars: usize,
}

/// What a form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    form: String,
    code: String,
    password: String,
    again: String,
}

pub(crate) async fn setup(State(app): State<Arc<App>>, anybody: Anybody) -> Response {
    if app.password.code().is_none() {
        return Redirect::to("/sign-in").into_response();
    }
    shown(&anybody, true, StatusCode::OK, "")
}

pub(crate) async fn form(State(app): State<Arc<App>>, anybody: Anybody) -> Response {
    if app.password.code().is_some() {
        return Redirect::to("/setup").into_response();
    }
    shown(&anybody, false, StatusCode::OK, "")
}

/// Sets the password with the code that the box printed.
pub(crate) async fn set_up(
    State(app): State<Arc<App>>,
    anybody: Anybody,
    Form(sent): Form<Sent>,
) -> Response {
    if app.password.code().is_none() {
        return Redirect::to("/sign-in").into_response();
    }
    if let Some(refused) = refused(&app, &anybody, &sent, true) {
        return refused;
    }
    let wrong = if sent.password.chars().count() < MIN_CHARS || sent.password.len() > MAX_BYTES {
        "console.password-length"
    } else if sent.password != sent.again {
        "console.password-differs"
    } else {
        ""
    };
    if !wrong.is_empty() {
        return shown(&anybody, true, StatusCode::UNPROCESSABLE_ENTITY, wrong);
    }
    let set = hashed(&app, move |app| {
        // Asked and set under one permit: a code serves once.
        app.password.is_code(&sent.code).then(|| app.password.set(&sent.password))
    });
    match set.await {
        Some(Some(Ok(()))) => begin(&app, &anybody),
        Some(Some(Err(error))) => {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot keep the password");
            shown(&anybody, true, StatusCode::INTERNAL_SERVER_ERROR, "console.password-not-kept")
        }
        Some(None) => failed(&app, &anybody, true, "console.wrong-code"),
        None => shown(&anybody, true, StatusCode::SERVICE_UNAVAILABLE, "console.busy"),
    }
}

pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    anybody: Anybody,
    Form(sent): Form<Sent>,
) -> Response {
    if let Some(refused) = refused(&app, &anybody, &sent, false) {
        return refused;
    }
    let right = sent.password.len() <= MAX_BYTES;
    match hashed(&app, move |app| right && app.password.verify(&sent.password)).await {
        Some(true) => begin(&app, &anybody),
        Some(false) => failed(&app, &anybody, false, "console.wrong-password"),
        None => shown(&anybody, false, StatusCode::SERVICE_UNAVAILABLE, "console.busy"),
    }
}

/// What a form of a session sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Leaving {
    csrf: String,
}

pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Form(sent): Form<Leaving>,
) -> Response {
    if sha256(&sent.csrf) != sha256(&visitor.frame.csrf) {
        return told(visitor.frame, StatusCode::FORBIDDEN, "console.stale-form");
    }
    app.sessions.lock().unwrap_or_else(PoisonError::into_inner).end(&visitor.token);
    let mut answer = Redirect::to("/sign-in").into_response();
    set_cookie(&mut answer, SESSION, "", Duration::ZERO);
    answer
}

/// Refuses a form that was not this console's, and who has to wait.
fn refused(app: &App, anybody: &Anybody, sent: &Sent, setting_up: bool) -> Option<Response> {
    let own =
        anybody.form.as_deref().is_some_and(|form| !form.is_empty() && sha256(form) == sha256(&sent.form));
    if !own {
        return Some(shown(anybody, setting_up, StatusCode::FORBIDDEN, "console.stale-form"));
    }
    let wait = app.guard.lock().unwrap_or_else(PoisonError::into_inner).wait(anybody.ip, Instant::now());
    wait.map(|_| shown(anybody, setting_up, StatusCode::TOO_MANY_REQUESTS, "console.locked-out"))
}

/// Works with the password on a thread that may take its time, one at a time.
async fn hashed<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce(&App) -> T + Send + 'static,
) -> Option<T> {
    let _permit = app.hashing.acquire().await.ok()?;
    let app = Arc::clone(app);
    tokio::task::spawn_blocking(move || work(&app)).await.ok()
}

fn failed(app: &App, anybody: &Anybody, setting_up: bool, wrong: &'static str) -> Response {
    app.guard.lock().unwrap_or_else(PoisonError::into_inner).failed(anybody.ip, Instant::now());
    tracing::warn!("somebody failed to sign in to the console");
    shown(anybody, setting_up, StatusCode::UNAUTHORIZED, wrong)
}

fn begin(app: &App, anybody: &Anybody) -> Response {
    app.guard.lock().unwrap_or_else(PoisonError::into_inner).succeeded(anybody.ip);
    let begun = app.sessions.lock().unwrap_or_else(PoisonError::into_inner).begin(Instant::now());
    let Ok(token) = begun else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    tracing::info!("somebody signed in to the console");
    let mut answer = Redirect::to("/connections").into_response();
    set_cookie(&mut answer, SESSION, &token, LIFE);
    set_cookie(&mut answer, FORM, "", Duration::ZERO);
    answer
}

fn shown(anybody: &Anybody, setting_up: bool, status: StatusCode, wrong: &'static str) -> Response {
    let known = anybody.form.clone().filter(|form| form.len() == 64);
    let Some(form) = known.or_else(|| token().ok()) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let path = if setting_up { "/setup" } else { "/sign-in" };
    let frame =
        Frame { lang: anybody.lang, csrf: String::new(), path: path.to_owned(), query: String::new() };
    let page = Page { frame, form: form.clone(), setting_up, wrong, min_chars: MIN_CHARS };
    let mut answer = (status, drawn(&page)).into_response();
    set_cookie(&mut answer, FORM, &form, LIFE);
    answer
}
