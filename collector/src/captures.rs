//! Captures that sites sent in bundles: kept below the collector's folder, listed, removed.
//!
//! ```text
//! captures/SITE/SHA256        the capture, octet by octet as it was
//! captures/SITE/SHA256.json   what is known of it
//! ```
//!
//! A capture holds what passed in a hospital, patients' data included: folders are 0700, files 0600, and who
//! may read is the collector's user alone. The description is there before the capture, so that no capture is
//! without one; the capture appears under its name only when it is whole and on the disk.
//!
//! Who writes or removes holds a lock, so that what has no name yet is a killed import's.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use rustix::fs::statvfs;
use sekisho_ledger::{private_file, private_folder, private_new, write_private};
use sekisho_report::{Lang, clean, fill, text};
use sekisho_sync::{Content, hex};
use serde::{Deserialize, Serialize};

use crate::cli;
use crate::config::Config;
use crate::{MAX_NAME_CHARS, tell};

/// The folder, in that of the CA and the keys.
const FOLDER: &str = "captures";
const LOCK: &str = "captures.lock";
/// What is being written, and is not yet what it says.
const PART: &str = "part";
/// What is known of a capture.
const DESCRIPTION: &str = "json";
/// Octets of a folder's name: a file system allows 255.
const MAX_FOLDER_BYTES: usize = 200;
/// Octets of a description: a name and some figures.
const MAX_DESCRIPTION_BYTES: u64 = 16 * 1024;
/// Octets that stay free for the ledger, which shares the disk.
const RESERVE_BYTES: u64 = 64 << 20;

/// What is known of a capture beside its octets.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Kept {
    /// Its name at the site: text that a stranger chose, never a path here.
    name: String,
    /// Its octets.
    bytes: u64,
    /// Their digest.
    sha256: String,
    /// When it was taken up.
    taken_at: Timestamp,
    /// The key of the box whose bundle it was.
    signer: String,
}

/// The folder, held by its lock.
pub(crate) struct Captures {
    folder: PathBuf,
    _lock: File,
}

impl Captures {
    /// Opens the folder to write, and waits for who holds it.
    pub(crate) fn hold(state: &Path) -> anyhow::Result<Self> {
        let folder = state.join(FOLDER);
        make(&folder)?;
        let lock = state.join(LOCK);
        let cannot = || format!("cannot lock {}", lock.display());
        let file = private_file(&lock).with_context(cannot)?;
        file.lock().with_context(cannot)?;
        Ok(Self { folder, _lock: file })
    }

    /// Begins to take up captures of a site, of so many octets at most.
    pub(crate) fn take(&self, site: &str, signer: &str, bytes: u64, lang: Lang) -> anyhow::Result<Taking> {
        let folder = self.folder.join(folder_of(site));
        make(&folder)?;
        for left in entries(&folder)?.iter().filter(|path| is_left(path)) {
            remove(left)?;
        }
        let free = statvfs(&folder).with_context(|| format!("cannot look at {}", folder.display()))?;
        let free = free.f_bavail.saturating_mul(free.f_frsize);
        if free < bytes.saturating_add(RESERVE_BYTES) {
            let (needed, free) = (human(bytes.saturating_add(RESERVE_BYTES)), human(free));
            bail!("{}", fill(lang, "collector.captures-no-room", &[("needed", &needed), ("free", &free)]));
        }
        Ok(Taking { folder, signer: signer.to_owned(), written: Vec::new() })
    }

