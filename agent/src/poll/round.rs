//! Many devices at once: each has one request in flight and a pace of its own, and a time by which it is left.

use std::sync::Arc;
use std::time::Duration;

use sekisho_rules::device::{DeviceRules, SYS_OBJECT_ID};
use sekisho_snmp::{Client, Credentials, Failure, Manner, State, Traffic, Udp};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::device::{self, Outcome};
use super::targets::Target;

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
    /// Asks every device, and hands over each outcome as it comes, with its place among the targets.
    /// Dropped, it asks no more.
    pub(crate) async fn run(&self, targets: &[Target], mut take: impl FnMut(usize, Outcome)) {
        let mut asked: JoinSet<(usize, Outcome)> = JoinSet::new();
        let mut waiting = targets.iter().copied().enumerate();
        loop {
            while asked.len() < AT_ONCE
                && let Some((at, target)) = waiting.next()
            {
                asked.spawn(self.one(at, target));
            }
            let Some(done) = asked.join_next().await else { break };
            // One that panicked on what a device sent has no outcome.
            if let Ok((at, outcome)) = done {
                take(at, outcome);
            }
        }
    }

    fn one(&self, at: usize, target: Target) -> impl Future<Output = (usize, Outcome)> + Send + 'static {
        let (credentials, manner) = (self.credentials.clone(), self.manner);
        let traffic = Arc::clone(&self.traffic);
        let rules = Arc::clone(&self.rules);
        async move {
            let named = target.address.to_string();
            let whole = async {
                if !target.named {
                    // Who was not named is asked one question, once.
                    let once = Manner { retries: 0, ..manner };
                    let probe = Udp::new(target.address, credentials.clone(), once, Arc::clone(&traffic));
                    if let Err(failure) = probed(probe).await {
                        return Outcome::nothing(named.clone(), State::from(&failure));
                    }
                }
                let client = Udp::new(target.address, credentials, manner, traffic);
                device::ask(named.clone(), client, &rules).await
            };
            let outcome = timeout(MAX_TIME, whole).await;
            (at, outcome.unwrap_or_else(|_| Outcome::nothing(named.clone(), State::Interrupted)))
        }
    }
}

/// Asks for sysObjectID, which every device has.
async fn probed(mut client: impl Client) -> Result<(), Failure> {
    let Ok(name) = SYS_OBJECT_ID.parse() else { return Ok(()) };
    client.get(&[name]).await.map(drop)
}
