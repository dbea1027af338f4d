//! Why a frame could not be decoded, and in which layer.

/// A protocol layer, as named in errors and in the counts of odd traffic.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant is the layer's own name")]
pub enum Layer {
    Ethernet,
    Sll,
    Sll2,
    Loopback,
    Vlan,
    Mpls,
    Pppoe,
    Arp,
    Ipv4,
    Ipv6,
    Tcp,
    Udp,
    Icmp,
    Ndp,
    Esp,
    Ah,
    Gre,
    Erspan,
    Vxlan,
    Gtp,
    Capwap,
    Wireless,
    L2tp,
    /// A parser outside this crate that reads through [`Cursor`](crate::Cursor).
    Application,
}

impl Layer {
    /// Gives the layer's slug, as it stands in the analysis' `weird` counts.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Ethernet => "ethernet",
            Self::Sll => "sll",
            Self::Sll2 => "sll2",
            Self::Loopback => "loopback",
            Self::Vlan => "vlan",
            Self::Mpls => "mpls",
            Self::Pppoe => "pppoe",
            Self::Arp => "arp",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Ndp => "ndp",
            Self::Esp => "esp",
            Self::Ah => "ah",
            Self::Gre => "gre",
            Self::Erspan => "erspan",
            Self::Vxlan => "vxlan",
            Self::Gtp => "gtp",
            Self::Capwap => "capwap",
            Self::Wireless => "wireless",
            Self::L2tp => "l2tp",
            Self::Application => "application",
        }
    }
}

/// Why a frame could not be decoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The captured bytes end inside this layer: a short frame or a small snaplen.
    #[error("{} truncated: need {need} bytes at offset {offset}, have {have}", layer.slug())]
    Truncated {
        /// The layer that ends early.
        layer: Layer,
        /// Where in the layer the missing field starts.
        offset: usize,
        /// How many bytes the field has.
        need: usize,
        /// How many were there.
        have: usize,
    },
    /// Every byte is there, and together they contradict the standard.
    #[error("{} malformed: {what}", layer.slug())]
    Malformed {
        /// The layer that contradicts itself.
        layer: Layer,
        /// What is wrong, without values from the wire.
        what: &'static str,
    },
}
