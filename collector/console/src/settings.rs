//! What a console is told: where it listens, what it reads, and where it keeps what is its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use sekisho_ledger::is_address;

/// Where the console keeps what is its own beside a ledger that is not on this box.
const STATE: &str = "/var/lib/sekisho/console";

/// What a console is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The ledger, which need not be there yet.
    pub ledger: PathBuf,
    /// The folder of its certificate and its password, made where there is none.
    pub state: PathBuf,
    /// The address and TCP port of the pages.
    pub listen: SocketAddr,
    /// The zone in which people are shown times.
    pub zone: TimeZone,
}

impl Settings {
    /// The folder that is the console's own beside a ledger, where none is named: the hardened unit may
    /// write there and not in `/etc`. A ledger on a server has no place on this box.
    #[must_use]
    pub fn state_beside(ledger: &Path) -> PathBuf {
        if is_address(ledger) {
            return PathBuf::from(STATE);
        }
        ledger.with_file_name("console")
    }
}
