//! What a LAN says about itself: ARP, DHCP, LLDP, NTP.

use super::bytes::{be16, be32};
use crate::workload::rng::Rng;

pub(crate) fn arp(op: u16, smac: &[u8; 6], sip: &[u8; 4], tmac: &[u8; 6], tip: &[u8; 4]) -> Vec<u8> {
    let mut v = vec![0, 1, 8, 0, 6, 4];
    be16(&mut v, op as usize);
    v.extend_from_slice(smac);
    v.extend_from_slice(sip);
    v.extend_from_slice(tmac);
    v.extend_from_slice(tip);
    v
}

pub(crate) struct Dhcp<'a> {
    pub(crate) kind: u8,
    pub(crate) xid: u32,
    pub(crate) mac: [u8; 6],
    pub(crate) yiaddr: [u8; 4],
    pub(crate) server: [u8; 4],
    pub(crate) host: &'a str,
    pub(crate) vendor: &'a str,
}

pub(crate) fn dhcp(d: &Dhcp) -> Vec<u8> {
    let reply = matches!(d.kind, 2 | 5);
    let mut v = vec![if reply { 2 } else { 1 }, 1, 6, 0];
    be32(&mut v, d.xid);
    v.extend_from_slice(&[0; 8]);
    v.extend_from_slice(if reply { &d.yiaddr } else { &[0; 4] });
    v.extend_from_slice(&[0; 8]);
    v.extend_from_slice(&d.mac);
    v.resize(236, 0);
    v.extend_from_slice(&[0x63, 0x82, 0x53, 0x63, 53, 1, d.kind]);
    if reply {
        v.extend_from_slice(&[54, 4]);
        v.extend_from_slice(&d.server);
        v.extend_from_slice(&[51, 4, 0, 0, 0x1c, 0x20, 1, 4, 255, 255, 252, 0]);
    } else {
        v.extend_from_slice(&[61, 7, 1]);
        v.extend_from_slice(&d.mac);
        v.extend_from_slice(&[12, d.host.len() as u8]);
        v.extend_from_slice(d.host.as_bytes());
        if !d.vendor.is_empty() {
            v.extend_from_slice(&[60, d.vendor.len() as u8]);
            v.extend_from_slice(d.vendor.as_bytes());
        }
        v.extend_from_slice(&[55, 10, 1, 3, 6, 15, 31, 33, 43, 44, 46, 119]);
        if d.kind == 3 {
            v.extend_from_slice(&[50, 4]);
            v.extend_from_slice(&d.yiaddr);
        }
    }
    v.push(255);
    v.resize(v.len().max(300), 0);
    v
}

pub(crate) fn lldp(chassis: &[u8; 6], port: &str, name: &str, mgmt: [u8; 4]) -> Vec<u8> {
    let mut v = vec![];
    let mut tlv = |t: u8, d: &[u8]| {
        be16(&mut v, (t as usize) << 9 | d.len());
        v.extend_from_slice(d);
    };
    tlv(1, &[&[4], &chassis[..]].concat());
    tlv(2, &[&[5], port.as_bytes()].concat());
    tlv(3, &[0, 120]);
    tlv(4, port.as_bytes());
    tlv(5, name.as_bytes());
    tlv(6, b"Example Switch OS 15.2");
    tlv(7, &[0, 0x14, 0, 4]);
    tlv(8, &[&[5, 1], &mgmt[..], &[2, 0, 0, 0, 1, 0]].concat());
    tlv(0, &[]);
    v
}

pub(crate) fn ntp(server: bool, r: &mut Rng) -> Vec<u8> {
    let mut v = vec![if server { 0x24 } else { 0x23 }, server as u8 * 2, 6, 0xec];
    v.extend(r.bytes(44));
    v
}
