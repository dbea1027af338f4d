//! Datagrams made to order: what exporters send, with documentation addresses.

/// 2023-11-14 22:13:20 UTC.
pub(crate) const NOON_S: u32 = 1_700_000_000;
pub(crate) const NOON_NS: i64 = NOON_S as i64 * 1_000_000_000;
/// The exporter's uptime in every header that has one.
pub(crate) const UPTIME_MS: u32 = 3_600_000;

/// Big-endian bytes, one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    pub(crate) fn new() -> Self {
        Self::default()
    }
    pub(crate) fn u8(self, value: u8) -> Self {
        self.raw(&[value])
    }
    pub(crate) fn u16(self, value: u16) -> Self {
        self.raw(&value.to_be_bytes())
    }
    pub(crate) fn u32(self, value: u32) -> Self {
        self.raw(&value.to_be_bytes())
    }
    pub(crate) fn u64(self, value: u64) -> Self {
        self.raw(&value.to_be_bytes())
    }
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

/// The client and the server of flow `n`.
pub(crate) fn ends(n: u8) -> ([u8; 4], [u8; 4]) {
    ([192, 0, 2, n], [198, 51, 100, 20])
}

/// NetFlow v5 with flows `0..count`, each of 1,000 octets and 10 packets.
pub(crate) fn v5(number: u32, count: u8, sampling: u16) -> Vec<u8> {
    let head = Bytes::new().u16(5).u16(count.into()).u32(UPTIME_MS).u32(NOON_S).u32(0).u32(number);
    let mut bytes = head.u16(0x0102).u16(sampling);
    for n in 0..count {
        let (client, server) = ends(n);
        bytes = bytes.raw(&client).raw(&server).raw(&[203, 0, 113, 1]).u16(3).u16(4).u32(10).u32(1_000);
        bytes = bytes.u32(UPTIME_MS - 9_000).u32(UPTIME_MS - 2_000).u16(50_000).u16(443);
        bytes = bytes.raw(&[0, 0x1b, 6, 0]).u32(0).u32(0);
    }
    bytes.0
}

/// NetFlow v9 with the given sets.
pub(crate) fn v9(number: u32, source: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let head = Bytes::new().u16(9).u16(sets.len() as u16).u32(UPTIME_MS).u32(NOON_S);
    head.u32(number).u32(source).raw(&sets.concat()).0
}

/// IPFIX with the given sets.
pub(crate) fn ipfix(number: u32, domain: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let body = sets.concat();
    let head = Bytes::new().u16(10).u16(body.len() as u16 + 16).u32(NOON_S);
    head.u32(number).u32(domain).raw(&body).0
}

/// A set of any id.
pub(crate) fn set(id: u16, body: &[u8]) -> Vec<u8> {
    Bytes::new().u16(id).u16(body.len() as u16 + 4).raw(body).0
}

/// A template: id, and number and length of each field.
pub(crate) fn template(id: u16, fields: &[(u16, u16)]) -> Vec<u8> {
    let head = Bytes::new().u16(id).u16(fields.len() as u16);
    fields.iter().fold(head, |bytes, (number, len)| bytes.u16(*number).u16(*len)).0
}

/// An options template of v9: what it is about, then what it says.
pub(crate) fn v9_options(id: u16, scope: &[(u16, u16)], fields: &[(u16, u16)]) -> Vec<u8> {
    let head = Bytes::new().u16(id).u16(scope.len() as u16 * 4).u16(fields.len() as u16 * 4);
    scope.iter().chain(fields).fold(head, |bytes, (number, len)| bytes.u16(*number).u16(*len)).0
}

/// An options template of IPFIX, of which the first `scope` fields say what it is about.
pub(crate) fn ipfix_options(id: u16, scope: u16, fields: &[(u16, u16)]) -> Vec<u8> {
    let head = Bytes::new().u16(id).u16(fields.len() as u16).u16(scope);
    fields.iter().fold(head, |bytes, (number, len)| bytes.u16(*number).u16(*len)).0
}

/// What routers export as a rule: times by uptime.
pub(crate) const V9_FLOW: [(u16, u16); 13] = [
    (8, 4),
    (12, 4),
    (15, 4),
    (10, 2),
    (14, 2),
    (2, 4),
    (1, 4),
    (22, 4),
    (21, 4),
    (7, 2),
    (11, 2),
    (6, 1),
    (4, 1),
];

/// Records of [`V9_FLOW`], flows `0..count`.
pub(crate) fn v9_flows(count: u8) -> Vec<u8> {
    let mut bytes = Bytes::new();
    for n in 0..count {
        let (client, server) = ends(n);
        bytes = bytes.raw(&client).raw(&server).raw(&[203, 0, 113, 1]).u16(3).u16(4).u32(10).u32(1_000);
        bytes = bytes.u32(UPTIME_MS - 9_000).u32(UPTIME_MS - 2_000).u16(50_000).u16(443).u8(0x1b).u8(6);
    }
    bytes.0
}

/// What IPFIX exporters send as a rule: counts of eight bytes, times in milliseconds.
pub(crate) const IPFIX_FLOW: [(u16, u16); 13] = [
    (8, 4),
    (12, 4),
    (15, 4),
    (10, 4),
    (14, 4),
    (2, 8),
    (1, 8),
    (152, 8),
    (153, 8),
    (7, 2),
    (11, 2),
    (6, 1),
    (4, 1),
];