    /// Removes what is kept of a site.
    pub(crate) fn forget(&self, site: &str) -> anyhow::Result<()> {
        let folder = self.folder.join(folder_of(site));
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", folder.display()))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Captures that are written and not yet kept: until then nothing of them stays.
pub(crate) struct Taking {
    folder: PathBuf,
    signer: String,
    written: Vec<(Kept, PathBuf)>,
}

impl Drop for Taking {
    fn drop(&mut self) {
        for (_, part) in &self.written {
            // What is kept is not there any more; what stays is removed by the next import.
            let _ = fs::remove_file(part);
        }
    }
}

impl Taking {
    /// Writes one down.
    pub(crate) fn write(&mut self, name: String, content: Content<'_>, now: Timestamp) -> anyhow::Result<()> {
        let path = self.folder.join(format!("{}.{PART}", self.written.len()));
        let cannot = || format!("cannot write {}", path.display());
        let bytes = content.bytes();
        let signer = self.signer.clone();
        // Noted first: a piece is removed as well.
        let kept = Kept { name, bytes, sha256: String::new(), taken_at: now, signer };
        let mut file = private_new(&path).with_context(cannot)?;
        self.written.push((kept, path.clone()));
        let sha256 = content.copy(&mut file).with_context(cannot)?;
        file.sync_all().with_context(cannot)?;
        if let Some((kept, _)) = self.written.last_mut() {
            kept.sha256 = sha256;
        }
        Ok(())
    }

    /// Keeps them all; gives what is to be told of each.
    pub(crate) fn keep(self, lang: Lang) -> anyhow::Result<Vec<String>> {
        let mut said = Vec::new();
        for (kept, part) in &self.written {
            let path = self.folder.join(&kept.sha256);
            let is_known = is_there(&path)?;
            if !is_known {
                describe(&self.folder, kept)?;
                fs::rename(part, &path).with_context(|| format!("cannot write {}", path.display()))?;
            }
            let key = if is_known { "collector.capture-before" } else { "collector.capture-kept" };
            let (name, size) = (clean(&kept.name, MAX_NAME_CHARS), human(kept.bytes));
            said.push(fill(lang, key, &[("name", &name), ("size", &size), ("path", &path.display())]));
        }
        // What was renamed is on the disk when the folder is.
        let synced = File::open(&self.folder).and_then(|folder| folder.sync_all());
        synced.with_context(|| format!("cannot write {}", self.folder.display()))?;
        Ok(said)
    }
}

/// Lists what is kept of some sites, or removes one of it.
pub(crate) fn run(args: &cli::Captures, sites: &[String], config: &Config, lang: Lang) -> anyhow::Result<()> {
    let _held = args.remove.is_some().then(|| Captures::hold(&config.state)).transpose()?;
    let mut told = false;
    for site in sites {
        for (kept, path) in kept(&config.state.join(FOLDER).join(folder_of(site)))? {
            match &args.remove {
                Some(wanted) if *wanted != kept.sha256 => continue,
                Some(_) if !args.yes => {
                    bail!("{}", fill(lang, "collector.capture-say-yes", &[("path", &path.display())]))
                }
                Some(_) => {
                    // The capture first: it is what nobody may find any more.
                    remove(&path)?;
                    remove(&path.with_extension(DESCRIPTION))?;
                    tell(&fill(lang, "collector.capture-removed", &[("path", &path.display())]))?;
                }
                None => list(site, &kept, &path)?,
            }
            told = true;
        }
    }
    match (told, &args.remove) {
        (true, _) => Ok(()),
        (false, Some(wanted)) => bail!("{}", fill(lang, "collector.capture-unknown", &[("sha256", wanted)])),
        (false, None) => tell(text(lang, "collector.capture-none")),
    }
}

fn list(site: &str, kept: &Kept, path: &Path) -> anyhow::Result<()> {
    let shown = |text: &str| clean(text, MAX_NAME_CHARS).into_owned();
    let at = sekisho_report::minute(kept.taken_at, &sekisho_report::zone());
    let (site, name, path) = (shown(site), shown(&kept.name), path.display());
    // As many letters as tell one box of a site from another.
    let signer: String = kept.signer.chars().skip(2).take(8).collect();
    tell(&format!("{site}\t{at}\t{}\t{name}\t{signer}\t{}\t{path}", human(kept.bytes), kept.sha256))
}

/// Gives what is whole in a site's folder, the earliest first.
fn kept(folder: &Path) -> anyhow::Result<Vec<(Kept, PathBuf)>> {
    let mut found = Vec::new();
    if !is_there(folder)? {
        return Ok(found);
    }
    for path in entries(folder)?.iter().filter(|path| has_ending(path, DESCRIPTION)) {
        let capture = path.with_extension("");
        if !is_there(&capture)? {
            continue;
        }
        let mut text = String::new();
        let read = File::open(path).and_then(|it| it.take(MAX_DESCRIPTION_BYTES).read_to_string(&mut text));
        read.with_context(|| format!("cannot read {}", path.display()))?;
        match serde_json::from_str::<Kept>(&text) {
            Ok(kept) => found.push((kept, capture)),
            Err(error) => tracing::warn!(path = %path.display(), %error, "no description of a capture"),
        }
    }
    found.sort_by(|(one, _), (other, _)| (one.taken_at, &one.sha256).cmp(&(other.taken_at, &other.sha256)));
    Ok(found)
}

fn describe(folder: &Path, kept: &Kept) -> anyhow::Result<()> {
    let path = folder.join(&kept.sha256).with_extension(DESCRIPTION);
    let written = write_private(&path, &serde_json::to_vec_pretty(kept)?);
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// The folder of a site: its name, but for what a folder's may not have. No two sites have one.
fn folder_of(site: &str) -> String {
    let mut name = String::new();
    for letter in site.chars() {
        if matches!(letter, '/' | '%') || letter.is_control() || (letter == '.' && name.is_empty()) {
            let mut octets = [0; 4];
            for octet in letter.encode_utf8(&mut octets).bytes() {
                name.push('%');
                name.push_str(&hex(&[octet]));
            }
        } else {
            name.push(letter);
        }
    }
    if name.len() <= MAX_FOLDER_BYTES {
        name
    } else {
        format!("%%{}", hex(digest(&SHA256, site.as_bytes()).as_ref()))
    }
}

fn make(folder: &Path) -> anyhow::Result<()> {
    private_folder(folder).with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// Tells whether something is there; who may not look does not take it for nothing.
fn is_there(path: &Path) -> anyhow::Result<bool> {
    path.try_exists().with_context(|| format!("cannot look at {}", path.display()))
}

fn remove(path: &Path) -> anyhow::Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
}

/// Tells what a killed import or removal left: a piece, or a description without its capture.
fn is_left(path: &Path) -> bool {
    has_ending(path, PART) || (has_ending(path, DESCRIPTION) && !path.with_extension("").exists())
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found == ending)
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let cannot = || format!("cannot read {}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(cannot)? {
        found.push(entry.with_context(cannot)?.path());
    }
    Ok(found)
}

fn human(bytes: u64) -> String {
    sekisho_report::size::human(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_site_has_a_folder_of_its_own_and_none_is_elsewhere() {
        let long = "病".repeat(100);
        // (site, its folder)
        let cases = [
            ("minato-hospital", Some("minato-hospital")),
            ("港病院", Some("港病院")),
            ("..", Some("%2e.")),
            (".", Some("%2e")),
            ("a/../../b", Some("a%2f..%2f..%2fb")),
            ("%2e", Some("%252e")),
            ("a\u{1b}[2J\n", Some("a%1b[2J%0a")),
            ("lock", Some("lock")),
            (&long, None),
        ];
        for (site, folder) in cases {
            let found = folder_of(site);
            assert!(folder.is_none_or(|folder| folder == found), "{site}: {found}");
            assert!(found.len() <= MAX_FOLDER_BYTES && !found.contains('/') && found != "..", "{found}");
        }
        assert_ne!(folder_of(&long), folder_of(&format!("{long}x")));
    }
}
