//! `http://127.0.0.1:…/metrics`: hyper on the daemon's one asynchronous thread.
//!
//! Bound to loopback only (the configuration refuses other addresses). A client that is slow or says
//! too much is left; [`AT_ONCE`] are served at the same time, and each gets one answer.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::super::status::Status;
use super::encode;

/// Clients at the same time: Prometheus, a person, and some that hang.
const AT_ONCE: usize = 4;
/// For the whole conversation on the same machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest head of a request; the least that hyper allows.
const MAX_HEAD_BYTES: usize = 8_192;
/// What `prometheus-client` writes.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The listener.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
    clients: Arc<Semaphore>,
}

impl Server {
    /// Listens.
    pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("cannot listen for Prometheus on {address}"))?;
        Ok(Self { listener, clients: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// Waits for a client, and answers it beside everything else.
    pub(crate) async fn serve(&self, status: impl Fn() -> Status + Send + Sync + 'static) -> io::Result<()> {
        let (stream, _) = self.listener.accept().await?;
        let Ok(permit) = Arc::clone(&self.clients).try_acquire_owned() else { return Ok(()) };
        tokio::spawn(async move {
            let _permit = permit;
            let answer = service_fn(|request| {
                let response = respond(&request, &status);
                async { Ok::<_, Infallible>(response) }
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
            http.keep_alive(false).max_buf_size(MAX_HEAD_BYTES);
            match timeout(PATIENCE, http.serve_connection(TokioIo::new(stream), answer)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "metrics client left"),
                Err(_) => tracing::debug!("metrics client too slow"),
            }
        });
        Ok(())
    }
}

fn respond(request: &Request<Incoming>, status: &impl Fn() -> Status) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    if request.uri().path() != "/metrics" {
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    if request.method() != Method::GET {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    match encode(status()) {
        Ok(figures) => {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
            *response.body_mut() = Full::from(figures);
        }
        Err(error) => {
            tracing::error!(%error, "cannot write figures");
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
    }
    response
}
