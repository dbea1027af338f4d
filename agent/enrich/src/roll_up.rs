//! Roll-ups: what watching threads gathered goes to one place that knows the site, which reports what is
//! new and keeps what it knows.
//!
//! ```text
//! gather ─▶ Gathered ─▶ absorb ─▶ conclude (news only) ─▶ recorded ─▶ told
//! ```
//!
//! A relationship that was reported stays known for a day and some, without its counters: what a device is, and
//! which gateway is an exit, rests on more than five minutes. Texts are numbered anew on the way, since
//! each thread numbers its own.

use std::sync::Arc;

use crate::Enrich;
use crate::announced::Announcement;
use crate::burden::Burdens;
use crate::intern::{Marks, TextId, Texts};
use crate::line::Ways;
use crate::names::Answer;
use crate::relation::ByKey;
use crate::station::Stations;

/// How long a reported relationship stays known: a day and some, so that what happens once a night still
/// speaks for what a device is, and the next night is told as the same job.
const KNOWN_NS: i64 = 27 * 3_600 * 1_000_000_000;

/// What a watching thread gathered since the last time.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The thread's texts, by its numbers.
    texts: Vec<Option<Arc<str>>>,
    relations: ByKey,
    stations: Stations,
    ways: Ways,
    answers: Vec<Answer>,
    announced: Vec<Announcement>,
    burdens: Burdens,
    refused: u64,
    /// Conns and relationships whose behaviour found no room.
    unwatched: [u64; 2],
}

impl Enrich {
    /// Hands out what is new since the last time. `in_use` gives the texts that living conns refer to;
    /// others are forgotten when there are many.
    pub fn gather(&mut self, in_use: impl FnOnce(&mut Marks)) -> Gathered {
        let gathered = Gathered {
            texts: self.texts.all(),
            relations: self.relations.take(),
            stations: std::mem::take(&mut self.stations),
            ways: std::mem::take(&mut self.ways),
            answers: self.resolutions.news(),
            announced: self.announcements.news(),
            burdens: self.burdens.take(),
            refused: std::mem::take(&mut self.relations.refused),
            unwatched: [&mut self.pulses_refused, &mut self.relations.pasts.refused].map(std::mem::take),
        };
        if self.texts.is_crowded() {
            let mut marks = Marks::default();
            in_use(&mut marks);
            self.resolutions.texts(&mut marks);
            self.texts.sweep(&marks);
        }
        gathered
    }

    /// Takes in what a watching thread gathered.
    pub fn absorb(&mut self, gathered: Gathered) {
        let Self { texts, resolutions, burdens, stations, ways, relations, announcements, .. } = self;
        let mut words = Words { theirs: &gathered.texts, ours: vec![None; gathered.texts.len()], texts };
        for answer in gathered.answers {
            if let Some(name) = words.translate(answer.name) {
                resolutions.put(answer.named(name));
            }
        }
        gathered.announced.into_iter().for_each(|announcement| announcements.put(announcement));
        burdens.absorb(gathered.burdens, &mut |text| words.translate(text));
        stations.absorb(gathered.stations, &mut |text| words.translate(text));
        ways.absorb(gathered.ways);
        for (mut key, mut relation) in gathered.relations {
            key.names = key.names.map(|name| name.and_then(|name| words.translate(name)));
            key.exporter = key.exporter.and_then(|exporter| words.translate(exporter));
            relation.notes.retain_mut(|(_, _, text)| match words.translate(*text) {
                Some(ours) => {
                    *text = ours;
                    true
                }
                None => false,
            });
            // Another thread may have seen the look-up.
            let [of_orig, of_resp] = &mut key.names;
            *of_resp = of_resp.or_else(|| resolutions.name(relation.first_ns, key.orig, key.resp));
            *of_orig = of_orig.or_else(|| resolutions.name(relation.first_ns, key.resp, key.orig));
            relations.absorb(key, relation);
        }
        announcements.settle(relations);
        relations.refused += gathered.refused;
        let [pulses, pasts] = gathered.unwatched;
        relations.pasts.refused += pasts;
        self.pulses_refused += pulses;
    }

    /// Notes that the last conclusion is on record: what it reported is no news any more, and what is long
    /// past is forgotten.
    pub fn told(&mut self, now_ns: i64) {
        self.relations.told(now_ns, KNOWN_NS);
        self.burdens.told(now_ns, KNOWN_NS);
        self.pulses_refused = 0;
        self.stations.told(now_ns);
        self.ways.told();
        if self.texts.is_crowded() {
            let mut marks = Marks::default();
            self.resolutions.texts(&mut marks);
            self.burdens.texts(&mut marks);
            self.stations.texts(&mut marks);
            self.relations.texts(&mut marks);
            self.texts.sweep(&marks);
        }
    }
}

/// Another thread's texts in our numbers.
struct Words<'a> {
    theirs: &'a [Option<Arc<str>>],
    ours: Vec<Option<TextId>>,
    texts: &'a mut Texts,
}

impl Words<'_> {
    fn translate(&mut self, theirs: TextId) -> Option<TextId> {
        let place = self.ours.get_mut(theirs.place())?;
        if place.is_none() {
            *place = self.theirs.get(theirs.place())?.as_deref().and_then(|text| self.texts.id(text));
        }
        *place
    }
}
