//! The server's own certificate out of a Certificate message (RFC 5246 §7.4.2): its subject, its issuer and
//! the hosts it is for (RFC 5280 §4.1).
//!
//! ```text
//! SEQUENCE │ SEQUENCE │ [0] version │ serial │ algorithm │ issuer │ validity │ subject │ key │ …
//!          │          │ [3] SEQUENCE of extensions: object, critical, OCTET STRING
//!          │ algorithm, signature
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::ber::{BOOLEAN, Ber, INTEGER, OBJECT, OCTET_STRING, SEQUENCE, SET};
use crate::text::{self, HOST_BYTES};
use crate::{Key, Side, Sink};

/// How many names of one certificate are noted: shared hosting puts hundreds into one.
const NAMES: usize = 8;

/// How many parts of a name are noted: five are usual.
const PARTS: usize = 16;

/// Tags of a certificate's optional parts (§4.1), and of a host among its names (§4.2.1.6).
const VERSION: u8 = 0xa0;
const ISSUER_ID: u8 = 0x81;
const SUBJECT_ID: u8 = 0x82;
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;

/// The object of subjectAltName, 2.5.29.17.
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 17];

/// Notes the first certificate of a message, which need not be there to its end.
///
/// False while that certificate itself is not all there.
pub(super) fn note_first(message: &[u8], side: Side, sink: &mut dyn Sink) -> bool {
    match first(message) {
        Ok(der) => {
            if let Ok(certificate) = Certificate::parse(der) {
                certificate.note(side, sink);
            }
        }
        Err(DecodeError::Truncated { .. }) => return false,
        Err(_) => {}
    }
    true
}

fn first(message: &[u8]) -> Result<&[u8], DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, message);
    cursor.array::<3>()?;
    let [high, middle, low] = cursor.array()?;
    let length = u32::from_be_bytes([0, high, middle, low]);
    cursor.take(usize::try_from(length).unwrap_or(usize::MAX))
}

/// The parts of a certificate that name somebody.
struct Certificate<'a> {
    subject: &'a [u8],
    issuer: &'a [u8],
    extensions: &'a [u8],
}

impl<'a> Certificate<'a> {
    fn parse(der: &'a [u8]) -> Result<Self, DecodeError> {
        let mut certificate = Ber::new(Ber::new(der).content(SEQUENCE)?);
        let mut signed = Ber::new(certificate.content(SEQUENCE)?);
        signed.optional(VERSION)?;
        let (_serial, _algorithm) = (signed.content(INTEGER)?, signed.content(SEQUENCE)?);
        let (issuer, _validity) = (signed.content(SEQUENCE)?, signed.content(SEQUENCE)?);
        let (subject, _key) = (signed.content(SEQUENCE)?, signed.content(SEQUENCE)?);
        signed.optional(ISSUER_ID)?;
        signed.optional(SUBJECT_ID)?;
        let extensions = match signed.optional(EXTENSIONS)? {
            Some(extensions) => Ber::new(extensions).content(SEQUENCE)?,
            None => &[],
        };
        Ok(Self { subject, issuer, extensions })
    }

    fn note(&self, side: Side, sink: &mut dyn Sink) {
        for (key, name) in [(Key::CertSubject, self.subject), (Key::CertIssuer, self.issuer)] {
            let name = distinguished_name(name).unwrap_or_default();
            if let Some(name) = text::note(name.as_bytes()) {
                sink.note(side, key, name);
            }
        }
        for name in self.hosts().take(NAMES) {
            let mut buffer = [0; HOST_BYTES];
            let host = name.strip_prefix(b"*.");
            let is_wild = host.is_some();
            let Some(host) = text::host(host.unwrap_or(name), &mut buffer) else { continue };
            if is_wild {
                sink.note(side, Key::CertName, &format!("*.{host}"));
            } else {
                sink.note(side, Key::CertName, host);
            }
        }
    }

    /// The hosts that it is for.
    fn hosts(&self) -> impl Iterator<Item = &'a [u8]> {
        let mut names = Ber::new(alternative_names(self.extensions).ok().flatten().unwrap_or_default());
        let names = std::iter::from_fn(move || names.element().ok());
        names.filter(|(tag, _)| *tag == DNS_NAME).map(|(_, name)| name)
    }
}

