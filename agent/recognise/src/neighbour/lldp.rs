//! LLDP (IEEE 802.1AB-2016 §8, §9) with the inventory of LLDP-MED (ANSI/TIA-1057 §10.2.6).
//!
//! ```text
//! TLV: type (7 bits) | length (9 bits) | value        chassis, port and time to live come first
//! ```

use sekisho_decode::{Addr, Cursor, DecodeError, Layer, MacAddr};

use super::{Capabilities, Capability, Neighbour, name, text};
use crate::NameSource;

const END: u8 = 0;
const CHASSIS_ID: u8 = 1;
const PORT_ID: u8 = 2;
const TIME_TO_LIVE: u8 = 3;
const PORT_DESCRIPTION: u8 = 4;
const SYSTEM_NAME: u8 = 5;
const SYSTEM_DESCRIPTION: u8 = 6;
const SYSTEM_CAPABILITIES: u8 = 7;
const MANAGEMENT_ADDRESS: u8 = 8;
const ORGANISATION: u8 = 127;

/// The OUI of TIA's own TLVs.
const MED: [u8; 3] = [0x00, 0x12, 0xbb];

/// IEEE 802.1AB-2016 table 8-4. C-VLAN and S-VLAN components are bridges.
const CAPABILITIES: [(u32, Capability); 9] = [
    (1 << 1, Capability::Repeater),
    (1 << 2, Capability::Switch),
    (1 << 3, Capability::AccessPoint),
    (1 << 4, Capability::Router),
    (1 << 5, Capability::Phone),
    (1 << 7, Capability::Station),
    (1 << 8, Capability::Switch),
    (1 << 9, Capability::Switch),
    (1 << 10, Capability::Switch),
];

/// Parses the bytes after the Ethernet header (ethertype 0x88cc).
///
/// Returns `Ok(None)` for a farewell: an LLDPDU whose time to live is 0 says nothing of its sender.
/// Bytes after the end mark are Ethernet padding and are ignored; so is a missing end mark.
pub fn parse(bytes: &[u8]) -> Result<Option<Neighbour<'_>>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, bytes);
    let mut neighbour = Neighbour::of(NameSource::Lldp);
    // §8.2: the first three, each once and in this order.
    chassis(mandatory(&mut cursor, CHASSIS_ID)?, &mut neighbour)?;
    port(mandatory(&mut cursor, PORT_ID)?, &mut neighbour)?;
    let seconds = mandatory(&mut cursor, TIME_TO_LIVE)?.u16()?;
    if seconds == 0 {
        return Ok(None);
    }
    while !cursor.rest().is_empty() {
        let (kind, value) = element(&mut cursor)?;
        if kind == END {
            break;
        }
        take(kind, value, &mut neighbour)?;
    }
    Ok(Some(neighbour))
}

fn element<'a>(cursor: &mut Cursor<'a>) -> Result<(u8, &'a [u8]), DecodeError> {
    let header = cursor.u16()?;
    let value = cursor.take(usize::from(header & 0x1ff))?;
    Ok(((header >> 9) as u8, value))
}

/// Takes a TLV that must be `kind`, and gives its value.
fn mandatory<'a>(cursor: &mut Cursor<'a>, kind: u8) -> Result<Cursor<'a>, DecodeError> {
    let (found, value) = element(cursor)?;
    if found != kind || value.len() < 2 {
        return Err(cursor.malformed("chassis, port and time to live do not come first"));
    }
    Ok(Cursor::new(Layer::Application, value))
}

/// Reads who it is, §8.5.2. Subtype 4 is a MAC address, 7 a name given by hand.
fn chassis<'a>(mut value: Cursor<'a>, neighbour: &mut Neighbour<'a>) -> Result<(), DecodeError> {
    let subtype = value.u8()?;
    match (subtype, value.rest()) {
        (4, &[a, b, c, d, e, f]) => neighbour.chassis_mac = Some(MacAddr([a, b, c, d, e, f])),
        (4, _) => return Err(value.malformed("a chassis' MAC address of other than six bytes")),
        (5, bytes) => neighbour.management = address(bytes),
        _ => {}
    }
    Ok(())
}

/// Reads the port it sends from, §8.5.3. Subtypes 1, 2, 5 and 7 are text.
fn port<'a>(mut value: Cursor<'a>, neighbour: &mut Neighbour<'a>) -> Result<(), DecodeError> {
    if matches!(value.u8()?, 1 | 2 | 5 | 7) {
        neighbour.port = name(value.rest());
    }
    Ok(())
}

