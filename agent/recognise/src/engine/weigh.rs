//! What is made of conns that no protocol knows: whether they look encrypted, and whether such a flow
//! carries other connections.
//!
//! Weighing takes four bytes, which a conn has while its protocol has no memo. A shape takes a watch and
//! more, and few conns get there: those that look encrypted and have no name.

use super::{Engine, Glimpse, Inspection, MAX_LOOKS, Recognised, Stage};
use crate::cipher::{BLOCK_BYTES, Cipher, Weight};
use crate::handshakes::Shape;
use crate::{Look, Over, PROTOCOLS, tls};

/// A ping's payload is any pattern; tunnels in it are told by other means.
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
/// Shapes kept at once: 800 KB. A hospital has a handful of unnamed encrypted flows at a time.
const MAX_SHAPES: usize = 512;
/// What a payload too small to be weighed counts among the looks: conns of nothing else end soon.
const SMALL_LOOKS: u8 = 4;

impl Engine {
    /// Goes on with a conn that has no protocol: the payload was not recognised.
    ///
    /// Where a TLS stream's first segments were lost, those that follow still show its records.
    pub(super) fn weigh(&mut self, inspection: &mut Inspection, glimpse: &Glimpse<'_>) -> Option<Recognised> {
        match (inspection.stage, glimpse.over) {
            (Stage::Shaping, _) => self.shape(inspection, glimpse),
            (Stage::Unknown, Over::Ip(ICMP | ICMPV6)) => {}
            (Stage::Unknown | Stage::Weighing, Over::Tcp) => {
                let Look::Is(found) = tls::picked_up(glimpse.payload) else {
                    self.add(inspection, glimpse);
                    return None;
                };
                let number = PROTOCOLS.iter().position(|protocol| protocol.service == "tls")?;
                self.release(inspection);
                inspection.stage = Stage::Known;
                inspection.protocol = number as u8;
                inspection.confidence = found.confidence;
                return Some(Recognised { protocol: PROTOCOLS.get(number)?, server: found.server });
            }
            _ => self.add(inspection, glimpse),
        }
        None
    }

    fn add(&mut self, inspection: &mut Inspection, glimpse: &Glimpse<'_>) {
        let mut weight = Weight::from_memo(inspection.memo);
        weight.add(glimpse.from_orig, glimpse.payload);
        inspection.memo = weight.to_memo();
        match inspection.stage {
            Stage::Looking => {}
            Stage::Unknown => inspection.stage = Stage::Weighing,
            _ => inspection.looks = inspection.looks.saturating_add(1),
        }
        let small = inspection.stage == Stage::Weighing && glimpse.payload.len() < BLOCK_BYTES;
        inspection.looks = inspection.looks.saturating_add(if small { SMALL_LOOKS - 1 } else { 0 });
        let full = inspection.stage == Stage::Weighing && weight.is_full();
        if full || inspection.looks >= MAX_LOOKS {
            self.release(inspection);
            inspection.stage = Stage::Unknown;
            if weight.cipher().is_some() {
                self.start_shape(inspection);
            }
        }
    }

    fn start_shape(&mut self, inspection: &mut Inspection) {
        if self.shapes >= MAX_SHAPES || self.watches >= self.budget.watches {
            self.given_up += 1;
            return;
        }
        self.shapes += 1;
        self.watches += 1;
        let mut watch = self.spare.pop().unwrap_or_default();
        watch.shape = Some(Box::default());
        inspection.watch = Some(watch);
        inspection.stage = Stage::Shaping;
    }

    fn shape(&mut self, inspection: &mut Inspection, glimpse: &Glimpse<'_>) {
        let shape = inspection.watch.as_mut().and_then(|watch| watch.shape.as_mut());
        let more = shape.is_some_and(|shape| shape.add(glimpse.time_ns, glimpse.from_orig, glimpse.wire_len));
        if !more {
            self.release(inspection);
        }
    }
}

impl Inspection {
    /// Tells whether no protocol was recognised.
    pub(super) const fn is_untold(&self) -> bool {
        !matches!(self.stage, Stage::Reading | Stage::Following | Stage::Known)
    }

    /// Gives the figures of payloads that no protocol knows and that look encrypted.
    #[must_use]
    pub fn cipher(&self) -> Option<Cipher> {
        if self.is_untold() { Weight::from_memo(self.memo).cipher() } else { None }
    }

    /// Counts what looks like handshakes of connections inside a flow that looks encrypted; 0 if too few do.
    #[must_use]
    pub fn handshakes(&self) -> u8 {
        match (self.stage, &self.watch) {
            // An ended shape left its count where a protocol's confidence would be.
            (Stage::Unknown, _) => self.confidence,
            (Stage::Shaping, Some(watch)) => watch.shape.as_deref().map_or(0, Shape::handshakes),
            _ => 0,
        }
    }
}
