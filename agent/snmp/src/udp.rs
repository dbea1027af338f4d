//! A device at a UDP port, over the `snmp2` library: time-outs, retries, pace, and what was sent.
//!
//! One request is in flight. A late answer to an earlier question is never taken for the present one: after
//! each time-out the socket is a new one. SNMPv3 begins anew as well, since the library keeps the engine's
//! state within a session.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use snmp2::{AsyncSession, Error, Pdu};
use tokio::time::{Instant, sleep_until, timeout};

use crate::jitter::Jitter;
use crate::{Binding, Client, Credentials, Failure, Oid, Value};

/// `noSuchName`: how SNMPv1 says that there is nothing, or nothing further (RFC 1157 §4.1.2).
const NO_SUCH_NAME: u32 = 2;
/// `tooBig` (RFC 3416 §3).
const TOO_BIG: u32 = 1;
/// Steps in which an SNMPv3 engine's clock is learnt: its name, its boots, its time.
const MAX_UPDATES: u32 = 3;
/// Objects taken of one answer: 64 KiB hold no more that are of use.
const MAX_BINDINGS: usize = 2_000;

/// How patiently and how fast a device is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Manner {
    /// How long an answer may take at first; each retry waits half as long again.
    pub patience: Duration,
    /// How often a question is repeated.
    pub retries: u32,
    /// The least time from one request to the next.
    pub gap: Duration,
}

impl Default for Manner {
    /// Two seconds, two retries, twenty requests a second.
    fn default() -> Self {
        Self { patience: Duration::from_secs(2), retries: 2, gap: Duration::from_millis(50) }
    }
}

/// What was sent and what came back, over all devices that share it.
#[derive(Debug, Default)]
pub struct Traffic {
    sent: AtomicU64,
    answered: AtomicU64,
    repeated: AtomicU64,
}

impl Traffic {
    /// Datagrams sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Datagrams that came back and were what was asked for.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Those of the sent that repeated a question.
    #[must_use]
    pub fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }
}

/// A device at a UDP port.
pub struct Udp {
    address: SocketAddr,
    credentials: Credentials,
    /// What the bridge of one VLAN is asked with, while it is asked.
    of_vlan: Option<Credentials>,
    manner: Manner,
    traffic: Arc<Traffic>,
    session: Option<AsyncSession>,
    /// Whether an SNMPv3 engine told its name, and whether it took the user.
    engine_answers: bool,
    user_answers: bool,
    /// When the next datagram may leave.
    free_at: Instant,
    jitter: Jitter,
}

