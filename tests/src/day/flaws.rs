//! What a mirror port does not show: packets that it loses, directions that nobody mirrored, tags taken off.
//!
//! Where a direction is not mirrored on one link, another link that the same packets cross shows it; the
//! link to the LTE router alone is the only one of its packets.

use serde::Serialize;

use super::site::{Lan, Site};
use super::wire::Mac;

/// One packet in so many is lost by an overloaded mirror port.
const LOST_OF: u64 = 10;

/// How well the day is seen.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Flaws {
    /// Percent of the frames that the mirror port lost.
    pub lost_percent: u64,
    /// Whether the mirror takes VLAN tags off.
    pub untagged: bool,
    /// Which links are shown in one direction only, in words.
    pub one_way: Vec<String>,
    /// The senders whose frames are not shown, by VLAN.
    #[serde(skip)]
    pub(super) unseen: Vec<(u16, Mac)>,
}

impl Flaws {
    /// The flaws of a seed: each kind comes in five seeds once.
    pub(super) fn of(seed: u64, site: &Site) -> Self {
        let (core, firewall, lte) = (site.core, site.firewall.mac, site.lte.mac);
        let servers = (site.vlan(Lan::Servers), core);
        let transit = (site.vlan(Lan::Transit), firewall);
        let radiology = (site.vlan(Lan::Radiology), lte);
        let mut this = Self { untagged: !site.tagged, ..Self::default() };
        match seed % 5 {
            1 => this.lost_percent = 100 / LOST_OF,
            2 => this.hide(&[(transit, "firewall to core"), (radiology, "LTE router to modality")]),
            3 => this.untagged = true,
            4 => {
                this.lost_percent = 100 / LOST_OF;
                this.hide(&[(servers, "core to servers")]);
            }
            _ => {}
        }
        this
    }

    fn hide(&mut self, links: &[((u16, Mac), &str)]) {
        self.unseen.extend(links.iter().map(|(link, _)| *link));
        self.one_way.extend(links.iter().map(|(_, what)| (*what).to_owned()));
    }
}
