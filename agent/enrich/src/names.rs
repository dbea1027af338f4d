//! Which name an address was looked up under: by the client that asked, and by anyone.

use std::hash::Hash;

use foldhash::{HashMap, HashMapExt};
use sekisho_decode::Addr;

use crate::intern::{Marks, TextId};

/// Programs go on using an address beyond its time to live; CDNs hand it to another name only later.
const GRACE_NS: i64 = 3_600 * 1_000_000_000;
/// Look-ups kept in each of two generations.
const GENERATION: usize = 1 << 16;

/// A look-up's answer, and until when it speaks for the address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    client: Addr,
    address: Addr,
    pub(crate) name: TextId,
    until_ns: i64,
}

impl Answer {
    /// The same answer, its name by another number.
    pub(crate) const fn named(self, name: TextId) -> Self {
        Self { name, ..self }
    }
}

/// DNS answers seen on the wire.
#[derive(Debug, Default)]
pub(crate) struct Resolutions {
    by_client: Generations<(Addr, Addr)>,
    by_anyone: Generations<Addr>,
    /// Answers since they were last handed out; those beyond a generation are known here alone.
    news: Vec<Answer>,
}

impl Resolutions {
    /// Keeps an answer: `client` may reach `name` at `address` for `ttl_s` seconds.
    pub(crate) fn keep(&mut self, time_ns: i64, client: Addr, address: Addr, name: TextId, ttl_s: u32) {
        let lives_ns = i64::from(ttl_s).saturating_mul(1_000_000_000).saturating_add(GRACE_NS);
        let answer = Answer { client, address, name, until_ns: time_ns.saturating_add(lives_ns) };
        if self.news.len() < GENERATION {
            self.news.push(answer);
        }
        self.put(answer);
    }

    /// Keeps an answer that is no news.
    pub(crate) fn put(&mut self, Answer { client, address, name, until_ns }: Answer) {
        let named = Named { name, until_ns };
        self.by_client.put((client, address), named);
        self.by_anyone.put(address, named);
    }

    /// Hands out the answers since the last time.
    pub(crate) fn news(&mut self) -> Vec<Answer> {
        std::mem::take(&mut self.news)
    }

    /// Marks the texts that answers refer to.
    pub(crate) fn texts(&self, marks: &mut Marks) {
        let by_client = [&self.by_client.young, &self.by_client.old].into_iter().flat_map(HashMap::values);
        let by_anyone = [&self.by_anyone.young, &self.by_anyone.old].into_iter().flat_map(HashMap::values);
        let news = self.news.iter().map(|answer| answer.name);
        by_client.chain(by_anyone).map(|named| named.name).chain(news).for_each(|name| marks.mark(name));
    }

    /// Names an address for a client: by the client's own look-up, else by anyone's.
    pub(crate) fn name(&self, time_ns: i64, client: Addr, address: Addr) -> Option<TextId> {
        let valid = |named: &Named| named.until_ns >= time_ns;
        // What a client looked up, somebody did: most addresses nobody has.
        let anyones = self.by_anyone.at(&address)?;
        let own = self.by_client.at(&(client, address)).filter(valid);
        own.or(Some(anyones).filter(valid)).map(|named| named.name)
    }

    /// The latest name anyone looked an address up under, however long ago.
    pub(crate) fn latest(&self, address: Addr) -> Option<TextId> {
        self.by_anyone.at(&address).map(|named| named.name)
    }
}

/// What an answer says of its address: there are many, and each is looked for with every conn.
#[derive(Clone, Copy, Debug)]
struct Named {
    name: TextId,
    until_ns: i64,
}

/// A bounded memory that forgets its older half at once.
#[derive(Debug)]
struct Generations<K> {
    young: HashMap<K, Named>,
    old: HashMap<K, Named>,
}

impl<K> Default for Generations<K> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<K: Eq + Hash> Generations<K> {
    fn put(&mut self, key: K, named: Named) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, named);
    }

    fn at(&self, key: &K) -> Option<Named> {
        self.young.get(key).or_else(|| self.old.get(key)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intern::Texts;

    #[test]
    fn a_client_s_own_answer_goes_before_others_and_ends_with_its_time() {
        let mut texts = Texts::default();
        let (ours, theirs) = (texts.id("ours.example").unwrap(), texts.id("theirs.example").unwrap());
        let [client, other, stranger, shared] = [1, 2, 3, 9].map(|n| Addr::v4([192, 0, 2, n]));
        let mut names = Resolutions::default();
        names.keep(0, client, shared, ours, 60);
        names.keep(1, other, shared, theirs, 60);
        assert_eq!(names.name(2, client, shared), Some(ours), "two names behind one address");
        assert_eq!(names.name(2, stranger, shared), Some(theirs), "anyone's latest");
        let late = GRACE_NS + 62 * 1_000_000_000;
        assert_eq!(names.name(late, client, shared), None, "too old");
    }

    #[test]
    fn it_forgets_the_oldest_beyond_its_bound() {
        let mut texts = Texts::default();
        let name = texts.id("many.example").unwrap();
        let mut names = Resolutions::default();
        for n in 0..3 * GENERATION as u32 {
            names.keep(0, Addr::UNSPECIFIED, Addr::v4(n.to_be_bytes()), name, 60);
        }
        assert_eq!(names.name(0, Addr::UNSPECIFIED, Addr::v4([0, 0, 0, 1])), None);
        assert!(names.by_anyone.young.len() + names.by_anyone.old.len() <= 2 * GENERATION);
    }
}
