//! What enrichment keeps with a conn until its relationship takes it over: its names and notes, when its
//! packets come, and how much of it was told.

use std::sync::Arc;

use sekisho_decode::Addr;
use sekisho_recognise::{Inspection, Key, Side};
use smallvec::SmallVec;

use crate::behaviour::{Pulse, Report};
use crate::intern::{Marks, TextId};

/// Notes kept with one conn: an association proposes up to 64 SOP classes, and as many are accepted.
const MAX_NOTES: usize = 160;
/// Notes by which orig calls resp, the most telling first.
const CALLS: [Key; 3] = [Key::Sni, Key::HttpHost, Key::ProxyTarget];

/// What enrichment and recognition keep with each conn of the flow table.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Extra {
    /// The recogniser's state: first, for it is what the next packet may need.
    pub inspection: Inspection,
    /// When its packets come, of a tunnel or a long conn that may leave the site.
    pulse: Option<Box<Pulse>>,
    /// The outside end's name by DNS when the conn opened: of resp, and of orig.
    pub(crate) names: [Option<TextId>; 2],
    beside: Option<Box<Beside>>,
    /// Octets of orig and of resp that a relationship has.
    pub(crate) told: [u64; 2],
    /// What orig called resp, of the notes: with it the conn's relationship is found without them.
    said: Option<TextId>,
    /// Whether a relationship counts it.
    pub(crate) counted: bool,
    /// Whether resp asks and orig serves.
    pub(crate) inverse: bool,
    /// Whether its datagrams tell of flows.
    pub exports_flows: bool,
}

/// What few conns have.
#[derive(Debug, Default)]
struct Beside {
    notes: Notes,
    /// Whose packets the conn's came in, if it came out of a tunnel opened on the way.
    carrier: Option<Arc<Carrier>>,
    /// Until when it was told how long it lasts.
    lasted_to_ns: Option<i64>,
}

/// The ends of a tunnel.
pub type Carrier = (Addr, Addr);

/// Something a recogniser noted about one end.
pub(crate) type Note = (Side, Key, TextId);

/// Notes: of most conns and relationships a handful, which stand where they are needed.
pub(crate) type Notes = SmallVec<[Note; 6]>;

impl Extra {
    pub(crate) fn note(&mut self, note: Note) {
        let notes = &mut self.beside.get_or_insert_default().notes;
        if notes.len() < MAX_NOTES && !notes.contains(&note) {
            notes.push(note);
            let (side, key, _) = note;
            if side == Side::Orig && CALLS.contains(&key) {
                self.said = said(notes);
            }
        }
    }

    pub(crate) fn notes(&self) -> &[Note] {
        self.beside.as_ref().map_or(&[], |beside| &beside.notes)
    }

    /// The names of orig and of resp: resp's is what the handshake says, before what DNS said when the
    /// conn opened. Tells as well whether resp's was only looked up.
    pub(crate) const fn names(&self) -> ([Option<TextId>; 2], bool) {
        let [of_resp, of_orig] = self.names;
        let of_resp = if self.said.is_some() { self.said } else { of_resp };
        ([of_orig, of_resp], self.said.is_none())
    }

    /// Notes the tunnel that the conn came out of.
    pub(crate) fn came_in(&mut self, carrier: Arc<Carrier>) {
        self.beside.get_or_insert_default().carrier = Some(carrier);
    }

    pub(crate) fn carrier(&self) -> Option<Arc<Carrier>> {
        self.beside.as_ref()?.carrier.clone()
    }

    /// Reaches the pulse, if there is one.
    #[inline]
    pub(crate) fn pulse(&mut self) -> Option<&mut Pulse> {
        self.pulse.as_deref_mut()
    }

    /// Reads what the next packet will need of the pulse, so that it is in the cache by then.
    #[inline]
    #[must_use]
    pub fn warm(&self) -> u64 {
        self.pulse.as_ref().map_or(0, |pulse| pulse.warm())
    }

    /// Watches it packet by packet from now on.
    pub(crate) fn watch(&mut self, pulse: Pulse) {
        self.pulse = Some(Box::new(pulse));
    }

    /// What its pulse tells, and how much longer it lasted, since the last time.
    pub(crate) fn report(&mut self, first_ns: i64, last_ns: i64, ended: bool) -> Option<(Report, i64)> {
        let report = self.pulse.as_mut()?.report(ended);
        let beside = self.beside.get_or_insert_default();
        let from_ns = beside.lasted_to_ns.replace(last_ns).unwrap_or(first_ns);
        Some((report, last_ns.saturating_sub(from_ns)))
    }

    /// Follows a conn whose direction turned out to be the other.
    pub(crate) fn flip(&mut self) {
        if let Some(beside) = &mut self.beside {
            beside.notes.iter_mut().for_each(|(side, _, _)| *side = side.peer());
            self.said = said(&beside.notes);
        }
        if let Some(pulse) = self.pulse() {
            pulse.flip();
        }
        self.names.swap(0, 1);
        self.told.swap(0, 1);
        self.inspection.flip();
    }

    /// Marks the texts that it refers to.
    pub fn texts(&self, marks: &mut Marks) {
        let noted = self.notes().iter().map(|(_, _, text)| *text);
        self.names.into_iter().flatten().chain(noted).for_each(|text| marks.mark(text));
    }
}

fn said(notes: &[Note]) -> Option<TextId> {
    CALLS.iter().find_map(|wanted| {
        let found = notes.iter().find(|(side, key, _)| *side == Side::Orig && key == wanted);
        found.map(|(_, _, text)| *text)
    })
}
