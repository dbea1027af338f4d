//! Shows each conn's first bytes to the protocols and keeps what they answered.
//!
//! A conn is first looked at without keeping anything: most are settled by their first payload. Only
//! one that is not gets a [`Watch`] from a bounded pool, with the starts of both streams (TCP) or the
//! heads of the first datagrams (UDP), and gives it back as soon as its protocol is known and has together
//! what it reads.

mod candidates;
#[cfg(test)]
mod tests;
mod watch;
mod weigh;

use sekisho_decode::Addr;

use self::candidates::{Candidates, Starts};
use self::watch::Watch;
use crate::{Datagrams, Found, Look, Over, PROTOCOLS, Protocol, Side, Sight, Sink};

/// Payloads looked at before a conn is given up as unknown. Data-only OpenVPN, the slowest to tell,
/// is sure after eight.
const MAX_LOOKS: u8 = 16;
/// How much the engine keeps at once.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Conns watched: with empty streams 300 bytes each.
    pub watches: usize,
    /// Bytes of stream starts, over all conns.
    pub buffered_bytes: usize,
}

impl Default for Budget {
    /// A flood of strange flows stops at 64 MiB.
    fn default() -> Self {
        Self { watches: 1 << 16, buffered_bytes: 32 << 20 }
    }
}

/// Watches kept for reuse with their buffers.
const MAX_SPARE: usize = 1 << 10;

/// A payload, as the flow table placed it.
#[derive(Clone, Copy, Debug)]
pub struct Glimpse<'a> {
    /// When it was seen, in nanoseconds since the Unix epoch.
    pub time_ns: i64,
    /// How it travelled.
    pub over: Over,
    /// Whether the conn's orig sent it.
    pub from_orig: bool,
    /// The captured bytes.
    pub payload: &'a [u8],
    /// Their number on the wire.
    pub wire_len: u32,
    /// TCP's sequence number of the first byte, else 0.
    pub seq: u32,
    /// How many packets this sender has sent on this conn, this one included.
    pub count: u32,
    /// Whether the conn's beginning was seen: a TCP handshake, or a conn without one.
    pub from_start: bool,
    /// The conn's orig.
    pub orig: (Addr, u16),
    /// The conn's resp.
    pub resp: (Addr, u16),
}

/// What the engine keeps with each conn.
#[derive(Debug, Default)]
pub struct Inspection {
    stage: Stage,
    protocol: u8,
    confidence: u8,
    looks: u8,
    memo: u32,
    watch: Option<Box<Watch>>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Stage {
    /// No payload yet, or several protocols possible.
    #[default]
    Looking,
    /// Recognised; its protocol reads on.
    Reading,
    /// Recognised; its protocol reads each payload by itself.
    Following,
    /// Recognised and read.
    Known,
    /// No protocol's; weighed for how encrypted it looks.
    Weighing,
    /// Looks encrypted; its packets' sizes are followed.
    Shaping,
    /// Given up.
    Unknown,
}

/// What a look brought to light.
#[derive(Clone, Copy, Debug)]
pub struct Recognised {
    /// The protocol.
    pub protocol: &'static Protocol,
    /// Who serves, where the protocol says it.
    pub server: Option<Side>,
}

impl Inspection {
    /// Tells whether another payload would be looked at.
    #[inline]
    #[must_use]
    pub const fn wants_more(&self) -> bool {
        !matches!(self.stage, Stage::Known | Stage::Unknown)
    }

    /// Tells whether what comes next is looked at together with what came before.
    const fn is_watched(&self) -> bool {
        self.wants_more() && !matches!(self.stage, Stage::Following)
    }

    /// Tells whether the protocol may still be found.
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        matches!(self.stage, Stage::Looking | Stage::Weighing)
    }

    /// Follows a conn whose direction turned out to be the other.
    pub fn flip(&mut self) {
        if self.is_untold() {
            // What was weighed of each side.
            self.memo = self.memo.rotate_left(16);
        }
        if let Some(watch) = &mut self.watch {
            watch.flip();
        }
    }

    /// Tells whether anything was sent that could be looked at.
    #[must_use]
    pub const fn has_looked(&self) -> bool {
        self.looks > 0
    }

    /// Gives the protocol, once recognised, and how sure that is in percent.
    #[must_use]
    pub fn protocol(&self) -> Option<(&'static Protocol, u8)> {
        let recognised = matches!(self.stage, Stage::Reading | Stage::Following | Stage::Known);
        let protocol = PROTOCOLS.get(usize::from(self.protocol)).filter(|_| recognised)?;
        Some((protocol, self.confidence))
    }
}

/// Asks the protocols. One for each thread: it holds the pool of watches.
#[derive(Debug)]
pub struct Engine {
    starts: Starts,
    #[expect(clippy::vec_box, reason = "a watch moves whole between the pool and its conn")]
    spare: Vec<Box<Watch>>,
    watches: usize,
    shapes: usize,
    buffered: usize,
    given_up: u64,
    budget: Budget,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new(Budget::default())
    }
}

