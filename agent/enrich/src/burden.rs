//! What clients send through DNS beside look-ups, added up by client, server and domain.
//!
//! A tunnel in DNS asks for names that are its data and takes its data back as answers. One message
//! proves nothing; what a domain was asked for within a session does: record types that nobody else
//! uses, names that are no host's, long codes that never come twice, answers as large. Nothing is known
//! here of any domain. Antivirus, block lists and mail ask for codes as well, but short ones, and are
//! answered in a few bytes; content networks have long names, but few.

use foldhash::HashMap;
use sekisho_decode::Addr;
use sekisho_recognise::{Burden, Record};

use crate::intern::{Marks, TextId, Texts};

/// Sums kept: a hospital's resolver has some hundred domains with long names in a day.
const MAX_SUMS: usize = 1 << 13;

/// A session is over when nothing came for so long; what follows is added up anew.
const SESSION_NS: i64 = 30 * 60 * 1_000_000_000;

/// Bits in which different names are counted: up to some hundred well, and no further.
const SKETCH_WORDS: usize = 16;
const SKETCH_BITS: u32 = SKETCH_WORDS as u32 * u64::BITS;

/// Whose messages, to whom, in which domain.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Key {
    client: Addr,
    server: Addr,
    domain: TextId,
}

/// What came together.
#[derive(Clone, Debug, Default)]
struct Sum {
    first_ns: i64,
    last_ns: i64,
    queries: u32,
    answers: u32,
    /// Bytes of names before the domain, and of answers.
    asked_bytes: u64,
    answer_bytes: u64,
    /// Messages by what they ask for; the rest asks for hosts.
    raw: u32,
    text: u32,
    alias: u32,
    /// Messages with codes, with signs of base64, and with bytes that no host's name has.
    encoded: u32,
    base64: u32,
    binary: u32,
    names: [u64; SKETCH_WORDS],
    /// The session's verdict, which outlives the session.
    carried: Option<Carried>,
}

/// A tunnel's proof.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Carried {
    pub(crate) domain: TextId,
    pub(crate) confidence: u8,
    /// Messages, different names and bytes carried, of the session that proved it.
    pub(crate) messages: u32,
    pub(crate) names: u32,
    pub(crate) bytes: u64,
}

/// All sums.
#[derive(Debug, Default)]
pub(crate) struct Burdens {
    sums: HashMap<Key, Sum>,
    /// Messages that found no room.
    pub(crate) refused: u64,
}

impl Burdens {
    /// Adds a message.
    pub(crate) fn add(
        &mut self,
        time_ns: i64,
        (client, server): (Addr, Addr),
        zone: &str,
        burden: &Burden,
        texts: &mut Texts,
    ) {
        // A name below a public suffix that is not listed, or that is all data, stands for itself.
        let domain = psl::domain_str(zone).unwrap_or(zone);
        let Some(id) = texts.id(if domain.is_empty() { "." } else { domain }) else { return };
        let key = Key { client, server, domain: id };
        if self.sums.len() >= MAX_SUMS && !self.sums.contains_key(&key) {
            self.sums.retain(|_, sum| sum.carried.is_some() || time_ns - sum.last_ns < SESSION_NS);
            if self.sums.len() >= MAX_SUMS {
                self.refused += 1;
                return;
            }
        }
        let sum = self.sums.entry(key).or_default();
        sum.add(time_ns, burden, domain.len());
        if let Some(carried) = sum.judge(id) {
            sum.carried = Some(carried);
        }
    }

    /// What was carried between a client and a server, by the surest proof.
    pub(crate) fn carried(&self, client: Addr, server: Addr) -> Option<Carried> {
        let of = |key: &&Key| key.client == client && key.server == server;
        let proofs = self.sums.iter().filter(|(key, _)| of(key)).filter_map(|(_, sum)| sum.carried);
        proofs.max_by_key(|carried| (carried.confidence, carried.bytes, carried.domain))
    }

    /// Hands everything out.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// Takes in what another added up, its texts translated.
    pub(crate) fn absorb(&mut self, other: Self, translate: &mut impl FnMut(TextId) -> Option<TextId>) {
        self.refused += other.refused;
        for (mut key, mut theirs) in other.sums {
            let Some(domain) = translate(key.domain) else { continue };
            key.domain = domain;
            if let Some(carried) = &mut theirs.carried {
                carried.domain = domain;
            }
            if let Some(sum) = self.sums.get_mut(&key) {
                sum.absorb(&theirs);
                sum.carried = sum.judge(domain).or(sum.carried).or(theirs.carried);
            } else if self.sums.len() < MAX_SUMS {
                self.sums.insert(key, theirs);
            } else {
                self.refused += u64::from(theirs.queries.max(theirs.answers));
            }
        }
    }

    /// Forgets what was last seen so long before or after now.
    pub(crate) fn told(&mut self, now_ns: i64, known_ns: i64) {
        self.refused = 0;
        self.sums.retain(|_, sum| sum.last_ns.abs_diff(now_ns) <= known_ns.unsigned_abs());
    }

