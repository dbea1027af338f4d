//! One site's ledger in another: what changed goes out, each row once, and comes in idempotently.
//!
//! | file | what |
//! |---|---|
//! | `table` | which tables are sent, and their rows as they cross the wire |
//! | `log` | which rows changed, in the order of their last change |
//! | `outbox` | the sending side: batches out, answers in |
//! | `sound` | a batch as it came, or why it is refused |
//! | `intake` | the receiving side: batches in, answers out |
//! | `life` | where a site's ledger stands there, and how a new life takes over |
//! | `machine` | that one machine sends as a site, and no other |
//! | `former` | what a life that is over had found and the next one has not: it stays |
//! | `members` | the collector's sites, invitations and keys |
//! | `journal` | the same in a file beside the ledger, for a ledger that is put back |
//! | `decision` | what people decided, on both sides, merged field by field |
//! | `effect` | what came touches beyond its own rows: registrations, inquiries, and what they make of connections |
//!
//! The ledger is the spool: nothing is kept twice, and a month away costs only the rows that changed.
//!
//! Why no batch can do harm, in whatever order and however often it comes. A place is given once in a
//! life, so a row and its place are one content for ever. A batch (`from`, `to`] holds every row whose last
//! change was in that interval when it was read; a change after that has a place beyond `to`. The receiver
//! at place `h` takes of a batch with `from ≤ h < to` the rows beyond `h` and then stands at `to`: all that
//! was last changed up to `to` is there, and nothing newer can have been there before. A batch with
//! `to ≤ h` has nothing new; one with `from > h` would leave a gap and is not taken.
//!
//! What a copy put back does. A ledger put back from a copy gives places anew, to other contents. It shows:
//! the receiver stands at a sending that the copy does not know of, for a sending and how far it went are
//! in the ledger before the first octet leaves. Then a new life begins, and all of it is sent again. What was
//! found and it does not have stays, as it was seen last; the rest goes, the history to where it is kept aside.
//! The same where the receiver was put back. Of decisions each side gets its own back, too, and the receiver those
//! that it had given.

pub(crate) mod decision;
mod effect;
mod former;
mod intake;
mod journal;
mod life;
mod log;
mod machine;
mod members;
mod outbox;
mod sound;
mod table;

pub use intake::{Intake, Received};
pub use members::{Credential, Invitation, MAX_TRIES, Member, NotInvited};
pub(crate) use outbox::fresh_id;
pub use outbox::{BatchBounds, Outbox, Progress, random_id};
pub use sound::Sound;
