//! The map of a site: a ledger's findings and the topology in, a picture for a report out.
//!
//! | file | takes → gives |
//! |---|---|
//! | `plan`, `party`, `wired`, `group` | findings → what is said: exits and whom they lead to, equipment, VLANs |
//! | `scene`, `layout`, `tree` | what is said → boxes and wires with their places |
//! | `svg`, `drawio` | boxes and wires → a file |
//!
//! Exits stand on top with the outside parties above them, the equipment below, then the VLANs. Devices of a
//! VLAN are told by role and number, so that hundreds stay readable; those with a tunnel are named.

mod drawio;
mod group;
mod layout;
mod party;
mod plan;
mod scene;
mod svg;
mod tree;
mod wired;

#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;
use sekisho_api::{Analysis, Topology};
use serde::Serialize;

pub use plan::Plan;

use crate::text::Lang;

/// What a map is drawn of.
#[derive(Clone, Copy, Debug)]
pub struct MapOf<'m> {
    /// The site's name.
    pub site: &'m str,
    /// What was found there.
    pub analysis: &'m Analysis,
    /// How its equipment hangs together; empty where nothing is known of that.
    pub topology: &'m Topology,
}

/// The map as data: what the picture says, and the topology behind it.
#[derive(Debug, Serialize)]
pub struct MapData<'m> {
    site: &'m str,
    plan: Plan,
    topology: &'m Topology,
}

impl<'m> MapOf<'m> {
    /// Gives what is said, for programs.
    #[must_use]
    pub fn data(self, lang: Lang) -> MapData<'m> {
        MapData { site: self.site, plan: Plan::new(self, lang), topology: self.topology }
    }

    /// Draws an SVG, for reports and browsers.
    #[must_use]
    pub fn svg(self, lang: Lang, zone: &TimeZone) -> String {
        svg::draw(&layout::scene(&Plan::new(self, lang), self, lang, zone))
    }

    /// Draws a file for draw.io, in which everything can be moved.
    #[must_use]
    pub fn drawio(self, lang: Lang, zone: &TimeZone) -> String {
        drawio::draw(&layout::scene(&Plan::new(self, lang), self, lang, zone))
    }
}
