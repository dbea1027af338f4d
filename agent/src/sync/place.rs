//! What the box keeps of its collector: a folder beside the ledger, of which only its owner may read.
//!
//! The key is made before anything is asked and stays; the collector's answer is one file, whole or not
//! there, so that a box that loses power while it enrols asks once more with the same key.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sekisho_ledger::{private_folder, write_private};
use sekisho_sync::{BoxKey, Sealer};
use serde::{Deserialize, Serialize};

const FOLDER: &str = "sync";
const KEY: &str = "box.key";
const SEALER: &str = "bundles.key";
const COLLECTOR: &str = "collector.json";

/// The box belongs to no collector.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("this box belongs to no collector yet: sekisho-agent enrol URL CODE")]
pub(crate) struct NotEnrolled;

/// The collector that the box belongs to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Collector {
    /// Its address; none for a box that is never online.
    pub(crate) url: Option<String>,
    /// The site's name there.
    pub(crate) site: String,
    /// Its CA, PEM.
    pub(crate) ca: String,
    /// The box's certificate, PEM; none for a box that is never online.
    pub(crate) certificate: Option<String>,
    /// To whom bundles are encrypted.
    pub(crate) recipient: String,
    /// The invitation that every bundle of a box shows that is never online.
    pub(crate) invitation: Option<Invitation>,
}

/// An invitation that came by file.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Invitation {
    /// Its name.
    pub(crate) id: String,
    /// Its secret, in hexadecimal digits.
    pub(crate) secret: String,
}

/// The folder.
pub(crate) struct Place {
    folder: PathBuf,
    /// The box's key.
    pub(crate) key: BoxKey,
    /// The key that bundles for the box are encrypted to.
    pub(crate) sealer: Sealer,
}

impl Place {
    /// Opens the folder beside a ledger, and makes the keys where there are none.
    pub(crate) fn open(ledger: &Path) -> anyhow::Result<Self> {
        let folder = ledger.with_file_name(FOLDER);
        private_folder(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let key = kept(&folder.join(KEY), || Ok(BoxKey::fresh()?.to_pem()))?;
        let sealer = kept(&folder.join(SEALER), || Ok(Sealer::fresh().secret()))?;
        Ok(Self { key: BoxKey::from_pem(&key)?, sealer: Sealer::read(&sealer)?, folder })
    }

    /// Reads which collector the box belongs to.
    pub(crate) fn collector(&self) -> anyhow::Result<Collector> {
        let path = self.folder.join(COLLECTOR);
        if !path.exists() {
            return Err(NotEnrolled.into());
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("cannot understand {}", path.display()))
    }

    /// Keeps which collector the box belongs to.
    pub(crate) fn belong(&self, collector: &Collector) -> anyhow::Result<()> {
        write(&self.folder.join(COLLECTOR), serde_json::to_string_pretty(collector)?.as_bytes())
    }
}

/// Tells whether the box beside a ledger belongs to a collector.
pub(super) fn is_enrolled(ledger: &Path) -> bool {
    ledger.with_file_name(FOLDER).join(COLLECTOR).exists()
}

/// Reads a file, and makes it where there is none.
fn kept(path: &Path, make: impl FnOnce() -> anyhow::Result<String>) -> anyhow::Result<String> {
    if !path.exists() {
        write(path, make()?.as_bytes())?;
    }
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a file that only its owner may read: whole, or as it was.
pub(crate) fn write(path: &Path, octets: &[u8]) -> anyhow::Result<()> {
    write_private(path, octets).with_context(|| format!("cannot write {}", path.display()))
}
