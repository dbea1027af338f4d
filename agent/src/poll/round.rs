//! Many devices at once: each has one request in flight and a pace of its own, and a time by which it is left.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use sekisho_rules::device::{DeviceRules, SYS_OBJECT_ID};
use sekisho_snmp::{Client, Credentials, Failure, Manner, Room, State, Traffic, Udp};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::device::{self, Outcome};
use super::targets::Target;

/// Devices asked at the same time: each holds 128 KiB of the library's buffers.
const AT_ONCE: usize = 192;
/// The longest that one device is asked: a core switch with full tables at twenty requests a second.
const MAX_TIME: Duration = Duration::from_mins(5);

/// What a round is asked with.
pub(crate) struct Round {
    /// Tried in turn of who has not answered yet.
    pub(crate) credentials: Arc<[Credentials]>,
    pub(crate) manner: Manner,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) room: Room,
    pub(crate) rules: Arc<DeviceRules>,
}

impl Round {
    /// Asks every device, and hands over each outcome as it comes, with its place among the targets.
    /// Dropped, it asks no more.
    pub(crate) async fn run(&self, targets: &[Target], mut take: impl FnMut(usize, Outcome)) {
        let mut boxes: BTreeMap<IpAddr, Vec<(usize, Target)>> = BTreeMap::new();
        for (at, target) in targets.iter().enumerate() {
            boxes.entry(target.address.ip()).or_default().push((at, *target));
        }
        let mut asked: JoinSet<Vec<(usize, Outcome)>> = JoinSet::new();
        let mut waiting = boxes.into_values();
        loop {
            while asked.len() < AT_ONCE
                && let Some(ports) = waiting.next()
            {
                // The ports of one address share its pace: one after the other.
                let each: Vec<_> = ports.into_iter().map(|(at, target)| self.one(at, target)).collect();
                asked.spawn(async move {
                    let mut outcomes = Vec::with_capacity(each.len());
                    for one in each {
                        outcomes.push(one.await);
                    }
                    outcomes
                });
            }
            let Some(done) = asked.join_next().await else { break };
            // One that panicked on what a device sent has no outcome.
            for (at, outcome) in done.unwrap_or_default() {
                take(at, outcome);
            }
        }
    }

    fn one(&self, at: usize, target: Target) -> impl Future<Output = (usize, Outcome)> + Send + 'static {
        let questioner = Questioner {
            target,
            credentials: Arc::clone(&self.credentials),
            manner: self.manner,
            traffic: Arc::clone(&self.traffic),
        };
        let rules = Arc::clone(&self.rules);
        let seat = self.room.seat();
        async move {
            // What is left at the limit fell silent for us.
            let mut outcome =
                Outcome { seat, ..Outcome::nothing(target.address.to_string(), State::Interrupted) };
            // What was read until then stays.
            let _ = timeout(MAX_TIME, questioner.ask(&mut outcome, &rules)).await;
            (at, outcome)
        }
    }
}

/// What asks one device.
struct Questioner {
    target: Target,
    credentials: Arc<[Credentials]>,
    manner: Manner,
    traffic: Arc<Traffic>,
}

impl Questioner {
    async fn ask(&self, outcome: &mut Outcome, rules: &DeviceRules) {
        match self.reach().await {
            Ok((client, knows)) => {
                outcome.knows = knows;
                device::ask(outcome, client, rules).await;
            }
            Err(failure) => outcome.state = State::from(&failure),
        }
    }

    /// Finds the credentials that the device answers to: those of last time first, then one after the other.
    async fn reach(&self) -> Result<(Udp, usize), Failure> {
        let Target { named, knows, .. } = self.target;
        let mut order: Vec<(usize, &Credentials)> = self.credentials.iter().enumerate().collect();
        order.sort_by_key(|(number, _)| knows != Some(*number));
        // Where there is nothing to choose, the first question is put with the others.
        if let ([(number, only)], true) = (order.as_slice(), named) {
            return Ok((self.client(only, self.manner), *number));
        }
        // Who is only guessed at is asked one question, once; the same client goes on, at its pace.
        let first = if named { self.manner } else { Manner { retries: 0, ..self.manner } };
        let mut worst = Failure::NoAnswer;
        for (number, credentials) in order {
            let mut client = self.client(credentials, first);
            match probed(&mut client).await {
                Ok(()) => {
                    client.adopt(self.manner);
                    return Ok((client, number));
                }
                // It may know others: who does not know a community says nothing.
                Err(failure @ (Failure::NoAnswer | Failure::Credentials { .. })) => {
                    if worst == Failure::NoAnswer {
                        worst = failure;
                    }
                }
                // It answers, or nobody is there.
                Err(failure) => return Err(failure),
            }
        }
        Err(worst)
    }

    fn client(&self, credentials: &Credentials, manner: Manner) -> Udp {
        Udp::new(self.target.address, credentials.clone(), manner, Arc::clone(&self.traffic))
    }
}

/// Asks for sysObjectID, which every device has.
async fn probed(client: &mut impl Client) -> Result<(), Failure> {
    let Ok(name) = SYS_OBJECT_ID.parse() else { return Ok(()) };
    client.get(&[name]).await.map(drop)
}
