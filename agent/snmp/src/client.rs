//! Asking one device: the trait that walks are written against, and how asking can fail.

use std::future::Future;

use crate::{Oid, Value};

/// An object and what it holds.
pub type Binding = (Oid, Value);

/// What asks a device. One request is in flight at a time: every method borrows the client.
///
/// An implementation keeps its own time-outs, retries and pace, so each call ends.
pub trait Client: Send {
    /// Reads objects by their whole names; those that are not there come back as [`Value::Absent`].
    fn get(&mut self, oids: &[Oid]) -> impl Future<Output = Result<Vec<Binding>, Failure>> + Send;

    /// Reads the object that follows.
    fn next(&mut self, oid: &Oid) -> impl Future<Output = Result<Binding, Failure>> + Send;

    /// Reads up to `repetitions` objects that follow each of `oids`, interleaved: the first after each, then
    /// the second after each (RFC 3416 §4.2.3). The answer may be shorter.
    fn bulk(
        &mut self,
        oids: &[Oid],
        repetitions: u32,
    ) -> impl Future<Output = Result<Vec<Binding>, Failure>> + Send;

    /// Tells whether the device's version of SNMP has [`Client::bulk`].
    fn has_bulk(&self) -> bool;

    /// Turns to the bridge of one VLAN, of a device that has one each; `None` turns back to the device as a whole.
    /// Tells whether it can be asked so.
    fn turn_to(&mut self, vlan: Option<u32>) -> bool {
        vlan.is_none()
    }
}

/// Why a question has no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Nothing came back in time, as often as was asked. A wrong community looks the same.
    #[error("no answer")]
    NoAnswer,
    /// A host said that nobody listens at that port, or a router that there is no way to it (ICMP).
    #[error("nobody listens at the SNMP port, or it cannot be reached")]
    Closed,
    /// The device does not know the user, or the password is wrong.
    #[error("the device does not accept these credentials: {what}")]
    Credentials {
        /// What it said.
        what: String,
    },
    /// The device understood, and will not say.
    #[error("the device refused with error {status}")]
    Refused {
        /// `error-status` (RFC 3416 §3).
        status: u32,
    },
    /// The answer would not fit, however little was asked for.
    #[error("the device says that its answer is too big")]
    TooBig,
    /// What came back is no answer to what was asked.
    #[error("the answer is not SNMP: {what}")]
    Garbage {
        /// What is wrong with it.
        what: String,
    },
    /// The local system could not send.
    #[error("cannot send: {what}")]
    Local {
        /// What the system says.
        what: String,
    },
}

/// How asking a device ended.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum State {
    /// Everything asked was answered.
    Complete,
    /// It answered, and some table was longer than what is read of one.
    Truncated,
    /// It answered, and some table led back to where it had been.
    Loops,
    /// It answers, and refuses some of what it is asked, or all.
    Refused,
    /// It answered at first, and fell silent.
    Interrupted,
    /// What comes back is not SNMP.
    Garbage,
    /// The user or the password is wrong.
    Credentials,
    /// Nobody listens at the port, or there is no way to it.
    Closed,
    /// Nothing came back.
    NoAnswer,
    /// The local system could not send.
    Local,
}

impl State {
    /// Every state, the best first.
    pub const ALL: [Self; 10] = [
        Self::Complete,
        Self::Truncated,
        Self::Loops,
        Self::Refused,
        Self::Interrupted,
        Self::Garbage,
        Self::Credentials,
        Self::Closed,
        Self::NoAnswer,
        Self::Local,
    ];

    /// Names the state, as catalogues of text and JSON do.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Truncated => "truncated",
            Self::Loops => "loops",
            Self::Interrupted => "interrupted",
            Self::Refused => "refused",
            Self::Garbage => "garbage",
            Self::Credentials => "credentials",
            Self::Closed => "closed",
            Self::NoAnswer => "no-answer",
            Self::Local => "local",
        }
    }
}

impl From<&Failure> for State {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::NoAnswer => Self::NoAnswer,
            Failure::Closed => Self::Closed,
            Failure::Credentials { .. } => Self::Credentials,
            Failure::Refused { .. } | Failure::TooBig => Self::Refused,
            Failure::Garbage { .. } => Self::Garbage,
            Failure::Local { .. } => Self::Local,
        }
    }
}
