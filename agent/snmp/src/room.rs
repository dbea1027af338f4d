//! Room that many walks share: who says more than most devices do waits for a turn.
//!
//! A device may come to [`MODEST_BYTES`] whenever it likes, and needs a turn for more, up to what one device
//! may come to. So a thousand devices that never stop talking hold no more than a few of them would, and core
//! switches with full tables are read whole, a few at a time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Octets that every device may come to: a switch of fifty ports comes to 90 KiB.
pub(crate) const MODEST_BYTES: usize = 160 << 10;
/// Devices that may come to more at the same time: 6 MiB each.
const TURNS: usize = 4;
/// How long a device waits for a turn. A core switch at twenty requests a second takes half a minute, so that some
/// forty find their turn.
const PATIENCE: Duration = Duration::from_mins(4);

/// Room for walks. Its clones are the same room.
#[derive(Clone, Debug)]
pub struct Room {
    turns: Arc<Semaphore>,
    patience: Duration,
    cut: Arc<AtomicU64>,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(TURNS, PATIENCE)
    }
}

impl Room {
    pub(crate) fn of(turns: usize, patience: Duration) -> Self {
        Self { turns: Arc::new(Semaphore::new(turns)), patience, cut: Arc::default() }
    }

    /// Tells how many devices were cut short because no turn came.
    #[must_use]
    pub fn cut(&self) -> u64 {
        self.cut.load(Ordering::Relaxed)
    }

    /// Gives a device its place.
    #[must_use]
    pub fn seat(&self) -> Seat {
        Seat(Arc::new(Place { room: self.clone(), turn: OnceLock::new() }))
    }
}

/// A device's place in a room: its turn, once it had to take one, is given back when the last clone is
/// dropped. Whoever keeps what the device said keeps one.
#[derive(Clone, Debug)]
pub struct Seat(Arc<Place>);

#[derive(Debug)]
struct Place {
    room: Room,
    turn: OnceLock<OwnedSemaphorePermit>,
}

impl Default for Seat {
    /// A place in a room of its own.
    fn default() -> Self {
        Room::default().seat()
    }
}

impl Seat {
    /// Waits for the device's turn, if it has none; tells whether it came.
    pub(crate) async fn turn(&self) -> bool {
        let Place { room, turn } = &*self.0;
        if turn.get().is_some() {
            return true;
        }
        // Nobody closes the semaphore.
        let permit =
            timeout(room.patience, Arc::clone(&room.turns).acquire_owned()).await.ok().and_then(Result::ok);
        match permit {
            // One that somebody else set meanwhile is as good: this one is given back.
            Some(permit) => drop(turn.set(permit)),
            None => {
                room.cut.fetch_add(1, Ordering::Relaxed);
            }
        }
        turn.get().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_is_given_back_with_the_last_that_keeps_what_was_said() {
        let room = Room::of(1, Duration::ZERO);
        let (first, second) = (room.seat(), room.seat());
        assert!(first.turn().await && first.turn().await, "it keeps the turn that it has");
        assert!(!second.turn().await);
        let kept = first.clone();
        drop(first);
        assert!(!second.turn().await);
        assert_eq!(room.cut(), 2);
        drop(kept);
        assert!(second.turn().await);
    }
}