#[derive(Clone, Copy)]
enum Question<'a> {
    Get(&'a [Oid]),
    Next(&'a Oid),
    Bulk(&'a [Oid], u32),
}

/// An answer, out of the library's buffer.
struct Answer {
    status: u32,
    index: u32,
    bindings: Vec<Binding>,
}

/// What to do after an attempt that gave no answer.
enum After {
    /// Ask again, and remember this in case it was the last time.
    Again(Failure),
    /// The session learnt something; ask again, at no cost.
    Learnt,
    /// There is no use in asking again.
    Give(Failure),
}

impl Udp {
    /// Makes a client; nothing is sent yet.
    #[must_use]
    pub fn new(address: SocketAddr, credentials: Credentials, manner: Manner, traffic: Arc<Traffic>) -> Self {
        let jitter = Jitter::new(address);
        Self {
            address,
            credentials,
            of_vlan: None,
            manner,
            traffic,
            session: None,
            engine_answers: false,
            user_answers: false,
            free_at: Instant::now(),
            jitter,
        }
    }

    /// Goes on in another manner, from the next question on.
    pub const fn adopt(&mut self, manner: Manner) {
        self.manner = manner;
    }

    async fn ask(&mut self, question: Question<'_>) -> Result<Answer, Failure> {
        let mut patience = self.manner.patience;
        let mut failure = Failure::NoAnswer;
        let mut updates = 0;
        let mut attempt = 0;
        while attempt <= self.manner.retries {
            if attempt > 0 {
                self.traffic.repeated.fetch_add(1, Ordering::Relaxed);
            }
            match self.attempt(question, patience).await {
                Ok(answer) => {
                    self.traffic.answered.fetch_add(1, Ordering::Relaxed);
                    self.user_answers = true;
                    return Ok(answer);
                }
                Err(After::Learnt) if updates < MAX_UPDATES => updates += 1,
                Err(After::Learnt) => {
                    return Err(Failure::Garbage {
                        what: "an engine that changes with every answer".to_owned(),
                    });
                }
                Err(After::Give(failure)) => return Err(failure),
                Err(After::Again(why)) => {
                    self.session = None;
                    failure = why;
                    attempt += 1;
                    patience = self.jitter.about(patience + patience / 2);
                }
            }
        }
        if failure == Failure::NoAnswer && self.engine_answers && !self.user_answers {
            // Who cannot decrypt a message drops it (RFC 3414 §3.2): the device is there, the password is not.
            failure = Failure::Credentials { what: "the device drops this user's messages".to_owned() };
        }
        Err(failure)
    }

    async fn attempt(&mut self, question: Question<'_>, patience: Duration) -> Result<Answer, After> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.open(patience).await?,
        };
        self.pace().await;
        self.traffic.sent.fetch_add(1, Ordering::Relaxed);
        let outcome = timeout(patience, put(&mut session, question)).await;
        match outcome {
            Err(_) => Err(After::Again(Failure::NoAnswer)),
            Ok(Ok(answer)) => {
                self.session = Some(session);
                Ok(answer)
            }
            Ok(Err(Error::AuthUpdated)) => {
                self.session = Some(session);
                Err(After::Learnt)
            }
            Ok(Err(error)) => Err(self.judge(&error)),
        }
    }

    /// Opens a session: a socket, and for SNMPv3 what the device's engine is called.
    async fn open(&mut self, patience: Duration) -> Result<AsyncSession, After> {
        let local = |error: std::io::Error| After::Give(Failure::Local { what: error.to_string() });
        let first = self.jitter.number();
        match self.of_vlan.as_ref().unwrap_or(&self.credentials) {
            Credentials::V1 { community } => {
                AsyncSession::new_v1(self.address, community.octets(), first).await.map_err(local)
            }
            Credentials::V2c { community } => {
                AsyncSession::new_v2c(self.address, community.octets(), first).await.map_err(local)
            }
            Credentials::V3(user) => {
                let security = user.security();
                let mut session = AsyncSession::new_v3(self.address, first, security).await.map_err(local)?;
                self.pace().await;
                self.traffic.sent.fetch_add(1, Ordering::Relaxed);
                match timeout(patience, session.init()).await {
                    Err(_) => Err(After::Again(Failure::NoAnswer)),
                    Ok(Err(error)) => Err(self.judge(&error)),
                    Ok(Ok(())) => {
                        self.traffic.answered.fetch_add(1, Ordering::Relaxed);
                        self.engine_answers = true;
                        Ok(session)
                    }
                }
            }
        }
    }

    async fn pace(&mut self) {
        sleep_until(self.free_at).await;
        self.free_at = Instant::now() + self.manner.gap;
    }

    fn judge(&self, error: &Error) -> After {
        use snmp2::v3::AuthErrorKind::{EngineBootsMismatch, EngineTimeMismatch};
        let garbage = || Failure::Garbage { what: error.to_string() };
        let is_v3 = matches!(self.credentials, Credentials::V3(_));
        match error {
            // Also the firewall of our own, or no way there: it says nothing of the device.
            Error::Send => After::Again(Failure::Local { what: error.to_string() }),
            Error::Receive => After::Again(Failure::Closed),
            // The device began anew since, or its clock runs otherwise than ours: learn it again.
            Error::AuthFailure(EngineBootsMismatch | EngineTimeMismatch) => After::Again(garbage()),
            Error::AuthFailure(kind) => After::Give(Failure::Credentials { what: kind.to_string() }),
            // A Report to a user without a password (RFC 3414 §3.2).
            Error::AsnWrongType if is_v3 => After::Give(Failure::Credentials { what: "report".to_owned() }),
            _ => After::Again(garbage()),
        }
    }
}

/// Puts a question to the library, once.
async fn put(session: &mut AsyncSession, question: Question<'_>) -> Result<Answer, Error> {
    let named = |oids: &[Oid]| oids.iter().map(wire).collect::<Result<Vec<_>, Error>>();
    let pdu = match question {
        Question::Get(oids) => {
            let oids = named(oids)?;
            session.get_many(&oids.iter().collect::<Vec<_>>()).await?
        }
        Question::Next(oid) => session.getnext(&wire(oid)?).await?,
        Question::Bulk(oids, repetitions) => {
            let oids = named(oids)?;
            session.getbulk(&oids.iter().collect::<Vec<_>>(), 0, repetitions).await?
        }
    };
    answer(&pdu)
}

fn answer(pdu: &Pdu<'_>) -> Result<Answer, Error> {
    let mut bindings = Vec::new();
    for (oid, value) in pdu.varbinds.clone().take(MAX_BINDINGS) {
        bindings.push((own(&oid).ok_or(Error::AsnParse)?, owned(&value)));
    }
    Ok(Answer { status: pdu.error_status, index: pdu.error_index, bindings })
}

/// The library's form of an identifier.
fn wire(oid: &Oid) -> Result<snmp2::Oid<'static>, Error> {
    let arcs: Vec<u64> = oid.arcs().iter().copied().map(u64::from).collect();
    snmp2::Oid::from(&arcs).map_err(|_| Error::ValueOutOfRange)
}

