//! What is sent: JSON, compressed as gzip, unpacked with a bound.
//!
//! Rows of a ledger repeat their names and texts and come to an eighth. Gzip and not zstd: the one
//! compressor without C code for the latter does not compress as well.

use std::cell::RefCell;
use std::io::{self, Read};

use flate2::read::GzDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Octets of one compressed message: a batch of a megabyte takes some hundred thousand.
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// Octets of one message unpacked: a batch ends after a megabyte, with a row of at most a few.
pub const MAX_UNPACKED_BYTES: u64 = 16 * 1024 * 1024;

/// Why a message cannot be packed or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// It is not compressed as it should be, or cut short.
    #[error("the message is not whole")]
    Compressed {
        /// What the decompressor said.
        source: io::Error,
    },
    /// It grows beyond the bound.
    #[error("the message unpacks to more than {MAX_UNPACKED_BYTES} octets")]
    TooLarge,
    /// It says something else than expected.
    #[error("the message cannot be understood")]
    Json {
        /// What the parser said.
        source: serde_json::Error,
    },
}

/// log2 of the octets that a compressor looks back (RFC 1951 §2).
const WINDOW_BITS: u8 = 15;

thread_local! {
    /// A compressor takes a third of a megabyte, whatever it packs: made for each answer, these left holes in the
    /// heap that nothing fits into, hundreds of megabytes of them.
    static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new_gzip(Compression::default(), WINDOW_BITS));
}

/// Packs a message.
pub fn pack<T: Serialize>(message: &T) -> Result<Vec<u8>, PackError> {
    let text = serde_json::to_vec(message).map_err(|source| PackError::Json { source })?;
    COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.reset();
        let mut packed = Vec::with_capacity(text.len() / 8 + 256);
        loop {
            let read = usize::try_from(compressor.total_in()).unwrap_or(usize::MAX);
            let rest = text.get(read..).unwrap_or_default();
            let compressed = compressor.compress_vec(rest, &mut packed, FlushCompress::Finish);
            let status = compressed.map_err(|error| PackError::Compressed { source: error.into() })?;
            if status == Status::StreamEnd {
                return Ok(packed);
            }
            packed.reserve(packed.capacity());
        }
    })
}

/// Gives how many octets a message says that it unpacks to (RFC 1952 §2.3.1, ISIZE), where it may have that
/// many. [`unpack`] holds it to that.
#[must_use]
pub fn unpacked_bytes(packed: &[u8]) -> Option<usize> {
    let size = u32::from_le_bytes(*packed.last_chunk()?);
    usize::try_from(size).ok().filter(|_| u64::from(size) <= MAX_UNPACKED_BYTES)
}

/// Unpacks a message; never more than the bound is held, whatever it would grow to.
pub fn unpack<T: DeserializeOwned>(packed: &[u8]) -> Result<T, PackError> {
    let bound = unpacked_bytes(packed).ok_or(PackError::TooLarge)?;
    let mut text = Vec::new();
    // One more than it says: who says less than there is does not send what was packed here.
    let mut decoder = GzDecoder::new(packed).take(bound as u64 + 1);
    decoder.read_to_end(&mut text).map_err(|source| PackError::Compressed { source })?;
    if text.len() > bound {
        return Err(PackError::TooLarge);
    }
    serde_json::from_slice(&text).map_err(|source| PackError::Json { source })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn a_message_comes_out_as_it_went_in_and_not_when_it_is_cut() {
        let message = vec!["検査".to_owned(); 100];
        let packed = pack(&message).unwrap();
        assert_eq!(unpack::<Vec<String>>(&packed).unwrap(), message);
        for len in 0..packed.len() {
            assert!(unpack::<Vec<String>>(&packed[..len]).is_err(), "{len} octets");
        }
    }

    #[test]
    fn a_message_that_hardly_compresses_comes_out_as_it_went_in() {
        let message: Vec<u32> = (0..50_000_u32).map(|number| number.wrapping_mul(2_654_435_761)).collect();
        let packed = pack(&message).unwrap();
        assert!(packed.len() * 4 > serde_json::to_vec(&message).unwrap().len());
        assert_eq!(unpack::<Vec<u32>>(&packed).unwrap(), message);
        assert_eq!(pack(&message).unwrap(), packed, "nothing is left over from the one before");
    }

    #[test]
    fn a_bomb_is_put_out() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let zeros = vec![b' '; 1024 * 1024];
        for _ in 0..64 {
            encoder.write_all(&zeros).unwrap();
        }
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < MAX_BODY_BYTES);
        assert!(matches!(unpack::<Vec<String>>(&bomb), Err(PackError::TooLarge)));
        // One that says that it is small.
        let mut liar = bomb;
        let end = liar.len() - 4;
        liar[end..].copy_from_slice(&1000_u32.to_le_bytes());
        assert_eq!(unpacked_bytes(&liar), Some(1000));
        assert!(matches!(unpack::<Vec<String>>(&liar), Err(PackError::TooLarge)));
    }
}
