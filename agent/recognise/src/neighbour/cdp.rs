//! The Cisco Discovery Protocol, versions 1 and 2, which other makers' switches and telephones speak too.
//!
//! ```text
//! version | time to live | checksum (2) | TLVs: type (2) | length with header (2) | value
//! ```
//!
//! There is no standard; the fields are as Cisco documents them ("CDP packet format") and as
//! equipment sends them.

use sekisho_decode::{Addr, Cursor, DecodeError, Layer};

use super::{Capabilities, Capability, Neighbour, name, text};
use crate::NameSource;

const DEVICE_ID: u16 = 0x01;
const ADDRESSES: u16 = 0x02;
const PORT_ID: u16 = 0x03;
const CAPABILITIES: u16 = 0x04;
const VERSION: u16 = 0x05;
const PLATFORM: u16 = 0x06;
const MANAGEMENT_ADDRESSES: u16 = 0x16;

/// Bytes of a TLV's type and length.
const HEADER_BYTES: usize = 4;

/// NLPID 0xcc (RFC 3232's registry) stands for IPv4.
const IPV4: &[u8] = &[0xcc];
/// IEEE 802 SNAP with ethertype 0x86dd stands for IPv6.
const IPV6: &[u8] = &[0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00, 0x86, 0xdd];

const BITS: [(u32, Capability); 7] = [
    (0x01, Capability::Router),
    // Transparent bridge, source-route bridge, switch.
    (0x02, Capability::Switch),
    (0x04, Capability::Switch),
    (0x08, Capability::Switch),
    (0x10, Capability::Station),
    (0x40, Capability::Repeater),
    (0x80, Capability::Phone),
];

/// Parses the bytes after the SNAP header (OUI 00000c, protocol 0x2000).
///
/// Returns `Ok(None)` for a version other than 1 and 2, and for a farewell (time to live 0). Zeros
/// after the last TLV are Ethernet padding and are ignored.
pub fn parse(bytes: &[u8]) -> Result<Option<Neighbour<'_>>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, bytes);
    let [version, seconds] = cursor.array()?;
    let _checksum = cursor.u16()?;
    if !matches!(version, 1 | 2) || seconds == 0 {
        return Ok(None);
    }
    let mut neighbour = Neighbour::of(NameSource::Cdp);
    while cursor.rest().iter().any(|byte| *byte != 0) {
        let kind = cursor.u16()?;
        let Some(len) = usize::from(cursor.u16()?).checked_sub(HEADER_BYTES) else {
            return Err(cursor.malformed("a TLV shorter than its header"));
        };
        take(kind, cursor.take(len)?, &mut neighbour)?;
    }
    Ok(Some(neighbour))
}

fn take<'a>(kind: u16, bytes: &'a [u8], neighbour: &mut Neighbour<'a>) -> Result<(), DecodeError> {
    match kind {
        DEVICE_ID => neighbour.system_name = name(bytes),
        PORT_ID => neighbour.port = name(bytes),
        VERSION => neighbour.description = text(bytes),
        PLATFORM => neighbour.platform = name(bytes),
        CAPABILITIES => {
            let bits = Cursor::new(Layer::Application, bytes).u32()?;
            neighbour.capabilities = Capabilities::from_bits(bits, &BITS);
        }
        ADDRESSES => neighbour.management = neighbour.management.or(first_address(bytes)?),
        MANAGEMENT_ADDRESSES => neighbour.management = first_address(bytes)?.or(neighbour.management),
        _ => {}
    }
    Ok(())
}

/// Reads the first IP address that one host can own.
fn first_address(bytes: &[u8]) -> Result<Option<Addr>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, bytes);
    for _ in 0..cursor.u32()? {
        let [_protocol_type, protocol_len] = cursor.array()?;
        let protocol = cursor.take(usize::from(protocol_len))?;
        let len = cursor.u16()?;
        let octets = cursor.take(usize::from(len))?;
        let address = match protocol {
            IPV4 => octets.try_into().ok().map(Addr::v4),
            IPV6 => octets.try_into().ok().map(Addr::v6),
            _ => None,
        };
        if let Some(address) = address.filter(|address| !address.is_group()) {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recorder::hex;

    const PHONE: &str = "02 b4 1234  0001 0009 70686f6e65  0002 001a 00000002 01 01 cc 0004 00000000
        01 01 cc 0004 c0000209  0003 000a 506f72742031  0004 0008 00000490
        0005 000a 56312e30 0a 41  0006 0008 4950 2037  0000";

    #[test]
    fn a_phone_tells_what_it_is() {
        let bytes = hex(PHONE);
        let expected = Neighbour {
            system_name: Some("phone"),
            description: Some("V1.0\nA"),
            port: Some("Port 1"),
            platform: Some("IP 7"),
            capabilities: Capabilities(Capability::Phone as u8 | Capability::Station as u8),
            management: Some(Addr::v4([192, 0, 2, 9])),
            ..Neighbour::of(NameSource::Cdp)
        };
        assert_eq!(parse(&bytes), Ok(Some(expected)));
    }

    #[test]
    fn the_management_address_comes_before_the_interfaces() {
        let bytes = hex("02 b4 0000  0016 0011 00000001 01 01 cc 0004 c0000201
            0002 0011 00000001 01 01 cc 0004 c0000209");
        assert_eq!(parse(&bytes).unwrap().unwrap().management, Some(Addr::v4([192, 0, 2, 1])));
    }

    #[test]
    fn what_is_not_an_announcement_is_told_from_what_is_broken() {
        assert_eq!(parse(&hex("03 b4 0000 0001 0005 41")), Ok(None), "another version");
        assert_eq!(parse(&hex("02 00 0000 0001 0005 41")), Ok(None), "a farewell");
        let short = hex("02 b4 0000 0001 0003");
        assert!(matches!(parse(&short), Err(DecodeError::Malformed { .. })), "a TLV of three bytes");
    }

    #[test]
    fn a_truncated_frame_never_gives_half_a_value() {
        let bytes = hex(PHONE);
        let whole = parse(&bytes).unwrap().unwrap();
        for len in 0..bytes.len() {
            match parse(&bytes[..len]) {
                Ok(Some(part)) => {
                    assert!(
                        part.system_name.is_none_or(|_| part.system_name == whole.system_name),
                        "{len} bytes"
                    );
                    assert!(part.platform.is_none_or(|_| part.platform == whole.platform), "{len} bytes");
                }
                Ok(None) => panic!("{len} bytes: not an announcement"),
                Err(error) => assert!(matches!(error, DecodeError::Truncated { .. }), "{len} bytes: {error}"),
            }
        }
    }

    proptest! {
        #[test]
        fn no_frame_breaks_it(tail in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = hex("02 b4 0000");
            bytes.extend(&tail);
            let _ = parse(&bytes);
            let _ = parse(&tail);
        }
    }
}
