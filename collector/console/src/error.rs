//! Why a console cannot start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a console cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// Its own folder or a file in it cannot be read or written.
    #[error("cannot use `{}`", path.display())]
    State {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file of the certificate holds none, or no key that fits it.
    #[error("`{}` holds no certificate with its key: {what}", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A certificate cannot be made.
    #[error("cannot make a certificate")]
    Make {
        /// Why not.
        source: rcgen::Error,
    },
    /// The file of the password is damaged.
    #[error("`{}` holds no password", path.display())]
    NoPassword {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
    /// Nobody can be listened to there.
    #[error("cannot listen on {listen}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}