fn alternative_names(extensions: &[u8]) -> Result<Option<&[u8]>, DecodeError> {
    let mut extensions = Ber::new(extensions);
    while !extensions.rest().is_empty() {
        let mut extension = Ber::new(extensions.content(SEQUENCE)?);
        if extension.content(OBJECT)? == ALTERNATIVE_NAMES {
            extension.optional(BOOLEAN)?;
            return Ber::new(extension.content(OCTET_STRING)?).content(SEQUENCE).map(Some);
        }
    }
    Ok(None)
}

/// Writes a name as RFC 4514 does, the most specific part first.
///
/// Only parts that describe an organisation or a machine are written: mail addresses, serial
/// numbers and given names may be a person's.
fn distinguished_name(name: &[u8]) -> Result<String, DecodeError> {
    let mut parts = Vec::with_capacity(PARTS);
    let mut sets = Ber::new(name);
    while !sets.rest().is_empty() {
        let mut set = Ber::new(sets.content(SET)?);
        while !set.rest().is_empty() {
            let mut part = Ber::new(set.content(SEQUENCE)?);
            let (kind, (tag, value)) = (part.content(OBJECT)?, part.element()?);
            if let Some(key) = short_name(kind)
                && parts.len() < PARTS
            {
                parts.push((key, tag, value));
            }
        }
    }
    let mut text = String::with_capacity(name.len());
    for (key, tag, value) in parts.into_iter().rev() {
        let before = text.len();
        if before > 0 {
            text.push(',');
        }
        text.push_str(key);
        text.push('=');
        if push_value(&mut text, tag, value).is_none() {
            text.truncate(before);
        }
    }
    Ok(text)
}

/// The name of a part whose object is one of 2.5.4's, or the domain component's (RFC 4519 §2).
const fn short_name(object: &[u8]) -> Option<&'static str> {
    match object {
        [0x55, 0x04, 3] => Some("CN"),
        [0x55, 0x04, 11] => Some("OU"),
        [0x55, 0x04, 10] => Some("O"),
        [0x55, 0x04, 7] => Some("L"),
        [0x55, 0x04, 8] => Some("ST"),
        [0x55, 0x04, 6] => Some("C"),
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 25] => Some("DC"),
        _ => None,
    }
}

/// Writes a DirectoryString (RFC 5280 §4.1.2.4) of any of its types; `None` if it is none.
fn push_value(text: &mut String, tag: u8, value: &[u8]) -> Option<()> {
    const UTF8: u8 = 0x0c;
    const NUMERIC: u8 = 0x12;
    const PRINTABLE: u8 = 0x13;
    const T61: u8 = 0x14;
    const IA5: u8 = 0x16;
    const BMP: u8 = 0x1e;
    match tag {
        UTF8 | PRINTABLE | IA5 | NUMERIC => {
            std::str::from_utf8(value).ok()?.chars().for_each(|letter| push_letter(text, letter));
        }
        BMP => {
            let units = value.as_chunks().0.iter().map(|unit| u16::from_be_bytes(*unit));
            for letter in char::decode_utf16(units) {
                push_letter(text, letter.ok()?);
            }
        }
        // In practice ISO 8859-1, whose numbers are Unicode's.
        T61 => value.iter().for_each(|letter| push_letter(text, char::from(*letter))),
        _ => return None,
    }
    Some(())
}

fn push_letter(text: &mut String, letter: char) {
    // RFC 4514 §2.4.
    if matches!(letter, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
        text.push('\\');
    }
    if !letter.is_control() {
        text.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use x509_parser::certificate::X509Certificate;
    use x509_parser::extensions::GeneralName;
    use x509_parser::prelude::FromDer;

    use super::*;
    use crate::tls::samples::certificate_der;

    #[test]
    fn a_library_finds_the_same_parts() {
        let der = certificate_der();
        let (ours, (_, theirs)) =
            (Certificate::parse(&der).unwrap(), X509Certificate::from_der(&der).unwrap());
        assert!(theirs.subject().as_raw().ends_with(ours.subject));
        assert!(theirs.issuer().as_raw().ends_with(ours.issuer));
        let names = theirs.subject_alternative_name().unwrap().unwrap();
        let hosts = names.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.as_bytes()),
            _ => None,
        });
        assert!(ours.hosts().eq(hosts));
        assert_eq!(ours.hosts().count(), 11);
    }

    #[test]
    fn a_certificate_cut_anywhere_is_none() {
        let der = certificate_der();
        for len in 0..der.len() {
            assert!(Certificate::parse(&der[..len]).is_err(), "{len} bytes");
        }
    }
}
