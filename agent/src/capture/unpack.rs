//! Packed streams: gzip of one or more members (RFC 1952 §2.2), zstd of one or more frames (RFC 8878 §3.1).
//!
//! Both give what they unpacked before they fail. A stream that is cut off fails with
//! [`io::ErrorKind::UnexpectedEof`], a damaged one with another kind.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::window::READ_CHUNK_BYTES;

/// The most memory a zstd frame may ask for: what the zstd program allows itself without being told (`--long=27`).
const MAX_ZSTD_WINDOW_BYTES: u64 = 128 * 1024 * 1024;

/// How a file is packed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Packing {
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl std::fmt::Display for Packing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

impl Packing {
    /// Tells a packed file by its first bytes. A zstd file may begin with a skippable frame, as those of pzstd do.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1F, 0x8B, 0x08, ..] => Some(Self::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Unpacks a stream as it is read.
    pub(super) fn unpack(self, packed: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        let packed = BufReader::with_capacity(READ_CHUNK_BYTES, packed);
        match self {
            Self::Gzip => Box::new(Sips(MultiGzDecoder::new(packed))),
            Self::Zstd => Box::new(ZstdReader::new(packed)),
        }
    }
}

/// How much gzip data is unpacked at once: flate2 drops what it unpacked in the call that meets damage.
const SIP_BYTES: usize = 8 * 1024;

/// Reads in small pieces.
struct Sips<R>(R);

impl<R: Read> Read for Sips<R> {
    fn read(&mut self, unpacked: &mut [u8]) -> io::Result<usize> {
        let len = unpacked.len().min(SIP_BYTES);
        self.0.read(unpacked.get_mut(..len).unwrap_or_default())
    }
}

/// An empty last block (RFC 8878 §3.1.1.2) and a checksum.
const FRAME_END: [u8; 7] = [0x01, 0, 0, 0, 0, 0, 0];

/// Unpacks zstd frames one after the other and checks the checksum of each that has one.
struct ZstdReader<R> {
    packed: R,
    decoder: FrameDecoder,
    in_frame: bool,
    /// What ended the stream early, to be told once the decoder has given what it holds.
    failure: Option<io::Error>,
}

impl<R: BufRead> ZstdReader<R> {
    fn new(packed: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_ZSTD_WINDOW_BYTES);
        Self { packed, decoder, in_frame: false, failure: None }
    }

    /// Reads the header of the next frame that has content; `false` at the end of the stream.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.packed.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.packed) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    if io::copy(&mut self.packed.by_ref().take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(into_io(error)),
            }
        }
        Ok(false)
    }

    fn decode_block(&mut self) -> io::Result<()> {
        let one = || BlockDecodingStrategy::UptoBlocks(1);
        let Err(error) = self.decoder.decode_blocks(&mut self.packed, one()) else { return Ok(()) };
        self.failure = Some(into_io(error));
        // The decoder keeps a window of megabytes back until the frame ends, so let it end here.
        self.decoder.decode_blocks(FRAME_END.as_slice(), one()).map_err(into_io)?;
        Ok(())
    }

    fn finish_frame(&mut self) -> io::Result<()> {
        self.in_frame = false;
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let stored = self.decoder.get_checksum_from_data();
        if stored.is_some() && stored != self.decoder.get_calculated_checksum() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "zstd checksum mismatch"));
        }
        Ok(())
    }
}

impl<R: BufRead> Read for ZstdReader<R> {
    fn read(&mut self, unpacked: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.in_frame {
                self.in_frame = self.next_frame()?;
                if !self.in_frame {
                    return Ok(0);
                }
            }
            let len = self.decoder.read(unpacked)?;
            if len > 0 || unpacked.is_empty() {
                return Ok(len);
            }
            if self.decoder.is_finished() {
                self.finish_frame()?;
                continue;
            }
            self.decode_block()?;
        }
    }
}

/// Keeps "the stream ends here" apart from damage; ruzstd wraps it several layers deep.
fn into_io(error: FrameDecoderError) -> io::Error {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return io::Error::new(io.kind(), error.to_string());
        }
        cause = inner.source();
    }
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Counts the bytes that are read of a file, packed or not.
pub(super) struct Metered<R> {
    input: R,
    bytes: Arc<AtomicU64>,
}

impl<R> Metered<R> {
    pub(super) fn new(input: R, bytes: Arc<AtomicU64>) -> Self {
        Self { input, bytes }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.input.read(buffer)?;
        self.bytes.fetch_add(len as u64, Ordering::Relaxed);
        Ok(len)
    }
}
