//! An address at which the daemon answers beside its work: the console's, the figures'.
//!
//! Packets come first. An address that is not to be had (a cable that is out, a port that another program
//! has) is told and tried again, and keeps nothing else waiting.

use std::net::SocketAddr;
use std::sync::Mutex;

use super::status::Listener;
use super::vitals::lock;

/// How an address stands.
#[derive(Debug)]
pub(crate) struct Door {
    name: &'static str,
    address: SocketAddr,
    /// Why nobody is answered there.
    error: Mutex<Option<String>>,
}

impl Door {
    /// An address that was not tried yet.
    pub(crate) fn new(name: &'static str, address: SocketAddr) -> Self {
        Self { name, address, error: Mutex::default() }
    }

    /// The address as it was asked for.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Notes that it is open.
    pub(crate) fn opens(&self) {
        *lock(&self.error) = None;
        tracing::info!(listener = self.name, "listening");
    }

    /// Notes why it is not; what was told already is not told again.
    pub(crate) fn fails(&self, error: &anyhow::Error) {
        let chain = format!("{error:#}");
        let mut known = lock(&self.error);
        if known.as_ref() != Some(&chain) {
            tracing::error!(listener = self.name, error = chain, "cannot listen, trying it again");
        }
        *known = Some(chain);
    }

    /// Says how it stands.
    pub(crate) fn stands(&self) -> Listener {
        let error = lock(&self.error).clone();
        Listener { name: self.name.to_owned(), address: self.address, error }
    }
}
