//! What boxes are answered: the HTTP API under `/v1`.
//!
//! Which site asks is told by the key of the TLS connection, looked up for every request; no body, path or
//! header can name another. Bodies are bounded before and after unpacking, each and all together (`body`).

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use jiff::Timestamp;
use sekisho_api::enrol::{EnrolRequest, Enrolled, Refusal, RenewRequest, Renewed};
use sekisho_api::sync::{Answer, Batch, Outcome};
use sekisho_ledger::{Intake, Invitation, LedgerError, NotInvited, Reader, Sound};
use sekisho_sync::{MAX_BODY_BYTES, PackError, Proven, Side, agree, pack, prove, unhex, unpack};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::body::{self, MAX_STRANGER_BYTES, Room, Unread};
use crate::figures::Figures;
use crate::home::Home;
use crate::openapi::document;
use crate::writers::Writers;

/// What a TLS connection tells of the other end.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The point of the key of its certificate, if it has one of our CA.
    pub(crate) public_key: Option<String>,
    /// The exporter that enrolment is bound to.
    pub(crate) exporter: [u8; 32],
    /// The certificate that we showed.
    pub(crate) certificate: Arc<Vec<u8>>,
}

/// What requests work on.
pub(crate) struct App {
    pub(crate) home: Home,
    /// Where batches are taken in.
    pub(crate) writers: Writers,
    /// Where boxes are taken in.
    pub(crate) intake: Mutex<Intake>,
    /// Where it is looked up whose key is whose, which waits for nobody who writes.
    pub(crate) keys: Mutex<Reader>,
    pub(crate) room: Room,
    pub(crate) figures: Figures,
}

/// A request that is refused.
#[derive(Debug)]
pub(crate) struct Refused(StatusCode, &'static str, String);

impl Refused {
    fn of(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self(status, code, message.into())
    }
}

impl From<Unread> for Refused {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::TooLarge => {
                let message = format!("a body of more octets than it may have, {MAX_BODY_BYTES} at most");
                Self::of(StatusCode::PAYLOAD_TOO_LARGE, "too-large", message)
            }
            Unread::Broken => {
                Self::of(StatusCode::REQUEST_TIMEOUT, "broken", "the body did not come, or not in time")
            }
            Unread::Busy => {
                Self::of(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many enrol at once; try again later")
            }
            Unread::Bomb => {
                Self::of(StatusCode::UNPROCESSABLE_ENTITY, "bad-body", PackError::TooLarge.to_string())
            }
        }
    }
}

impl From<LedgerError> for Refused {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Refused { what } => Self::of(StatusCode::UNPROCESSABLE_ENTITY, "bad-batch", what),
            LedgerError::NotAMember => {
                Self::of(StatusCode::FORBIDDEN, "not-enrolled", "this box is not known here any more")
            }
            error @ LedgerError::AnotherBox => {
                Self::of(StatusCode::CONFLICT, "another-box", error.to_string())
            }
            // Why is told where it was tried.
            LedgerError::NotTried => Self::of(StatusCode::SERVICE_UNAVAILABLE, "busy", "try again later"),
            other => {
                tracing::error!(error = &other as &dyn std::error::Error, "cannot write the ledger");
                let message = "the collector cannot write its ledger now; try again later";
                Self::of(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
            }
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        let refusal = Refusal { code: code.to_owned(), message };
        match pack(&refusal) {
            Ok(body) => (status, GZIP, body).into_response(),
            Err(_) => status.into_response(),
        }
    }
}

/// Every answer is packed as every request is.
const GZIP: [(header::HeaderName, &str); 2] =
    [(header::CONTENT_TYPE, "application/json"), (header::CONTENT_ENCODING, "gzip")];

/// The addresses.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/v1/enrol", post(enrol))
        .route("/v1/sync", post(sync))
        .route("/v1/renew", post(renew))
        .route("/v1/openapi.json", get(|| async { Json(document()) }))
        .fallback(|| async { Refused::of(StatusCode::NOT_FOUND, "no-such-address", "there is nothing here") })
        .with_state(Arc::clone(app))
}

/// Takes in what changed in a site's ledger.
#[utoipa::path(post, path = "/v1/sync", tag = "sync", request_body = Batch,
    responses((status = 200, body = Answer), (status = 403, body = Refusal),
        (status = 409, body = Refusal), (status = 413), (status = 422, body = Refusal),
        (status = 503, body = Refusal)))]
pub(crate) async fn sync(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let (site, body) = admitted(&app, peer, body).await?;
    let body = app.room.read(&headers, body, MAX_BODY_BYTES).await?;
    let _unpacked = app.room.unpacked(&body.octets).await?;
    let octets = body.octets.clone();
    drop(body);
    let batch = work(&app, move |_| Ok(Sound::of(read::<Batch>(&octets)?)?)).await?;
    let rows = batch.rows() as u64;
    let answer: Answer = match app.writers.apply(site, batch).await {
        Err(error @ LedgerError::AnotherBox) => {
            app.figures.refused();
            tracing::warn!(
                "two boxes send with one key: the second is refused, `status` tells of which site"
            );
            return Err(error.into());
        }
        answer => answer?,
    };
    app.figures.batch(answer.outcome, if answer.outcome == Outcome::Applied { rows } else { 0 });
    packed(&answer)
}

/// Takes in a box that proves its code.
#[utoipa::path(post, path = "/v1/enrol", tag = "enrolment", request_body = EnrolRequest,
    responses((status = 200, body = Enrolled), (status = 403, body = Refusal),
        (status = 413), (status = 422, body = Refusal), (status = 503, body = Refusal)))]
