//! Upper-layer headers: TCP, UDP, ICMP, ESP, AH, GRE.

use crate::packet::{Ah, Esp, Gre, Icmp, Tcp, Udp, Upper};
use crate::{Cursor, DecodeError, Layer};

/// IANA protocol numbers.
pub mod protocol {
    /// ICMP.
    pub const ICMP: u8 = 1;
    /// IPv4 in IP (RFC 2003).
    pub const IPIP: u8 = 4;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// IPv6 in IP (RFC 4213).
    pub const IPV6: u8 = 41;
    /// GRE.
    pub const GRE: u8 = 47;
    /// ESP.
    pub const ESP: u8 = 50;
    /// AH.
    pub const AH: u8 = 51;
    /// ICMPv6.
    pub const ICMPV6: u8 = 58;
    /// L2TPv3 (RFC 3931).
    pub const L2TP: u8 = 115;
    /// SCTP.
    pub const SCTP: u8 = 132;
}

/// Parses the upper-layer header; gives it, its length, and what follows.
pub(crate) fn parse(number: u8, bytes: &[u8]) -> Result<(Upper, &[u8]), DecodeError> {
    match number {
        protocol::TCP => tcp(bytes),
        protocol::UDP => udp(bytes),
        protocol::ICMP => icmp(bytes, false),
        protocol::ICMPV6 => icmp(bytes, true),
        protocol::ESP => esp(bytes),
        protocol::AH => ah(bytes),
        protocol::GRE => gre(bytes),
        _ => Ok((Upper::Other, bytes)),
    }
}

/// RFC 9293 §3.1.
fn tcp(bytes: &[u8]) -> Result<(Upper, &[u8]), DecodeError> {
    let mut cursor = Cursor::new(Layer::Tcp, bytes);
    let h: [u8; 20] = cursor.array()?;
    let Some(options_len) = (usize::from(h[12] >> 4) * 4).checked_sub(20) else {
        return Err(cursor.malformed("data offset under five words"));
    };
    // A small snaplen may cut the options.
    let payload = cursor.rest().get(options_len..).unwrap_or_default();
    Ok((Upper::Tcp(Tcp::of(&h)), payload))
}

/// RFC 768. The length field is not trusted: offloading hosts leave it wrong, and IP's is checked.
fn udp(bytes: &[u8]) -> Result<(Upper, &[u8]), DecodeError> {
    let mut cursor = Cursor::new(Layer::Udp, bytes);
    let h: [u8; 8] = cursor.array()?;
    Ok((Upper::Udp(Udp::of(h)), cursor.rest()))
}

fn icmp(bytes: &[u8], v6: bool) -> Result<(Upper, &[u8]), DecodeError> {
    let mut cursor = Cursor::new(Layer::Icmp, bytes);
    let [kind, code, high, low] = cursor.array()?;
    let checksum = u16::from_be_bytes([high, low]);
    Ok((Upper::Icmp(Icmp { kind, code, checksum, v6 }), cursor.rest()))
}

/// RFC 4303 §2.
fn esp(bytes: &[u8]) -> Result<(Upper, &[u8]), DecodeError> {
    let mut cursor = Cursor::new(Layer::Esp, bytes);
    let esp = Esp { spi: cursor.u32()?, seq: cursor.u32()? };
    Ok((Upper::Esp(esp), cursor.rest()))
}

/// RFC 4302 §2.
fn ah(bytes: &[u8]) -> Result<(Upper, &[u8]), DecodeError> {
    let mut cursor = Cursor::new(Layer::Ah, bytes);
    let [next, words, _, _] = cursor.array()?;
    let ah = Ah { next, spi: cursor.u32()?, seq: cursor.u32()? };
    // In 4-octet words, less two; twelve octets of them are read.
    let Some(rest) = (usize::from(words) * 4 + 8).checked_sub(12) else {
        return Err(cursor.malformed("length under twelve octets"));
    };
    cursor.take(rest)?;
    Ok((Upper::Ah(ah), cursor.rest()))
}

/// RFC 2784 §2, RFC 2890 §2; version 1 is PPTP's (RFC 2637 §4.1).
fn gre(bytes: &[u8]) -> Result<(Upper, &[u8]), DecodeError> {
    let mut cursor = Cursor::new(Layer::Gre, bytes);
    let flags = cursor.u16()?;
    let protocol = cursor.u16()?;
    let version = (flags & 0x0007) as u8;
    if version > 1 {
        return Err(cursor.malformed("version over 1"));
    }
    // Version 0: a set R bit (deprecated source routing, RFC 1701) also brings checksum and offset.
    if version == 0 && flags & 0xc000 != 0 {
        cursor.take(4)?;
    }
    let key = if flags & 0x2000 != 0 { Some(cursor.u32()?) } else { None };
    let sequenced = flags & 0x1000 != 0;
    if sequenced {
        cursor.take(4)?;
    }
    if version == 1 && flags & 0x0080 != 0 {
        cursor.take(4)?;
    }
    Ok((Upper::Gre(Gre { version, protocol, key, sequenced }), cursor.rest()))
}
