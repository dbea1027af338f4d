//! One connection to the collector: directly or through a proxy (HTTP CONNECT), TLS, a request at a time.
//! Every wait has an end and every answer a bound.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::pack::MAX_BODY_BYTES;
use crate::tls::{COLLECTOR_NAME, exporter};

/// A connection, its handshake, a proxy's word: on a satellite line some seconds.
const CONNECT: Duration = Duration::from_secs(30);
/// A batch up and its answer: a hundred kilobytes over a slow line, written to a busy disk.
const EXCHANGE: Duration = Duration::from_mins(3);
/// Octets of a proxy's answer to CONNECT.
const MAX_PROXY_BYTES: usize = 8 * 1024;
/// The collector's port where a URL names none.
const PORT: u16 = 8444;

/// Where a collector or a proxy is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    host: String,
    port: u16,
}

/// What went wrong on the way.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// The address cannot be read.
    #[error("`{url}` is no address of a collector: write it as https://collector.example:8444")]
    Url {
        /// As it was written.
        url: String,
    },
    /// Nobody answers there.
    #[error("cannot reach {address}")]
    Connect {
        /// Where.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The proxy does not let through.
    #[error("the proxy does not connect: {said}")]
    Proxy {
        /// The first line of its answer.
        said: String,
    },
    /// The other end is not the collector, or does not take this box for its own.
    #[error("no TLS with {address}")]
    Tls {
        /// Where.
        address: String,
        /// What TLS said.
        source: io::Error,
    },
    /// It took too long.
    #[error("no answer in time")]
    Slow,
    /// The connection broke.
    #[error("the connection broke")]
    Broken {
        /// What HTTP said.
        source: hyper::Error,
    },
    /// The answer is larger than any answer.
    #[error("an answer of more than {MAX_BODY_BYTES} octets")]
    TooLarge,
}

/// A connection that stands.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    exporter: [u8; 32],
}

/// What the collector answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    /// The status of HTTP.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

impl FromStr for Address {
    type Err = PostError;

    fn from_str(url: &str) -> Result<Self, PostError> {
        let bad = || PostError::Url { url: url.to_owned() };
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or_else(bad)?;
        let authority = rest.trim_end_matches('/');
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| bad())?),
            _ => (authority, PORT),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_');
        if host.is_empty() || !host.chars().all(is_host) {
            return Err(bad());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(formatter, "[{}]:{}", self.host, self.port);
        }
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

impl Connection {
    /// Connects; what drives the connection runs on the current runtime until it ends.
    pub async fn open(
        collector: &Address,
        proxy: Option<&Address>,
        tls: Arc<ClientConfig>,
    ) -> Result<Self, PostError> {
        timeout(CONNECT, Self::connect(collector, proxy, tls)).await.map_err(|_| PostError::Slow)?
    }

    async fn connect(
        collector: &Address,
        proxy: Option<&Address>,
        tls: Arc<ClientConfig>,
    ) -> Result<Self, PostError> {
        let first = proxy.unwrap_or(collector);
        let stream = TcpStream::connect((first.host.as_str(), first.port)).await;
        let cannot = |source| PostError::Connect { address: first.to_string(), source };
        let mut stream = stream.map_err(cannot)?;
        if proxy.is_some() {
            through(&mut stream, collector).await?;
        }
        let at = |source| PostError::Tls { address: collector.to_string(), source };
        let name = ServerName::try_from(COLLECTOR_NAME).map_err(|error| at(io::Error::other(error)))?;
        let stream = TlsConnector::from(tls).connect(name, stream).await.map_err(at)?;
        let exporter = exporter(stream.get_ref().1).map_err(|error| at(io::Error::other(error)))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|source| PostError::Broken { source })?;
        // Ends with the sender; what goes wrong is told by the request under way.
        tokio::spawn(connection);
        Ok(Self { sender, exporter })
    }

    /// Gives the exporter that proofs are bound to.
    #[must_use]
    pub fn exporter(&self) -> &[u8] {
        &self.exporter
    }

    /// Sends one message and waits for what is said to it.
    pub async fn post(&mut self, path: &str, body: Vec<u8>) -> Result<Reply, PostError> {
        timeout(EXCHANGE, self.exchange(path, body)).await.map_err(|_| PostError::Slow)?
    }

    async fn exchange(&mut self, path: &str, body: Vec<u8>) -> Result<Reply, PostError> {
        let broken = |source| PostError::Broken { source };
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", COLLECTOR_NAME)
            .header("content-type", "application/json")
            .header("content-encoding", "gzip")
            .body(Full::new(Bytes::from(body)));
        let Ok(request) = request else { return Err(PostError::Url { url: path.to_owned() }) };
        self.sender.ready().await.map_err(broken)?;
        let reply = self.sender.send_request(request).await.map_err(broken)?;
        let status = reply.status().as_u16();
        let body = Limited::new(reply.into_body(), MAX_BODY_BYTES).collect().await;
        let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(source) => PostError::Broken { source: *source },
            Err(other) if other.is::<LengthLimitError>() => PostError::TooLarge,
            Err(_) => PostError::Slow,
        })?;
        Ok(Reply { status, body: body.to_bytes() })
    }
}

/// Has a proxy connect.
async fn through(stream: &mut TcpStream, collector: &Address) -> Result<(), PostError> {
    let cannot = |source| PostError::Connect { address: "the proxy".to_owned(), source };
    let ask = format!("CONNECT {collector} HTTP/1.1\r\nHost: {collector}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.map_err(cannot)?;
    let mut head = Vec::new();
    // Octet by octet: what follows the empty line is TLS.
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0_u8; 1];
        let read = stream.read(&mut octet).await.map_err(cannot)?;
        if read == 0 || head.len() >= MAX_PROXY_BYTES {
            break;
        }
        head.extend_from_slice(&octet);
    }
    let head = String::from_utf8_lossy(&head);
    let said = head.lines().next().unwrap_or_default();
    let status = said.split_whitespace().nth(1);
    if status.is_some_and(|status| status.starts_with('2')) {
        return Ok(());
    }
    Err(PostError::Proxy { said: said.chars().filter(|c| !c.is_control()).take(100).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_from_a_url_or_refused() {
        // (written, read)
        let cases = [
            ("https://collector.example", Some("collector.example:8444")),
            ("https://collector.example:443/", Some("collector.example:443")),
            ("http://192.0.2.1:3128", Some("192.0.2.1:3128")),
            ("https://[2001:db8::1]:9000", Some("[2001:db8::1]:9000")),
            ("https://[2001:db8::1]", Some("[2001:db8::1]:8444")),
            ("collector.example", None),
            ("https://", None),
            ("https://a b", None),
            ("https://a:b:c\r\nX: y", None),
            ("https://a:99999", None),
        ];
        for (written, read) in cases {
            let address = written.parse::<Address>().map(|address| address.to_string());
            assert_eq!(address.ok().as_deref(), read, "{written}");
        }
    }
}
