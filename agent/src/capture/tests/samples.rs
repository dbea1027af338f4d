//! Writers of small captures: the inverse of what is tested, kept simple enough to check by eye.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// The byte order of a file or section.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Order {
    Little,
    Big,
}

pub(super) use Order::{Big, Little};

impl Order {
    pub(super) fn u16(self, value: u16) -> [u8; 2] {
        if self == Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(super) fn u32(self, value: u32) -> [u8; 4] {
        if self == Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(super) fn u64(self, value: u64) -> [u8; 8] {
        if self == Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}

pub(super) const MICROSECONDS: u32 = 0xA1B2_C3D4;
pub(super) const NANOSECONDS: u32 = 0xA1B2_3C4D;

/// 2026-11-22 00:00:00 UTC.
pub(super) const SECONDS: u32 = 1_795_305_600;

/// Ethernet, from 00:00:5e:00:53:01 to 00:00:5e:00:53:02: an ARP header whose length is no multiple of 4.
pub(super) const FRAME: [u8; 21] = [
    0x00, 0x00, 0x5E, 0x00, 0x53, 0x02, 0x00, 0x00, 0x5E, 0x00, 0x53, 0x01, 0x08, 0x06, 0x00, 0x01, 0x08,
    0x00, 0x06, 0x04, 0x00,
];

pub(super) fn pcap_header(order: Order, magic: u32, link: u32) -> Vec<u8> {
    let fields = [order.u32(0), order.u32(0), order.u32(65_535), order.u32(link)];
    [&order.u32(magic)[..], &order.u16(2), &order.u16(4), fields.as_flattened()].concat()
}

pub(super) fn pcap_record(order: Order, seconds: u32, fraction: u32, data: &[u8], wire_len: u32) -> Vec<u8> {
    let captured = u32::try_from(data.len()).unwrap();
    let fields = [seconds, fraction, captured, wire_len].map(|field| order.u32(field));
    [fields.as_flattened(), data].concat()
}

/// A capture of [`FRAME`] three times, a second apart.
pub(super) fn pcap(order: Order, magic: u32) -> Vec<u8> {
    let mut bytes = pcap_header(order, magic, 1);
    for second in 0..3 {
        bytes.extend(pcap_record(order, SECONDS + second, 0, &FRAME, 21));
    }
    bytes
}

pub(super) fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let len = order.u32(u32::try_from(body.len().next_multiple_of(4) + 12).unwrap());
    [&order.u32(kind)[..], &len, &padded(body), &len].concat()
}

fn padded(body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0xEE);
    body
}

pub(super) fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    [&order.u16(code)[..], &order.u16(u16::try_from(value.len()).unwrap()), &padded(value)].concat()
}

pub(super) fn section(order: Order) -> Vec<u8> {
    let version = [order.u16(1), order.u16(0)];
    block(
        order,
        0x0A0D_0D0A,
        &[&order.u32(0x1A2B_3C4D)[..], version.as_flattened(), &order.u64(u64::MAX)].concat(),
    )
}

pub(super) fn interface(order: Order, link: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
    block(order, 1, &[&order.u16(link)[..], &[0, 0], &order.u32(snaplen), options].concat())
}

pub(super) fn enhanced(order: Order, interface: u32, ticks: u64, data: &[u8], options: &[u8]) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap();
    let fields = [interface, high(ticks), low(ticks), len, len + 100].map(|field| order.u32(field));
    block(order, 6, &[fields.as_flattened(), &padded(data), options].concat())
}

pub(super) fn obsolete(order: Order, interface: u16, drops: u16, ticks: u64, data: &[u8]) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap();
    let numbers = [order.u16(interface), order.u16(drops)];
    let fields = [high(ticks), low(ticks), len, len].map(|field| order.u32(field));
    block(order, 2, &[numbers.as_flattened(), fields.as_flattened(), data].concat())
}

pub(super) fn simple(order: Order, wire_len: u32, data: &[u8]) -> Vec<u8> {
    block(order, 3, &[&order.u32(wire_len)[..], data].concat())
}

pub(super) fn statistics(order: Order, interface: u32, if_drop: u64, os_drop: u64) -> Vec<u8> {
    let options = [option(order, 5, &order.u64(if_drop)), option(order, 7, &order.u64(os_drop))].concat();
    block(order, 5, &[&order.u32(interface)[..], &[0; 8], &options].concat())
}

/// A capture of [`FRAME`] three times, a second apart.
pub(super) fn pcapng(order: Order) -> Vec<u8> {
    let mut bytes = [section(order), interface(order, 1, 65_535, &[])].concat();
    for second in 0..3 {
        bytes.extend(enhanced(order, 0, u64::from(SECONDS + second) * 1_000_000, &FRAME, &[]));
    }
    bytes
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// The same three frames in every format, order and packing, by name.
pub(super) fn every_format() -> Vec<(String, Vec<u8>)> {
    let mut plain = Vec::new();
    for order in [Little, Big] {
        plain.push((format!("pcap, µs, {order:?}"), pcap(order, MICROSECONDS)));
        plain.push((format!("pcap, ns, {order:?}"), pcap(order, NANOSECONDS)));
        plain.push((format!("pcapng, {order:?}"), pcapng(order)));
    }
    let packed = plain.iter().flat_map(|(name, bytes)| {
        [(format!("{name}, gzip"), gzip(bytes)), (format!("{name}, zstd"), zstd(bytes))]
    });
    let packed: Vec<_> = packed.collect();
    [plain, packed].concat()
}

fn high(ticks: u64) -> u32 {
    u32::try_from(ticks >> 32).unwrap()
}

fn low(ticks: u64) -> u32 {
    u32::try_from(ticks & u64::from(u32::MAX)).unwrap()
}
