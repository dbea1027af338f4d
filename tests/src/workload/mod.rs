//! Benchmark captures: traffic in, packets per second out.
//!
//! The same [`Options`] give the same bytes on any machine, so that figures taken months apart
//! compare. [`Profile::Hospital`] is a day-to-day mix, the others are worst cases each for another
//! part. Times are microseconds.
//!
//! Outside addresses come from the benchmarking and documentation ranges only (198.18.0.0/15,
//! 2001:db8::/32), names end in `.example`. Never replay a capture to a real network.

#![allow(
    clippy::pedantic,
    clippy::needless_range_loop,
    clippy::precedence,
    clippy::type_complexity,
    clippy::manual_is_multiple_of,
    reason = "taken over as it was measured with: the same options must go on giving the same bytes"
)]

use std::io;
use std::path::Path;

pub(crate) mod crypto;
mod elephant;
mod flood;
pub(crate) mod frame;
mod hospital;
pub(crate) mod pcap;
pub(crate) mod proto;
pub(crate) mod rng;
mod small;
mod truth;
mod tunnels;
pub(crate) mod world;

pub use truth::{Count, External, Truth};

/// How many packets a flow has in the usual hospital mix.
const PACKETS_A_FLOW: u64 = 66;

/// Which traffic a benchmark capture holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Profile {
    /// DNS then TLS, QUIC and HTTP, DICOM, HL7, SMB, voice, LAN chatter and tunnels.
    Hospital,
    /// Frames of 60 bytes (64 on the wire), every flow open at once, visited in random order.
    SmallPackets,
    /// A million SYNs of spoofed sources within ten seconds, in a small hospital mix.
    Flood,
    /// One flow, all of it at full size.
    Elephant,
    /// Tunnels inside tunnels, up to one more than the agent opens.
    Tunnels,
}

impl Profile {
    /// Gives the usual options for so many packets.
    #[must_use]
    pub fn options(self, packets: u64, seed: u64) -> Options {
        let (flows, seconds) = match self {
            Self::Hospital => (packets / PACKETS_A_FLOW, 3600),
            Self::SmallPackets => ((packets / 10).min(1_000_000), 60),
            Self::Flood => ((packets / 2).min(1_000_000), 3600),
            Self::Elephant => (1, 60),
            Self::Tunnels => (packets / PACKETS_A_FLOW, 60),
        };
        Options {
            packets,
            flows: flows.max(1),
            seed,
            duration: seconds * 1_000_000,
            start: 1_767_225_600_000_000,
        }
    }
}

/// How large a benchmark capture is.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The exact number of packets.
    pub packets: u64,
    /// The number of flows; the hospital's ARP and LLDP frames come on top.
    pub flows: u64,
    /// Another seed gives another capture.
    pub seed: u64,
    /// What the capture spans, in microseconds.
    pub duration: u64,
    /// The first timestamp, in microseconds since the Unix epoch.
    pub start: u64,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Packets in the capture.
    pub packets: u64,
    /// Their bytes, without the file's headers.
    pub bytes: u64,
    /// What they hold.
    pub truth: Truth,
}

/// Writes a capture of `profile` to `out`.
pub fn write(profile: Profile, options: &Options, out: &Path) -> io::Result<Written> {
    let mut pcap = pcap::PcapWriter::create(out)?;
    let mut truth = match profile {
        Profile::Hospital => hospital::write(options, &mut pcap)?,
        Profile::SmallPackets => small::write(options, &mut pcap)?,
        Profile::Flood => flood::write(options, &mut pcap)?,
        Profile::Elephant => elephant::write(options, &mut pcap)?,
        Profile::Tunnels => tunnels::write(options, &mut pcap)?,
    };
    truth.internal = world::INTERNAL.map(str::to_owned).into();
    let (packets, bytes) = pcap.finish()?;
    Ok(Written { packets, bytes, truth })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_options_go_on_giving_the_same_bytes() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("made.pcap");
        // (profile, start of the digest of 20 000 packets)
        let cases = [
            (Profile::Hospital, "b6a0c3f9c1e83ef7"),
            (Profile::SmallPackets, "0222a692c4f0636f"),
            (Profile::Flood, "99a8354955cc9d00"),
            (Profile::Elephant, "82a921f72cd85118"),
            (Profile::Tunnels, "2515f25f66a25793"),
        ];
        for (profile, digest) in cases {
            let written = write(profile, &profile.options(20_000, 1), &file).unwrap();
            assert_eq!((written.packets, written.bytes), (written.truth.packets, written.truth.bytes));
            let kinds: u64 = written.truth.kinds.values().map(|kind| kind.packets).sum();
            assert_eq!(kinds, written.packets, "{profile:?}: every packet is of a kind");
            let made = crypto::sha256(&std::fs::read(&file).unwrap());
            let made: String = made[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(made, digest, "{profile:?}");
        }
    }
}
