//! Benchmark captures: traffic in, packets per second out.
//!
//! The same [`Options`] give the same bytes on any machine, so that figures taken months apart
//! compare. Two profiles: [`Profile::Hospital`] is a day-to-day mix, [`Profile::SmallPackets`] the
//! worst case for a flow table. Times are microseconds.
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
pub(crate) mod frame;
mod hospital;
pub(crate) mod pcap;
pub(crate) mod proto;
pub(crate) mod rng;
mod small;
pub(crate) mod world;

/// Which traffic a benchmark capture holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Profile {
    /// DNS then TLS, QUIC and HTTP, DICOM, HL7, SMB, voice, LAN chatter and tunnels.
    Hospital,
    /// Frames of 60 bytes (64 on the wire), every flow open at once, visited in random order.
    SmallPackets,
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
    /// The ground truth as JSON: flows, packets and bytes of each kind.
    pub truth: String,
}

/// Writes a capture of `profile` to `out`.
pub fn write(profile: Profile, options: &Options, out: &Path) -> io::Result<Written> {
    let mut pcap = pcap::PcapWriter::create(out)?;
    let truth = match profile {
        Profile::Hospital => hospital::write(options, &mut pcap)?,
        Profile::SmallPackets => small::write(options, &mut pcap)?,
    };
    let (packets, bytes) = pcap.finish()?;
    Ok(Written { packets, bytes, truth })
}