/// Our form of an identifier; `None` where it is cut off within an arc, or has an arc of more than 32 bits.
fn own(oid: &snmp2::Oid<'_>) -> Option<Oid> {
    if oid.as_bytes().last().is_none_or(|last| last & 0x80 != 0) {
        return None;
    }
    let arcs: Option<Vec<u32>> = oid.iter()?.map(|arc| u32::try_from(arc).ok()).collect();
    Some(Oid::new(&arcs?))
}

fn owned(value: &snmp2::Value<'_>) -> Value {
    use snmp2::Value as Wire;
    match value {
        Wire::Integer(number) => Value::Integer(*number),
        Wire::OctetString(octets) | Wire::Opaque(octets) => Value::Octets(octets.to_vec()),
        Wire::ObjectIdentifier(oid) => own(oid).map_or(Value::Absent, Value::Oid),
        Wire::IpAddress(octets) => Value::Ip((*octets).into()),
        Wire::Counter32(number) | Wire::Unsigned32(number) | Wire::Timeticks(number) => {
            Value::Unsigned((*number).into())
        }
        Wire::Counter64(number) => Value::Unsigned(*number),
        Wire::EndOfMibView => Value::End,
        _ => Value::Absent,
    }
}

impl Client for Udp {
    async fn get(&mut self, oids: &[Oid]) -> Result<Vec<Binding>, Failure> {
        let mut parts = vec![oids.to_vec()];
        let mut found = Vec::new();
        // Each round answers a part, halves it, or leaves one name out.
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            let answer = self.ask(Question::Get(&part)).await?;
            match answer.status {
                0 if answer.bindings.is_empty() => {
                    return Err(Failure::Garbage { what: "an empty answer".to_owned() });
                }
                0 => found.extend(answer.bindings),
                NO_SUCH_NAME => {
                    let at = (answer.index as usize).saturating_sub(1).min(part.len() - 1);
                    found.push((part.remove(at), Value::Absent));
                    parts.push(part);
                }
                TOO_BIG if part.len() > 1 => {
                    parts.push(part.split_off(part.len() / 2));
                    parts.push(part);
                }
                TOO_BIG => return Err(Failure::TooBig),
                status => return Err(Failure::Refused { status }),
            }
        }
        Ok(found)
    }

    async fn next(&mut self, oid: &Oid) -> Result<Binding, Failure> {
        let answer = self.ask(Question::Next(oid)).await?;
        match (answer.status, answer.bindings.into_iter().next()) {
            (0, Some(binding)) => Ok(binding),
            (NO_SUCH_NAME, _) => Ok((oid.clone(), Value::End)),
            (0, None) => Err(Failure::Garbage { what: "an empty answer".to_owned() }),
            (TOO_BIG, _) => Err(Failure::TooBig),
            (status, _) => Err(Failure::Refused { status }),
        }
    }

    async fn bulk(&mut self, oids: &[Oid], repetitions: u32) -> Result<Vec<Binding>, Failure> {
        let answer = self.ask(Question::Bulk(oids, repetitions)).await?;
        match answer.status {
            0 => Ok(answer.bindings),
            TOO_BIG => Err(Failure::TooBig),
            status => Err(Failure::Refused { status }),
        }
    }

    fn has_bulk(&self) -> bool {
        !matches!(self.credentials, Credentials::V1 { .. })
    }

    fn turn_to(&mut self, vlan: Option<u32>) -> bool {
        self.of_vlan = vlan.and_then(|vlan| self.credentials.of_vlan(vlan));
        self.session = None;
        vlan.is_some() == self.of_vlan.is_some()
    }
}

#[cfg(test)]
mod tests;
