//! Files and folders that only their owner may read; their owner is that of the folder they are made in.
//!
//! A daemon has a user of its own, and people work beside it as root. What they write into its folder is for
//! it to read: left to root, it would lock the daemon out.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Makes a folder, and those above it that are missing.
pub fn private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        private_folder(above)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Ok(()) => owner::adopt_folder(path),
        // Somebody else was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Opens a file to add to, and makes it where there is none.
pub fn private_file(path: &Path) -> io::Result<File> {
    match private_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            OpenOptions::new().create(true).append(true).open(path)
        }
        made => made,
    }
}

/// Writes a file: whole, or as it was.
pub fn write_private(path: &Path, octets: &[u8]) -> io::Result<()> {
    let folder = locked_folder(path)?;
    let mut partial = path.as_os_str().to_owned();
    partial.push(".part");
    let partial = PathBuf::from(partial);
    // What a loss of power left, or a link that leads elsewhere.
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private_new(&partial)?;
    file.write_all(octets)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    folder.map_or(Ok(()), |folder| folder.sync_all())
}

/// Holds the folder that a file is in, so that of several who write beside it one comes after another. Not the
/// file: who closes a file gives up all locks on it that SQLite has in this process (fcntl(2)).
pub(crate) fn locked_folder(path: &Path) -> io::Result<Option<File>> {
    let folder = owner::folder(path).map(File::open).transpose()?;
    if let Some(folder) = &folder {
        // Where a file system has no locks, people hardly write at one instant.
        let _ = folder.lock();
    }
    Ok(folder)
}

/// Makes a file that is not there, to add to; a link in its place is not followed.
pub fn private_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create_new(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    owner::adopt(&file, path)?;
    Ok(file)
}

#[cfg(unix)]
mod owner {
    use std::fs::{self, File, Metadata};
    use std::io;
    use std::os::unix::fs::{MetadataExt, fchown, lchown};
    use std::path::Path;

    const ROOT: u32 = 0;

    /// The folder that a path is in.
    pub(super) fn folder(path: &Path) -> Option<&Path> {
        path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
    }

    /// Gives a file that root made to the owner of its folder.
    pub(super) fn adopt(file: &File, path: &Path) -> io::Result<()> {
        match heir(&file.metadata()?, path)? {
            Some((user, group)) => fchown(file, Some(user), Some(group)),
            None => Ok(()),
        }
    }

    /// Gives a folder that root made to the owner of the one above.
    pub(super) fn adopt_folder(path: &Path) -> io::Result<()> {
        match heir(&fs::symlink_metadata(path)?, path)? {
            Some((user, group)) => lchown(path, Some(user), Some(group)),
            None => Ok(()),
        }
    }

    fn heir(made: &Metadata, path: &Path) -> io::Result<Option<(u32, u32)>> {
        let Some(folder) = folder(path).filter(|_| made.uid() == ROOT) else { return Ok(None) };
        let folder = fs::metadata(folder)?;
        Ok((folder.uid() != ROOT).then(|| (folder.uid(), folder.gid())))
    }
}

#[cfg(not(unix))]
mod owner {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    pub(super) fn folder(_path: &Path) -> Option<&Path> {
        None
    }

    pub(super) fn adopt(_file: &File, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn adopt_folder(_path: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

    use super::*;

    /// Nobody's, on any machine.
    const USER: u32 = 54_321;

    fn is_root(folder: &Path) -> bool {
        fs::metadata(folder).unwrap().uid() == 0
    }

    #[test]
    fn what_is_written_is_whole_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/deeper/file");
        private_folder(path.parent().unwrap()).unwrap();
        for text in ["first", "second, which is longer"] {
            write_private(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        for (path, mode) in [(&*path, 0o600), (path.parent().unwrap(), 0o700)] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_link_that_was_laid_in_the_way_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("file"), folder.path().join("other"));
        fs::write(&other, "untouched").unwrap();
        symlink(&other, folder.path().join("file.part")).unwrap();
        write_private(&path, b"written").unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "untouched");
    }

    #[test]
    fn what_root_makes_belongs_to_the_owner_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let expected = if is_root(folder.path()) {
            chown(folder.path(), Some(USER), Some(USER)).unwrap();
            USER
        } else {
            // Who is not root makes nothing for others.
            fs::metadata(folder.path()).unwrap().uid()
        };
        let within = folder.path().join("sync/rules.d");
        private_folder(&within).unwrap();
        write_private(&within.join("rule"), b"x").unwrap();
        drop(private_file(&folder.path().join("ledger.db")).unwrap());
        for made in ["sync", "sync/rules.d", "sync/rules.d/rule", "ledger.db"] {
            assert_eq!(fs::metadata(folder.path().join(made)).unwrap().uid(), expected, "{made}");
        }
    }
}
