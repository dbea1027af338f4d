//! `run`: sockets, TLS, boxes; every wait has an end, every box a place. Stopped, it lets what is under way
//! come to its end.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use axum::routing::get;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::CertificateDer;
use sekisho_console::{Console, Settings};
use sekisho_ledger::{Intake, Ledger, keep_good_daily, restore_good};
use sekisho_report::{Lang, fill};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::body::Room;
use crate::config::Config;
use crate::figures::Figures;
use crate::home::Home;
use crate::service::{self, App, Peer};
use crate::tell;
use crate::writers::Writers;

/// Boxes at once. Two thousand sites that meet every five minutes for a second are seven at once; after the
/// collector was away they all come together, and each holds a connection's buffers and nothing else.
const MAX_BOXES: usize = 4096;
/// Threads that unpack, and serve the console's pages: more than there are processors would only hold memory.
const MAX_THREADS: usize = 16;
/// Connections whose other end has not shown yet who it is: more than the handshakes of all boxes that come
/// together take at once. Who comes when there are so many waits in the kernel's queue.
const MAX_ARRIVING: usize = 1024;
/// Connections without a certificate of ours: boxes that enrol, and strangers. Who comes when there are so many
/// is not served, and boxes that are known are.
const MAX_STRANGERS: usize = 64;
/// How long one of those may last: a code, read out, and one request.
const STRANGER: Duration = Duration::from_mins(1);
/// A handshake on a slow line: three ways to and fro.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A request's headers on a slow line.
const HEADERS: Duration = Duration::from_secs(20);
/// One box's meeting: many batches, one after another.
const MEETING: Duration = Duration::from_mins(30);
/// Octets of a request's headers.
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// After a socket failed to accept: no more file descriptors, surely; trying at once would spin.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);
/// How long requests under way have to end.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// Serves until it is told to stop.
pub(crate) fn run(config: &Config, lang: Lang) -> anyhow::Result<()> {
    Home::init(&config.state)?;
    let home = Home::open(&config.state)?;
    let ledger = config.database();
    if restore_good(&ledger)? {
        tracing::warn!(
            "the ledger was damaged: its last good copy was put back, and sites send what it lacks"
        );
    }
    keep_good_daily(ledger.clone(), |error| {
        let error = error as &dyn std::error::Error;
        tracing::error!(error, "cannot keep a copy of the ledger; the one before stays");
    })?;
    let (writers, intake) = (Writers::open(&ledger)?, Intake::open(&ledger)?);
    let keys = Ledger::read_only(&ledger)?;
    let tls = TlsAcceptor::from(Arc::new(home.tls()?));
    let certificate = Arc::new(home.shown()?);
    let app = Arc::new(App {
        home,
        writers,
        intake: Mutex::new(intake),
        keys: Mutex::new(keys),
        room: Room::new(),
        figures: Figures::new(),
    });
    // One thread speaks with boxes; unpacking and writing are for those that may wait for the disk.
    let runtime =
        tokio::runtime::Builder::new_current_thread().max_blocking_threads(MAX_THREADS).enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    runtime.block_on(async {
        let listener = TcpListener::bind(config.listen).await;
        let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
        if let Some(metrics) = &config.metrics {
            let listener = TcpListener::bind(metrics.listen).await;
            let listener = listener.with_context(|| format!("cannot listen on {}", metrics.listen))?;
            let of = Arc::clone(&app);
            let figures = Router::new().route("/metrics", get(move || async move { of.figures.text() }));
            tokio::spawn(plain(listener, figures));
        }
        if let Some(console) = &config.console {
            let settings = Settings {
                state: config.state.join("console"),
                ledger: config.database(),
                listen: console.listen,
                zone: sekisho_report::zone(),
            };
            let console = Console::open(settings).await?;
            tell(&fill(lang, "console.listening", &[("address", &console.address()?)]))?;
            tell(&fill(lang, "console.fingerprint", &[("fingerprint", &console.fingerprint())]))?;
            if let Some(code) = console.code() {
                tell(&fill(lang, "console.printed-code", &[("code", &code)]))?;
            }
            tokio::spawn(console.serve());
        }
        tell(&fill(lang, "collector.listening", &[("address", &listener.local_addr()?)]))?;
        // Without a service manager there is nobody to tell.
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        serve(listener, tls, certificate, &app).await
    })
}

