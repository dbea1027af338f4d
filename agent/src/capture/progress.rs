//! How far the import is: bytes of the files as they are stored, packets a second and the time left, drawn on
//! standard error if a person is looking at it.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::file::{FileSource, STANDARD_INPUT};

/// How many packets pass between two looks at the clock: some milliseconds of work.
const PACKETS_BETWEEN_DRAWS: u64 = 8192;

/// A progress bar over all files of an import.
pub(crate) struct Progress {
    bar: ProgressBar,
    packets: u64,
    drawn_at: u64,
    /// Packets of the files that are done.
    done_packets: u64,
    /// Bytes of the files that are done.
    done_bytes: u64,
}

impl Progress {
    /// Starts a bar over `files`; it stays invisible where standard error is not a terminal.
    ///
    /// Without a size for every file (standard input, a pipe) there is no time left to show.
    #[must_use]
    pub(crate) fn new(files: &[PathBuf]) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::on(ProgressBar::hidden());
        }
        let total_bytes = files.iter().map(PathBuf::as_path).map(size).sum::<Option<u64>>();
        let bar = ProgressBar::with_draw_target(total_bytes, ProgressDrawTarget::stderr());
        let template = match total_bytes {
            Some(_) => "{percent:>3} % {wide_bar} {bytes} / {total_bytes}  {msg}  ETA {eta}",
            None => "{spinner} {bytes}  {msg}",
        };
        Self::on(match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    pub(super) fn on(bar: ProgressBar) -> Self {
        Self { bar, packets: 0, drawn_at: 0, done_packets: 0, done_bytes: 0 }
    }

    /// Takes note of how many packets of `source` were read, and draws now and then.
    #[inline]
    pub(crate) fn batch(&mut self, source: &FileSource) {
        self.packets = self.done_packets + source.packets();
        if self.packets - self.drawn_at >= PACKETS_BETWEEN_DRAWS {
            self.drawn_at = self.packets;
            self.draw(source);
        }
    }

    /// Moves on to the next file.
    pub(crate) fn file_done(&mut self, source: &FileSource) {
        self.draw(source);
        self.done_bytes += source.bytes_read();
        self.done_packets += source.packets();
    }

    /// Takes the bar off the screen.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn draw(&self, source: &FileSource) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_position(self.done_bytes + source.bytes_read());
        // At least one millisecond, so that the first draw does not divide by zero.
        let elapsed_ms = self.bar.elapsed().as_millis().max(1);
        let per_second = u128::from(self.packets) * 1000 / elapsed_ms;
        let per_second = HumanCount(u64::try_from(per_second).unwrap_or(u64::MAX));
        self.bar.set_message(format!("{per_second} pkt/s"));
    }
}

fn size(file: &Path) -> Option<u64> {
    if file.as_os_str() == STANDARD_INPUT {
        return None;
    }
    let metadata = std::fs::metadata(file).ok()?;
    metadata.is_file().then_some(metadata.len())
}
