//! Pasted `show` output of network equipment in, the same facts as SNMP gives out.
//!
//! | file | what |
//! |---|---|
//! | `session` | text → commands with their output, by the prompts in it |
//! | `secret` | lines that may hold a password or key: dropped before anything else looks at them |
//! | `reading` | what was read so far: facts, and each statement with the command and line it stands on |
//! | `table`, `neighbour` | rows of ARP, forwarding and route tables, LLDP and CDP, alike at every maker |
//! | `yamaha`, `cisco`, `alaxala`, `apresia`, `allied`, `nec_ix`, `fortinet` | one maker each |
//!
//! A maker is recognised by what its equipment writes, not by the file's name. Who is logged in, who is the
//! contact and every secret stay unread.
//!
//! Invariant: pure, and bounded whatever is pasted.

#![forbid(unsafe_code)]

mod alaxala;
mod allied;
mod apresia;
mod cisco;
mod fortinet;
mod nec_ix;
mod neighbour;
mod reading;
mod secret;
mod session;
mod table;
mod yamaha;

#[cfg(test)]
mod tests;

pub use reading::{Pasted, States, Told};

use reading::Reading;
use session::{Section, Session};

/// Octets of one text that are read: a core switch's whole `show tech-support` has some.
pub const MAX_TEXT_BYTES: usize = 16 << 20;
/// Lines of one text that are read.
pub const MAX_LINES: usize = 400_000;
/// Devices of one text: a night's log of a terminal program.
pub const MAX_DEVICES: usize = 256;

/// A maker's equipment: how its output is known, and how it is read.
pub(crate) struct Maker {
    /// Its slug, of which a rule's name is made.
    pub(crate) slug: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// Tells whether a line can only be of this maker.
    pub(crate) writes: fn(&str) -> bool,
    /// Reads the output of one command.
    pub(crate) read: fn(&mut Reading, &Section),
}

/// The makers; those whose words are others', too, come last.
const MAKERS: &[&Maker] = &[
    &fortinet::MAKER,
    &nec_ix::MAKER,
    &yamaha::MAKER,
    &alaxala::MAKER,
    &apresia::MAKER,
    &allied::MAKER,
    &cisco::MAKER,
];

/// Reads a text; gives a result for each device that it is of.
#[must_use]
pub fn read(text: &str) -> Vec<Pasted> {
    session::sessions(text).into_iter().map(|session| device(&session)).collect()
}

fn device(session: &Session) -> Pasted {
    let lines = || session.sections.iter().flat_map(|section| &section.lines);
    let maker = MAKERS.iter().find(|maker| lines().any(|line| (maker.writes)(&line.text)));
    let mut reading = Reading::new(maker.copied());
    if let Some(host) = &session.host {
        reading.name(host, session.host_line);
    }
    for section in &session.sections {
        match maker {
            Some(maker) => (maker.read)(&mut reading, section),
            None => table::read(&mut reading, section),
        }
    }
    reading.finish(session)
}