async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    certificate: Arc<Vec<u8>>,
    app: &Arc<App>,
) -> anyhow::Result<()> {
    let listen = |kind| signal(kind).context("cannot listen for signals");
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let (places, strangers) = (Arc::new(Semaphore::new(MAX_BOXES)), Arc::new(Semaphore::new(MAX_STRANGERS)));
    let arriving = Arc::new(Semaphore::new(MAX_ARRIVING));
    let (stop, stopped) = watch::channel(false);
    let routes = service::routes(app);
    let mut boxes = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            // Who comes when all places are taken waits in the kernel's queue.
            accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                let arrives = Arc::clone(&arriving).acquire_owned().await;
                (place, arrives, listener.accept().await)
            } => accepted,
            Some(_) = boxes.join_next() => continue,
        };
        let (Ok(place), Ok(arrives), accepted) = accepted else { continue };
        match accepted {
            Ok((stream, _)) => {
                let (tls, routes) = (tls.clone(), routes.clone());
                let (certificate, stopped) = (Arc::clone(&certificate), stopped.clone());
                let (strangers, app) = (Arc::clone(&strangers), Arc::clone(app));
                boxes.spawn(async move {
                    let _place = place;
                    let come = timeout(HANDSHAKE, tls.accept(stream)).await;
                    drop(arrives);
                    let stream = match come {
                        Ok(Ok(stream)) => stream,
                        Ok(Err(error)) => {
                            tracing::debug!(%error, "a connection came to no handshake");
                            return;
                        }
                        Err(_) => return,
                    };
                    let is_stranger = stream.get_ref().1.peer_certificates().is_none();
                    let stranger = is_stranger.then(|| strangers.try_acquire_owned());
                    if let Some(Err(_)) = stranger {
                        app.figures.turned_away();
                        return;
                    }
                    let lasts = if is_stranger { STRANGER } else { MEETING };
                    // What a stranger does wrong is the stranger's matter.
                    let met = timeout(lasts, meet(stream, certificate, routes, stopped)).await;
                    if let Ok(Err(error)) = met {
                        tracing::debug!(%error, "a connection ended");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection");
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    // Nobody listens any more only where all have ended.
    let _ = stop.send(true);
    let _ = timeout(LAST_ANSWERS, async { while boxes.join_next().await.is_some() {} }).await;
    Ok(())
}

async fn meet(
    stream: TlsStream<TcpStream>,
    certificate: Arc<Vec<u8>>,
    routes: Router,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let (_, session) = stream.get_ref();
    let theirs = session.peer_certificates().and_then(<[CertificateDer<'_>]>::first);
    let public_key = theirs.map(|theirs| sekisho_sync::point_of(theirs)).transpose();
    let peer = Peer {
        public_key: public_key.map_err(io::Error::other)?,
        exporter: sekisho_sync::exporter(session).map_err(io::Error::other)?,
        certificate,
    };
    let routes = TowerToHyperService::new(routes.layer(Extension(peer)));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), routes);
    tokio::pin!(serving);
    tokio::select! {
        served = serving.as_mut() => return served.map_err(io::Error::other),
        _ = stopped.changed() => serving.as_mut().graceful_shutdown(),
    }
    serving.await.map_err(io::Error::other)
}

/// Serves what needs no TLS: figures, on a loopback address.
async fn plain(listener: TcpListener, routes: Router) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes.clone()));
        // One after another: one program asks, every some seconds.
        let _ = timeout(HEADERS, serving).await;
    }
}