impl Engine {
    /// Makes an engine that keeps so much at the most.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self {
            starts: Starts::default(),
            spare: Vec::new(),
            watches: 0,
            shapes: 0,
            buffered: 0,
            given_up: 0,
            budget,
        }
    }
}

impl Engine {
    /// Conns that were given up because the pool or the buffers were full.
    #[must_use]
    pub const fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Looks at one payload of a conn; tells when the conn is recognised by it.
    pub fn inspect(
        &mut self,
        inspection: &mut Inspection,
        glimpse: &Glimpse<'_>,
        sink: &mut dyn Sink,
    ) -> Option<Recognised> {
        if glimpse.payload.is_empty() || !inspection.wants_more() {
            return None;
        }
        if matches!(inspection.stage, Stage::Weighing | Stage::Shaping) {
            return self.weigh(inspection, glimpse);
        }
        if inspection.stage == Stage::Following {
            return inspection.follow(&glimpse.sight(glimpse.payload, &[]), sink);
        }
        let recognised = match inspection.watch.take() {
            None => self.look_at_once(inspection, glimpse, sink),
            Some(watch) => self.look_on(inspection, watch, glimpse, sink),
        };
        if inspection.is_untold() { self.weigh(inspection, glimpse) } else { recognised }
    }

    /// Takes back what an ended conn held.
    pub fn release(&mut self, inspection: &mut Inspection) {
        if let Some(watch) = inspection.watch.take() {
            if let Some(shape) = &watch.shape {
                inspection.confidence = shape.handshakes();
                inspection.stage = Stage::Unknown;
            }
            self.recycle(watch);
        }
    }

    /// Looks at a payload by itself: a conn's first, or any segment of a stream picked up in the middle.
    fn look_at_once(
        &mut self,
        inspection: &mut Inspection,
        glimpse: &Glimpse<'_>,
        sink: &mut dyn Sink,
    ) -> Option<Recognised> {
        let mut candidates = self.starts.over(glimpse.over);
        let sight = glimpse.sight(glimpse.payload, &[]);
        let answer = inspection.ask(&self.starts, &mut candidates, &sight, sink);
        // A protocol that reads on over UDP mostly needs only its memo: DNS alone would fill the pool.
        let to_compare = inspection.stage == Stage::Looking || glimpse.over == Over::Tcp || answer.gather;
        if inspection.is_watched() && glimpse.from_start && to_compare {
            self.watch(inspection, candidates, glimpse, answer.gather);
        }
        answer.recognised
    }

    /// Looks at a payload together with what came before.
    fn look_on(
        &mut self,
        inspection: &mut Inspection,
        mut watch: Box<Watch>,
        glimpse: &Glimpse<'_>,
        sink: &mut dyn Sink,
    ) -> Option<Recognised> {
        let held = watch.held();
        let mut recognised = None;
        if watch.offer(glimpse) {
            let mut candidates = watch.candidates;
            let answer = inspection.ask(&self.starts, &mut candidates, &watch.sight(glimpse), sink);
            watch.candidates = candidates;
            recognised = answer.recognised;
            if answer.gather {
                watch.gather(glimpse);
            }
        }
        self.buffered = (self.buffered + watch.held()).saturating_sub(held);
        let full = watch.is_full(glimpse) || self.buffered > self.budget.buffered_bytes;
        if full {
            inspection.give_up();
        }
        let settled =
            inspection.stage == Stage::Reading && glimpse.over != Over::Tcp && !watch.has_gathered();
        if inspection.is_watched() && !settled {
            inspection.watch = Some(watch);
        } else {
            self.recycle(watch);
        }
        recognised
    }

    /// Gives an unsettled conn a watch that holds its first payload, or gives the conn up. One that only
    /// gathers is read on without.
    fn watch(
        &mut self,
        inspection: &mut Inspection,
        candidates: Candidates,
        glimpse: &Glimpse<'_>,
        gather: bool,
    ) {
        if self.watches >= self.budget.watches || self.buffered > self.budget.buffered_bytes {
            if !gather {
                self.given_up += 1;
                inspection.give_up();
            }
            return;
        }
        self.watches += 1;
        let mut watch = self.spare.pop().unwrap_or_default();
        watch.candidates = candidates;
        watch.offer(glimpse);
        if gather {
            watch.gather(glimpse);
        }
        self.buffered += watch.held();
        inspection.watch = Some(watch);
    }

    fn recycle(&mut self, mut watch: Box<Watch>) {
        self.watches -= 1;
        self.buffered = self.buffered.saturating_sub(watch.held());
        self.shapes -= usize::from(watch.shape.take().is_some());
        if self.spare.len() < MAX_SPARE {
            watch.clear();
            self.spare.push(watch);
        }
    }
}