/// Records of [`IPFIX_FLOW`], flows `0..count`.
pub(crate) fn ipfix_flows(count: u8) -> Vec<u8> {
    let mut bytes = Bytes::new();
    let noon_ms = u64::from(NOON_S) * 1_000;
    for n in 0..count {
        let (client, server) = ends(n);
        bytes = bytes.raw(&client).raw(&server).raw(&[203, 0, 113, 1]).u32(3).u32(4).u64(10).u64(1_000);
        bytes = bytes.u64(noon_ms - 9_000).u64(noon_ms - 2_000).u16(50_000).u16(443).u8(0x1b).u8(6);
    }
    bytes.0
}

/// sFlow of agent 192.0.2.254 with the given samples.
pub(crate) fn sflow(number: u32, sub_agent: u32, samples: &[Vec<u8>]) -> Vec<u8> {
    let head = Bytes::new().u32(5).u32(1).raw(&[192, 0, 2, 254]).u32(sub_agent).u32(number).u32(UPTIME_MS);
    head.u32(samples.len() as u32).raw(&samples.concat()).0
}

/// A sample or a record: kind, length, body padded to four bytes.
pub(crate) fn tagged(kind: u32, body: &[u8]) -> Vec<u8> {
    let padding = body.len().next_multiple_of(4) - body.len();
    Bytes::new().u32(kind).u32((body.len() + padding) as u32).raw(body).raw(&[0; 3][..padding]).0
}

/// A flow sample, one packet in 512, from interface 3 to 4.
pub(crate) fn flow_sample(number: u32, records: &[Vec<u8>]) -> Vec<u8> {
    let head = Bytes::new().u32(number).u32(3).u32(512).u32(9_999).u32(0).u32(3).u32(4);
    tagged(1, &head.u32(records.len() as u32).raw(&records.concat()).0)
}

/// An expanded flow sample of the same.
pub(crate) fn expanded_flow_sample(number: u32, records: &[Vec<u8>]) -> Vec<u8> {
    let head = Bytes::new().u32(number).u32(0).u32(3).u32(512).u32(9_999).u32(0).u32(0).u32(3).u32(0).u32(4);
    tagged(3, &head.u32(records.len() as u32).raw(&records.concat()).0)
}

/// The header of a TCP packet of 1,000 octets on VLAN 7, of which 66 bytes were kept.
pub(crate) fn raw_header() -> Vec<u8> {
    let (client, server) = ends(1);
    let ethernet =
        Bytes::new().raw(&[0, 0x53, 0, 0, 0, 2, 0, 0x53, 0, 0, 0, 1]).u16(0x8100).u16(7).u16(0x0800);
    let ip = Bytes::new().u16(0x4500).u16(1_000).u32(0).u8(64).u8(6).u16(0).raw(&client).raw(&server);
    let tcp = Bytes::new().u16(50_000).u16(443).u32(1).u32(1).u16(0x5018).u16(0).u32(0);
    let header = ethernet.raw(&ip.0).raw(&tcp.0).raw(&[0; 8]).0;
    let body = Bytes::new().u32(1).u32(1_022).u32(4).u32(header.len() as u32).raw(&header);
    tagged(1, &body.0)
}

/// One of each kind of datagram, for cutting and mutating.
pub(crate) fn every_kind() -> Vec<Vec<u8>> {
    let (client, server) = ends(1);
    let ipv4 = Bytes::new().u32(1_000).u32(6).raw(&client).raw(&server).u32(50_000).u32(443).u32(0x18).u32(0);
    let switch = Bytes::new().u32(7).u32(0).u32(9).u32(0);
    let router = Bytes::new().u32(1).raw(&[203, 0, 113, 1]).u32(24).u32(24);
    let variable =
        Bytes::new().raw(&client).raw(&server).u8(5).raw(b"name1").u8(255).u16(3).raw(b"abc").u8(2).u16(9);
    let reverse = Bytes::new().u16(300).u16(5).u16(8).u16(4).u16(12).u16(4).u16(1).u16(4);
    let reverse = reverse.u16(0x8001).u16(4).u32(29_305).u16(0x8064).u16(2).u32(32_473);
    let biflow = Bytes::new().raw(&client).raw(&server).u32(100).u32(200).u16(7);
    vec![
        v5(1, 3, 0x4064),
        v9(1, 7, &[set(0, &template(256, &V9_FLOW)), set(256, &v9_flows(3))]),
        v9(
            2,
            7,
            &[
                set(1, &v9_options(257, &[(1, 4)], &[(10, 2), (82, 8)])),
                set(257, &Bytes::new().u32(0).u16(3).raw(b"Gi0/3\0\0\0").0),
                set(1, &v9_options(258, &[(1, 4)], &[(48, 1), (50, 4)])),
                set(258, &Bytes::new().u32(0).u8(1).u32(100).0),
            ],
        ),
        v9(3, 7, &[set(256, &v9_flows(20))]),
        ipfix(0, 9, &[set(2, &template(256, &IPFIX_FLOW)), set(256, &ipfix_flows(3))]),
        ipfix(3, 9, &[set(256, &ipfix_flows(12))]),
        ipfix(
            15,
            9,
            &[
                set(2, &template(301, &[(8, 4), (12, 4), (96, 0xffff), (291, 0xffff), (1, 0xffff)])),
                set(301, &variable.0),
                set(3, &ipfix_options(302, 1, &[(10, 4), (82, 0xffff)])),
                set(302, &Bytes::new().u32(4).u8(5).raw(b"Gi0/4").0),
            ],
        ),
        ipfix(17, 9, &[set(2, &reverse.0), set(300, &biflow.0), set(2, &template(301, &[]))]),
        sflow(
            1,
            0,
            &[
                flow_sample(1, &[raw_header(), tagged(1_001, &switch.0), tagged(1_002, &router.0)]),
                tagged(2, &[0; 88]),
                expanded_flow_sample(2, &[tagged(3, &ipv4.0)]),
            ],
        ),
    ]
}
