//! What a packet carries inside itself: mirrors (ERSPAN) and tunnels (GRE, VXLAN, GTP, CAPWAP, IP in IP …).

use crate::packet::{Ip, Upper};
use crate::transport::protocol;
use crate::{Cursor, DecodeError, Layer, LinkType, gtp};

/// VXLAN's port (RFC 7348 §5). Its header alone is too plain to tell on any port.
const VXLAN_PORT: u16 = 4789;
/// Geneve's port (RFC 8926 §3.3).
const GENEVE_PORT: u16 = 6081;
/// What carries subscribers' packets in mobile networks (3GPP TS 29.281 §4.4.2).
const GTP_PORT: u16 = 2152;
/// Where a wireless controller takes its access points' data, and sends from (RFC 5415 §3.1).
const CAPWAP_PORT: u16 = 5247;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
/// Transparent Ethernet bridging: GRE-TAP, NVGRE, Geneve.
const ETHERTYPE_BRIDGED: u16 = 0x6558;
/// ERSPAN types I and II.
const ETHERTYPE_ERSPAN: u16 = 0x88be;
/// ERSPAN type III.
const ETHERTYPE_ERSPAN_III: u16 = 0x22eb;

/// A frame or packet inside another.
#[derive(Clone, Copy, Debug)]
pub struct Inner<'a> {
    /// What its first byte belongs to.
    pub link: LinkType,
    /// Its captured bytes.
    pub data: &'a [u8],
    /// Its length on the wire.
    pub wire_len: u32,
    /// Whether the outer packet is only how a mirror port sends its copies (ERSPAN): it is then no
    /// traffic of the network's own.
    pub mirror: bool,
}

/// Tells whether packets between these two ports may carry others in the clear.
#[must_use]
pub const fn may_carry_packets(number: u8, ports: [u16; 2]) -> bool {
    let [one, other] = ports;
    number == protocol::UDP && (opens_at(one) || opens_at(other))
}

const fn opens_at(port: u16) -> bool {
    matches!(port, VXLAN_PORT | GENEVE_PORT | GTP_PORT | CAPWAP_PORT)
}

