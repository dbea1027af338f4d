//! The address of a database: what a session is made from, what of it may be shown, and whether the way
//! there is this machine's own.
//!
//! In clear, passwords and the hospital's connections alike, it goes to a socket of this machine or to its
//! loopback address only. A server elsewhere is spoken to over TLS, with the CA that vouches for it
//! (`sslrootcert`), or through a tunnel that ends here, such as stunnel or `ssh -L`.

use std::fmt::Write;
use std::net::IpAddr;
use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::error::LedgerError;

/// What is shown of an address that cannot be read: any part of it may be the password's.
const UNREADABLE: &str = "postgres://…";
/// PostgreSQL's port, which nobody need be shown.
const USUAL_PORT: u16 = 5432;

/// Names the file with the certificates of the CA, as libpq does.
const AUTHORITY: &str = "sslrootcert";
/// libpq's words for that a certificate is looked at, of which the strongest always holds here.
const VERIFIED: [&str; 2] = ["sslmode=verify-full", "sslmode=verify-ca"];

/// The way to a database.
pub(super) struct Way {
    pub(super) config: Config,
    /// The address as it may be shown.
    pub(super) shown: String,
    /// The file of the CA that vouches for the server; none where it is spoken to in clear.
    pub(super) authority: Option<PathBuf>,
}

/// Reads an address.
pub(super) fn read(address: &str) -> Result<Way, LedgerError> {
    let unreadable = || LedgerError::Address { path: PathBuf::from(UNREADABLE) };
    // A password with a bare `@` would leave a part of itself in the host's name.
    if address.matches('@').count() > 1 {
        return Err(unreadable());
    }
    let (address, authority) = without_authority(address);
    let mut config: Config = address.parse().map_err(|_| unreadable())?;
    let shown = shown(&config);
    let is_weak = authority.is_none() || config.get_ssl_mode() == SslMode::Disable;
    if is_weak && !is_of_this_machine(&config) {
        return Err(LedgerError::InClear { path: shown.into() });
    }
    if authority.is_some() {
        config.ssl_mode(SslMode::Require);
    }
    Ok(Way { config, shown, authority })
}

/// Takes out of an address what the client does not know: how the server's certificate is looked at.
fn without_authority(address: &str) -> (String, Option<PathBuf>) {
    let Some((place, settings)) = address.split_once('?') else { return (address.to_owned(), None) };
    let mut authority = None;
    let mut kept = Vec::new();
    for setting in settings.split('&') {
        // A plus sign is no space here.
        let read = setting.replace('+', "%2B");
        match form_urlencoded::parse(read.as_bytes()).next() {
            Some((name, value)) if name == AUTHORITY => authority = Some(PathBuf::from(value.as_ref())),
            _ if VERIFIED.contains(&setting) => {}
            _ => kept.push(setting),
        }
    }
    if kept.is_empty() {
        (place.to_owned(), authority)
    } else {
        (format!("{place}?{}", kept.join("&")), authority)
    }
}

/// Writes an address anew from its hosts, ports and database.
fn shown(config: &Config) -> String {
    let (mut hosts, mut folder) = (String::new(), None);
    let ports = config.get_ports();
    for (place, host) in config.get_hosts().iter().enumerate() {
        let name = match host {
            Host::Unix(path) => {
                folder = Some(path.display());
                continue;
            }
            Host::Tcp(name) => name,
        };
        let comma = if hosts.is_empty() { "" } else { "," };
        // Writing to a text cannot fail.
        let _ = write!(hosts, "{comma}{name}");
        // One port is everybody's (libpq, "Specifying Multiple Hosts").
        let port = ports.get(place).or_else(|| ports.first()).filter(|port| **port != USUAL_PORT);
        if let Some(port) = port {
            let _ = write!(hosts, ":{port}");
        }
    }
    let folder = folder.map(|folder| format!("?host={folder}")).unwrap_or_default();
    format!("postgres://{hosts}/{}{folder}", config.get_dbname().unwrap_or_default())
}

