//! TLS to a server on another machine: its certificate is of the CA that the address names, and of the name that
//! it is reached by (libpq's `verify-full`). Nothing less is spoken, and nothing in clear.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls_improved::MakeRustlsConnect;

use crate::error::LedgerError;

/// Certificates of a CA's file: the public ones of a whole system are some hundred.
const MAX_CERTIFICATES: usize = 1_000;

/// Makes what speaks TLS with a server that the CA in a file vouches for.
pub(super) fn connector(ca: &Path) -> Result<MakeRustlsConnect, LedgerError> {
    let path = || PathBuf::from(ca);
    let unread = |source: rustls::pki_types::pem::Error| LedgerError::Authority {
        path: path(),
        source: std::io::Error::other(source),
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).map_err(unread)?.take(MAX_CERTIFICATES) {
        // One that no chain can begin with leaves the others.
        let _ = roots.add(certificate.map_err(unread)?);
    }
    let refused = |what: String| LedgerError::Authority { path: path(), source: std::io::Error::other(what) };
    if roots.is_empty() {
        return Err(refused("no certificate of a CA in it".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| refused(error.to_string()))?;
    Ok(MakeRustlsConnect::new(versions.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use rustls::{ServerConfig, ServerConnection, StreamOwned};
    use tokio_postgres::error::SqlState;

    use super::*;
    use crate::store::DatabaseError;
    use crate::store::postgres::{Postgres, Purpose};

    /// Asks for TLS (PostgreSQL, "SSLRequest").
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
    /// Says that the password is wrong (PostgreSQL, "ErrorResponse").
    const REFUSED: &[u8] = b"E\0\0\0\x1aSFATAL\0C28P01\0Mwrong\0\0";

    fn authority() -> CertifiedIssuer<'static, KeyPair> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    /// A server that takes one client, and tells whether it was told who that is.
    fn server(authority: &CertifiedIssuer<'static, KeyPair>, speaks_tls: bool) -> (u16, JoinHandle<bool>) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["db.example".to_owned()]).unwrap();
        let chain = vec![params.signed_by(&key, authority).unwrap().der().clone()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 8];
            stream.read_exact(&mut asked).unwrap();
            assert_eq!(asked, SSL_REQUEST, "the first word is of TLS");
            stream.write_all(if speaks_tls { b"S" } else { b"N" }).unwrap();
            let mut first = [0; 8];
            if !speaks_tls {
                return stream.read_exact(&mut first).is_ok();
            }
            let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
            let told = stream.read_exact(&mut first).is_ok();
            let _ = stream.write_all(REFUSED);
            told
        });
        (port, serving)
    }

    #[test]
    fn who_we_are_is_told_to_the_server_of_that_name_and_ca_alone() {
        let folder = tempfile::tempdir().unwrap();
        let [ours, others] = [authority(), authority()];
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, ours.pem()).unwrap();
        // (whose certificate, the name in the address, the server speaks TLS, it is told, why)
        let cases = [
            (&ours, "db.example", true, true, "the server that is meant"),
            (&others, "db.example", true, false, "another CA"),
            (&ours, "other.example", true, false, "another name"),
            (&ours, "db.example", false, false, "no TLS"),
        ];
        for (authority, name, speaks_tls, told, why) in cases {
            let (port, serving) = server(authority, speaks_tls);
            let address = format!(
                "postgres://sekisho:secret@{name}:{port}/ledger?hostaddr=127.0.0.1&sslrootcert={}",
                file.display()
            );
            let error = Postgres::open(&address, Purpose::Read).unwrap_err();
            assert!(!format!("{error:?}").contains("secret"), "{why}: {error:?}");
            let wrong_password = match &error {
                LedgerError::Unreachable { source: DatabaseError::Postgres(source), .. } => {
                    source.code() == Some(&SqlState::INVALID_PASSWORD)
                }
                _ => false,
            };
            assert_eq!((wrong_password, serving.join().unwrap()), (told, told), "{why}: {error:?}");
        }
    }

    #[test]
    fn a_file_that_is_no_ca_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let [empty, missing] = ["empty.pem", "missing.pem"].map(|name| folder.path().join(name));
        std::fs::write(&empty, "nothing").unwrap();
        for path in [empty, missing] {
            assert!(matches!(connector(&path), Err(LedgerError::Authority { .. })), "{}", path.display());
        }
    }
}
