//! Link layers: from a captured frame's first byte to the packet it carries.

use crate::packet::{Body, Link, Packet};
use crate::{Cursor, DecodeError, Layer, LinkType, MacAddr, arp, ip, wireless};

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_ARP: u16 = 0x0806;
/// 802.1Q customer tag, 802.1ad service tag, and the tag that came before 802.1ad.
const ETHERTYPE_VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// The identifier's bits in a tag's control information (IEEE 802.1Q §9.6).
const VLAN_ID: u16 = 0x0fff;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ETHERTYPE_MPLS: [u16; 2] = [0x8847, 0x8848];
const ETHERTYPE_PPPOE_SESSION: u16 = 0x8864;
const ETHERTYPE_FABRIC_PATH: u16 = 0x8903;
const ETHERTYPE_LLDP: u16 = 0x88cc;
/// Below this the field is IEEE 802.3's length, and LLC follows.
const ETHERTYPE_MIN: u16 = 0x0600;
/// LLC SNAP with Cisco's OUI and protocol 0x2000.
const SNAP_CDP: [u8; 8] = [0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x20, 0x00];
/// LLC SNAP that carries an EtherType (RFC 1042).
const SNAP_ETHERTYPE: [u8; 6] = [0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00];

/// Tags, labels and sessions in front of one packet; real networks stack three or four.
const MAX_WRAPS: usize = 8;

/// Decodes one captured frame. `wire_len` is its length on the wire.
pub fn decode(link: LinkType, bytes: &[u8], wire_len: u32) -> Result<Packet<'_>, DecodeError> {
    decode_tagged(link, 0, bytes, wire_len)
}

/// Decodes one captured frame. `tci` is the control information (IEEE 802.1Q §9.6) of an outermost VLAN tag
/// that the capturing machine took off, 0 where there was none.
pub fn decode_tagged(
    link: LinkType,
    tci: u16,
    bytes: &[u8],
    wire_len: u32,
) -> Result<Packet<'_>, DecodeError> {
    // The tag's four octets were on the wire, and the decoder does not meet them.
    let wire_len = if tci == 0 { wire_len } else { wire_len.saturating_sub(4) };
    match link {
        LinkType::Ethernet => ethernet(tci & VLAN_ID, bytes, wire_len),
        LinkType::RawIp => Ok(Packet { link: Link::default(), body: Body::Ip(ip::parse(bytes, wire_len)?) }),
        LinkType::LinuxSll => sll(bytes, wire_len),
        LinkType::LinuxSll2 => sll2(bytes, wire_len),
        LinkType::Null | LinkType::Loop => loopback(bytes, wire_len),
        LinkType::Wireless => air(bytes, wire_len),
    }
}

fn ethernet(vlan: u16, bytes: &[u8], wire_len: u32) -> Result<Packet<'_>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Ethernet, bytes);
    let link = Link { dst: MacAddr(cursor.array()?), src: MacAddr(cursor.array()?), vlan, ..Link::default() };
    let ethertype = cursor.u16()?;
    payload(link, ethertype, cursor.rest(), wire_len.saturating_sub(14), 0)
}

/// `LINKTYPE_LINUX_SLL`: type, ARPHRD, address length, address, protocol. Only the sender is known.
fn sll(bytes: &[u8], wire_len: u32) -> Result<Packet<'_>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Sll, bytes);
    cursor.take(4)?;
    let address_len = cursor.u16()?;
    let address: [u8; 8] = cursor.array()?;
    let ethertype = cursor.u16()?;
    let link = Link { src: sll_mac(u32::from(address_len), address), ..Link::default() };
    payload(link, ethertype, cursor.rest(), wire_len.saturating_sub(16), 0)
}

/// `LINKTYPE_LINUX_SLL2`: protocol, reserved, interface index, ARPHRD, type, address length, address.
fn sll2(bytes: &[u8], wire_len: u32) -> Result<Packet<'_>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Sll2, bytes);
    let ethertype = cursor.u16()?;
    cursor.take(9)?;
    let address_len = cursor.u8()?;
    let address: [u8; 8] = cursor.array()?;
    let link = Link { src: sll_mac(u32::from(address_len), address), ..Link::default() };
    payload(link, ethertype, cursor.rest(), wire_len.saturating_sub(20), 0)
}

fn sll_mac(len: u32, address: [u8; 8]) -> MacAddr {
    let [a, b, c, d, e, f, _, _] = address;
    if len == 6 { MacAddr([a, b, c, d, e, f]) } else { MacAddr::ZERO }
}

/// Four bytes of address family, whose values differ by system: IP's version nibble tells instead.
fn loopback(bytes: &[u8], wire_len: u32) -> Result<Packet<'_>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Loopback, bytes);
    cursor.take(4)?;
    let body = Body::Ip(ip::parse(cursor.rest(), wire_len.saturating_sub(4))?);
    Ok(Packet { link: Link::default(), body })
}

/// IEEE 802.11: a data frame's payload starts with LLC.
fn air(bytes: &[u8], wire_len: u32) -> Result<Packet<'_>, DecodeError> {
    match wireless::data(bytes)? {
        Some((link, rest)) => llc(link, rest, wire_len.saturating_sub((bytes.len() - rest.len()) as u32), 0),
        None => Ok(Packet { link: Link::default(), body: Body::Other(0) }),
    }
}

