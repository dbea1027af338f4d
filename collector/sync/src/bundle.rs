//! A bundle: messages as a file that a person carries, encrypted to one reader, signed by one writer.
//!
//! ```text
//! SEKISHO-BUNDLE 1 LF
//! header as JSON, one line LF
//! age file: per message its length (32 bits, big-endian) and its octets
//! signature, 64 octets, over everything before it
//! ```
//!
//! The header says who signed; whether that key is one to listen to is the reader's matter, and nothing is
//! decrypted before. Encrypted first and signed then, so that one altered octet anywhere is refused. Where
//! captures go along, the form is another, which streams: [`crate::Carried`].

use std::io::{self, Read, Write};
use std::str::FromStr;

use age::secrecy::ExposeSecret;
use age::x25519::{Identity, Recipient};
use serde::{Deserialize, Serialize};

use crate::carried::{MAX_CAPTURES, MAX_CAPTURES_BYTES};
use crate::key::{self, BoxKey, KeyError};

const MAGIC: &[u8] = b"SEKISHO-BUNDLE 1\n";
/// Octets of an ECDSA signature on P-256 of fixed length.
pub(crate) const SIGNATURE: usize = 64;
/// Octets of a bundle: it is held in memory by a box of 1 GiB. Half a year of a large hospital's changes.
pub const MAX_BUNDLE_BYTES: usize = 64 * 1024 * 1024;
/// Octets of a header.
pub(crate) const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Why a bundle cannot be written or is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// It is something else.
    #[error("this is no bundle")]
    NotABundle,
    /// It was altered or cut, or not signed by who it says.
    #[error(
        "the bundle is not as its writer signed it: it was altered or cut on the way; have it written and carried again"
    )]
    Altered,
    /// It is for another reader.
    #[error("the bundle cannot be opened with this key: it was written for another reader")]
    ForAnother,
    /// It is larger than a bundle may be.
    #[error("a bundle may have {MAX_BUNDLE_BYTES} octets")]
    TooLarge,
    /// It carries more captures than a bundle may.
    #[error(
        "a bundle may carry {MAX_CAPTURES} captures of {} GiB together: write several bundles",
        MAX_CAPTURES_BYTES >> 30
    )]
    TooManyCaptures,
    /// A capture ended before the length that it had.
    #[error("the capture `{name}` became shorter while it was read")]
    Shrunk {
        /// Its name.
        name: String,
    },
    /// The bundle, or what goes into it, cannot be read.
    #[error("cannot read")]
    Read {
        /// What the system said.
        source: io::Error,
    },
    /// The bundle, or what comes out of it, cannot be written.
    #[error("cannot write")]
    Write {
        /// What the system said.
        source: io::Error,
    },
    /// The reader's or the writer's key cannot be used.
    #[error("the key for bundles cannot be used")]
    Key,
    /// The writer's key does not sign.
    #[error(transparent)]
    Sign(#[from] KeyError),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Header {
    /// The point of the writer's key.
    pub(crate) signer: String,
    /// Of a site that is never online: how it shows its invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) enrolment: Option<Enrolment>,
}

/// How a site that is never online shows its invitation.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Enrolment {
    /// The invitation.
    pub id: String,
    /// To whom answers are encrypted.
    pub recipient: String,
    /// The proof over key and recipient.
    pub proof: String,
}

/// A key to which bundles are encrypted.
pub struct Sealer(pub(crate) Identity);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Sealer").field(&self.recipient()).finish()
    }
}

impl Sealer {
    /// Makes one.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Identity::generate())
    }

    /// Reads one.
    pub fn read(text: &str) -> Result<Self, BundleError> {
        Identity::from_str(text.trim()).map(Self).map_err(|_| BundleError::Key)
    }

    /// Gives it as text, to be kept where only its owner may read.
    #[must_use]
    pub fn secret(&self) -> String {
        self.0.to_string().expose_secret().to_owned()
    }

    /// Gives what others encrypt to.
    #[must_use]
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }
}

/// A bundle whose signature is right.
#[derive(Debug)]
pub struct Bundle<'b> {
    header: Header,
    sealed: &'b [u8],
}

