//! What a relationship sent and took, hour by hour.

/// Hours kept with one relationship: a year's. Times in a capture can be anything.
const MAX_HOURS: usize = 24 * 366;

/// Octets by hour; most relationships have one hour.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hours {
    first: Option<(i64, u64)>,
    more: Vec<(i64, u64)>,
}

impl Hours {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(i64, u64)> {
        self.first.iter().chain(&self.more)
    }

    pub(crate) const fn of(hour: i64, bytes: u64) -> Self {
        Self { first: Some((hour, bytes)), more: Vec::new() }
    }

    pub(crate) fn book(&mut self, hour: i64, bytes: u64) {
        let (first, sum) = self.first.get_or_insert((hour, 0));
        if *first == hour {
            *sum = sum.saturating_add(bytes);
            return;
        }
        match self.more.binary_search_by_key(&hour, |(other, _)| *other) {
            Ok(at) => {
                if let Some((_, sum)) = self.more.get_mut(at) {
                    *sum = sum.saturating_add(bytes);
                }
            }
            Err(at) if self.more.len() < MAX_HOURS => self.more.insert(at, (hour, bytes)),
            Err(_) => {}
        }
    }
}
