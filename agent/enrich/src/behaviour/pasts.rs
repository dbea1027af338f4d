//! Which relationships have a past that is kept, and how many at most.

use super::past::{Past, Piece};
use super::scope::Scope;
use crate::relation::{HOUR_NS, Relation, RelationKey};

/// Pasts kept: with everything in them 20 kB each, most have less than one. A large hospital has some
/// 10,000 relationships a day that leave the site more than once.
const MAX_PASTS: usize = 1 << 15;
/// Octets of one conn from which it matters when they went.
const LARGE: u64 = 16 << 20;

/// Who has a past.
#[derive(Debug, Default)]
pub(crate) struct Pasts {
    pub(crate) scope: Scope,
    pub(crate) kept: usize,
    /// Relationships that found no room for one.
    pub(crate) refused: u64,
}

impl Pasts {
    /// The past of a relationship that a conn's news are about to be added to. What called once and
    /// briefly has none.
    pub(crate) fn of<'r>(
        &mut self,
        relation: &'r mut Relation,
        key: &RelationKey,
        piece: &Piece,
        watched: bool,
    ) -> Option<&'r mut Past> {
        if relation.past.is_none() {
            let again = relation.conns > 0 && piece.begins;
            let large = piece.bytes.into_iter().any(|bytes| bytes >= LARGE);
            let worth = watched || (again || large) && self.scope.may_leave(key.orig, key.resp);
            if !worth || !self.has_room() {
                return None;
            }
            relation.past = Some(Box::new(first_of(relation)));
        }
        relation.past.as_deref_mut()
    }

    /// Joins what another part of the same relationship did to what this did.
    pub(crate) fn join(&mut self, relation: &mut Relation, other: &mut Relation, key: &RelationKey) {
        let theirs = other.past.take();
        if theirs.is_none() && relation.past.is_none() {
            let again = relation.conns > 0 && other.conns > 0;
            if !again || !self.scope.may_leave(key.orig, key.resp) {
                return;
            }
        }
        if relation.past.is_none() {
            if !self.has_room() {
                return;
            }
            relation.past = Some(Box::new(first_of(relation)));
        }
        let Some(past) = relation.past.as_deref_mut() else { return };
        match theirs {
            Some(theirs) => past.absorb(*theirs),
            None => past.conn(
                &Piece {
                    first_ns: other.first_ns,
                    last_ns: other.first_ns,
                    hour: other.last_ns.div_euclid(HOUR_NS),
                    bytes: other.bytes,
                    begins: other.conns > 0,
                    ..Piece::default()
                },
                None,
            ),
        }
    }

    /// Counts the past of a relationship that came with one, or takes it away where there is no room.
    pub(crate) fn admit(&mut self, relation: &mut Relation) {
        if relation.past.is_some() && !self.has_room() {
            relation.past = None;
        }
    }

    fn has_room(&mut self) -> bool {
        let room = self.kept < MAX_PASTS;
        self.kept += usize::from(room);
        self.refused += u64::from(!room);
        room
    }
}

/// The past of a relationship so far without one: that of its first conn, if it had any.
fn first_of(relation: &Relation) -> Past {
    if relation.conns == 0 { Past::default() } else { Past::since(relation.first_ns, relation.bytes) }
}
