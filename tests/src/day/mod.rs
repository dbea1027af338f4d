//! A hospital's day on its mirror port, with the truth beside it.
//!
//! A core switch routes between seven VLANs and mirrors all of them, so a routed packet is seen on
//! each link that it crosses: same IP id, TTL one lower. Connections leave by the firewall, by vendors'
//! VPN routers inside system VLANs, by an LTE router behind a modality, by an ISDN router in the lab and
//! by the eligibility network's IPv6 router. Some days are seen through a mirror with flaws.
//!
//! Everything follows from the seed. Outside addresses are of documentation and benchmark space
//! (RFC 5737, RFC 2544, RFC 3849) or private, hosts' and patients' names are invented; the names of
//! remote-access services are the real ones, for by these they are told.

mod benign;
mod chatter;
mod clinical;
mod external;
mod flaws;
mod lan;
mod share;
mod site;
mod talk;
mod tls;
mod truth;
mod ways;
mod wire;

use std::fs;
use std::io;
use std::path::Path;

use crate::workload::frame::Ip;
use crate::workload::rng::Rng;
use site::Site;
use wire::{SECOND, Wire};

pub use flaws::Flaws;
pub use truth::{Benign, DeviceTruth, External, Truth, Worked};

/// The patient whose name crosses the wire in DICOM and HL7 and must never be found anywhere else.
pub const PATIENT: &str = "Yamada^Taro";
/// The same name as Japanese systems write it beside the first, in HL7.
pub const PATIENT_KANJI: &str = "山田^太郎";

/// Midnight in Japan, 2026-01-02, in seconds since the Unix epoch.
const FIRST_MIDNIGHT_S: u64 = 1_767_279_600;
const HOUR: u64 = 3600 * SECOND;

/// A day in the making.
struct Day {
    seed: u64,
    site: Site,
    wire: Wire,
    rng: Rng,
    truth: Truth,
    /// The capture's span, in microseconds since the epoch.
    start: u64,
    end: u64,
    next_port: u16,
    next_remote: u32,
    /// How many external connections the survey should find, awkward ones apart.
    wanted: usize,
    /// The modality that nobody maintains from outside, as far as can be seen.
    quiet: Option<String>,
}

impl Day {
    fn new(seed: u64, hours: u32) -> Self {
        let site = Site::new(seed);
        let mut rng = Rng::stream(seed, 2, 0);
        let start = (FIRST_MIDNIGHT_S + rng.below(200) * 86_400) * SECOND;
        // A short capture is one of a working day.
        let start = start + if hours < 24 { 9 * HOUR } else { 0 };
        let end = start + u64::from(hours) * HOUR;
        let flaws = Flaws::of(seed, &site);
        let truth = Truth { mirror: flaws.clone(), ..Truth::default() };
        let wire = Wire::new(Rng::stream(seed, 3, 0), Rng::stream(seed, 5, 0), flaws, (start, end));
        let next_port = rng.range(49_152, 60_000) as u16;
        let next_remote = rng.u32();
        // A stream of its own: the length of the capture must not change the hospital.
        let wanted = Rng::stream(seed, 4, 0).range(7, 48) as usize;
        let quiet = (!seed.is_multiple_of(2)).then(|| "xa01".to_owned());
        Self { seed, site, wire, rng, truth, start, end, next_port, next_remote, wanted, quiet }
    }

    /// An ephemeral port.
    fn port(&mut self) -> u16 {
        let step = self.rng.range(1, 7) as u16;
        self.next_port = self.next_port.checked_add(step).unwrap_or(49_152);
        self.next_port
    }

    /// An outside address that nothing else has.
    fn remote(&mut self) -> Ip {
        // An odd step modulo a power of two comes to every address once.
        self.next_remote = self.next_remote.wrapping_add(7919);
        let number = self.next_remote & 0x3fff;
        let host = (number % 253) as u8 + 1;
        Ip::V4(match number / 253 {
            0 => [192, 0, 2, host],
            1 => [198, 51, 100, host],
            2 => [203, 0, 113, host],
            net => [198, 18 + (net & 1) as u8, net as u8, host],
        })
    }

    /// A moment at which people work, with `room` microseconds left after it.
    fn moment(&mut self, room: u64) -> u64 {
        let span = self.end - self.start;
        let free = span.saturating_sub(room).max(span / 2);
        if span >= 24 * HOUR && self.rng.chance(0.8) {
            return self.start + 9 * HOUR + self.rng.below(8 * HOUR);
        }
        self.start + self.rng.below(free)
    }

    /// A moment soon after the capture's start.
    fn early(&mut self) -> u64 {
        let span = (self.end - self.start) / 40;
        self.start + self.rng.below(span)
    }
}

/// Writes `hospital.pcap` and `truth.json` of that seed and length into a directory.
pub fn generate(seed: u64, hours: u32, dir: &Path) -> io::Result<Truth> {
    let mut day = Day::new(seed, hours.max(1));
    day.truth.internal = day.site.internal();
    for device in day.site.devices.clone() {
        day.truth.device(&device);
    }
    let gateways: Vec<_> = day.site.gateways().cloned().collect();
    for gateway in &gateways {
        day.truth.gateway(gateway);
    }
    lan::play(&mut day);
    clinical::play(&mut day);
    benign::play(&mut day);
    chatter::play(&mut day);
    external::play(&mut day);
    day.truth.missing = external::unmaintained(&day);
    day.truth.packets = day.wire.packets();
    fs::create_dir_all(dir)?;
    day.wire.write(&dir.join("hospital.pcap"))?;
    let text = serde_json::to_string_pretty(&day.truth).map_err(io::Error::other)?;
    fs::write(dir.join("truth.json"), text + "\n")?;
    Ok(day.truth)
}

#[cfg(test)]
mod tests;
