//! One simulated site: enrolled by the real way with an invitation whose secret is already stretched, because
//! stretching two thousand codes takes minutes; then one kept connection and a batch after another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use tokio::sync::Semaphore;

use jiff::{SignedDuration, Timestamp};
use sekisho_api::enrol::{EnrolRequest, Enrolled};
use sekisho_api::sync::{Answer, Outcome};
use sekisho_ledger::{Intake, Invitation, random_id};
use sekisho_sync::{
    Address, BoxKey, Connection, Proven, Sealer, Side, client, hex, pack, prove, stranger, unhex, unpack,
};

use super::script::Script;

/// Sites that enrol or connect at once: more would only wait for their turn, each against a time-out.
pub const AT_ONCE: usize = 32;

/// Enters sites at a collector, and gives their invitations.
///
/// # Panics
///
/// When the ledger cannot be written.
pub fn invite(intake: &mut Intake, sites: impl Iterator<Item = String>) -> Vec<Invitation> {
    let now = Timestamp::now();
    let expires_at = now + SignedDuration::from_hours(24);
    let enter = |site: String| {
        let secret = hex(random_id().unwrap().as_bytes());
        let invitation = Invitation { id: random_id().unwrap(), site, secret, expires_at };
        intake.add(&invitation.site, now).unwrap();
        intake.invite(&invitation).unwrap();
        invitation
    };
    sites.map(enter).collect()
}

/// A site that is enrolled.
#[derive(Debug)]
pub struct Seat {
    at: Address,
    tls: Arc<ClientConfig>,
}

/// When sites are measured: from when all of them have sent what they had, for some time.
#[derive(Debug)]
pub struct Window {
    connecting: Semaphore,
    ready: AtomicUsize,
    sites: usize,
    lasts: Duration,
    begin: OnceLock<Instant>,
}

/// What a site has sent.
#[derive(Debug, Default)]
pub struct Tally {
    /// Rows that the collector has.
    pub rows: u64,
    /// Those of them that were acknowledged since the time that is measured began.
    pub since: u64,
    /// Those of these that were acknowledged before it was over.
    pub measured: u64,
    /// How long each batch of these took until it was acknowledged.
    pub waits: Vec<Duration>,
}

/// Enrols a site.
///
/// # Panics
///
/// When the collector refuses.
pub async fn take_a_seat(at: Address, invitation: Invitation) -> Seat {
    let key = BoxKey::fresh().unwrap();
    let (tls, met) = stranger().unwrap();
    let mut connection = Connection::open(&at, None, Arc::new(tls)).await.unwrap();
    let certificate = met.certificate();
    let (id, request, recipient) = (invitation.id, key.request().unwrap(), Sealer::fresh().recipient());
    let proven = Proven {
        exporter: connection.exporter(),
        certificate: &certificate,
        texts: &[&id, &request, &recipient],
    };
    let proof = prove(&unhex(&invitation.secret).unwrap(), Side::Agent, proven);
    let asked = EnrolRequest { id, request, recipient, proof };
    let reply = connection.post("/v1/enrol", pack(&asked).unwrap()).await.unwrap();
    assert_eq!(reply.status, 200, "{}", invitation.site);
    let enrolled: Enrolled = unpack(&reply.body).unwrap();
    let tls = Arc::new(client(&enrolled.ca, &enrolled.certificate, &key).unwrap());
    Seat { at, tls }
}

impl Window {
    /// Makes one for so many sites.
    #[must_use]
    pub fn new(sites: usize, lasts: Duration) -> Self {
        let connecting = Semaphore::new(AT_ONCE);
        Self { connecting, ready: AtomicUsize::new(0), sites, lasts, begin: OnceLock::new() }
    }

    /// Tells when it began, if it did.
    pub fn begin(&self) -> Option<Instant> {
        self.begin.get().copied()
    }

    fn is_over(&self) -> bool {
        self.begin().is_some_and(|begin| begin.elapsed() > self.lasts)
    }

    fn one_more_is_ready(&self) {
        if self.ready.fetch_add(1, Ordering::SeqCst) + 1 == self.sites {
            self.begin.get_or_init(Instant::now);
        }
    }
}

impl Seat {
    /// Connects, and sends one batch after another until the time that is measured is over.
    ///
    /// # Panics
    ///
    /// When a batch is not taken.
    pub async fn send(self, script: &Script, window: &Window) -> Tally {
        let place = window.connecting.acquire().await.unwrap();
        let mut connection = Connection::open(&self.at, None, self.tls).await.unwrap();
        drop(place);
        let (epoch, sending) = (random_id().unwrap(), random_id().unwrap());
        let (mut tally, mut place) = (Tally::default(), 0);
        for step in 0.. {
            let batch = script.batch(step, place, &epoch, &sending);
            let body = pack(&batch).unwrap();
            let begin = Instant::now();
            let reply = connection.post("/v1/sync", body).await.unwrap();
            assert_eq!(reply.status, 200);
            let answer: Answer = unpack(&reply.body).unwrap();
            assert!(answer.outcome == Outcome::Applied && answer.seq == batch.to, "{answer:?}");
            let rows = batch.entries.len() as u64;
            tally.rows += rows;
            if window.begin().is_some() {
                tally.since += rows;
            }
            if window.is_over() {
                break;
            }
            if window.begin().is_some() {
                tally.measured += rows;
                tally.waits.push(begin.elapsed());
            }
            if step == 0 {
                window.one_more_is_ready();
            }
            place = batch.to;
        }
        tally
    }
}
