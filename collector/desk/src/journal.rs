//! Where a daemon's log goes: standard error, with each line's priority in front where that is the journal's
//! (sd-daemon(3)), so that `journalctl -p warning` shows what is worth a look.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// What names the journal's stream, as `DEVICE:INODE` (systemd.exec(5)).
const STREAM: &str = "JOURNAL_STREAM";
/// Standard error, to be asked what it is.
const STANDARD_ERROR: &str = "/proc/self/fd/2";

/// Standard error, for lines of a log.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    is_journal: bool,
}

impl Default for Log {
    /// Looks once whether the journal reads it.
    fn default() -> Self {
        let stream = env::var(STREAM).ok();
        Self { is_journal: stream.is_some_and(|stream| is_of(&stream, STANDARD_ERROR)) }
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Line;

    fn make_writer(&'w self) -> Line {
        Line { priority: None }
    }

    fn make_writer_for(&'w self, of: &Metadata<'_>) -> Line {
        Line { priority: self.is_journal.then(|| priority(*of.level())) }
    }
}

/// One line, whose first octets follow its priority.
#[derive(Debug)]
pub struct Line {
    priority: Option<&'static str>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut out = io::stderr().lock();
        if let Some(priority) = self.priority.take() {
            out.write_all(priority.as_bytes())?;
        }
        out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Whether a stream's name is that of a file: who starts another program with its output somewhere else leaves
/// the name where it is.
fn is_of(stream: &str, path: &str) -> bool {
    fs::metadata(path).is_ok_and(|file| stream == format!("{}:{}", file.dev(), file.ino()))
}

/// The priorities of syslog(3), as the journal takes them off a line again.
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        Level::DEBUG | Level::TRACE => "<7>",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_known_by_device_and_inode_and_nothing_else_is_taken_for_it() {
        let here = fs::metadata(STANDARD_ERROR).unwrap();
        assert!(is_of(&format!("{}:{}", here.dev(), here.ino()), STANDARD_ERROR));
        for other in ["", "8:1", &format!("{}:{}", here.dev(), here.ino() + 1)] {
            assert!(!is_of(other, STANDARD_ERROR), "{other}");
        }
    }

    #[test]
    fn what_is_worse_is_a_lower_number() {
        let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG];
        assert!(levels.map(priority).is_sorted());
    }
}