impl<'a> Ip<'a> {
    /// Opens the packet's tunnel header; `Ok(None)` where it carries no packet in the clear.
    #[inline]
    pub fn inner(&self) -> Result<Option<Inner<'a>>, DecodeError> {
        match self.upper {
            Upper::Udp(udp) if udp.dst_port == VXLAN_PORT => self.vxlan(),
            Upper::Udp(udp) if udp.dst_port == GENEVE_PORT => self.geneve(),
            Upper::Udp(udp) if udp.dst_port == GTP_PORT => self.gtp(),
            Upper::Udp(udp) if udp.dst_port == CAPWAP_PORT || udp.src_port == CAPWAP_PORT => self.capwap(),
            Upper::Gre(gre) => self.gre(gre.version, gre.protocol, gre.sequenced),
            Upper::Ah(ah) => Ok(self.ip_in_ip(ah.next)),
            Upper::Other => Ok(self.ip_in_ip(self.protocol)),
            Upper::Tcp(_) | Upper::Udp(_) | Upper::Icmp(_) | Upper::Esp(_) => Ok(None),
        }
    }

    fn at(&self, link: LinkType, data: &'a [u8]) -> Inner<'a> {
        let opened = (self.payload.len() - data.len()) as u32;
        Inner { link, data, wire_len: self.payload_wire_len.saturating_sub(opened), mirror: false }
    }

    fn ip_in_ip(&self, number: u8) -> Option<Inner<'a>> {
        let carries = matches!(number, protocol::IPIP | protocol::IPV6) && !self.payload.is_empty();
        carries.then(|| self.at(LinkType::RawIp, self.payload))
    }

    fn gre(&self, version: u8, ethertype: u16, sequenced: bool) -> Result<Option<Inner<'a>>, DecodeError> {
        if version != 0 || self.payload.is_empty() {
            return Ok(None);
        }
        let mut cursor = Cursor::new(Layer::Erspan, self.payload);
        let link = match ethertype {
            ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => return Ok(Some(self.at(LinkType::RawIp, self.payload))),
            ETHERTYPE_BRIDGED => return Ok(Some(self.at(LinkType::Ethernet, self.payload))),
            ETHERTYPE_ERSPAN => {
                // Type II has a GRE sequence number and an 8-octet header, type I neither
                // (draft-foschiano-erspan-03 §4.1, §4.2).
                if sequenced {
                    cursor.take(8)?;
                }
                LinkType::Ethernet
            }
            ETHERTYPE_ERSPAN_III => {
                // §4.3: twelve octets, and eight more where the O bit is set; FT tells what follows.
                let header: [u8; 12] = cursor.array()?;
                let frame_type = header[10] >> 3 & 0x1f;
                if header[11] & 0x01 != 0 {
                    cursor.take(8)?;
                }
                if frame_type == 2 { LinkType::RawIp } else { LinkType::Ethernet }
            }
            _ => return Ok(None),
        };
        Ok(Some(Inner { mirror: true, ..self.at(link, cursor.rest()) }))
    }

    /// RFC 7348 §5: flags with the I bit, everything reserved zero.
    fn vxlan(&self) -> Result<Option<Inner<'a>>, DecodeError> {
        let mut cursor = Cursor::new(Layer::Vxlan, self.payload);
        let [flags, r0, r1, r2, _, _, _, r3] = cursor.array()?;
        if flags & 0x08 == 0 || (r0, r1, r2, r3) != (0, 0, 0, 0) || cursor.rest().is_empty() {
            return Ok(None);
        }
        Ok(Some(self.at(LinkType::Ethernet, cursor.rest())))
    }

    /// RFC 8926 §3.4.
    fn geneve(&self) -> Result<Option<Inner<'a>>, DecodeError> {
        let mut cursor = Cursor::new(Layer::Vxlan, self.payload);
        let [version_len, _, type_high, type_low, _, _, _, _] = cursor.array()?;
        if version_len >> 6 != 0 {
            return Ok(None);
        }
        cursor.take(usize::from(version_len & 0x3f) * 4)?;
        let link = match u16::from_be_bytes([type_high, type_low]) {
            ETHERTYPE_BRIDGED => LinkType::Ethernet,
            ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => LinkType::RawIp,
            _ => return Ok(None),
        };
        Ok(Some(self.at(link, cursor.rest())))
    }

    fn gtp(&self) -> Result<Option<Inner<'a>>, DecodeError> {
        let parsed = gtp::parse(self.payload, self.payload_wire_len as usize)?;
        let Some(packet) = parsed.filter(|parsed| parsed.kind == gtp::PACKET) else { return Ok(None) };
        let carries = packet.content.first().is_some_and(|first| matches!(first >> 4, 4 | 6));
        Ok(carries.then(|| self.at(LinkType::RawIp, packet.content)))
    }

    /// RFC 5415 §4.3: preamble; lengths, binding and flags; fragment; what the binding adds. Later fragments
    /// and keep-alives carry no frame of their own.
    fn capwap(&self) -> Result<Option<Inner<'a>>, DecodeError> {
        let mut cursor = Cursor::new(Layer::Capwap, self.payload);
        let [preamble, words, binding, flags, _, _, offset_high, offset_low] = cursor.array()?;
        let later = u16::from_be_bytes([offset_high, offset_low]) >> 3 != 0;
        let keep_alive = flags & 0x08 != 0;
        if preamble != 0 || later || keep_alive {
            return Ok(None);
        }
        let Some(optional) = (usize::from(words >> 3) * 4).checked_sub(8) else {
            return Err(cursor.malformed("header length under two words"));
        };
        cursor.take(optional)?;
        let native = binding & 0x01 != 0;
        let link = match binding >> 1 & 0x1f {
            _ if !native => LinkType::Ethernet,
            1 => LinkType::Wireless,
            _ => return Ok(None),
        };
        Ok((!cursor.rest().is_empty()).then(|| self.at(link, cursor.rest())))
    }
}
