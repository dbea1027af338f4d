//! Captures that go along with a bundle: looked at before anything is written, then copied into it.
//!
//! They are the one thing that leaves a site with its content, and only where a person names them.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rustix::fs::statvfs;
use sekisho_report::size::human;
use sekisho_report::{Lang, clean, fill};
use sekisho_sync::{CarriedWriter, MAX_CAPTURES, MAX_CAPTURES_BYTES};

use super::bundle::Sealing;
use super::meeting::tell;
use crate::capture;
use crate::sink::WouldDestroy;

/// What a bundle takes beside what goes into it: a thousandth for the encryption, and heads.
const OVERHEAD_BYTES: u64 = 1 << 20;
/// What of a file's name is shown.
const MAX_NAME_CHARS: usize = 100;

/// A capture that is to go along.
pub(super) struct Along {
    name: String,
    path: PathBuf,
    file: File,
    bytes: u64,
}

/// Looks at captures: each must be one, and there must be room for all where the bundle goes.
pub(super) fn look(paths: &[PathBuf], output: &Path, lang: Lang) -> anyhow::Result<Vec<Along>> {
    let mut along = Vec::new();
    for path in paths {
        let cannot = || format!("cannot read {}", path.display());
        // A pipe would have its opener wait.
        if !fs::metadata(path).with_context(cannot)?.is_file() {
            bail!("{}", fill(lang, "sync.capture-not-a-file", &[("path", &path.display())]));
        }
        let file = File::open(path).with_context(cannot)?;
        let about = file.metadata().with_context(cannot)?;
        // What is no capture has no business in a bundle, were it named by mistake.
        drop(capture::open(path)?);
        for place in [output.to_owned(), partial(output)] {
            let is_it = |place: &fs::Metadata| (place.dev(), place.ino()) == (about.dev(), about.ino());
            if fs::metadata(&place).is_ok_and(|place| is_it(&place)) {
                return Err(WouldDestroy { path: place }.into());
            }
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        along.push(Along { name, path: path.clone(), file, bytes: about.len() });
    }
    let bytes = along.iter().map(|along| along.bytes).fold(0, u64::saturating_add);
    if along.len() > MAX_CAPTURES || bytes > MAX_CAPTURES_BYTES {
        let bound = human(MAX_CAPTURES_BYTES);
        bail!("{}", fill(lang, "sync.captures-too-many", &[("most", &MAX_CAPTURES), ("bound", &bound)]));
    }
    Ok(along)
}

/// Writes a bundle with captures: whole, or none.
pub(super) fn write(
    output: &Path,
    messages: &[Vec<u8>],
    along: Vec<Along>,
    sealing: &Sealing<'_>,
    lang: Lang,
) -> anyhow::Result<()> {
    room(output, messages, &along, lang)?;
    let partial = partial(output);
    let written = write_to(&partial, messages, along, sealing, lang).and_then(|said| {
        fs::rename(&partial, output).with_context(|| format!("cannot write {}", output.display()))?;
        Ok(said)
    });
    if written.is_err() {
        // A piece would only fill the disk.
        let _ = fs::remove_file(&partial);
    }
    // Nobody may be there any more to be told; it is done before.
    written?.iter().try_for_each(|line| tell(line))
}

fn room(output: &Path, messages: &[Vec<u8>], along: &[Along], lang: Lang) -> anyhow::Result<()> {
    let messages = messages.iter().map(|message| message.len() as u64);
    let bytes = along.iter().map(|along| along.bytes).chain(messages).fold(0, u64::saturating_add);
    let needed = bytes.saturating_add(bytes / 1000).saturating_add(OVERHEAD_BYTES);
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let free = statvfs(folder).with_context(|| format!("cannot look at {}", folder.display()))?;
    let free = free.f_bavail.saturating_mul(free.f_frsize);
    if free >= needed {
        return Ok(());
    }
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("path", &folder.display()), ("needed", &human(needed)), ("free", &human(free))];
    bail!("{}", fill(lang, "sync.captures-no-room", &values))
}

/// Writes all of it; gives what is to be told of each capture.
fn write_to(
    path: &Path,
    messages: &[Vec<u8>],
    along: Vec<Along>,
    sealing: &Sealing<'_>,
    lang: Lang,
) -> anyhow::Result<Vec<String>> {
    let cannot = || format!("cannot write {}", path.display());
    let out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let out = BufWriter::new(out.with_context(cannot)?);
    let enrolment = sealing.enrolment.clone();
    let mut writer =
        CarriedWriter::begin(out, sealing.recipient, sealing.key, enrolment).with_context(cannot)?;
    for message in messages {
        writer.message(message).with_context(cannot)?;
    }
    let mut said = Vec::with_capacity(along.len());
    for Along { name, path, file, bytes } in along {
        let sha256 = writer.capture(&name, bytes, file).with_context(|| path.display().to_string())?;
        let name = clean(&name, MAX_NAME_CHARS);
        said.push(fill(
            lang,
            "sync.carried",
            &[("name", &name), ("size", &human(bytes)), ("sha256", &sha256)],
        ));
    }
    let mut out = writer.finish().with_context(cannot)?;
    out.flush().and_then(|()| out.get_ref().sync_all()).with_context(cannot)?;
    Ok(said)
}

fn partial(output: &Path) -> PathBuf {
    let mut partial = output.as_os_str().to_owned();
    partial.push(".part");
    partial.into()
}
