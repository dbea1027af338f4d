//! Where a result goes: standard output, or a file that is whole or not there.

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// What is written at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// A place that would destroy what the command reads from.
#[derive(Debug, thiserror::Error)]
#[error("{} is what the command reads; choose another output", path.display())]
pub(crate) struct WouldDestroy {
    /// The output asked for.
    pub(crate) path: PathBuf,
}

/// Takes a result. A regular file appears under its name only when it is whole; a pipe or a device is
/// written through.
pub(crate) struct Sink {
    writer: BufWriter<Box<dyn Write>>,
    /// The file while it is written, and what it will be.
    pending: Option<Pending>,
}

struct Pending {
    partial: PathBuf,
    path: PathBuf,
}

impl Drop for Pending {
    fn drop(&mut self) {
        // After the renaming there is nothing to remove; before, a piece would only fill the disk.
        let _ = fs::remove_file(&self.partial);
    }
}

impl Sink {
    /// Opens the output; `sources` are the files that must outlive the command.
    pub(crate) fn open(path: Option<&Path>, sources: &[&Path]) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self {
                writer: BufWriter::with_capacity(BUFFER_BYTES, standard_output()?),
                pending: None,
            });
        };
        let cannot = || format!("cannot write {}", path.display());
        // A link is written where it leads.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let there = fs::metadata(&path).ok();
        if let Some(there) = &there {
            let same = |source: &&Path| fs::metadata(source).is_ok_and(|source| is_same(there, &source));
            if sources.iter().any(same) {
                return Err(WouldDestroy { path }.into());
            }
            if !there.is_file() {
                let file = File::options().write(true).open(&path).with_context(cannot)?;
                return Ok(Self {
                    writer: BufWriter::with_capacity(BUFFER_BYTES, Box::new(file)),
                    pending: None,
                });
            }
        }
        let mut partial = path.as_os_str().to_owned();
        partial.push(".part");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).with_context(cannot)?;
        let pending = Pending { partial, path };
        if let Some(there) = there {
            // Who was kept from the old list is kept from the new one.
            file.set_permissions(there.permissions()).with_context(cannot)?;
        }
        Ok(Self { writer: BufWriter::with_capacity(BUFFER_BYTES, Box::new(file)), pending: Some(pending) })
    }

    /// Ends the output: from here on it is there.
    pub(crate) fn close(mut self) -> anyhow::Result<()> {
        let cannot = |path: &Path| format!("cannot write {}", path.display());
        let Some(pending) = self.pending.take() else { return Ok(self.writer.flush()?) };
        self.writer.flush().with_context(|| cannot(&pending.path))?;
        fs::rename(&pending.partial, &pending.path).with_context(|| cannot(&pending.path))
    }
}

/// Standard output as it is: the library's own looks through whatever passes for the last line's end.
#[cfg(unix)]
fn standard_output() -> io::Result<Box<dyn Write>> {
    use std::os::fd::AsFd;
    Ok(Box::new(File::from(io::stdout().as_fd().try_clone_to_owned()?)))
}

#[cfg(not(unix))]
fn standard_output() -> io::Result<Box<dyn Write>> {
    Ok(Box::new(io::stdout().lock()))
}

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    false
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    // JSON comes in pieces of a few bytes: the default would look at each for what was left over.
    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_command_reads_is_not_written_over_even_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.db");
        fs::write(&ledger, "kept").unwrap();
        let link = folder.path().join("link.csv");
        std::os::unix::fs::symlink(&ledger, &link).unwrap();
        for output in [&ledger, &link] {
            let error = Sink::open(Some(output), &[&ledger]).err().unwrap();
            assert!(error.downcast_ref::<WouldDestroy>().is_some(), "{error}");
        }
        assert_eq!(fs::read_to_string(&ledger).unwrap(), "kept");
    }

    #[test]
    fn a_file_is_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list.csv");
        fs::write(&list, "old").unwrap();
        let mut given_up = Sink::open(Some(&list), &[]).unwrap();
        given_up.write_all(b"half").unwrap();
        drop(given_up);
        assert_eq!(fs::read_to_string(&list).unwrap(), "old");
        let mut whole = Sink::open(Some(&list), &[]).unwrap();
        whole.write_all(b"new").unwrap();
        whole.close().unwrap();
        assert_eq!(fs::read_to_string(&list).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no piece is left");
    }

    #[test]
    fn a_device_is_written_through() {
        let mut sink = Sink::open(Some(Path::new("/dev/null")), &[]).unwrap();
        sink.write_all(b"gone").unwrap();
        sink.close().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
