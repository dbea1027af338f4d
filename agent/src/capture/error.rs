//! Why a file could not be opened as a capture.

use std::io;

use super::foreign::Foreign;
use super::unpack::Packing;

/// Why a file could not be opened as a capture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The operating system does not let the file be opened.
    #[error("cannot open `{file}`")]
    Open {
        /// The file as it was named.
        file: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file is open and its first bytes cannot be read.
    #[error("cannot read `{file}`")]
    Read {
        /// The file as it was named, `-` for standard input.
        file: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file is packed, and damaged or cut off before the capture inside it begins.
    #[error("cannot unpack `{file}`: its {packing} data are damaged or cut off at the start")]
    Unpack {
        /// The file as it was named, `-` for standard input.
        file: String,
        /// How it is packed.
        packing: Packing,
        /// What the unpacker says.
        source: io::Error,
    },
    /// The file is something else.
    #[error(
        "`{file}` is no capture file: {}{found}{}",
        packing.map_or(String::new(), |packing| format!("inside its {packing} data is ")),
        hexadecimal(head)
    )]
    NotACapture {
        /// The file as it was named, `-` for standard input.
        file: String,
        /// How it is packed, if it is: then `found` is what was inside.
        packing: Option<Packing>,
        /// What it is.
        found: Foreign,
        /// Its first bytes, at most eight.
        head: Vec<u8>,
    },
    /// The file begins as a capture does and ends before its header does.
    #[error("`{file}` is cut off inside the capture's header: {need} bytes are needed and {have} are there")]
    HeaderCutOff {
        /// The file as it was named, `-` for standard input.
        file: String,
        /// How many bytes the header has.
        need: u64,
        /// How many were there.
        have: u64,
    },
}

fn hexadecimal(head: &[u8]) -> String {
    if head.is_empty() {
        return String::new();
    }
    let bytes: Vec<_> = head.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(" (it starts {})", bytes.join(" "))
}
