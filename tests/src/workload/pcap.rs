//! Classic pcap writer (little endian, microseconds, Ethernet).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Where frames go, in the order of time.
pub(crate) trait Frames {
    /// `t` is microseconds since the epoch.
    fn frame(&mut self, t: u64, frame: &[u8]) -> io::Result<()>;
}

impl Frames for PcapWriter {
    fn frame(&mut self, t: u64, frame: &[u8]) -> io::Result<()> {
        self.write(t, frame)
    }
}

pub(crate) struct PcapWriter {
    w: BufWriter<File>,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

impl PcapWriter {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut w = BufWriter::with_capacity(4 << 20, File::create(path)?);
        w.write_all(&0xa1b2_c3d4u32.to_le_bytes())?;
        w.write_all(&2u16.to_le_bytes())?;
        w.write_all(&4u16.to_le_bytes())?;
        w.write_all(&[0; 8])?;
        w.write_all(&262_144u32.to_le_bytes())?;
        w.write_all(&1u32.to_le_bytes())?;
        Ok(PcapWriter { w, packets: 0, bytes: 0 })
    }
    /// `t` is microseconds since the epoch.
    pub(crate) fn write(&mut self, t: u64, frame: &[u8]) -> io::Result<()> {
        let mut h = [0u8; 16];
        h[0..4].copy_from_slice(&((t / 1_000_000) as u32).to_le_bytes());
        h[4..8].copy_from_slice(&((t % 1_000_000) as u32).to_le_bytes());
        h[8..12].copy_from_slice(&(frame.len() as u32).to_le_bytes());
        h[12..16].copy_from_slice(&(frame.len() as u32).to_le_bytes());
        self.packets += 1;
        self.bytes += frame.len() as u64;
        self.w.write_all(&h)?;
        self.w.write_all(frame)
    }
    pub(crate) fn finish(mut self) -> io::Result<(u64, u64)> {
        self.w.flush()?;
        Ok((self.packets, self.bytes))
    }
}
