//! As much of BER (ITU-T X.690) as it takes to tell SNMP, LDAP and Kerberos apart and to find the names in
//! a certificate: tags and definite lengths. Values are stepped over, not read; only small integers are.

use sekisho_decode::{Cursor, DecodeError, Layer};

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Reads elements from the front of a message.
pub(crate) struct Ber<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Ber<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(Layer::Application, bytes) }
    }

    /// What has not been read.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.cursor.rest()
    }

    /// Takes a tag of one byte and a definite length (X.690 §8.1.3).
    pub(crate) fn header(&mut self) -> Result<(u8, usize), DecodeError> {
        let tag = self.cursor.u8()?;
        let first = self.cursor.u8()?;
        if first < 0x80 {
            return Ok((tag, usize::from(first)));
        }
        let mut len = 0;
        // 0x80 is the indefinite form, which none of the three protocols allows; Windows writes 0x84
        // for everything.
        if !(0x81..=0x84).contains(&first) {
            return Err(self.cursor.malformed("length of a form no message has"));
        }
        for _ in 0x80..first {
            len = len << 8 | usize::from(self.cursor.u8()?);
        }
        Ok((tag, len))
    }

    /// Takes the header of an element that must be `tag`, and gives its length.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<usize, DecodeError> {
        // Refused at the first byte, before a stream is asked for more.
        if self.cursor.rest().first().is_some_and(|first| *first != tag) {
            return Err(self.cursor.malformed("another element than the protocol has here"));
        }
        self.header().map(|(_, len)| len)
    }

    /// Takes an integer or enumeration of at most four bytes, read as unsigned.
    pub(crate) fn small(&mut self, tag: u8) -> Result<u32, DecodeError> {
        let len = self.expect(tag)?;
        if !(1..=4).contains(&len) {
            return Err(self.cursor.malformed("integer longer than the protocol allows"));
        }
        let mut value: u32 = 0;
        for _ in 0..len {
            value = value << 8 | u32::from(self.cursor.u8()?);
        }
        Ok(value)
    }

    /// Takes the one byte of a string of flags, whose header is read.
    pub(crate) fn flags(&mut self) -> Result<u8, DecodeError> {
        self.cursor.u8()
    }

    /// Takes an element of any tag: the tag and its content.
    pub(crate) fn element(&mut self) -> Result<(u8, &'a [u8]), DecodeError> {
        let (tag, len) = self.header()?;
        Ok((tag, self.cursor.take(len)?))
    }

    /// Takes the content of an element that must be `tag`.
    pub(crate) fn content(&mut self, tag: u8) -> Result<&'a [u8], DecodeError> {
        let len = self.expect(tag)?;
        self.cursor.take(len)
    }

    /// Takes the content of an element that may be left out.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, DecodeError> {
        if self.rest().first() == Some(&tag) { self.content(tag).map(Some) } else { Ok(None) }
    }

    /// Steps over an element that must be `tag`.
    pub(crate) fn skip(&mut self, tag: u8) -> Result<(), DecodeError> {
        self.content(tag).map(|_| ())
    }

    pub(crate) const fn malformed(&self, what: &'static str) -> DecodeError {
        self.cursor.malformed(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_form_are_read() {
        // (why, bytes, length)
        let cases: [(&str, &[u8], Option<usize>); 5] = [
            ("short", &[0x30, 0x7f], Some(0x7f)),
            ("one byte", &[0x30, 0x81, 0x80], Some(0x80)),
            ("four bytes, as Windows writes", &[0x30, 0x84, 0, 0, 1, 2], Some(0x102)),
            ("indefinite", &[0x30, 0x80], None),
            ("five bytes", &[0x30, 0x85, 0, 0, 0, 0, 1], None),
        ];
        for (why, bytes, len) in cases {
            assert_eq!(Ber::new(bytes).expect(SEQUENCE).ok(), len, "{why}");
        }
    }

    #[test]
    fn another_tag_is_refused_at_its_first_byte() {
        assert!(matches!(Ber::new(&[0x31]).expect(SEQUENCE), Err(DecodeError::Malformed { .. })));
        assert!(matches!(Ber::new(&[]).expect(SEQUENCE), Err(DecodeError::Truncated { .. })));
    }

    #[test]
    fn a_small_integer_has_one_to_four_bytes() {
        assert_eq!(Ber::new(&[2, 2, 1, 0]).small(INTEGER), Ok(256));
        assert!(Ber::new(&[2, 0]).small(INTEGER).is_err());
        assert!(Ber::new(&[2, 5, 0, 0, 0, 0, 1]).small(INTEGER).is_err());
    }
}