fn take<'a>(kind: u8, bytes: &'a [u8], neighbour: &mut Neighbour<'a>) -> Result<(), DecodeError> {
    let mut value = Cursor::new(Layer::Application, bytes);
    match kind {
        PORT_DESCRIPTION => neighbour.port = neighbour.port.or_else(|| name(bytes)),
        SYSTEM_NAME => neighbour.system_name = name(bytes),
        SYSTEM_DESCRIPTION => neighbour.description = text(bytes),
        SYSTEM_CAPABILITIES => {
            let (_able, enabled) = (value.u16()?, value.u16()?);
            neighbour.capabilities = Capabilities::from_bits(enabled.into(), &CAPABILITIES);
        }
        MANAGEMENT_ADDRESS => {
            let len = value.u8()?;
            let found = address(value.take(usize::from(len))?);
            neighbour.management = neighbour.management.or(found);
        }
        ORGANISATION if value.array::<3>()? == MED => {
            let subtype = value.u8()?;
            let text = name(value.rest());
            match subtype {
                // Firmware only where no software revision is told.
                6 => neighbour.software = neighbour.software.or(text),
                7 => neighbour.software = text.or(neighbour.software),
                8 => neighbour.serial = text,
                10 => neighbour.platform = text,
                _ => {}
            }
        }
        _ => {}
    }
    Ok(())
}

/// Reads an address behind its family (IANA address family numbers).
fn address(bytes: &[u8]) -> Option<Addr> {
    let address = match bytes.split_first()? {
        (1, octets) => Addr::v4(octets.try_into().ok()?),
        (2, octets) => Addr::v6(octets.try_into().ok()?),
        _ => return None,
    };
    (!address.is_group()).then_some(address)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recorder::hex;

    // Chassis by MAC, port by name, 120 seconds; name, description, capabilities, address, MED inventory.
    const SWITCH: &str = "0207 04 00005e005301  0408 05 4661302f3133 20  0602 0078
        0a06 73772d636f72  0c09 412073776974 0d0a 68  0e04 0014 0004
        100c 05 01 c0000202 02 00000001 00  fe0a 0012bb 08 3132333441 42
        fe08 0012bb 0a 4d4f4445  fe06 0012bb 07 5632  fe05 0080c2 01 01  0000 ffff";

    fn parsed(bytes: &[u8]) -> Neighbour<'_> {
        parse(bytes).unwrap().unwrap()
    }

    #[test]
    fn a_switch_tells_what_it_is() {
        let bytes = hex(SWITCH);
        let switch = parsed(&bytes);
        let expected = Neighbour {
            chassis_mac: Some("00:00:5e:00:53:01".parse().unwrap()),
            system_name: Some("sw-cor"),
            description: Some("A swit\r\nh"),
            port: Some("Fa0/13"),
            platform: Some("MODE"),
            software: Some("V2"),
            serial: Some("1234AB"),
            capabilities: Capabilities(Capability::Switch as u8),
            management: Some(Addr::v4([192, 0, 2, 2])),
            ..Neighbour::of(NameSource::Lldp)
        };
        assert_eq!(switch, expected);
        assert!(switch.capabilities.contains(Capability::Switch));
        assert!(!switch.capabilities.contains(Capability::Router), "able, but not enabled");
    }

    #[test]
    fn a_farewell_is_not_a_neighbour() {
        assert_eq!(parse(&hex("0207 04 00005e005301 0403 05 4661 0602 0000 0000")), Ok(None));
    }

    #[test]
    fn a_frame_that_contradicts_the_standard_is_malformed() {
        // (why, frame)
        let cases = [
            ("the port comes first", "0403 05 4661 0207 04 00005e005301 0602 0078 0000"),
            ("no time to live", "0207 04 00005e005301 0403 05 4661 0000"),
            ("a MAC address of five bytes", "0206 04 00005e0053 0403 05 4661 0602 0078 0000"),
        ];
        for (why, frame) in cases {
            assert!(matches!(parse(&hex(frame)), Err(DecodeError::Malformed { .. })), "{why}");
        }
    }

    #[test]
    fn a_truncated_frame_never_gives_half_a_value() {
        let bytes = hex(SWITCH);
        let whole = parsed(&bytes);
        for len in 0..bytes.len() {
            match parse(&bytes[..len]) {
                Ok(Some(part)) => {
                    // Between TLVs: each field is whole or missing.
                    assert!(
                        part.system_name.is_none_or(|_| part.system_name == whole.system_name),
                        "{len} bytes"
                    );
                    assert!(part.serial.is_none_or(|_| part.serial == whole.serial), "{len} bytes");
                }
                Ok(None) => panic!("{len} bytes: a farewell"),
                Err(error) => assert!(matches!(error, DecodeError::Truncated { .. }), "{len} bytes: {error}"),
            }
        }
    }

    proptest! {
        #[test]
        fn no_frame_breaks_it(tail in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = hex("0207 04 00005e005301 0403 05 4661 0602 0078");
            bytes.extend(&tail);
            let _ = parse(&bytes);
            let _ = parse(&tail);
        }
    }
}
