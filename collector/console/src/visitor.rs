//! Who asks, in which language: cookies of a request, and what a signed-in person's pages carry.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use sekisho_report::{Lang, text};

use crate::server::Peer;
use crate::site::App;

/// `__Host-`: of this host alone, over TLS alone (RFC 6265bis §4.1.3.2).
pub(crate) const SESSION: &str = "__Host-session";
pub(crate) const FORM: &str = "__Host-form";
pub(crate) const LANG: &str = "__Host-lang";

/// Anybody, signed in or not.
pub(crate) struct Anybody {
    pub(crate) lang: Lang,
    pub(crate) ip: IpAddr,
    pub(crate) form: Option<String>,
    pub(crate) session: Option<String>,
}

impl FromRequestParts<Arc<App>> for Anybody {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Infallible> {
        let named = asked_lang(parts.uri.query()).or_else(|| cookie(parts, LANG).as_deref().and_then(lang));
        let ip = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0);
        Ok(Self {
            lang: named.unwrap_or_default(),
            ip,
            form: cookie(parts, FORM),
            session: cookie(parts, SESSION),
        })
    }
}

/// Somebody who has signed in, and the frame of the page they ask for.
pub(crate) struct Visitor {
    pub(crate) frame: Frame,
    pub(crate) token: String,
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let Ok(anybody) = Anybody::from_request_parts(parts, app).await;
        let signed_in = anybody.session.and_then(|token| {
            let mut sessions = app.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.csrf(&token, Instant::now()).map(|csrf| (token, csrf))
        });
        let Some((token, csrf)) = signed_in else {
            let to = if app.password.code().is_some() { "/setup" } else { "/sign-in" };
            return Err(Redirect::to(to).into_response());
        };
        let frame = Frame {
            lang: anybody.lang,
            csrf,
            path: local(parts.uri.path()),
            query: parts.uri.query().unwrap_or_default().to_owned(),
        };
        Ok(Self { frame, token })
    }
}

/// Gives a path as an address of this host: a browser takes what follows two slashes for another host's
/// name, and a backslash for a slash.
fn local(path: &str) -> String {
    format!("/{}", path.trim_start_matches(['/', '\\']))
}

/// What every page has around its own.
pub(crate) struct Frame {
    pub(crate) lang: Lang,
    /// Empty where nobody has signed in.
    pub(crate) csrf: String,
    pub(crate) path: String,
    pub(crate) query: String,
}

impl Frame {
    /// Gives a text of the catalogue.
    pub(crate) fn t<'k>(&self, key: &'k str) -> &'k str {
        text(self.lang, key)
    }

    pub(crate) fn slug(&self) -> &'static str {
        if self.lang == Lang::Ja { "ja" } else { "en" }
    }

    pub(crate) fn is_at(&self, path: &str) -> bool {
        self.path == path
            || (self.path.starts_with(path) && self.path.get(path.len()..=path.len()) == Some("/"))
    }

    /// Gives the address of the same page in the other language.
    pub(crate) fn other(&self) -> String {
        let other = if self.lang == Lang::Ja { "en" } else { "ja" };
        let kept = form_urlencoded::parse(self.query.as_bytes()).filter(|(name, _)| name != "lang");
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(kept).append_pair("lang", other);
        format!("{}?{}", self.path, pairs.finish())
    }
}

/// The language that an address asks for.
pub(crate) fn asked_lang(query: Option<&str>) -> Option<Lang> {
    let mut pairs = form_urlencoded::parse(query?.as_bytes());
    pairs.find(|(name, _)| name == "lang").and_then(|(_, value)| lang(&value))
}

fn lang(slug: &str) -> Option<Lang> {
    match slug {
        "ja" => Some(Lang::Ja),
        "en" => Some(Lang::En),
        _ => None,
    }
}

fn cookie(parts: &Parts, name: &str) -> Option<String> {
    let lines = parts.headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_leads_to_another_host() {
        // (asked for, given)
        let cases = [
            ("/connections", "/connections"),
            ("/", "/"),
            ("//host.example/x", "/host.example/x"),
            ("///host.example", "/host.example"),
            ("/\\host.example", "/host.example"),
            ("/a//b", "/a//b"),
        ];
        for (asked, given) in cases {
            assert_eq!(local(asked), given, "{asked}");
        }
    }
}
