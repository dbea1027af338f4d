//! Sockets, TLS and clients: every wait has an end, every client a place.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use sekisho_ledger::private_folder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::error::ConsoleError;
use crate::guard::network;
use crate::identity::Identity;
use crate::password::Password;
use crate::settings::Settings;
use crate::site::{self, App};

/// Browsers open six connections each; an IT department has a few of them open.
const MAX_CLIENTS: usize = 64;
/// Of one network: a few browsers behind one proxy. Who wants more shall not keep all others out.
const MAX_CLIENTS_OF_ONE: usize = 24;
/// A handshake or a request's headers take a second on the slowest line.
const HEADERS: Duration = Duration::from_secs(10);
/// The largest answer on a slow line; who reads no faster than that gives up the place.
const CLIENT: Duration = Duration::from_mins(5);
/// Octets of a request's headers: cookies and a long filter.
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// After a socket failed to accept: no more file descriptors, surely; trying at once would spin.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);

/// The address that a client has.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// A console that listens.
pub struct Console {
    listener: TcpListener,
    tls: TlsAcceptor,
    app: Arc<App>,
    fingerprint: String,
}

impl Console {
    /// Opens what the console needs, and makes its certificate and its code at the first start.
    pub async fn open(settings: Settings) -> Result<Self, ConsoleError> {
        let at_state = |source| ConsoleError::State { path: settings.state.clone(), source };
        private_folder(&settings.state).map_err(at_state)?;
        let identity = Identity::open(&settings.state, settings.listen.ip())?;
        let password = Password::open(&settings.state)?;
        let listen = settings.listen;
        let listener = TcpListener::bind(listen).await;
        let listener = listener.map_err(|source| ConsoleError::Listen { listen, source })?;
        let app = Arc::new(App::new(settings, password));
        Ok(Self { listener, tls: TlsAcceptor::from(identity.tls), app, fingerprint: identity.fingerprint })
    }

    /// Gives the SHA-256 of the certificate, as browsers show it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Gives the code that sets the password, while none is set.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        self.app.password.code()
    }

    /// Gives the address that it listens on.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until it is dropped.
    pub async fn serve(self) -> Infallible {
        let places = Arc::new(Semaphore::new(MAX_CLIENTS));
        let networks = Networks::default();
        let pages = site::pages(&self.app);
        loop {
            // Who comes when all places are taken waits in the kernel's queue.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { continue };
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    // The client meets a closed door and comes again.
                    let Some(seat) = networks.seat(peer.ip()) else { continue };
                    let (tls, pages) = (self.tls.clone(), pages.clone().layer(Extension(Peer(peer.ip()))));
                    tokio::spawn(async move {
                        let _places = (place, seat);
                        // What a client does wrong is the client's matter.
                        let _ = timeout(CLIENT, client(stream, tls, pages)).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot take a client");
                    sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    }
}

/// How many places each network has taken.
#[derive(Clone, Default)]
struct Networks(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// A network's place, which is given back when it is dropped.
struct Seat {
    networks: Networks,
    network: IpAddr,
}

impl Networks {
    fn seat(&self, address: IpAddr) -> Option<Seat> {
        let network = network(address);
        // Bounded by the places: who has none is not in it.
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = taken.entry(network).or_default();
        if *of_one >= MAX_CLIENTS_OF_ONE {
            return None;
        }
        *of_one += 1;
        Some(Seat { networks: self.clone(), network })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.networks.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = taken.get(&self.network).map_or(0, |of_one| of_one.saturating_sub(1));
        if left == 0 {
            taken.remove(&self.network);
        } else {
            taken.insert(self.network, left);
        }
    }
}

async fn client(stream: TcpStream, tls: TlsAcceptor, pages: Router) -> io::Result<()> {
    let stream = timeout(HEADERS, tls.accept(stream)).await??;
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(pages));
    served.await.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_leaves_places_for_others_and_gives_its_own_back() {
        let networks = Networks::default();
        let ip = |text: &str| text.parse().unwrap();
        let seats: Vec<_> = (0..MAX_CLIENTS_OF_ONE).map_while(|_| networks.seat(ip("192.0.2.1"))).collect();
        assert_eq!(seats.len(), MAX_CLIENTS_OF_ONE);
        assert!(networks.seat(ip("::ffff:192.0.2.1")).is_none(), "the same in another form");
        assert!(networks.seat(ip("192.0.2.2")).is_some());
        drop(seats);
        assert!(networks.seat(ip("192.0.2.1")).is_some());
        assert!(networks.0.lock().unwrap().is_empty());
    }
}
