//! `http://127.0.0.1:…/metrics`: hyper on the daemon's one asynchronous thread.
//!
//! Bound to loopback only (the configuration refuses other addresses). A client that is slow or says
//! too much is left; [`AT_ONCE`] are served at the same time, and each gets one answer.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

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

use super::super::backoff::Backoff;
use super::super::door::Door;
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

/// The figures' address, and who answers there once it is to be had.
#[derive(Debug)]
pub(crate) struct Figures {
    door: Arc<Door>,
    server: Option<Server>,
    backoff: Backoff,
    /// When it is tried again.
    again: Instant,
}

impl Figures {
    /// Listens, now or later. In a runtime.
    pub(crate) fn open(address: SocketAddr) -> Self {
        let door = Arc::new(Door::new("metrics", address));
        let mut this = Self { door, server: None, backoff: Backoff::default(), again: Instant::now() };
        this.look();
        this
    }

    /// Tries again where nobody listens yet; to be called once a second.
    pub(crate) fn look(&mut self) {
        if self.server.is_some() || Instant::now() < self.again {
            return;
        }
        match Server::bind(self.door.address()) {
            Ok(server) => {
                self.server = Some(server);
                self.door.opens();
            }
            Err(error) => {
                self.door.fails(&error);
                self.again = Instant::now() + self.backoff.wait();
            }
        }
    }

    /// How the address stands.
    pub(crate) fn door(&self) -> Arc<Door> {
        Arc::clone(&self.door)
    }

    /// Who answers, where somebody does.
    pub(crate) fn server(&self) -> Option<&Server> {
        self.server.as_ref()
    }
}

/// The listener.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
    clients: Arc<Semaphore>,
}

impl Server {
    /// Listens.
    fn bind(address: SocketAddr) -> anyhow::Result<Self> {
        let bound = std::net::TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        });
        let listener = bound.with_context(|| format!("cannot listen for Prometheus on {address}"))?;
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
