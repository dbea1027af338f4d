//! The external connections: which there are, and one file an actor family.

mod awkward;
mod ipsec;
mod networks;
mod openvpn;
mod ppp;
mod rmm;
mod screen;
mod shell;
mod tools;
mod wireguard;

use super::Day;
use super::site::{Device, Gateway, Lan};
use super::truth::{External, ip_text, mac_text};
use super::wire::Way;
use crate::workload::frame::Ip;

pub(super) use networks::terminals;

/// What an actor makes: one connection, sometimes one more.
type Actor = fn(&mut Day);

/// One of each kind that a survey must not miss, all eight categories among them.
const ALWAYS: &[Actor] = &[
    networks::eligibility,
    networks::reading,
    networks::research,
    networks::regional_tls,
    networks::remote_service,
    ipsec::system_router,
    tools::modality_by_lte,
    shell::switch_from_outside,
    shell::analyzer_by_isdn,
    tools::vendor_portal,
];

/// What else a hospital may have, in any number.
const SOMETIMES: &[Actor] = &[
    networks::regional_hl7,
    networks::regional_tls,
    networks::research,
    networks::remote_service,
    ipsec::client,
    ipsec::system_router,
    ipsec::older_router,
    ppp::l2tp,
    ppp::pptp,
    ppp::gre,
    openvpn::udp,
    openvpn::udp,
    openvpn::tcp,
    wireguard::client,
    shell::outward,
    shell::from_outside,
    screen::rdp_from_outside,
    screen::vnc_from_outside,
    screen::rdp_by_router,
    rmm::teamviewer,
    rmm::by_name,
    rmm::by_name,
    rmm::by_name,
    tools::vendor_portal,
    tools::vendor_tunnel,
];

/// Where tunnels and tools of all kinds are found.
const HOSTS: &[&str] = &["server", "pc", "his", "lis", "ris", "pacs", "ct", "mr", "xa", "us", "analyzer"];

pub(super) fn play(day: &mut Day) {
    let wanted = day.wanted;
    let mut order = ALWAYS.to_vec();
    shuffle(day, &mut order);
    for actor in order {
        if day.truth.external.len() < wanted {
            actor(day);
        }
    }
    while day.truth.external.len() < wanted {
        day.rng.pick(SOMETIMES)(day);
    }
    awkward::play(day);
}

/// Modalities of kinds that are maintained from outside everywhere, with nothing of it on the wire: no
/// connection of their own, and no vendor's router on their link that may reach them.
pub(super) fn unmaintained(day: &Day) -> Vec<String> {
    if day.site.vpn_routers.iter().any(|router| router.lan == Lan::Radiology) {
        return Vec::new();
    }
    let seen: Vec<&str> = day.truth.external.iter().map(|row| row.device.as_str()).collect();
    let modalities = ["ct", "mr", "xa"].iter().flat_map(|role| day.site.of_role(role));
    modalities.map(|device| ip_text(Ip::V4(device.ip))).filter(|ip| !seen.contains(&ip.as_str())).collect()
}

fn shuffle<T>(day: &mut Day, things: &mut [T]) {
    for last in (1..things.len()).rev() {
        things.swap(last, day.rng.below(last as u64 + 1) as usize);
    }
}

/// What a connection is, for the truth.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) service: &'static str,
    pub(super) transport: &'static str,
    pub(super) port: u16,
    pub(super) tunnel: bool,
}

impl Kind {
    pub(super) const fn tunnel(service: &'static str, transport: &'static str, port: u16) -> Self {
        Self { service, transport, port, tunnel: true }
    }

    pub(super) const fn plain(service: &'static str, transport: &'static str, port: u16) -> Self {
        Self { service, transport, port, tunnel: false }
    }
}

/// The outside party: address, and the name where the wire shows one.
pub(super) struct Party {
    pub(super) ip: Ip,
    pub(super) name: Option<String>,
}