impl<'b> Bundle<'b> {
    /// Writes a bundle.
    pub fn write(
        messages: &[Vec<u8>],
        recipient: &str,
        key: &BoxKey,
        enrolment: Option<Enrolment>,
    ) -> Result<Vec<u8>, BundleError> {
        let recipient = Recipient::from_str(recipient).map_err(|_| BundleError::Key)?;
        let header = Header { signer: key.public(), enrolment };
        let mut out = MAGIC.to_vec();
        serde_json::to_writer(&mut out, &header).map_err(|_| BundleError::Key)?;
        out.push(b'\n');
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient));
        let encryptor = encryptor.map_err(|_| BundleError::Key)?;
        let mut writer = encryptor.wrap_output(&mut out).map_err(|_| BundleError::TooLarge)?;
        for message in messages {
            let length = u32::try_from(message.len()).map_err(|_| BundleError::TooLarge)?;
            let written = writer.write_all(&length.to_be_bytes()).and_then(|()| writer.write_all(message));
            written.map_err(|_| BundleError::TooLarge)?;
        }
        writer.finish().map_err(|_| BundleError::TooLarge)?;
        let signature = key.sign(&out)?;
        out.extend_from_slice(&signature);
        if out.len() > MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge);
        }
        Ok(out)
    }

    /// Reads a bundle as far as its signature; nothing of it is believed before.
    pub fn read(octets: &'b [u8]) -> Result<Self, BundleError> {
        if octets.len() > MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge);
        }
        let rest = octets.strip_prefix(MAGIC).ok_or(BundleError::NotABundle)?;
        let end = rest.iter().take(MAX_HEADER_BYTES).position(|octet| *octet == b'\n');
        let (header, rest) = end.and_then(|end| rest.split_at_checked(end)).ok_or(BundleError::Altered)?;
        let header: Header = serde_json::from_slice(header).map_err(|_| BundleError::Altered)?;
        let (_, sealed) = rest.split_at_checked(1).ok_or(BundleError::Altered)?;
        let (sealed, signature) = sealed.split_last_chunk::<SIGNATURE>().ok_or(BundleError::Altered)?;
        let (signed, _) = octets.split_last_chunk::<SIGNATURE>().ok_or(BundleError::Altered)?;
        if !key::verify(&header.signer, signed, signature) {
            return Err(BundleError::Altered);
        }
        Ok(Self { header, sealed })
    }

    /// Gives the point of the key that signed it.
    #[must_use]
    pub fn signer(&self) -> &str {
        &self.header.signer
    }

    /// Gives how it shows an invitation.
    #[must_use]
    pub fn enrolment(&self) -> Option<&Enrolment> {
        self.header.enrolment.as_ref()
    }

    /// Decrypts the messages.
    pub fn open(&self, sealer: &Sealer) -> Result<Vec<Vec<u8>>, BundleError> {
        let decryptor = age::Decryptor::new_buffered(self.sealed).map_err(|_| BundleError::ForAnother)?;
        let reader = decryptor.decrypt(std::iter::once(&sealer.0 as &dyn age::Identity));
        let mut reader = reader.map_err(|_| BundleError::ForAnother)?;
        let mut plain = Vec::new();
        reader.read_to_end(&mut plain).map_err(|_| BundleError::Altered)?;
        let mut rest = plain.as_slice();
        let mut messages = Vec::new();
        while let Some((length, behind)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            let (message, behind) = behind.split_at_checked(length).ok_or(BundleError::Altered)?;
            messages.push(message.to_vec());
            rest = behind;
        }
        if rest.is_empty() { Ok(messages) } else { Err(BundleError::Altered) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by the first versions of both forms, with keys that are used for nothing else.
    const READER: &str = include_str!("../golden/reader.key");
    const PLAIN: &[u8] = include_bytes!("../golden/bundle-v1.sekisho");
    const CARRIED: &[u8] = include_bytes!("../golden/bundle-v2.sekisho");

    #[test]
    fn what_the_first_versions_wrote_is_read() {
        let reader = Sealer::read(READER).unwrap();
        let plain = Bundle::read(PLAIN).unwrap();
        assert_eq!(plain.open(&reader).unwrap(), [b"one".to_vec(), b"two".to_vec()]);
        let mut file = io::Cursor::new(CARRIED);
        let carried = crate::Carried::read(&mut file).unwrap();
        assert_eq!(carried.signer(), plain.signer());
        let mut parts = Vec::new();
        let opened = carried.open(&mut file, &reader, |part| {
            match part {
                crate::Part::Message(message) => parts.push(message),
                crate::Part::Capture { name, content } => {
                    let mut copied = name.into_bytes();
                    content.copy(&mut copied)?;
                    parts.push(copied);
                }
            }
            Ok::<_, BundleError>(())
        });
        opened.unwrap();
        assert_eq!(parts, [b"one".to_vec(), b"morning.pcaphello".to_vec()]);
    }

    #[test]
    fn a_bundle_comes_out_as_it_went_in_and_for_its_reader_only() {
        let (key, reader) = (BoxKey::fresh().unwrap(), Sealer::fresh());
        let messages = vec![b"one".to_vec(), Vec::new(), vec![7; 100_000]];
        let octets = Bundle::write(&messages, &reader.recipient(), &key, None).unwrap();
        let bundle = Bundle::read(&octets).unwrap();
        assert_eq!(bundle.signer(), key.public());
        assert_eq!(bundle.open(&reader).unwrap(), messages);
        assert_eq!(bundle.open(&Sealer::read(&reader.secret()).unwrap()).unwrap(), messages);
        assert!(matches!(bundle.open(&Sealer::fresh()), Err(BundleError::ForAnother)));
    }

    #[test]
    fn one_altered_octet_and_any_cut_is_refused() {
        let (key, reader) = (BoxKey::fresh().unwrap(), Sealer::fresh());
        let octets = Bundle::write(&[b"hello".to_vec()], &reader.recipient(), &key, None).unwrap();
        for place in 0..octets.len() {
            let mut altered = octets.clone();
            altered[place] ^= 0x01;
            assert!(Bundle::read(&altered).is_err(), "octet {place}");
            assert!(Bundle::read(&octets[..place]).is_err(), "{place} octets");
        }
    }
}
