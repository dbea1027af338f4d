//! One flow sample of sFlow v5: a packet that stands for `sampling_rate` of its kind.
//!
//! ```text
//! flow sample     number   source   rate   pool   drops   in, out interface   records
//! expanded        number   source kind, index   rate   pool   drops   in kind, in   out kind, out   records
//! record          kind   length   body
//!
//! 1     header of the packet: protocol   length on the wire   bytes stripped   length, bytes
//! 3, 4  IPv4, IPv6: length   protocol   addresses   ports   TCP flags
//! 1001  switch: VLAN and priority, in and out        1002  router: next hop, masks
//! 1007  translation: source, destination             1020  translation: ports
//! ```
//!
//! sFlow.org, "sFlow Version 5", section 5; "sFlow Port NAT Structures".

use sekisho_decode::{Addr, Body, Cursor, DecodeError, Layer, LinkType, MacAddr, Upper, decode};

use crate::Format;
use crate::record::FlowRecord;
use crate::sflow::address;

/// Kinds of records, all of enterprise 0.
const RAW_HEADER: u32 = 1;
const ETHERNET: u32 = 2;
const IPV4: u32 = 3;
const IPV6: u32 = 4;
const EXTENDED_SWITCH: u32 = 1_001;
const EXTENDED_ROUTER: u32 = 1_002;
const EXTENDED_NAT: u32 = 1_007;
const EXTENDED_NAT_PORT: u32 = 1_020;

/// Protocols of a raw header.
const HEADER_ETHERNET: u32 = 1;
const HEADER_IPV4: u32 = 11;
const HEADER_IPV6: u32 = 12;

/// "All ones": the interface is not known.
const UNKNOWN_INTERFACE: u32 = 0x3fff_ffff;

/// How a sample's head is laid out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    /// Interfaces in 30 bits.
    Compact,
    /// Interfaces in 32 bits.
    Expanded,
}

/// Reads a flow sample; `None` where the packet is not IP.
pub(crate) fn read(
    cursor: &mut Cursor<'_>,
    shape: Shape,
    exporter: Addr,
    time_ns: i64,
) -> Result<Option<FlowRecord<'static>>, DecodeError> {
    let mut flow = FlowRecord::new(exporter, Format::SflowV5, time_ns);
    let _number = cursor.u32()?;
    cursor.take(if shape == Shape::Compact { 4 } else { 8 })?;
    let sampling = cursor.u32()?;
    let (_pool, _drops) = (cursor.u32()?, cursor.u32()?);
    flow.in_if = interface(cursor, shape)?;
    flow.out_if = interface(cursor, shape)?;
    let count = cursor.u32()?;
    let mut is_ip = false;
    for _ in 0..count {
        let (kind, len) = (cursor.u32()?, cursor.u32()?);
        let mut body = Cursor::new(Layer::Application, cursor.take(len as usize)?);
        match kind {
            RAW_HEADER => is_ip |= raw_header(&mut body, &mut flow)?,
            // Switches that know no more say the same again without the header.
            ETHERNET if flow.src_mac.is_none() => ethernet(&mut body, &mut flow)?,
            IPV4 if !is_ip => is_ip = ipv4(&mut body, &mut flow)?,
            IPV6 if !is_ip => is_ip = ipv6(&mut body, &mut flow)?,
            EXTENDED_SWITCH => switch(&mut body, &mut flow)?,
            EXTENDED_ROUTER => flow.next_hop = address(&mut body)?,
            EXTENDED_NAT => {
                flow.post_nat_src = address(&mut body)?;
                flow.post_nat_dst = address(&mut body)?;
            }
            EXTENDED_NAT_PORT => {
                flow.post_nat_src_port = body.u32()? as u16;
                flow.post_nat_dst_port = body.u32()? as u16;
            }
            _ => {}
        }
    }
    flow.packets = 1;
    flow.scale(sampling);
    Ok(is_ip.then_some(flow))
}