    /// Marks the texts that sums refer to.
    pub(crate) fn texts(&self, marks: &mut Marks) {
        self.sums.keys().for_each(|key| marks.mark(key.domain));
    }
}

impl Sum {
    fn add(&mut self, time_ns: i64, burden: &Burden, domain_bytes: usize) {
        if time_ns.abs_diff(self.last_ns) > SESSION_NS.unsigned_abs() {
            *self = Self { first_ns: time_ns, carried: self.carried, ..Self::default() };
        }
        self.last_ns = self.last_ns.max(time_ns);
        if let Some(bytes) = burden.answer_bytes {
            self.answers = self.answers.saturating_add(1);
            self.answer_bytes += u64::from(bytes);
        } else {
            self.queries = self.queries.saturating_add(1);
            self.asked_bytes += u64::from(burden.name_bytes).saturating_sub(domain_bytes as u64 + 1);
        }
        let kind = match burden.record {
            Record::Raw => Some(&mut self.raw),
            Record::Text => Some(&mut self.text),
            Record::Alias => Some(&mut self.alias),
            Record::Host => None,
        };
        if let Some(count) = kind {
            *count = count.saturating_add(1);
        }
        self.encoded = self.encoded.saturating_add(u32::from(burden.encoded));
        self.base64 = self.base64.saturating_add(u32::from(burden.base64));
        self.binary = self.binary.saturating_add(u32::from(burden.binary));
        let bit = (burden.name_hash ^ burden.name_hash >> 16) % SKETCH_BITS;
        if let Some(word) = self.names.get_mut((bit / u64::BITS) as usize) {
            *word |= 1 << (bit % u64::BITS);
        }
    }

    /// Takes in what another thread, or a later time, added up; a later session begins anew.
    fn absorb(&mut self, other: &Self) {
        if other.first_ns.saturating_sub(self.last_ns) > SESSION_NS {
            *self = Self { carried: self.carried, ..other.clone() };
            return;
        }
        self.first_ns = self.first_ns.min(other.first_ns);
        self.last_ns = self.last_ns.max(other.last_ns);
        let counts = [
            (&mut self.queries, other.queries),
            (&mut self.answers, other.answers),
            (&mut self.raw, other.raw),
            (&mut self.text, other.text),
            (&mut self.alias, other.alias),
            (&mut self.encoded, other.encoded),
            (&mut self.base64, other.base64),
            (&mut self.binary, other.binary),
        ];
        for (sum, count) in counts {
            *sum = sum.saturating_add(count);
        }
        self.asked_bytes = self.asked_bytes.saturating_add(other.asked_bytes);
        self.answer_bytes = self.answer_bytes.saturating_add(other.answer_bytes);
        for (word, bits) in self.names.iter_mut().zip(other.names) {
            *word |= bits;
        }
    }

    /// Judges the session so far.
    fn judge(&self, domain: TextId) -> Option<Carried> {
        let messages = self.queries.saturating_add(self.answers);
        let names: u32 = self.names.iter().map(|word| word.count_ones()).sum();
        let confidence = self.confidence(messages, names)?;
        let bytes = self.asked_bytes.saturating_add(self.answer_bytes);
        Some(Carried { domain, confidence, messages, names, bytes })
    }

    fn confidence(&self, messages: u32, names: u32) -> Option<u8> {
        let most = |count: u32| u64::from(count) * 10 >= u64::from(messages) * 8;
        let some = |count: u32| u64::from(count) * 10 >= u64::from(messages);
        let mean = |bytes: u64, count: u32| bytes.checked_div(u64::from(count)).unwrap_or(0);
        let asked = mean(self.asked_bytes, self.queries);
        let answered = mean(self.answer_bytes, self.answers);
        let codes = most(self.encoded);
        let pointers = self.text.saturating_add(self.alias);
        // Record types without another use, under ever new names.
        if self.raw >= 16 && names >= 12 {
            return Some(94);
        }
        // Names in eight bits, long and ever new.
        if most(self.binary) && names >= 24 && asked >= 24 {
            return Some(92);
        }
        // Text or aliases of ever new names, many in base64: neither hosts nor services are called so.
        if most(pointers) && some(self.base64) && names >= 12 {
            return Some(88);
        }
        // Text and aliases in turn, each name a code: no mail server and no directory does so.
        if some(self.text) && some(self.alias) && most(pointers) && codes && names >= 48 && asked >= 18 {
            return Some(90);
        }
        // Text or aliases only, and much in the names or in the answers.
        if most(pointers) && codes && names >= 64 && asked >= 24 && (answered >= 90 || asked >= 80) {
            return Some(85);
        }
        // Whatever is asked for: long codes both ways.
        if codes && names >= 96 && asked >= 80 && answered >= 40 {
            return Some(80);
        }
        // One way only: twice as long, and many.
        (codes && names >= 200 && asked >= 120).then_some(70)
    }
}

#[cfg(test)]
mod tests;
