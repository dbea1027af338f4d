//! Many devices at once: each has one request in flight and a pace of its own, and a time by which it is left.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sekisho_rules::device::DeviceRules;
use sekisho_snmp::{Credentials, Manner, State, Traffic, Udp};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::device::{self, Outcome};

/// Devices asked at the same time: each holds 128 KiB of the library's buffers.
const AT_ONCE: usize = 256;
/// The longest that one device is asked: a core switch with full tables at twenty requests a second.
const MAX_TIME: Duration = Duration::from_mins(5);

/// What a round is asked with.
pub(crate) struct Round {
    pub(crate) credentials: Credentials,
    pub(crate) manner: Manner,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) rules: Arc<DeviceRules>,
}

impl Round {
    /// Asks every device; the outcomes are in the order of the addresses. Dropped, it asks no more.
    pub(crate) async fn run(&self, addresses: &[SocketAddr]) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; addresses.len()];
        let mut asked: JoinSet<(usize, Outcome)> = JoinSet::new();
        let mut waiting = addresses.iter().copied().enumerate();
        loop {
            while asked.len() < AT_ONCE
                && let Some((at, address)) = waiting.next()
            {
                asked.spawn(self.one(at, address));
            }
            let Some(done) = asked.join_next().await else { break };
            // One that panicked on what a device sent leaves its place empty.
            if let Ok((at, outcome)) = done
                && let Some(place) = outcomes.get_mut(at)
            {
                *place = Some(outcome);
            }
        }
        let named = outcomes.into_iter().zip(addresses);
        named
            .map(|(outcome, address)| {
                outcome.unwrap_or_else(|| Outcome::nothing(address.to_string(), State::Garbage))
            })
            .collect()
    }

    fn one(&self, at: usize, address: SocketAddr) -> impl Future<Output = (usize, Outcome)> + Send + 'static {
        let client = Udp::new(address, self.credentials.clone(), self.manner, Arc::clone(&self.traffic));
        let rules = Arc::clone(&self.rules);
        async move {
            let named = address.to_string();
            let outcome = timeout(MAX_TIME, device::ask(named.clone(), client, &rules)).await;
            (at, outcome.unwrap_or_else(|_| Outcome::nothing(named, State::Interrupted)))
        }
    }
}