/// Reads an interface: its kind (0 is one interface) and number.
fn interface(cursor: &mut Cursor<'_>, shape: Shape) -> Result<u32, DecodeError> {
    let (kind, number) = match shape {
        Shape::Compact => {
            let value = cursor.u32()?;
            (value >> 30, value & UNKNOWN_INTERFACE)
        }
        Shape::Expanded => (cursor.u32()?, cursor.u32()?),
    };
    Ok(if kind == 0 && number != UNKNOWN_INTERFACE { number } else { 0 })
}

/// Decodes the start of the packet itself; tells whether it is IP.
fn raw_header(body: &mut Cursor<'_>, flow: &mut FlowRecord<'_>) -> Result<bool, DecodeError> {
    let (protocol, frame_len, stripped) = (body.u32()?, body.u32()?, body.u32()?);
    let header_len = body.u32()?;
    let header = body.take(header_len as usize)?;
    let link = match protocol {
        HEADER_ETHERNET => LinkType::Ethernet,
        HEADER_IPV4 | HEADER_IPV6 => LinkType::RawIp,
        _ => return Ok(false),
    };
    // The length counts what was stripped: the frame check sequence, sometimes tags.
    let packet = decode(link, header, frame_len.saturating_sub(stripped))?;
    flow.src_mac = Some(packet.link.src).filter(|mac| !mac.is_zero());
    flow.dst_mac = Some(packet.link.dst).filter(|mac| !mac.is_zero());
    flow.vlan = packet.link.vlan;
    let Body::Ip(ip) = packet.body else { return Ok(false) };
    (flow.src, flow.dst, flow.protocol) = (ip.src, ip.dst, ip.protocol);
    (flow.src_port, flow.dst_port) = ip.upper.ports();
    if let Upper::Tcp(tcp) = ip.upper {
        flow.tcp_flags = tcp.flags;
    }
    flow.bytes = ip.wire_len.into();
    Ok(true)
}

/// Length, two addresses (eight bytes each), type.
fn ethernet(body: &mut Cursor<'_>, flow: &mut FlowRecord<'_>) -> Result<(), DecodeError> {
    let _len = body.u32()?;
    flow.src_mac = Some(mac(body)?).filter(|mac| !mac.is_zero());
    flow.dst_mac = Some(mac(body)?).filter(|mac| !mac.is_zero());
    Ok(())
}

/// Six bytes and two of padding.
fn mac(body: &mut Cursor<'_>) -> Result<MacAddr, DecodeError> {
    let mac = MacAddr(body.array()?);
    body.u16()?;
    Ok(mac)
}

fn ipv4(body: &mut Cursor<'_>, flow: &mut FlowRecord<'_>) -> Result<bool, DecodeError> {
    let (len, protocol) = (body.u32()?, body.u32()?);
    (flow.src, flow.dst) = (Addr::v4(body.array()?), Addr::v4(body.array()?));
    upper(body, flow, len, protocol)
}

fn ipv6(body: &mut Cursor<'_>, flow: &mut FlowRecord<'_>) -> Result<bool, DecodeError> {
    let (len, protocol) = (body.u32()?, body.u32()?);
    (flow.src, flow.dst) = (Addr::v6(body.array()?), Addr::v6(body.array()?));
    upper(body, flow, len, protocol)
}

fn upper(
    body: &mut Cursor<'_>,
    flow: &mut FlowRecord<'_>,
    len: u32,
    protocol: u32,
) -> Result<bool, DecodeError> {
    flow.bytes = len.into();
    flow.protocol = protocol as u8;
    (flow.src_port, flow.dst_port) = (body.u32()? as u16, body.u32()? as u16);
    flow.tcp_flags = body.u32()? as u8;
    Ok(true)
}

/// VLAN and priority, in and out; all ones where not known.
fn switch(body: &mut Cursor<'_>, flow: &mut FlowRecord<'_>) -> Result<(), DecodeError> {
    let in_vlan = body.u32()?;
    if flow.vlan == 0 && in_vlan <= 0x0fff {
        flow.vlan = in_vlan as u16;
    }
    Ok(())
}
