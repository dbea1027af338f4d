//! Vendor ID payloads (RFC 2408 §3.16, RFC 7296 §3.12): who made the box that speaks.
//!
//! A vendor ID is a hash or a text that its maker chose; many are the MD5 of a text, given here in
//! quotes. Whatever comes after the known prefix is a version or a count and is not compared.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Key, Side, Sink};

/// Payload types "vendor ID" of IKEv1 and IKEv2.
const VENDOR_ID: [u8; 2] = [13, 43];

/// A message has about ten payloads, one of Windows about twenty.
const MOST_PAYLOADS: usize = 32;

/// How much of an unknown vendor ID is noted.
const PREFIX_BYTES: usize = 16;

/// Known vendor IDs by their first bytes.
pub(super) const KNOWN: [(&[u8], &str); 26] = [
    // Makers. MD5 "strongSwan".
    (b"\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb", "strongSwan"),
    // FortiOS: the first 12 bytes of MD5 "FORTIGATE", then a version; as its own IKE debug log shows it.
    (b"\x82\x99\x03\x17\x57\xa3\x60\x82\xc6\xa6\x21\xde", "FortiGate"),
    // FortiOS before: the pattern of ike-scan and nmap's ike-version.
    (b"\x1d\x6e\x17\x8f\x6c\x2c\x0b\xe2\x84\x98\x54\x65\x45\x0f\xe9\xd4", "FortiGate"),
    // Wireshark, packet-isakmp.c: "Forticlient connect license".
    (b"\x4c\x53\x42\x7b\x6d\x46\x5d\x1b\x33\x7b\xb7\x55\xa3\x7a\x7f\xef", "FortiClient"),
    // The first 14 bytes of MD5 "CISCO-UNITY", then the version (draft-ietf-ipsec-isakmp-cisco-unity).
    (b"\x12\xf5\xf2\x8c\x45\x71\x68\xa9\x70\x2d\x9f\xe2\x74\xcc", "Cisco Unity"),
    (b"\x1f\x07\xf7\x0e\xaa\x65\x14\xd3\xb0\xfa\x96\x54\x2a\x50", "Cisco VPN 3000"),
    (b"CISCO-DELETE-REASON", "Cisco IOS"),
    (b"CISCOVPN-REV-02", "Cisco IOS"),
    (b"CISCO-DYNAMIC-ROUTE", "Cisco IOS"),
    (b"FLEXVPN-SUPPORTED", "Cisco FlexVPN"),
    // MD5 "MS NT5 ISAKMPOAKLEY", then the Windows version (MS-IKEE §1.7).
    (b"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61", "Windows"),
    // MD5 "MS-Negotiation Discovery Capable", "Vid-Initial-Contact", "IKE CGA version 1" (MS-IKEE §1.7).
    (b"\xfb\x1d\xe3\xcd\xf3\x41\xb7\xea\x16\xb7\xe5\xbe\x08\x55\xf1\x20", "Windows"),
    (b"\x26\x24\x4d\x38\xed\xdb\x61\xb3\x17\x2a\x36\xe3\xd0\xcf\xb8\x19", "Windows"),
    (b"\xe3\xa5\x96\x6a\x76\x37\x9f\xe7\x07\x22\x82\x31\xe5\xce\x86\x52", "Windows"),
    // MD5 "KAME/racoon".
    (b"\x70\x03\xcb\xc1\x09\x7d\xbe\x9c\x26\x00\xba\x69\x83\xbc\x8b\x35", "racoon"),
    // Wireshark, packet-isakmp.c: Check Point (R65) and SonicWALL.
    (b"\xf4\xed\x19\xe0\xc1\x14\xeb\x51\x6f\xaa\xac\x0e\xe3\x7d\xaf\x28\x07\xb4\x38\x1f", "Check Point"),
    (b"\x40\x4b\xf4\x39\x52\x2c\xa3\xf6", "SonicWALL"),
    (b"HeartBeat_Notify", "Juniper ScreenOS"),
    // What an implementation can do, whoever made it. RFC 3706 §5.1; the last two bytes are the version.
    (b"\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57", "DPD"),
    // The first 8 bytes of MD5 "draft-ietf-ipsra-isakmp-xauth-06.txt".
    (b"\x09\x00\x26\x89\xdf\xd6\xb7\x12", "XAUTH"),
    // MD5 "FRAGMENTATION".
    (b"\x40\x48\xb7\xd5\x6e\xbc\xe8\x85\x25\xe7\xde\x7f\x00\xd6\xc2\xd3", "IKE fragmentation"),
    // MD5 "RFC 3947" (RFC 3947 §3.1), then "draft-ietf-ipsec-nat-t-ike-03", "-02", "-02\n", "-00".
    (b"\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f", "NAT-T"),
    (b"\x7d\x94\x19\xa6\x53\x10\xca\x6f\x2c\x17\x9d\x92\x15\x52\x9d\x56", "NAT-T"),
    (b"\xcd\x60\x46\x43\x35\xdf\x21\xf8\x7c\xfd\xb2\xfc\x68\xb6\xa4\x48", "NAT-T"),
    (b"\x90\xcb\x80\x91\x3e\xbb\x69\x6e\x08\x63\x81\xb5\xec\x42\x7b\x1f", "NAT-T"),
    (b"\x44\x85\x15\x2d\x18\xb6\xbb\xcd\x0b\xe8\xa8\x46\x95\x79\xdd\xcc", "NAT-T"),
];

/// Notes every vendor ID of a message in clear, up to where the bytes end or make no sense.
pub(super) fn note_all(first: u8, payloads: &[u8], side: Side, sink: &mut dyn Sink) {
    let mut cursor = Cursor::new(Layer::Application, payloads);
    let mut kind = first;
    for _ in 0..MOST_PAYLOADS {
        if kind == 0 {
            return;
        }
        let Ok((next, body)) = payload(&mut cursor) else { return };
        if VENDOR_ID.contains(&kind) && !body.is_empty() {
            note(body, side, sink);
        }
        kind = next;
    }
}

/// Takes one payload: the type of the next, and the body (RFC 2408 §3.2, RFC 7296 §3.2).
fn payload<'a>(cursor: &mut Cursor<'a>) -> Result<(u8, &'a [u8]), DecodeError> {
    let next = cursor.u8()?;
    let _critical = cursor.u8()?;
    let length = usize::from(cursor.u16()?);
    let Some(body) = length.checked_sub(4) else {
        return Err(cursor.malformed("payload shorter than its header"));
    };
    Ok((next, cursor.take(body)?))
}

fn note(id: &[u8], side: Side, sink: &mut dyn Sink) {
    if let Some((_, name)) = KNOWN.iter().find(|(prefix, _)| id.starts_with(prefix)) {
        return sink.note(side, Key::IkeVendor, name);
    }
    let mut buffer = [0; 2 * PREFIX_BYTES];
    let id = id.get(..PREFIX_BYTES).unwrap_or(id);
    for (pair, byte) in buffer.chunks_exact_mut(2).zip(id) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0x0f)]);
    }
    let text = buffer.get(..2 * id.len()).and_then(|digits| std::str::from_utf8(digits).ok());
    sink.note(side, Key::IkeVendor, text.unwrap_or_default());
}

const fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}
