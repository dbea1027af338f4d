//! What a filter means, as a tree of questions about a frame.

use sekisho_decode::MacAddr;

/// A filter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Filter {
    Not(Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Test(Test),
}

/// One question about a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Test {
    EtherType(u16),
    /// An IP protocol, of either version or of the one with an EtherType.
    Protocol {
        version: Option<u16>,
        number: u8,
    },
    /// An IPv4 address under a mask, in IPv4, ARP and RARP or in the one with an EtherType.
    Ipv4 {
        within: Option<u16>,
        direction: Direction,
        address: u32,
        mask: u32,
    },
    Ipv6 {
        direction: Direction,
        address: u128,
        mask: u128,
    },
    /// Ports of TCP, UDP and SCTP, or of one of them.
    Ports {
        protocol: Option<u8>,
        direction: Direction,
        first: u16,
        last: u16,
    },
    Mac {
        direction: Direction,
        mac: MacAddr,
    },
    EtherMulticast,
    Vlan(Option<u16>),
    LongerThan(u32),
}

/// Which end an address or port belongs to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Direction {
    #[default]
    Either,
    Both,
    Source,
    Destination,
}
