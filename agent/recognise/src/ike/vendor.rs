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
pub(super) const KNOWN: [(&[u8], &str); 68] = [
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
    // ike-scan's list of vendor IDs (`ike-vendor-ids`, collected from real boxes), here to the end of this group.
    (b"\x5b\x36\x2b\xc8\x20\xf6", "SonicWALL"),
    (b"\x5b\x36\x2b\xc8\x20\xf7", "SonicWALL"),
    (b"\xda\x8e\x93\x78\x80\x01\x00\x00", "SonicWALL"),
    (b"\xda\x8e\x93\x78", "SafeNet or WatchGuard"),
    (b"\xb8\x58\xd1\xad\xdd\x08\xc1\xe8", "ZyXEL"),
    (b"\xf7\x58\xf2\x26\x68\x75\x0f\x03\xb0\x8d\xf6\xeb\xe1\xd0", "ZyXEL"),
    (b"\x62\x50\x27\x74\x9d\x5a\xb9\x7f", "ZyXEL"),
    (b"\x29\x9e\xe8\x28\x9f\x40\xa8\x97", "Juniper NetScreen"),
    (b"\x3a\x15\xe1\xf3\xcf\x2a\x63\x58", "Juniper NetScreen"),
    (b"\x47\xd2\xb1\x26\xbf\xcd\x83\x48", "Juniper NetScreen"),
    (b"\x4a\x43\x40\xb5\x43\xe0\x2b\x84", "Juniper NetScreen"),
    (b"\x64\x40\x5f\x46\xf0\x3b\x76\x60", "Juniper NetScreen"),
    (b"\x69\x93\x69\x22\x87\x41\xc6\xd4", "Juniper NetScreen"),
    (b"\x8c\x0d\xc6\xcf\x62\xa0\xef\x1b", "Juniper NetScreen"),
    (b"\x92\xd2\x7a\x9e\xcb\x31\xd9\x92", "Juniper NetScreen"),
    (b"\x9b\x09\x6d\x9a\xc3\x27\x5a\x7d", "Juniper NetScreen"),
    (b"\xbf\x03\x74\x61\x08\xd7\x46\xc9", "Juniper NetScreen"),
    (b"\xc2\xe8\x05\x00\xf4\xcc\x5f\xbf", "Juniper NetScreen"),
    (b"\xc8\x66\x0a\x62\xb0\x3b\x1b\x61", "Juniper NetScreen"),
    (b"\xf8\x85\xda\x40\xb1\xe7\xa9\xab", "Juniper NetScreen"),
    (b"\x2a\x2b\xca\xc1\x9b\x8e\x91\xb4", "Juniper NetScreen"),
    (b"\x16\x6f\x93\x2d\x55\xeb\x64\xd8", "Juniper NetScreen"),
    (b"\xa3\x5b\xfd\x05\xca\x1a\xc0\xb3", "Juniper NetScreen"),
    (b"\x94\x36\xe8\xd6\x71\x74\xef\x9a", "Juniper NetScreen"),
    (b"\xc5\x73\xb0\x56\xd7\xfa\xca\x36\xc2\xfb\xa2\x83\x74\x12\x7c\xbf", "StoneGate"),
    (b"\xba\xeb\x23\x90\x37\xe1\x77\x87\xd7\x30\xee\xd9\xd9\x5d\x48\xaa", "StoneGate"),
    (b"\x47\xbb\xe7\xc9\x93\xf1\xfc\x13\xb4\xe6\xd0\xdb\x56\x5c\x68\xe5", "SafeNet SoftRemote"),
    (b"\xdb\xfb\x81\xeb\x57\x60\xb0\x78\x85\x62\x06\x7d\xa1\x02\xd7\x55", "NETGEAR"),
    (b"BNES\0\0\0", "Nortel Contivity"),
    // Wireshark, packet-isakmp.c, to the end of this group.
    (b"\xf1\x4b\x94\xb7\xbf\xf1\xfe\xf0\x27\x73\xb8\xc4\x9f\xed\xed", "Shrew Soft"),
    (b"\x20\xa3\x62\x2c\x1c\xea\x7c\xe3\x7b\xee\x3c\xa4\x84\x42\x52\x76", "racoon"),
    (b"\x9a\xa1\xf3\xb4\x34\x72\xa4\x5d\x5f\x50\x6a\xeb\x26\xc0\xf2\x14", "CyberGuard"),
    (b"\x84\x04\xad\xf9\xcd\xa0\x57\x60\xb2\xca\x29\x2e\x4b\xff\x53\x7b", "Sidewinder"),
    (b"\xca\x3e\x2b\x85\x4b\xa8\x03\x00\x17\xdc\x10\x23\xa4\xfd\xe2\x04", "Aruba"),
    (b"\x3c\x8e\x70\xbd\xf9\xc7\xd7\x4a\xdd\x53\xe4\x10\x09\x15\xdc\x2e", "Aruba"),
    (b"\x88\xf0\xe3\x14\x9b\x3f\xa4\x8b\x05\xaa\x7f\x68\x5f\x0b\x76\x6b", "Aruba"),
    (b"VIA Auth Profile :", "Aruba"),
    // Texts of twelve letters that begin with the maker's; newer Libreswan writes its name out.
    (b"OE-Libreswan", "Libreswan"),
    (b"OEN", "Libreswan"),
    (b"OSW", "Openswan"),
    (b"OE", "Openswan or FreeS/WAN"),
    // strongSwan's `ike_vendor.c`: "CISCO(COPYRIGHT)&Copyright (c) 2009 Cisco Systems, Inc.".
    (b"CISCO(COPYRIGHT)", "Cisco"),
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
