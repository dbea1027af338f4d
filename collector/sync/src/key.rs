//! The key of a box or a collector: ECDSA on P-256. It identifies a box in TLS and signs its bundles.

use std::fmt::Write as _;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Why a key is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It cannot be made or read.
    #[error("the key cannot be made or read")]
    Key {
        /// What the library said.
        source: rcgen::Error,
    },
    /// It does not sign.
    #[error("the key does not sign")]
    Sign,
    /// The file holds no certificate.
    #[error("there is no certificate where one should be")]
    NoCertificate,
}

impl From<rcgen::Error> for KeyError {
    fn from(source: rcgen::Error) -> Self {
        Self::Key { source }
    }
}

/// A private key.
pub struct BoxKey {
    pair: KeyPair,
}

impl std::fmt::Debug for BoxKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BoxKey").field("public", &self.public()).finish_non_exhaustive()
    }
}

impl BoxKey {
    /// Makes one.
    pub fn fresh() -> Result<Self, KeyError> {
        Ok(Self { pair: KeyPair::generate()? })
    }

    /// Reads one.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        Ok(Self { pair: KeyPair::from_pem(pem)? })
    }

    /// Gives it as PEM, to be kept where only its owner may read.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.pair.serialize_pem()
    }

    /// Gives the public key's point, in hexadecimal digits.
    #[must_use]
    pub fn public(&self) -> String {
        hex(self.pair.der_bytes())
    }

    /// Gives the library's view of it.
    #[must_use]
    pub fn pair(&self) -> &KeyPair {
        &self.pair
    }

    /// Makes a certificate request; what the certificate says is the collector's to decide.
    pub fn request(&self) -> Result<String, KeyError> {
        Ok(CertificateParams::default().serialize_request(&self.pair)?.pem()?)
    }

    /// Signs octets.
    pub fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        let der = self.pair.serialize_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random);
        let signature = key.map_err(|_| KeyError::Sign)?.sign(&random, octets);
        Ok(signature.map_err(|_| KeyError::Sign)?.as_ref().to_vec())
    }

    /// Gives it as TLS takes it.
    #[must_use]
    pub fn for_tls(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.pair.serialize_der()).into()
    }
}

/// Says whether a signature is by a key, given as its point in hexadecimal digits.
#[must_use]
pub fn verify(public: &str, octets: &[u8], signature: &[u8]) -> bool {
    let Some(point) = unhex(public) else { return false };
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(octets, signature).is_ok()
}

/// Gives the point of a certificate's key, in hexadecimal digits.
pub fn point_of(certificate: &[u8]) -> Result<String, KeyError> {
    let (_, certificate) = X509Certificate::from_der(certificate).map_err(|_| KeyError::NoCertificate)?;
    Ok(hex(&certificate.public_key().subject_public_key.data))
}

/// Says whether a certificate ends within a time from now.
pub fn ends_within(pem: &str, within: Duration) -> Result<bool, KeyError> {
    let der = der(pem)?;
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| KeyError::NoCertificate)?;
    let left = certificate.validity().time_to_expiration();
    Ok(left.is_none_or(|left| left.unsigned_abs() < within))
}

/// Gives the octets of the first certificate of a PEM text.
pub fn der(pem: &str) -> Result<Vec<u8>, KeyError> {
    Ok(certificate(pem)?.to_vec())
}

/// Reads the first certificate of a PEM text.
pub(crate) fn certificate(pem: &str) -> Result<CertificateDer<'static>, KeyError> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NoCertificate)
}

/// Writes octets in hexadecimal digits.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len() * 2);
    for octet in octets {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{octet:02x}");
    }
    out
}

/// Reads hexadecimal digits.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
