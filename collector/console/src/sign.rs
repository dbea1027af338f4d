//! Setting the password, signing in, signing out.
//!
//! Forms before a session carry a token that a cookie repeats (OWASP, "Signed Double-Submit" without the
//! signature: a `__Host-` cookie cannot be planted from elsewhere); forms of a session carry its own.

use std::net::IpAddr;
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
    let set = tried(&app, anybody.ip, move |app| {
        // Asked and set under one permit: a code serves once.
        app.password.is_code(&sent.code).then(|| app.password.set(&sent.password))
    });
    match set.await {
        Tried::Right(Ok(())) => begin(&app, &anybody),
        Tried::Right(Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot keep the password");
            shown(&anybody, true, StatusCode::INTERNAL_SERVER_ERROR, "console.password-not-kept")
        }
        Tried::Wrong => shown(&anybody, true, StatusCode::UNAUTHORIZED, "console.wrong-code"),
        Tried::LockedOut => locked_out(&anybody, true),
        Tried::Not => shown(&anybody, true, StatusCode::SERVICE_UNAVAILABLE, "console.busy"),
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
    let verify = move |app: &App| (right && app.password.verify(&sent.password)).then_some(());
    match tried(&app, anybody.ip, verify).await {
        Tried::Right(()) => begin(&app, &anybody),
        Tried::Wrong => shown(&anybody, false, StatusCode::UNAUTHORIZED, "console.wrong-password"),
        Tried::LockedOut => locked_out(&anybody, false),
        Tried::Not => shown(&anybody, false, StatusCode::SERVICE_UNAVAILABLE, "console.busy"),
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
    must_wait(app, anybody.ip).then(|| locked_out(anybody, setting_up))
}

fn must_wait(app: &App, ip: IpAddr) -> bool {
    app.guard.lock().unwrap_or_else(PoisonError::into_inner).wait(ip, Instant::now()).is_some()
}

fn locked_out(anybody: &Anybody, setting_up: bool) -> Response {
    shown(anybody, setting_up, StatusCode::TOO_MANY_REQUESTS, "console.locked-out")
}

/// What became of an attempt.
#[derive(Debug, Eq, PartialEq)]
enum Tried<T> {
    Right(T),
    Wrong,
    LockedOut,
    /// The console is ending.
    Not,
}

/// Works with the password on a thread that may take its time, one at a time; the work gives nothing where
/// what was typed is wrong.
///
/// All of it happens on that thread, for who sent the form may hang up at any time: that must neither let
/// another hash begin beside this one nor leave a wrong guess uncounted. And who has failed too often while
/// this one waited for its turn is locked out.
async fn tried<T: Send + 'static>(
    app: &Arc<App>,
    ip: IpAddr,
    work: impl FnOnce(&App) -> Option<T> + Send + 'static,
) -> Tried<T> {
    let Ok(permit) = Arc::clone(&app.hashing).acquire_owned().await else { return Tried::Not };
    let app = Arc::clone(app);
    let tried = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        if must_wait(&app, ip) {
            return Tried::LockedOut;
        }
        let Some(right) = work(&app) else {
            app.guard.lock().unwrap_or_else(PoisonError::into_inner).failed(ip, Instant::now());
            tracing::warn!("somebody failed to sign in to the console");
            return Tried::Wrong;
        };
        Tried::Right(right)
    });
    tried.await.unwrap_or(Tried::Not)
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::mpsc::sync_channel;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::password::Password;
    use crate::settings::Settings;

    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn app(folder: &std::path::Path) -> Arc<App> {
        let settings = Settings {
            ledger: folder.join("ledger.db"),
            state: folder.to_owned(),
            listen: SocketAddr::new(IP, 0),
            zone: TimeZone::UTC,
        };
        Arc::new(App::new(settings, Password::open(folder).unwrap()))
    }

    #[tokio::test]
    async fn who_hangs_up_keeps_the_turn_and_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        for _ in 0..5 {
            let (begun, told) = sync_channel::<()>(1);
            let (go, held) = sync_channel::<()>(1);
            let work = move |_: &App| {
                begun.send(()).unwrap();
                held.recv().unwrap();
                None::<()>
            };
            let its = Arc::clone(&app);
            let request = tokio::spawn(async move { tried(&its, IP, work).await });
            tokio::task::spawn_blocking(move || told.recv().unwrap()).await.unwrap();
            request.abort();
            assert!(request.await.unwrap_err().is_cancelled());
            assert_eq!(app.hashing.available_permits(), 0, "its hash goes on");
            go.send(()).unwrap();
            drop(app.hashing.acquire().await.unwrap());
        }
        assert!(must_wait(&app, IP));
    }

    #[tokio::test]
    async fn guesses_that_wait_for_their_turn_together_are_counted_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let turn = app.hashing.acquire().await.unwrap();
        let guess = |app: &Arc<App>| {
            let app = Arc::clone(app);
            tokio::spawn(async move { tried(&app, IP, |_| None::<()>).await })
        };
        let guesses: Vec<_> = (0..8).map(|_| guess(&app)).collect();
        drop(turn);
        let mut became = Vec::new();
        for guess in guesses {
            became.push(guess.await.unwrap());
        }
        let looked_at = became.iter().filter(|one| **one == Tried::Wrong).count();
        assert_eq!((looked_at, became.len()), (5, 8), "{became:?}");
        assert!(became.ends_with(&[Tried::LockedOut, Tried::LockedOut, Tried::LockedOut]));
    }
}
