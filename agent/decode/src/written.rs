//! Addresses as people write them, put together octet by octet on the stack. An analysis writes hundreds of
//! thousands of them, and `write!` takes ten times as long for one as this does.

/// A short ASCII text.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Written<const N: usize> {
    /// Zeros after the last letter: so they are in the order of the texts.
    octets: [u8; N],
    len: usize,
}

impl<const N: usize> Written<N> {
    const EMPTY: Self = Self { octets: [0; N], len: 0 };

    /// Gives the text.
    #[inline]
    #[must_use]
    pub fn text(&self) -> &str {
        self.octets.get(..self.len).and_then(|octets| str::from_utf8(octets).ok()).unwrap_or_default()
    }

    #[inline]
    fn push(&mut self, octet: u8) {
        if let Some(place) = self.octets.get_mut(self.len) {
            *place = octet;
            self.len += 1;
        }
    }

    /// An IPv4 address.
    pub(crate) fn dotted(octets: [u8; 4]) -> Self {
        let mut written = Self::EMPTY;
        for (at, octet) in octets.into_iter().enumerate() {
            if at > 0 {
                written.push(b'.');
            }
            if octet >= 100 {
                written.push(b'0' + octet / 100);
            }
            if octet >= 10 {
                written.push(b'0' + octet / 10 % 10);
            }
            written.push(b'0' + octet % 10);
        }
        written
    }

    /// An IPv6 address: lower case, no leading zeros, the first of the longest runs of zeros left out if it is
    /// longer than one (RFC 5952 §4).
    pub(crate) fn groups(groups: [u16; 8]) -> Self {
        let (mut left_out, mut run) = (0..0, 0..0);
        for (at, group) in groups.into_iter().enumerate() {
            run = if group == 0 { run.start..at + 1 } else { at + 1..at + 1 };
            if run.len() > left_out.len().max(1) {
                left_out = run.clone();
            }
        }
        let mut written = Self::EMPTY;
        for (at, group) in groups.into_iter().enumerate() {
            if left_out.contains(&at) {
                if at == left_out.start {
                    written.push(b':');
                    written.push(b':');
                }
                continue;
            }
            if at > 0 && at != left_out.end {
                written.push(b':');
            }
            for digits in (0..4).rev().filter(|digits| *digits == 0 || group >> (4 * digits) != 0) {
                written.push(hex((group >> (4 * digits) & 0xf) as u8));
            }
        }
        written
    }

    /// A hardware address.
    pub(crate) fn colons(octets: [u8; 6]) -> Self {
        let mut written = Self::EMPTY;
        for (at, octet) in octets.into_iter().enumerate() {
            if at > 0 {
                written.push(b':');
            }
            written.push(hex(octet >> 4));
            written.push(hex(octet & 0xf));
        }
        written
    }
}

const fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    #[test]
    fn an_ipv6_address_is_written_as_the_standard_library_writes_it() {
        // Every pattern of zeros, with groups of each length.
        for pattern in 0..256_u32 {
            for group in [0x1, 0xab, 0x0c0, 0xdb8, 0x2001] {
                let mut groups = [group; 8];
                let zeros = groups.iter_mut().enumerate().filter(|(at, _)| pattern >> at & 1 == 0);
                zeros.for_each(|(_, place)| *place = 0);
                let expected = Ipv6Addr::from(groups);
                // The standard library writes this one with dots; as an address it is IPv4.
                if expected.to_ipv4_mapped().is_none() {
                    assert_eq!(Written::<39>::groups(groups).text(), expected.to_string());
                }
            }
        }
    }

    #[test]
    fn texts_are_in_the_order_of_their_letters() {
        let groups = |last: u16| Written::<39>::groups([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]);
        let ordered =
            [Written::dotted([192, 0, 2, 1]), Written::dotted([192, 0, 2, 10]), groups(1), groups(0x10)];
        assert!(ordered.is_sorted() && ordered.is_sorted_by_key(|written| written.text().to_owned()));
    }
}
