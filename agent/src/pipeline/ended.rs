//! Conns that ended and wait until several are told of together.

use sekisho_enrich::{Enrich, Extra};
use sekisho_mirror::MirrorCheck;
use sekisho_recognise::Engine;
use sekisho_track::Conn;

/// Conns told of together: their relationships' reads from memory overlap.
const TOGETHER: usize = 32;

/// Conns that ended and were not told of yet.
#[derive(Debug)]
pub(super) struct Ended(Vec<Conn<Extra>>);

impl Ended {
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(TOGETHER))
    }

    /// Takes a conn that ended.
    pub(super) fn take(
        &mut self,
        conn: Conn<Extra>,
        engine: &mut Engine,
        enrich: &mut Enrich,
        mirror: &mut Option<MirrorCheck>,
    ) {
        self.0.push(conn);
        if self.0.len() == TOGETHER {
            self.tell(engine, enrich, mirror);
        }
    }

    /// Tells of all.
    #[inline(never)]
    pub(super) fn tell(
        &mut self,
        engine: &mut Engine,
        enrich: &mut Enrich,
        mirror: &mut Option<MirrorCheck>,
    ) {
        for conn in &mut self.0 {
            if let Some(mirror) = mirror {
                mirror.conn(conn);
            }
            engine.release(&mut conn.extra.inspection);
        }
        enrich.ended(&mut self.0);
        self.0.clear();
    }
}
