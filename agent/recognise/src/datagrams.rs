//! Datagrams of one sender that belong together: a QUIC hello spans two, and more with large key shares.

/// How many octets are kept of one sender, lengths included: three datagrams of an Ethernet.
const KEPT_BYTES: usize = 3 * 1502;

/// Datagrams that are kept whole, as long as there is room.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Each with its length before it.
    bytes: Vec<u8>,
}

impl Gathered {
    /// Keeps a datagram; false if there is no room.
    pub(crate) fn keep(&mut self, datagram: &[u8]) -> bool {
        let len = datagram.len() as u16;
        let room = KEPT_BYTES - self.bytes.len();
        if usize::from(len) != datagram.len() || size_of_val(&len) + datagram.len() > room {
            return false;
        }
        self.bytes.extend_from_slice(&len.to_ne_bytes());
        self.bytes.extend_from_slice(datagram);
        true
    }

    /// Shows what is kept.
    pub(crate) fn datagrams(&self) -> Datagrams<'_> {
        Datagrams(&self.bytes)
    }

    /// Bytes held.
    pub(crate) fn held(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets the datagrams, and keeps a buffer of so many bytes at the most.
    pub(crate) fn clear(&mut self, spare: usize) {
        self.bytes.clear();
        self.bytes.shrink_to(spare);
    }
}

/// Datagrams in the order in which they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Datagrams<'a>(&'a [u8]);

impl<'a> Datagrams<'a> {
    /// Gives each.
    pub fn each(self) -> impl Iterator<Item = &'a [u8]> {
        let Self(mut bytes) = self;
        std::iter::from_fn(move || {
            let (len, rest) = bytes.split_first_chunk()?;
            let (datagram, rest) = rest.split_at_checked(u16::from_ne_bytes(*len).into())?;
            bytes = rest;
            Some(datagram)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_come_back_as_they_were_as_long_as_there_is_room() {
        let mut gathered = Gathered::default();
        let sent: [&[u8]; 4] = [&[1; 1500], &[], &[2; 1200], &[3; 1500]];
        for datagram in sent {
            assert!(gathered.keep(datagram), "{} octets", datagram.len());
        }
        assert!(!gathered.keep(&[4; 400]));
        assert!(gathered.datagrams().each().eq(sent));
        assert!(gathered.held() <= KEPT_BYTES);
        gathered.clear(100);
        assert_eq!(gathered.datagrams().each().count(), 0);
    }
}