/// Tells whether every way that a session may take stays within this machine.
fn is_of_this_machine(config: &Config) -> bool {
    let hosts = config.get_hosts();
    let addresses = config.get_hostaddrs();
    let is_near = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) if name == "localhost" => true,
        Host::Tcp(name) => name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
    };
    // A number is gone to in place of the name beside it.
    if addresses.is_empty() { hosts.iter().all(is_near) } else { addresses.iter().all(IpAddr::is_loopback) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        // (address, shown, why)
        let cases = [
            ("postgres://sekisho:secret@localhost/ledger", "postgres://localhost/ledger", "a password"),
            ("postgresql://localhost:5433/ledger", "postgres://localhost:5433/ledger", "a port"),
            (
                "postgres:///ledger?host=/run/pg&password=secret",
                "postgres:///ledger?host=/run/pg",
                "as a setting",
            ),
            ("postgres://a:b%40c@localhost/x", "postgres://localhost/x", "a password with an @"),
            ("postgres://a:b@localhost,127.0.0.1/x", "postgres://localhost,127.0.0.1/x", "two hosts"),
            ("postgres://a:b@db.example/x?sslrootcert=ca.pem", "postgres://db.example/x", "elsewhere"),
        ];
        for (address, expected, why) in cases {
            assert_eq!(read(address).unwrap().shown, expected, "{why}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_shown_at_all() {
        // (address, why)
        let cases = [
            ("postgres://a:b@secret@localhost/x", "a bare @ in the password"),
            ("postgres://a:b@secret/c@localhost/x", "and a slash"),
            ("postgres://a:b@localhost/x?secret", "a setting without a value"),
            ("postgres://a:b@localhost/x?secret=1", "no such setting"),
            ("postgres://a:b@localhost:secret/x", "no port"),
        ];
        for (address, why) in cases {
            let Err(error) = read(address) else { panic!("{why}") };
            assert!(matches!(error, LedgerError::Address { .. }), "{why}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{why}: {error:?}");
        }
    }

    #[test]
    fn a_server_elsewhere_is_not_spoken_to_in_clear() {
        // (address, spoken to, why)
        let cases = [
            ("postgres://sekisho@/ledger?host=/run/postgresql", true, "a socket"),
            ("postgres://sekisho@localhost/ledger", true, "by name"),
            ("postgres://sekisho@127.1.2.3/ledger", true, "by number"),
            ("postgres://sekisho@[::1]:5433/ledger", true, "by the other number"),
            ("postgres://sekisho@db.example/ledger", false, "elsewhere"),
            ("postgres://sekisho@192.0.2.1/ledger", false, "elsewhere by number"),
            ("postgres://sekisho@localhost,db.example/ledger", false, "elsewhere where the first fails"),
            (
                "postgres://sekisho@localhost/ledger?hostaddr=192.0.2.1",
                false,
                "a number in place of the name",
            ),
            ("postgres://sekisho@db.example/ledger?hostaddr=127.0.0.1", true, "a tunnel's end"),
            ("postgres://sekisho@db.example/ledger?sslmode=require", false, "no CA: anybody's certificate"),
            ("postgres://sekisho@db.example/ledger?sslmode=verify-full", false, "no CA"),
            (
                "postgres://sekisho@db.example/ledger?sslrootcert=ca.pem&sslmode=disable",
                false,
                "switched off",
            ),
        ];
        for (address, spoken_to, why) in cases {
            if let Ok(way) = read(address) {
                assert!(way.authority.is_none(), "{why}");
            }
            let refused = matches!(read(address), Err(LedgerError::InClear { .. }));
            assert_eq!(!refused, spoken_to, "{why}");
        }
    }

    #[test]
    fn a_server_elsewhere_is_spoken_to_over_tls_where_its_ca_is_named() {
        // (settings, the CA's file)
        let cases = [
            ("sslrootcert=/etc/sekisho/ca.pem", "/etc/sekisho/ca.pem"),
            ("sslmode=verify-full&sslrootcert=/etc/sekisho/ca.pem", "/etc/sekisho/ca.pem"),
            ("sslmode=verify-ca&connect_timeout=3&sslrootcert=a%20b+c.pem", "a b+c.pem"),
            ("sslmode=prefer&sslrootcert=ca.pem", "ca.pem"),
        ];
        for (settings, file) in cases {
            let way = read(&format!("postgres://sekisho:secret@db.example/ledger?{settings}")).unwrap();
            assert_eq!(way.authority, Some(PathBuf::from(file)), "{settings}");
            assert_eq!(way.config.get_ssl_mode(), SslMode::Require, "{settings}");
            assert_eq!(way.shown, "postgres://db.example/ledger");
        }
    }
}
