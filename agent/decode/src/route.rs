//! What headers tell of the way rather than of the ends: segment sizes, and routers' own messages.

use crate::packet::{Icmp, Ip, Upper, flag};
use crate::{Addr, Cursor, Layer};

/// TCP option that ends the list (RFC 9293 §3.2).
const END: u8 = 0;
/// TCP option of one octet that fills up.
const NO_OPERATION: u8 = 1;
/// TCP option: the largest segment that the sender takes.
const MAX_SEGMENT: u8 = 2;

/// What a router says about the way of another packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RouteMessage {
    /// This gateway is nearer to the destination (RFC 792, type 5; RFC 4861 §4.5).
    Redirect {
        /// The better first hop.
        gateway: Addr,
    },
    /// A packet ran out of time here (RFC 792, type 11; RFC 4443 §3.3).
    TimeExceeded,
    /// A packet is larger than the next line takes (RFC 1191; RFC 4443 §3.2).
    TooBig {
        /// The next line's MTU in octets; 0 from routers before RFC 1191.
        mtu: u32,
    },
}

impl Ip<'_> {
    /// Gives the largest segment that the sender of a SYN takes, in octets. Routers write their own
    /// line's size into it, so behind a narrow line it tells of the line.
    #[must_use]
    pub fn max_segment(&self) -> Option<u16> {
        let Upper::Tcp(tcp) = self.upper else { return None };
        if tcp.flags & flag::SYN == 0 {
            return None;
        }
        let header_len = usize::from(self.body.get(12)? >> 4) * 4;
        let mut cursor = Cursor::new(Layer::Tcp, self.body.get(20..header_len)?);
        while let Ok([kind]) = cursor.array() {
            match kind {
                END => return None,
                NO_OPERATION => {}
                _ => {
                    let [len] = cursor.array().ok()?;
                    let value = cursor.take(usize::from(len).checked_sub(2)?).ok()?;
                    if kind == MAX_SEGMENT {
                        return value.try_into().ok().map(u16::from_be_bytes);
                    }
                }
            }
        }
        None
    }

    /// Reads a router's message about the way.
    #[must_use]
    pub fn route_message(&self, icmp: Icmp) -> Option<RouteMessage> {
        match (icmp.v6, icmp.kind, icmp.code) {
            (false, 5, _) => {
                let (gateway, _) = self.payload.split_first_chunk()?;
                Some(RouteMessage::Redirect { gateway: Addr::v4(*gateway) })
            }
            (true, 137, _) => {
                let (_reserved, rest) = self.payload.split_first_chunk::<4>()?;
                let (gateway, _) = rest.split_first_chunk()?;
                Some(RouteMessage::Redirect { gateway: Addr::v6(*gateway) })
            }
            // Code 1 is a host that waited for fragments.
            (false, 11, 0) | (true, 3, 0) => Some(RouteMessage::TimeExceeded),
            (false, 3, 4) => {
                let ([_, _, high, low], _) = self.payload.split_first_chunk()?;
                Some(RouteMessage::TooBig { mtu: u32::from(u16::from_be_bytes([*high, *low])) })
            }
            (true, 2, _) => {
                let (mtu, _) = self.payload.split_first_chunk()?;
                Some(RouteMessage::TooBig { mtu: u32::from_be_bytes(*mtu) })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Body, LinkType, Packet, RouteMessage, Upper, decode};

    /// An IPv4 packet of this protocol without its link.
    fn datagram(protocol: u8, upper: &[u8]) -> Vec<u8> {
        let len = (20 + upper.len()) as u16;
        let mut bytes = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1];
        bytes[2..4].copy_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(upper);
        bytes
    }

    fn segment(flags: u8, options: &[u8]) -> Vec<u8> {
        let words = 5 + options.len() / 4;
        let mut tcp = vec![0, 80, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, (words << 4) as u8, flags, 0, 0, 0, 0, 0, 0];
        tcp.extend_from_slice(options);
        datagram(6, &tcp)
    }

    fn mss(bytes: &[u8]) -> Option<u16> {
        let Ok(Packet { body: Body::Ip(ip), .. }) = decode(LinkType::RawIp, bytes, bytes.len() as u32) else {
            return None;
        };
        ip.max_segment()
    }

    #[test]
    fn a_syn_tells_its_largest_segment() {
        // (flags, options, why, size)
        let cases: [(u8, &[u8], &str, Option<u16>); 6] = [
            (0x02, &[2, 4, 5, 0xb4], "a SYN", Some(1460)),
            (0x12, &[1, 1, 2, 4, 5, 0x86, 4, 2], "an answer, after padding", Some(1414)),
            (0x10, &[2, 4, 5, 0xb4], "no SYN", None),
            (0x02, &[0, 0, 2, 4, 5, 0xb4, 0, 0], "after the end of the list", None),
            (0x02, &[3, 0, 2, 4], "an option of no length", None),
            (0x02, &[2, 3, 5, 0], "a size of one octet", None),
        ];
        for (flags, options, why, expected) in cases {
            assert_eq!(mss(&segment(flags, options)), expected, "{why}");
        }
        let whole = segment(0x02, &[2, 4, 5, 0xb4]);
        for len in 0..whole.len() {
            assert_eq!(mss(&whole[..len]), None, "cut at {len}");
        }
    }

    #[test]
    fn routers_messages_are_told_from_others() {
        // (type, code, what follows the checksum, message)
        let cases: [(u8, u8, &[u8], Option<RouteMessage>); 6] = [
            (
                5,
                1,
                &[192, 0, 2, 254],
                Some(RouteMessage::Redirect { gateway: crate::Addr::v4([192, 0, 2, 254]) }),
            ),
            (5, 1, &[192, 0, 2], None),
            (11, 0, &[0; 4], Some(RouteMessage::TimeExceeded)),
            (11, 1, &[0; 4], None),
            (3, 4, &[0, 0, 0x05, 0xae], Some(RouteMessage::TooBig { mtu: 1454 })),
            (3, 1, &[0; 4], None),
        ];
        for (kind, code, rest, expected) in cases {
            let bytes = datagram(1, &[&[kind, code, 0, 0][..], rest].concat());
            let decoded = decode(LinkType::RawIp, &bytes, bytes.len() as u32);
            let Ok(Packet { body: Body::Ip(ip), .. }) = decoded else { panic!("{kind}/{code}: no IP") };
            let Upper::Icmp(icmp) = ip.upper else { panic!("{kind}/{code}: no ICMP") };
            assert_eq!(ip.route_message(icmp), expected, "{kind}/{code}");
        }
    }
}
