//! The console's certificate: made at the first start, kept, and known by its fingerprint.
//!
//! One PEM file holds key and certificate, so that they cannot part. A hospital with a CA of its own puts
//! its own in their place, with the chain behind the certificate.

use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use ring::digest::{SHA256, digest};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::TLS13;
use sekisho_ledger::write_private;

use crate::error::ConsoleError;

const FILE: &str = "certificate.pem";
/// From before any box was built, because a box's clock may be years behind at its first start.
const FIRST_YEAR: i32 = 2020;
/// Beyond the life of a box: who trusts the fingerprint trusts it until the box is replaced.
const LAST_YEAR: i32 = 2049;

/// A certificate with its key, ready to serve.
pub(crate) struct Identity {
    /// TLS as it is served.
    pub(crate) tls: Arc<ServerConfig>,
    /// SHA-256 of the certificate, as browsers show it.
    pub(crate) fingerprint: String,
}

impl Identity {
    /// Reads the certificate of a folder, and makes one for an address where there is none.
    pub(crate) fn open(folder: &Path, listen: IpAddr) -> Result<Self, ConsoleError> {
        let path = folder.join(FILE);
        if !path.exists() {
            let made = make(listen).map_err(|source| ConsoleError::Make { source })?;
            let at_path = |source| ConsoleError::State { path: path.clone(), source };
            write_private(&path, made.as_bytes()).map_err(at_path)?;
        }
        let pem = fs::read(&path).map_err(|source| ConsoleError::State { path: path.clone(), source })?;
        let bad = |what: String| ConsoleError::NoCertificate { path: path.clone(), what };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let chain = chain.map_err(|error| bad(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| bad(error.to_string()))?;
        let Some(own) = chain.first() else { return Err(bad("no certificate".to_owned())) };
        let fingerprint = fingerprint(own);
        // Every browser since 2018 speaks TLS 1.3.
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let tls = builder
            .with_protocol_versions(&[&TLS13])
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
        let mut tls = tls.map_err(|error| bad(error.to_string()))?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: Arc::new(tls), fingerprint })
    }
}

fn make(listen: IpAddr) -> Result<String, rcgen::Error> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !listen.is_unspecified() && !listen.is_loopback() {
        names.push(listen.to_string());
    }
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Sekisho");
    params.not_before = date_time_ymd(FIRST_YEAR, 1, 1);
    params.not_after = date_time_ymd(LAST_YEAR, 12, 31);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let mut out = String::new();
    for octet in digest(&SHA256, certificate).as_ref() {
        if !out.is_empty() {
            out.push(':');
        }
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{octet:02X}");
    }
    out
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_certificate_stays_the_same_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Identity::open(folder.path(), Ipv4Addr::LOCALHOST.into());
        let first = open().unwrap().fingerprint;
        assert_eq!(first.len(), 32 * 3 - 1);
        assert_eq!(open().unwrap().fingerprint, first);
        let path = folder.path().join(FILE);
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        fs::write(&path, "-----BEGIN NOTHING-----").unwrap();
        assert!(matches!(open(), Err(ConsoleError::NoCertificate { .. })));
    }
}
