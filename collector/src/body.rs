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
/// How long a body may be on its way: the largest on a slow line.
const ARRIVES: Duration = Duration::from_mins(3);

/// Why a body is not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unread {
    /// It is larger than it may be.
    TooLarge,
    /// It broke off, or took too long.
    Broken,
    /// It would unpack to more than any message.
    Bomb,
}

/// The room for bodies.
pub(crate) struct Room {
    packed: Semaphore,
    unpacked: Semaphore,
}

/// A body, and its place in the room.
pub(crate) struct Held<'r> {
    pub(crate) octets: Bytes,
    _place: SemaphorePermit<'r>,
}

impl Room {
    pub(crate) fn new() -> Self {
        let permits = |bytes: usize| Semaphore::new(bytes / UNIT);
        Self { packed: permits(MAX_PACKED_BYTES), unpacked: permits(MAX_UNPACKED_BYTES) }
    }

    /// Reads a body of `bound` octets at most.
    pub(crate) async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        bound: usize,
    ) -> Result<Held<'_>, Unread> {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        // Who does not say how much it is may send the most.
        let length = length.and_then(|length| length.parse().ok()).unwrap_or(bound);
        if length > bound.min(MAX_BODY_BYTES) {
            pass_over(body).await;
            return Err(Unread::TooLarge);
        }
        let place = self.packed.acquire_many(permits(length)).await.map_err(|_| Unread::Broken)?;
        let read = timeout(ARRIVES, Limited::new(body, length).collect()).await;
        let octets = match read.map_err(|_| Unread::Broken)? {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(Unread::TooLarge),
            Err(_) => return Err(Unread::Broken),
        };
        Ok(Held { octets, _place: place })
    }

    /// Waits until there is room for what a body unpacks to, which is to be held until it is done with.
    pub(crate) async fn unpacked(&self, packed: &[u8]) -> Result<SemaphorePermit<'_>, Unread> {
        let bytes = unpacked_bytes(packed).ok_or(Unread::Bomb)?;
        self.unpacked.acquire_many(permits(bytes)).await.map_err(|_| Unread::Broken)
    }
}

/// Takes a body off the line without keeping it, so that who sends it hears the answer.
pub(crate) async fn pass_over(mut body: Body) {
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
    let _ = timeout(ARRIVES, all).await;
}

fn permits(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}
