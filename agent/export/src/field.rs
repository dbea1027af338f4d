//! Which information elements are read, and what each is.
//!
//! NetFlow v9 (RFC 3954 §8) and IPFIX (IANA's registry) number them alike up to 32,767; v9's numbers
//! above that are vendors' own, IPFIX has vendors' numbers behind an enterprise number.

/// RFC 5103 §6.1: the enterprise number of reverse information elements.
const REVERSE_PEN: u32 = 29_305;

/// What a field of a record is to us. Everything else is stepped over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Field {
    Skip,
    SrcV4,
    SrcV6,
    DstV4,
    DstV6,
    SrcPort,
    DstPort,
    Protocol,
    TcpFlags,
    /// Octets, by rank: of two that a record has, the lower rank counts.
    Bytes(u8),
    Packets(u8),
    ReverseBytes,
    ReversePackets,
    FirstUptime,
    LastUptime,
    FirstSeconds,
    LastSeconds,
    FirstMilliseconds,
    LastMilliseconds,
    FirstNtp,
    LastNtp,
    FirstBeforeExport,
    LastBeforeExport,
    BootMilliseconds,
    DurationMilliseconds,
    DurationMicroseconds,
    ObservedSeconds,
    ObservedMilliseconds,
    ObservedNtp,
    SrcMac,
    DstMac,
    PostSrcMac,
    PostDstMac,
    Vlan,
    PostVlan,
    NextHopV4,
    NextHopV6,
    InIf,
    OutIf,
    NatSrcV4,
    NatSrcV6,
    NatDstV4,
    NatDstV6,
    NatSrcPort,
    NatDstPort,
    Direction,
    ApplicationId,
    ApplicationName,
    FirewallEvent,
    NatEvent,
    /// One packet in so many is observed.
    SamplingInterval,
    /// So many packets in a row are observed (PSAMP, RFC 5477 §8.2).
    SamplingTaken,
    /// So many packets in a row are not.
    SamplingSpace,
    SamplerId,
    InterfaceName,
    InterfaceDescription,
}

/// Gives what an IPFIX information element is to us.
pub(crate) const fn ipfix(number: u16, enterprise: u32) -> Field {
    match (enterprise, number) {
        (0, _) => standard(number),
        (REVERSE_PEN, 1 | 85) => Field::ReverseBytes,
        (REVERSE_PEN, 2 | 86) => Field::ReversePackets,
        _ => Field::Skip,
    }
}

/// Gives what a NetFlow v9 field is to us.
pub(crate) const fn v9(number: u16) -> Field {
    match number {
        // Cisco ASA before 8.4 (NSEL).
        40_001 => Field::NatSrcV4,
        40_002 => Field::NatDstV4,
        40_003 => Field::NatSrcPort,
        40_004 => Field::NatDstPort,
        40_005 => Field::FirewallEvent,
        // Palo Alto's App-ID; 56702, the person's name, is not read.
        56_701 => Field::ApplicationName,
        32_768.. => Field::Skip,
        _ => standard(number),
    }
}

/// Gives what a NetFlow v9 scope field is to us (RFC 3954 §6.1).
pub(crate) const fn v9_scope(number: u16) -> Field {
    match number {
        2 => Field::InIf,
        _ => Field::Skip,
    }
}

const fn standard(number: u16) -> Field {
    match number {
        1 => Field::Bytes(0),
        2 => Field::Packets(0),
        // RFC 5103's initiator and responder came later; ASA and others use these.
        231 => Field::Bytes(1),
        298 => Field::Packets(1),
        232 => Field::ReverseBytes,
        299 => Field::ReversePackets,
        85 => Field::Bytes(2),
        86 => Field::Packets(2),
        352 => Field::Bytes(3),
        23 => Field::Bytes(4),
        24 => Field::Packets(4),
        4 => Field::Protocol,
        6 => Field::TcpFlags,
        7 | 180 | 182 => Field::SrcPort,
        11 | 181 | 183 => Field::DstPort,
        8 => Field::SrcV4,
        12 => Field::DstV4,
        27 => Field::SrcV6,
        28 => Field::DstV6,
        10 => Field::InIf,
        14 => Field::OutIf,
        15 => Field::NextHopV4,
        62 => Field::NextHopV6,
        21 => Field::LastUptime,
        22 => Field::FirstUptime,
        34 | 50 => Field::SamplingInterval,
        305 => Field::SamplingTaken,
        306 => Field::SamplingSpace,
        48 | 302 => Field::SamplerId,
        56 => Field::SrcMac,
        57 => Field::PostDstMac,
        80 => Field::DstMac,
        81 => Field::PostSrcMac,
        58 | 243 => Field::Vlan,
        59 | 254 => Field::PostVlan,
        61 => Field::Direction,
        82 => Field::InterfaceName,
        83 => Field::InterfaceDescription,
        95 => Field::ApplicationId,
        96 => Field::ApplicationName,
        150 => Field::FirstSeconds,
        151 => Field::LastSeconds,
        152 => Field::FirstMilliseconds,
        153 => Field::LastMilliseconds,
        154 | 156 => Field::FirstNtp,
        155 | 157 => Field::LastNtp,
        158 => Field::FirstBeforeExport,
        159 => Field::LastBeforeExport,
        160 => Field::BootMilliseconds,
        161 => Field::DurationMilliseconds,
        162 => Field::DurationMicroseconds,
        225 => Field::NatSrcV4,
        226 => Field::NatDstV4,
        227 => Field::NatSrcPort,
        228 => Field::NatDstPort,
        281 => Field::NatSrcV6,
        282 => Field::NatDstV6,
        230 => Field::NatEvent,
        233 => Field::FirewallEvent,
        322 => Field::ObservedSeconds,
        323 => Field::ObservedMilliseconds,
        324 | 325 => Field::ObservedNtp,
        _ => Field::Skip,
    }
}

impl Field {
    /// Tells whether a field of `len` bytes can hold it; numbers may be cut short (RFC 7011 §6.2).
    pub(crate) const fn fits(self, len: u16) -> bool {
        match self {
            Self::Skip => true,
            Self::SrcV4 | Self::DstV4 | Self::NextHopV4 | Self::NatSrcV4 | Self::NatDstV4 => len == 4,
            Self::SrcV6 | Self::DstV6 | Self::NextHopV6 | Self::NatSrcV6 | Self::NatDstV6 => len == 16,
            Self::SrcMac | Self::DstMac | Self::PostSrcMac | Self::PostDstMac => len == 6,
            Self::FirstNtp | Self::LastNtp | Self::ObservedNtp => len == 8,
            // Text and RFC 6759's identifiers are of any length, IPFIX's variable one included.
            Self::ApplicationId
            | Self::ApplicationName
            | Self::InterfaceName
            | Self::InterfaceDescription => len > 0,
            _ => len >= 1 && len <= 8,
        }
    }
}
