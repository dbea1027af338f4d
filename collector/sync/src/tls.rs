//! TLS 1.3 at both ends: the collector's own CA and nothing else.
//!
//! The collector's certificate bears one fixed name under its own CA, so that a box finds it again behind
//! whatever address, and a certificate that a public CA gives for that address is worth nothing.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};

use crate::key::{self, BoxKey};

/// The name in the collector's certificate.
pub const COLLECTOR_NAME: &str = "collector.sekisho.internal";

/// The label of the exporter that enrolment is bound to.
pub const EXPORTER: &[u8] = b"EXPORTER-sekisho-enrolment-v1";

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be set up with these certificates: {what}")]
pub struct TlsError {
    what: String,
}

impl TlsError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self { what: error.to_string() }
    }
}

/// Gives the exporter of a connection.
pub fn exporter<Data>(connection: &rustls::ConnectionCommon<Data>) -> Result<[u8; 32], TlsError> {
    connection.export_keying_material([0_u8; 32], EXPORTER, None).map_err(TlsError::of)
}

/// Sets up a box that has a certificate.
pub fn client(ca: &str, certificate: &str, key: &BoxKey) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_protocol_versions(&[&TLS13]).map_err(TlsError::of)?;
    let own = vec![key::certificate(certificate).map_err(TlsError::of)?];
    let mut config = builder
        .with_root_certificates(roots(ca)?)
        .with_client_auth_cert(own, key.for_tls())
        .map_err(TlsError::of)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Sets up a box that does not know the collector yet: whom it met is told, and believed by proof only.
pub fn stranger() -> Result<(ClientConfig, Met), TlsError> {
    let provider = Arc::new(default_provider());
    let met = Met(Arc::default());
    let verifier = Stranger { provider: Arc::clone(&provider), met: met.clone() };
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(&[&TLS13]).map_err(TlsError::of)?;
    let mut config =
        builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((config, met))
}

/// Sets up the collector: whoever has no certificate may enrol, one of another CA may not even that.
pub fn server(ca: &str, certificate: &str, key: &BoxKey) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(ca)?), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .map_err(TlsError::of)?;
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(&[&TLS13]).map_err(TlsError::of)?;
    let own = vec![key::certificate(certificate).map_err(TlsError::of)?];
    let mut config = builder
        .with_client_cert_verifier(verifier)
        .with_single_cert(own, key.for_tls())
        .map_err(TlsError::of)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A session taken up again would keep a certificate beyond its end.
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn roots(ca: &str) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add(key::certificate(ca).map_err(TlsError::of)?).map_err(TlsError::of)?;
    Ok(roots)
}

/// The certificate that was met.
#[derive(Clone, Debug)]
pub struct Met(Arc<Mutex<Option<Vec<u8>>>>);

impl Met {
    /// Gives it, once the connection stands.
    #[must_use]
    pub fn certificate(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }
}

#[derive(Debug)]
struct Stranger {
    provider: Arc<CryptoProvider>,
    met: Met,
}

impl ServerCertVerifier for Stranger {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.met.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate.to_vec());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    // The key of the certificate is really at the other end.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