/// What the category is, and whether the wire shows it.
#[derive(Clone, Copy)]
pub(super) enum Category {
    Shown(&'static str),
    Hidden(&'static str),
}

impl Category {
    /// What a tunnel into a device of that role is for. That of a modality shows by the device itself,
    /// that of a core system by what it speaks inside; whose PC or router it is does not show.
    pub(super) fn of_maintenance(device: &Device, tunnel: bool) -> Self {
        match device.role {
            "ct" | "mr" | "xa" | "us" | "cr" => Self::Shown("modality-maintenance"),
            // The first of each speaks with the others; a second one stands by.
            "his" | "lis" | "ris" | "pacs" if tunnel && device.name.ends_with("01") => {
                Self::Shown("system-maintenance")
            }
            "switch" if tunnel => Self::Shown("network-maintenance"),
            "analyzer" => Self::Hidden("modality-maintenance"),
            "switch" => Self::Hidden("network-maintenance"),
            _ => Self::Hidden("system-maintenance"),
        }
    }
}

impl Day {
    /// Enters a connection into the truth.
    pub(super) fn enter(
        &mut self,
        inside: Ip,
        party: &Party,
        kind: Kind,
        exit: &Gateway,
        category: Category,
    ) {
        let remote_ip = ip_text(party.ip);
        let (shown, purpose) = match category {
            Category::Shown(slug) => (Some(slug.to_owned()), slug),
            Category::Hidden(slug) => (None, slug),
        };
        self.truth.external.push(External {
            service: kind.service.to_owned(),
            device: ip_text(inside),
            remote: party.name.clone().unwrap_or_else(|| remote_ip.clone()),
            remote_ip,
            port: kind.port,
            transport: kind.transport.to_owned(),
            exit: mac_text(exit.mac),
            exit_name: exit.name.clone(),
            category: shown,
            purpose: purpose.to_owned(),
            tunnel: kind.tunnel,
        });
    }

    /// A party of which only the address shows.
    pub(super) fn nameless(&mut self) -> Party {
        Party { ip: self.remote(), name: None }
    }

    pub(super) fn named(&mut self, name: &str) -> Party {
        Party { ip: self.remote(), name: Some(name.to_owned()) }
    }

    /// One of the devices of these roles.
    pub(super) fn any(&mut self, roles: &[&str]) -> Device {
        let devices: Vec<&Device> =
            self.site.devices.iter().filter(|device| roles.contains(&device.role)).collect();
        let maintained = |device: &&Device| self.quiet.as_ref() != Some(&device.name);
        let devices: Vec<&Device> = devices.into_iter().filter(maintained).collect();
        (*self.rng.pick(&devices)).clone()
    }

    /// The modality whose gateway is the LTE router.
    pub(super) fn lte_modality(&self) -> Device {
        self.site.named(if self.site.lte.mac[5].is_multiple_of(2) { "ct01" } else { "mr01" })
    }

    /// How that device gets out: by its own gateway where it has one, else by the firewall.
    pub(super) fn leave(&mut self, device: &Device, remote: Ip) -> (Way, Gateway) {
        if device.name == self.lte_modality().name {
            let lte = self.site.lte.clone();
            return (self.by(device, &lte, remote, (40_000, 110_000)), lte);
        }
        (self.outward(device, remote), self.site.firewall.clone())
    }

    /// Looks the party up where that device asks, if it has a name; returns when done.
    pub(super) fn look_up(&mut self, device: &Device, party: &Party, at: u64) -> u64 {
        let Some(name) = &party.name else { return at };
        if device.name == self.lte_modality().name {
            let lte = self.site.lte.as_device();
            return self.resolve_at(device, &lte, name, party.ip, at);
        }
        self.resolve(device, name, &[party.ip], at)
    }

    /// One or two moments of work.
    pub(super) fn bursts(&mut self) -> Vec<u64> {
        let count = self.rng.range(1, 3);
        (0..count).map(|_| self.moment((self.end - self.start) / 6)).collect()
    }
}