/// Decodes what an EtherType announces, unwrapping tags, labels and sessions.
fn payload(
    link: Link,
    ethertype: u16,
    bytes: &[u8],
    wire_len: u32,
    wraps: usize,
) -> Result<Packet<'_>, DecodeError> {
    let body = match ethertype {
        ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => Body::Ip(ip::parse(bytes, wire_len)?),
        ETHERTYPE_ARP => arp::parse(bytes)?.map_or(Body::Other(ethertype), Body::Arp),
        ETHERTYPE_LLDP => Body::Lldp(bytes),
        _ if wraps == MAX_WRAPS => {
            return Err(DecodeError::Malformed { layer: Layer::Ethernet, what: "too many wraps" });
        }
        _ if ETHERTYPE_VLAN.contains(&ethertype) => return vlan(link, bytes, wire_len, wraps),
        _ => return wrapped(link, ethertype, bytes, wire_len, wraps),
    };
    Ok(Packet { link, body })
}

/// IEEE 802.1Q §9.3.
fn vlan(mut link: Link, bytes: &[u8], wire_len: u32, wraps: usize) -> Result<Packet<'_>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Vlan, bytes);
    let vlan = cursor.u16()? & VLAN_ID;
    let ethertype = cursor.u16()?;
    if link.vlan != 0 && link.outer_vlan == 0 {
        link.outer_vlan = link.vlan;
    }
    if vlan != 0 {
        link.vlan = vlan;
    }
    payload(link, ethertype, cursor.rest(), wire_len.saturating_sub(4), wraps + 1)
}

fn wrapped(
    mut link: Link,
    ethertype: u16,
    bytes: &[u8],
    wire_len: u32,
    wraps: usize,
) -> Result<Packet<'_>, DecodeError> {
    let left = |rest: &[u8]| wire_len.saturating_sub((bytes.len() - rest.len()) as u32);
    match ethertype {
        _ if ethertype < ETHERTYPE_MIN => llc(link, bytes, wire_len, wraps),
        _ if ETHERTYPE_MPLS.contains(&ethertype) => {
            let rest = mpls(bytes)?;
            match rest.first().map(|byte| byte >> 4) {
                Some(4) => payload(link, ETHERTYPE_IPV4, rest, left(rest), wraps + 1),
                Some(6) => payload(link, ETHERTYPE_IPV6, rest, left(rest), wraps + 1),
                // A pseudowire's control word starts with a zero nibble (RFC 4385 §3), then Ethernet.
                Some(0) => {
                    ethernet_in(rest.get(4..).unwrap_or_default(), left(rest).saturating_sub(4), link, wraps)
                }
                _ => ethernet_in(rest, left(rest), link, wraps),
            }
        }
        ETHERTYPE_PPPOE_SESSION => {
            let (ethertype, rest) = pppoe(bytes)?;
            link.pppoe = true;
            payload(link, ethertype, rest, left(rest), wraps + 1)
        }
        ETHERTYPE_FABRIC_PATH => {
            // Two octets of tree and TTL, then the frame that the fabric carries.
            let mut cursor = Cursor::new(Layer::Ethernet, bytes);
            cursor.take(2)?;
            ethernet_in(cursor.rest(), left(cursor.rest()), link, wraps)
        }
        _ => Ok(Packet { link, body: Body::Other(ethertype) }),
    }
}

/// A whole Ethernet frame inside another's payload; a VLAN tag of the outer one stays known.
fn ethernet_in(bytes: &[u8], wire_len: u32, outer: Link, wraps: usize) -> Result<Packet<'_>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Ethernet, bytes);
    let link = Link { dst: MacAddr(cursor.array()?), src: MacAddr(cursor.array()?), ..outer };
    let ethertype = cursor.u16()?;
    payload(link, ethertype, cursor.rest(), wire_len.saturating_sub(14), wraps + 1)
}

/// Skips labels to the bottom of the stack (RFC 3032 §2.1).
fn mpls(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    let mut cursor = Cursor::new(Layer::Mpls, bytes);
    for _ in 0..MAX_WRAPS {
        if cursor.u32()? & 0x100 != 0 {
            return Ok(cursor.rest());
        }
    }
    Err(cursor.malformed("no bottom of the label stack"))
}

/// RFC 2516 §4, then PPP's protocol field (RFC 1661 §2), given as the EtherType it stands for.
fn pppoe(bytes: &[u8]) -> Result<(u16, &[u8]), DecodeError> {
    let mut cursor = Cursor::new(Layer::Pppoe, bytes);
    let [version_type, code, ..] = cursor.array::<6>()?;
    if version_type != 0x11 || code != 0 {
        return Err(cursor.malformed("not version 1, type 1, code 0"));
    }
    let ethertype = match cursor.u16()? {
        0x0021 => ETHERTYPE_IPV4,
        0x0057 => ETHERTYPE_IPV6,
        // PPP's own control protocols: nothing of the network's traffic.
        _ => ETHERTYPE_MIN,
    };
    Ok((ethertype, cursor.rest()))
}

fn llc(link: Link, bytes: &[u8], wire_len: u32, wraps: usize) -> Result<Packet<'_>, DecodeError> {
    if let Some(rest) = bytes.strip_prefix(&SNAP_CDP) {
        return Ok(Packet { link, body: Body::Cdp(rest) });
    }
    if let Some(rest) = bytes.strip_prefix(&SNAP_ETHERTYPE) {
        let mut cursor = Cursor::new(Layer::Ethernet, rest);
        let ethertype = cursor.u16()?;
        if ethertype >= ETHERTYPE_MIN {
            return payload(link, ethertype, cursor.rest(), wire_len.saturating_sub(8), wraps + 1);
        }
    }
    Ok(Packet { link, body: Body::Other(0) })
}
