//! The server's own certificate out of a Certificate message (RFC 5246 §7.4.2, RFC 5280).

use sekisho_decode::{Cursor, DecodeError, Layer};
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::asn1_rs::{Any, Tag};
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry as oid;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use crate::text::{self, HOST_BYTES};
use crate::{Key, Side, Sink};

/// How many names of one certificate are noted: shared hosting puts hundreds into one.
const NAMES: usize = 8;

/// Notes the first certificate of a message, which need not be there to its end.
///
/// False while that certificate itself is not all there.
pub(super) fn note_first(message: &[u8], side: Side, sink: &mut dyn Sink) -> bool {
    match first(message) {
        Ok(der) => note(der, side, sink),
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

fn note(der: &[u8], side: Side, sink: &mut dyn Sink) {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return };
    for (key, name) in [(Key::CertSubject, certificate.subject()), (Key::CertIssuer, certificate.issuer())] {
        let name = distinguished_name(name);
        if let Some(name) = text::note(name.as_bytes()) {
            sink.note(side, key, name);
        }
    }
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return };
    let dns_names = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    for name in dns_names.take(NAMES) {
        let mut buffer = [0; HOST_BYTES];
        let host = name.strip_prefix("*.").unwrap_or(name);
        let Some(host) = text::host(host.as_bytes(), &mut buffer) else { continue };
        if name.starts_with("*.") {
            sink.note(side, Key::CertName, &format!("*.{host}"));
        } else {
            sink.note(side, Key::CertName, host);
        }
    }
}

/// Writes a name as RFC 4514 does, the most specific part first.
///
/// Only parts that describe an organisation or a machine are written: mail addresses, serial
/// numbers and given names may be a person's.
fn distinguished_name(name: &X509Name<'_>) -> String {
    let parts: Vec<_> = name
        .iter_attributes()
        .filter_map(|part| Some((short_name(part.attr_type())?, value(part.attr_value())?)))
        .collect();
    let mut text = String::new();
    for (key, value) in parts.iter().rev() {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(key);
        text.push('=');
        for letter in value.chars().filter(|letter| !letter.is_control()) {
            // RFC 4514 §2.4.
            if matches!(letter, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
                text.push('\\');
            }
            text.push(letter);
        }
    }
    text
}

fn short_name(kind: &oid::Oid<'_>) -> Option<&'static str> {
    let names = [
        (&oid::OID_X509_COMMON_NAME, "CN"),
        (&oid::OID_X509_ORGANIZATIONAL_UNIT, "OU"),
        (&oid::OID_X509_ORGANIZATION_NAME, "O"),
        (&oid::OID_X509_LOCALITY_NAME, "L"),
        (&oid::OID_X509_STATE_OR_PROVINCE_NAME, "ST"),
        (&oid::OID_X509_COUNTRY_NAME, "C"),
        (&oid::OID_DOMAIN_COMPONENT, "DC"),
    ];
    names.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name)
}

/// Reads a DirectoryString (RFC 5280 §4.1.2.4) of any of its types.
fn value(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            std::str::from_utf8(value.data).ok().map(str::to_owned)
        }
        Tag::BmpString => {
            let units = value.data.as_chunks().0.iter().map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        // In practice ISO 8859-1, whose numbers are Unicode's.
        Tag::T61String => Some(value.data.iter().copied().map(char::from).collect()),
        _ => None,
    }
}