/// What came of asking.
#[derive(Debug, Default)]
struct Answer {
    recognised: Option<Recognised>,
    /// Whether the datagram shown is wanted beside the next.
    gather: bool,
}

impl Inspection {
    /// Asks the protocol that reads on, or all that may still be.
    fn ask(
        &mut self,
        starts: &Starts,
        candidates: &mut Candidates,
        sight: &Sight<'_>,
        sink: &mut dyn Sink,
    ) -> Answer {
        if self.stage == Stage::Reading {
            return self.read_on(sight, sink);
        }
        self.looks += 1;
        *candidates &= starts.of(sight);
        let mut left = *candidates;
        while left != 0 {
            let number = left.trailing_zeros();
            left &= left - 1;
            let Some(protocol) = PROTOCOLS.get(number as usize) else { break };
            let mut memo = 0;
            let look = (protocol.look)(sight, &mut memo, sink);
            let (found, stage) = match look {
                // Nothing is followed yet that could turn into anything.
                Look::More | Look::Becomes(..) => continue,
                Look::No => {
                    *candidates &= !(1 << number);
                    continue;
                }
                Look::Is(found) => (found, Stage::Known),
                Look::Reading(found) | Look::Gathering(found) => (found, Stage::Reading),
                Look::Following(found) => (found, Stage::Following),
            };
            self.protocol = number as u8;
            self.memo = memo;
            self.stage = stage;
            self.confidence = found.confidence;
            let recognised = Recognised { protocol, server: found.server };
            return Answer { recognised: Some(recognised), gather: matches!(look, Look::Gathering(_)) };
        }
        if *candidates == 0 && sight.from_start {
            self.stage = Stage::Unknown;
        }
        Answer::default()
    }

    /// Asks the protocol that reads on.
    fn read_on(&mut self, sight: &Sight<'_>, sink: &mut dyn Sink) -> Answer {
        let Some(protocol) = PROTOCOLS.get(usize::from(self.protocol)) else { return Answer::default() };
        let look = (protocol.look)(sight, &mut self.memo, sink);
        match look {
            Look::No => self.stage = Stage::Known,
            Look::Is(Found { confidence, .. }) => {
                self.confidence = self.confidence.max(confidence);
                self.stage = Stage::Known;
            }
            Look::Reading(Found { confidence, .. }) | Look::Gathering(Found { confidence, .. }) => {
                self.confidence = self.confidence.max(confidence);
            }
            Look::Following(Found { confidence, .. }) => {
                self.confidence = self.confidence.max(confidence);
                self.stage = Stage::Following;
            }
            Look::Becomes(service, found) => {
                return Answer { recognised: self.becomes(service, found), gather: false };
            }
            Look::More => {}
        }
        Answer { recognised: None, gather: matches!(look, Look::Gathering(_)) }
    }

    /// Asks the protocol that follows payload by payload; tells what the conn turned into.
    fn follow(&mut self, sight: &Sight<'_>, sink: &mut dyn Sink) -> Option<Recognised> {
        let protocol = PROTOCOLS.get(usize::from(self.protocol))?;
        let (service, found) = match (protocol.look)(sight, &mut self.memo, sink) {
            Look::Becomes(service, found) => (service, found),
            Look::More | Look::Following(_) => return None,
            Look::No | Look::Is(_) | Look::Reading(_) | Look::Gathering(_) => {
                self.stage = Stage::Known;
                return None;
            }
        };
        self.becomes(service, found)
    }

    /// Turns into another service, or into what more is known of the same.
    fn becomes(&mut self, service: &str, found: Found) -> Option<Recognised> {
        self.stage = if self.memo == 0 { Stage::Known } else { Stage::Following };
        let number = PROTOCOLS.iter().position(|protocol| protocol.service == service)?;
        self.protocol = number as u8;
        self.confidence = found.confidence;
        Some(Recognised { protocol: PROTOCOLS.get(number)?, server: found.server })
    }

    /// Leaves it at what is known.
    fn give_up(&mut self) {
        self.stage = match self.stage {
            Stage::Looking | Stage::Weighing | Stage::Shaping | Stage::Unknown => Stage::Unknown,
            Stage::Reading | Stage::Following | Stage::Known => Stage::Known,
        };
    }
}

impl Glimpse<'_> {
    fn sight<'b>(&self, data: &'b [u8], other: &'b [u8]) -> Sight<'b> {
        Sight {
            over: self.over,
            from_orig: self.from_orig,
            data,
            other,
            first: &[],
            before: Datagrams::default(),
            wire_len: self.wire_len as usize,
            from_start: self.from_start,
            orig: self.orig,
            resp: self.resp,
            count: self.count,
        }
    }

    const fn sides(&self) -> (usize, usize) {
        if self.from_orig { (0, 1) } else { (1, 0) }
    }
}
