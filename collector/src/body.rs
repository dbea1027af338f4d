//! What is read of a request, within bounds: of all boxes together, for two thousand may come at once.
//!
//! A body is held packed until there is room to unpack it, and unpacked until it is in the ledger. Who finds
//! no room waits; a box that sends slowly holds what it has said it will send and nothing else.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use sekisho_sync::{MAX_BODY_BYTES, unpacked_bytes};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// Octets that one permit stands for.
const UNIT: usize = 1024;
/// Packed bodies of all boxes: 2,000 of a roll-up's changes, or eight of the largest.
const MAX_PACKED_BYTES: usize = 32 * 1024 * 1024;
/// Unpacked texts of all boxes until they are in the ledger: two of the largest, or some hundred of a roll-up's
/// changes, more than are written together. What is made of them takes three times as much again.
const MAX_UNPACKED_BYTES: usize = 32 * 1024 * 1024;
/// Octets of the body of a box that is not known yet: a certificate request and a proof.
pub(crate) const MAX_STRANGER_BYTES: usize = 64 * 1024;
/// Bodies of boxes that are not known yet, at once: people enrol one after another, and read out codes.
const MAX_STRANGERS: usize = 16;
/// How long a body may be on its way: the largest on a slow line.
const ARRIVES: Duration = Duration::from_mins(3);
/// How long one of a box that is not known yet may be on its way, and how long it waits for a place: it is a few
/// thousand octets, and what strangers hold is held from others who enrol.
const STRANGER_ARRIVES: Duration = Duration::from_secs(15);

/// Why a body is not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unread {
    /// It is larger than it may be.
    TooLarge,
    /// It broke off, or took too long.
    Broken,
    /// It would unpack to more than any message.
    Bomb,
    /// Too many are being read that nobody knows the senders of.
    Busy,
}

/// The room for bodies.
pub(crate) struct Room {
    packed: Semaphore,
    unpacked: Semaphore,
    /// Places of strangers, who take none of what members have.
    strangers: Semaphore,
}

/// A body, and its place in the room.
pub(crate) struct Held<'r> {
    pub(crate) octets: Bytes,
    _place: SemaphorePermit<'r>,
}

impl Room {
    pub(crate) fn new() -> Self {
        let permits = |bytes: usize| Semaphore::new(bytes / UNIT);
        Self {
            packed: permits(MAX_PACKED_BYTES),
            unpacked: permits(MAX_UNPACKED_BYTES),
            strangers: Semaphore::new(MAX_STRANGERS),
        }
    }

    /// Reads a member's body of `bound` octets at most.
    pub(crate) async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        bound: usize,
    ) -> Result<Held<'_>, Unread> {
        let (body, length) = bounded(headers, body, bound.min(MAX_BODY_BYTES), ARRIVES).await?;
        let place = self.packed.acquire_many(permits(length)).await.map_err(|_| Unread::Broken)?;
        let octets = collected(body, length, ARRIVES).await?;
        Ok(Held { octets, _place: place })
    }

    /// Reads the body of somebody who has proved nothing yet.
    pub(crate) async fn read_stranger(&self, headers: &HeaderMap, body: Body) -> Result<Held<'_>, Unread> {
        let place = timeout(STRANGER_ARRIVES, self.strangers.acquire()).await;
        let Ok(Ok(place)) = place else { return Err(Unread::Busy) };
        let (body, length) = bounded(headers, body, MAX_STRANGER_BYTES, STRANGER_ARRIVES).await?;
        let octets = collected(body, length, STRANGER_ARRIVES).await?;
        Ok(Held { octets, _place: place })
    }

    /// Waits until there is room for what a body unpacks to, which is to be held until it is done with.
    pub(crate) async fn unpacked(&self, packed: &[u8]) -> Result<SemaphorePermit<'_>, Unread> {
        let bytes = unpacked_bytes(packed).ok_or(Unread::Bomb)?;
        self.unpacked.acquire_many(permits(bytes)).await.map_err(|_| Unread::Broken)
    }
}

/// Tells how long a body may be, by what it says of itself; one that says more than it may is passed over.
async fn bounded(
    headers: &HeaderMap,
    body: Body,
    bound: usize,
    arrives: Duration,
) -> Result<(Body, usize), Unread> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    // Who does not say how much it is may send the most.
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(bound);
    if length > bound {
        pass_over(body, arrives).await;
        return Err(Unread::TooLarge);
    }
    Ok((body, length))
}

async fn collected(body: Body, length: usize, arrives: Duration) -> Result<Bytes, Unread> {
    let read = timeout(arrives, Limited::new(body, length).collect()).await;
    match read.map_err(|_| Unread::Broken)? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Err(_) => Err(Unread::Broken),
    }
}

/// Takes the body of somebody who is refused off the line.
pub(crate) async fn pass_over_stranger(body: Body) {
    pass_over(body, STRANGER_ARRIVES).await;
}

/// Takes a body off the line without keeping it, so that who sends it hears the answer.
async fn pass_over(mut body: Body, arrives: Duration) {
    let mut left = MAX_BODY_BYTES;
    let all = async {
        while let Some(Ok(frame)) = body.frame().await {
            let read = frame.data_ref().map_or(0, Bytes::len);
            left = left.saturating_sub(read);
            if left == 0 {
                break;
            }
        }
    };
    let _ = timeout(arrives, all).await;
}

fn permits(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}