pub(crate) async fn enrol(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let arrived = app.room.read_stranger(&headers, body).await;
    let body = arrived.inspect_err(|unread| {
        if *unread == Unread::Busy {
            app.figures.turned_away();
        }
    });
    let body = body?.octets;
    let enrolled: Enrolled = work(&app, move |app| {
        let asked: EnrolRequest = read(&body)?;
        let issued = issue(app, &asked.request)?;
        let now = Timestamp::now();
        let mut intake = lock(&app.intake);
        let invitation = intake.invitation(&asked.id, &issued.public_key, now)?;
        // One word for all that can be wrong: a stranger learns nothing.
        let wrong =
            || Refused::of(StatusCode::FORBIDDEN, "not-invited", "the code is wrong, used or has ended");
        let Invitation { id, site, secret, expires_at } = invitation.map_err(|_| wrong())?;
        let secret_octets = unhex(&secret).unwrap_or_default();
        let proven = |texts| Proven { exporter: &peer.exporter, certificate: &peer.certificate, texts };
        let texts = [asked.id.as_str(), &asked.request, &asked.recipient];
        if !agree(&secret_octets, Side::Agent, proven(&texts), &asked.proof) {
            app.figures.refused();
            return Err(wrong());
        }
        let invitation = Invitation { id, site, secret, expires_at };
        // Another box may have been faster, or the site may have been revoked meanwhile.
        let entered = intake.enrol(&invitation, &issued.public_key, &asked.recipient, now)?;
        entered.map_err(|why| match why {
            NotInvited::KnownKey => {
                let message =
                    "the key of this box is another site's, or was revoked: enrol with a key of its own";
                Refused::of(StatusCode::FORBIDDEN, "known-key", message)
            }
            NotInvited::Unknown | NotInvited::Used => wrong(),
        })?;
        let mut enrolled = Enrolled {
            site: invitation.site,
            certificate: issued.certificate,
            ca: app.home.ca.clone(),
            recipient: app.home.sealer.recipient(),
            proof: String::new(),
        };
        let texts = [enrolled.site.as_str(), &enrolled.certificate, &enrolled.ca, &enrolled.recipient];
        enrolled.proof = prove(&secret_octets, Side::Collector, proven(&texts));
        tracing::info!("a site has enrolled");
        Ok(enrolled)
    })
    .await?;
    packed(&enrolled)
}

/// Gives a box a new certificate for the key that it has.
#[utoipa::path(post, path = "/v1/renew", tag = "enrolment", request_body = RenewRequest,
    responses((status = 200, body = Renewed), (status = 403, body = Refusal),
        (status = 413), (status = 422, body = Refusal), (status = 503, body = Refusal)))]
pub(crate) async fn renew(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let public_key = peer.public_key.clone();
    let (_, body) = admitted(&app, peer, body).await?;
    let body = app.room.read(&headers, body, MAX_STRANGER_BYTES).await?.octets;
    let renewed: Renewed = work(&app, move |app| {
        let asked: RenewRequest = read(&body)?;
        let issued = issue(app, &asked.request)?;
        if Some(&issued.public_key) != public_key.as_ref() {
            let message = "a certificate is renewed for the key that asks";
            return Err(Refused::of(StatusCode::UNPROCESSABLE_ENTITY, "another-key", message));
        }
        Ok(Renewed { certificate: issued.certificate })
    })
    .await?;
    packed(&renewed)
}

/// Tells which site asks before anything is kept of what it sends, or refuses: strangers make no work.
async fn admitted(app: &Arc<App>, peer: Peer, body: Body) -> Result<(String, Body), Refused> {
    match work(app, move |app| site(app, &peer)).await {
        Ok(site) => Ok((site, body)),
        Err(refused) => {
            body::pass_over_stranger(body).await;
            Err(refused)
        }
    }
}

/// Tells which site asks, or refuses.
fn site(app: &App, peer: &Peer) -> Result<String, Refused> {
    let refuse = |code, message: &str| {
        app.figures.refused();
        Refused::of(StatusCode::FORBIDDEN, code, message)
    };
    let Some(public_key) = &peer.public_key else {
        return Err(refuse("no-certificate", "enrol first"));
    };
    let keys = app.keys.lock().unwrap_or_else(PoisonError::into_inner);
    match keys.credential(public_key)? {
        Some(credential) if !credential.revoked => Ok(credential.site),
        Some(_) => Err(refuse("revoked", "this box was revoked; ask the collector for a new code")),
        None => Err(refuse("not-enrolled", "this box is not known here; ask the collector for a code")),
    }
}

fn issue(app: &App, request: &str) -> Result<crate::home::Issued, Refused> {
    let issued = app.home.issue(request);
    issued.map_err(|_| Refused::of(StatusCode::UNPROCESSABLE_ENTITY, "bad-request", "no certificate request"))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    use std::error::Error as _;
    unpack(body).map_err(|error| {
        let cause = error.source().map_or_else(String::new, |cause| format!(": {cause}"));
        Refused::of(StatusCode::UNPROCESSABLE_ENTITY, "bad-body", format!("{error}{cause}"))
    })
}

fn packed<T: Serialize>(message: &T) -> Result<Response, Refused> {
    let body = pack(message);
    let body = body.map_err(|_| Refused::of(StatusCode::SERVICE_UNAVAILABLE, "busy", "no answer now"))?;
    Ok((GZIP, body).into_response())
}

/// Works on a thread that may wait for the disk.
async fn work<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce(&App) -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    let app = Arc::clone(app);
    let done = tokio::task::spawn_blocking(move || work(&app)).await;
    done.unwrap_or_else(|_| Err(Refused::of(StatusCode::SERVICE_UNAVAILABLE, "busy", "no answer now")))
}

fn lock(intake: &Mutex<Intake>) -> std::sync::MutexGuard<'_, Intake> {
    intake.lock().unwrap_or_else(PoisonError::into_inner)
}
