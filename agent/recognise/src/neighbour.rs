//! What network equipment says of itself to its neighbours on the link: LLDP and CDP.
//!
//! These are frames without an IP header, so they are parsers by themselves and no recognisers. A
//! mirror port shows them where it mirrors the uplink; then they name the switch, the router or the
//! telephone at the other end.

mod cdp;
mod lldp;

pub use cdp::parse as parse_cdp;
pub use lldp::parse as parse_lldp;

use sekisho_decode::{Addr, MacAddr};

use crate::NameSource;

/// What a neighbour announced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Neighbour<'a> {
    /// [`NameSource::Lldp`] or [`NameSource::Cdp`].
    pub protocol: NameSource,
    /// The chassis' hardware address, where it identifies itself by one.
    pub chassis_mac: Option<MacAddr>,
    /// The name an administrator gave it.
    pub system_name: Option<&'a str>,
    /// What it is and runs, in its maker's words, perhaps on several lines.
    pub description: Option<&'a str>,
    /// The port it sends from, by its name.
    pub port: Option<&'a str>,
    /// The model.
    pub platform: Option<&'a str>,
    /// The software's version by itself, where it is told apart from the description.
    pub software: Option<&'a str>,
    /// The serial number.
    pub serial: Option<&'a str>,
    /// What it does, as far as it is enabled.
    pub capabilities: Capabilities,
    /// The address to manage it by.
    pub management: Option<Addr>,
}

impl Neighbour<'_> {
    const fn of(protocol: NameSource) -> Self {
        Self {
            protocol,
            chassis_mac: None,
            system_name: None,
            description: None,
            port: None,
            platform: None,
            software: None,
            serial: None,
            capabilities: Capabilities(0),
            management: None,
        }
    }
}

/// One thing that a neighbour does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Capability {
    /// Forwards IP.
    Router = 1,
    /// Bridges or switches.
    Switch = 1 << 1,
    /// Is a telephone.
    Phone = 1 << 2,
    /// Is a wireless access point.
    AccessPoint = 1 << 3,
    /// Is an end station.
    Station = 1 << 4,
    /// Repeats signals.
    Repeater = 1 << 5,
}

/// A set of [`Capability`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Capabilities(u8);

impl Capabilities {
    /// Tells whether the neighbour does this.
    #[must_use]
    pub const fn contains(self, capability: Capability) -> bool {
        self.0 & capability as u8 != 0
    }

    /// Tells whether the neighbour announced nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Translates a protocol's bits by its table.
    fn from_bits(bits: u32, table: &[(u32, Capability)]) -> Self {
        let mut set = 0;
        for (bit, capability) in table {
            if bits & bit != 0 {
                set |= *capability as u8;
            }
        }
        Self(set)
    }
}

/// Reads a name: text on one line.
fn name(value: &[u8]) -> Option<&str> {
    text(value).filter(|text| !text.chars().any(char::is_control))
}

/// Reads a text that may have several lines.
fn text(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?.trim_end_matches('\0').trim();
    let is_text = !text.is_empty()
        && text.chars().all(|letter| !letter.is_control() || matches!(letter, '\r' | '\n' | '\t'));
    is_text.then_some(text)
}
