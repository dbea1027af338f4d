//! Folders of a user who is not root, in which root has worked.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Nobody's, on any machine.
pub(crate) const USER: u32 = 54_321;

/// Every file and folder in a folder.
pub(crate) fn all(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all(&path));
        }
        found.push(path);
    }
    found
}

/// Expects that all of it is the user's.
pub(crate) fn assert_owned(paths: &[PathBuf]) {
    for path in paths {
        assert_eq!(fs::metadata(path).unwrap().uid(), USER, "{}", path.display());
    }
}
