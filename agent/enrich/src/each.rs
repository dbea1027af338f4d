//! Things of which each is kept once, gathered as they come and put in order rarely: hundreds of
//! relationships tell the same of a device, and a look into a sorted set for each costs more than all the
//! sorting.

/// Things that are let stand as they came, beside as many as stand in order.
const ROOM: usize = 8;

/// Things of which each is kept once.
#[derive(Debug)]
pub(crate) struct Each<T> {
    all: Vec<T>,
    /// How many of them stand in order, each once.
    settled: usize,
    /// The last that came: more often than not the next is the same.
    last: Option<T>,
}

impl<T> Default for Each<T> {
    fn default() -> Self {
        Self { all: Vec::new(), settled: 0, last: None }
    }
}

impl<T: Copy + Ord> Each<T> {
    pub(crate) fn add(&mut self, thing: T) {
        if self.last.replace(thing) == Some(thing) {
            return;
        }
        let known = self.all.get(..self.settled).is_some_and(|settled| settled.binary_search(&thing).is_ok());
        if known {
            return;
        }
        if self.all.len() >= self.settled * 2 + ROOM {
            self.settle();
        }
        self.all.push(thing);
    }

    /// Puts them in order, each once.
    pub(crate) fn settle(&mut self) {
        self.all.sort_unstable();
        self.all.dedup();
        self.settled = self.all.len();
    }

    /// Those that were there when it was last settled, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.all.iter().take(self.settled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_once_in_order_however_often_it_came() {
        let mut each = Each::default();
        for n in 0..10_000 {
            each.add(n * 7 % 50);
            assert!(each.all.len() <= 2 * 50 + ROOM, "repetitions have a bound");
        }
        each.settle();
        assert!(each.iter().copied().eq(0..50));
    }
}
