//! A browser of the plainest kind: one request a connection, cookies kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Good enough for a ledger that goes with its folder.
const PASSWORD: &str = "nine sparrows on a wire";

/// A browser that is signed in.
#[derive(Debug)]
pub struct Browser {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Sets a console's password with the code that it printed.
    ///
    /// # Panics
    ///
    /// When the console does not let it in.
    #[must_use]
    pub fn sign_in(address: SocketAddr, certificate: &Path, code: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = Arc::new(client.with_root_certificates(roots).with_no_client_auth());
        let mut browser = Self { address, tls, cookies: BTreeMap::new() };
        let (_, page) = browser.ask("GET", "/setup", "");
        let form = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let password = PASSWORD.replace(' ', "+");
        let fields = format!("form={form}&code={code}&password={password}&again={password}");
        assert_eq!(browser.ask("POST", "/setup", &fields).0, 303, "the password is set");
        browser
    }

    /// Asks for a page, and gives what it says.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn page(&mut self, path: &str) -> String {
        let (status, page) = self.ask("GET", path, "");
        assert_eq!(status, 200, "{path}");
        page
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, String) {
        let name = ServerName::try_from("localhost").unwrap();
        let session = ClientConnection::new(Arc::clone(&self.tls), name).unwrap();
        let mut stream = StreamOwned::new(session, TcpStream::connect(self.address).unwrap());
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let kind = "application/x-www-form-urlencoded";
        let (cookies, length) = (cookies.join("; "), body.len());
        write!(head, "Cookie: {cookies}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
            .unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // Some ends come without TLS's own word for it; the length tells whether all is there.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let field = |name: &'static str| {
            head.lines().filter_map(move |line| {
                let (is, value) = line.split_once(": ")?;
                is.eq_ignore_ascii_case(name).then_some(value)
            })
        };
        if let Some(length) = field("content-length").next() {
            assert_eq!(body.len().to_string(), length, "{path}");
        }
        for cookie in field("set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}
