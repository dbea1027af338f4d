//! What the box keeps of its collector: a folder beside the ledger, of which only its owner may read.
//!
//! Each enrolment has keys of its own, for a key is of one site for ever. They are made before anything is
//! asked and wait beside those in use; the collector's answer and the keys that it is for are one file, whole
//! or as it was. So a box that loses power while it enrols asks once more with the same keys, and one that is
//! refused goes on with those that it has.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sekisho_ledger::{is_address, private_file, private_folder, write_private};
use sekisho_sync::{BoxKey, Sealer};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const FOLDER: &str = "sync";
const COLLECTOR: &str = "collector.json";
/// Held by who reads the others and writes accordingly.
const LOCK: &str = "lock";
/// The keys of an enrolment that the collector has not confirmed yet.
const ENROLLING: &str = "enrolling.json";
/// Where the keys of boxes are that enrolled before keys were kept with the collector's answer.
const OLD_KEYS: [&str; 2] = ["box.key", "bundles.key"];

/// The box belongs to no collector.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("this box belongs to no collector yet: sekisho-agent enrol URL CODE")]
pub(crate) struct NotEnrolled;

/// The ledger is on a server: there is no folder beside it for what the box keeps of its collector.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("only a box whose ledger is a file can belong to a collector")]
pub(crate) struct OnServer;

/// The collector that the box belongs to.
#[derive(Clone, Deserialize, Serialize)]
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
    /// The keys that it knows the box by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) keys: Option<Keys>,
}

/// The keys of one enrolment.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Keys {
    /// The invitation that they are for: the part of the code that is no secret.
    invitation: String,
    /// The box's key, PEM.
    key: String,
    /// The key that bundles for the box are encrypted to.
    sealer: String,
}

impl Keys {
    fn fresh(invitation: &str) -> anyhow::Result<Self> {
        let (key, sealer) = (BoxKey::fresh()?.to_pem(), Sealer::fresh().secret());
        Ok(Self { invitation: invitation.to_owned(), key, sealer })
    }
}

/// An invitation that came by file.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Invitation {
    /// Its name.
    pub(crate) id: String,
    /// Its secret, in hexadecimal digits.
    pub(crate) secret: String,
}

/// The folder, and the keys of one enrolment.
pub(crate) struct Place {
    folder: PathBuf,
    keys: Keys,
    /// The box's key.
    pub(crate) key: BoxKey,
    /// The key that bundles for the box are encrypted to.
    pub(crate) sealer: Sealer,
}

impl Place {
    /// Opens the folder beside a ledger, with the keys that the collector knows the box by.
    pub(crate) fn open(ledger: &Path) -> anyhow::Result<Self> {
        let folder = beside(ledger)?;
        let Some(collector) = read::<Collector>(&folder.join(COLLECTOR))? else {
            return Err(NotEnrolled.into());
        };
        let keys = in_use(&folder, collector.keys)?;
        Self::with(folder, keys)
    }

    /// Opens the folder to enrol by an invitation: with keys of its own, the same each time that it is tried.
    pub(crate) fn enrolling(ledger: &Path, invitation: &str) -> anyhow::Result<Self> {
        let folder = beside(ledger)?;
        // One that was confirmed may be tried once more, too.
        let known = read::<Collector>(&folder.join(COLLECTOR))?.and_then(|collector| collector.keys);
        let is_for_it = |keys: &Keys| keys.invitation == invitation;
        let mut keys = known.filter(is_for_it);
        if keys.is_none() {
            keys = read::<Keys>(&folder.join(ENROLLING))?.filter(is_for_it);
        }
        if let Some(keys) = keys {
            return Self::with(folder, keys);
        }
        let keys = Keys::fresh(invitation)?;
        write(&folder.join(ENROLLING), serde_json::to_string_pretty(&keys)?.as_bytes())?;
        Self::with(folder, keys)
    }

    fn with(folder: PathBuf, keys: Keys) -> anyhow::Result<Self> {
        let (key, sealer) = (BoxKey::from_pem(&keys.key)?, Sealer::read(&keys.sealer)?);
        Ok(Self { folder, keys, key, sealer })
    }

    /// Reads which collector the box belongs to.
    pub(crate) fn collector(&self) -> anyhow::Result<Collector> {
        read(&self.folder.join(COLLECTOR))?.ok_or_else(|| NotEnrolled.into())
    }

    /// Keeps which collector the box belongs to, and that it knows the box by these keys.
    pub(crate) fn belong(&self, collector: &Collector) -> anyhow::Result<()> {
        let _locked = self.lock()?;
        self.keep(collector.clone())?;
        self.remove(ENROLLING)
    }

    /// Keeps a new certificate for these keys, unless the box was enrolled by others since they were read.
    pub(crate) fn renewed(&self, certificate: String) -> anyhow::Result<()> {
        let _locked = self.lock()?;
        let collector = self.collector()?;
        if in_use(&self.folder, collector.keys.clone())?.key != self.keys.key {
            bail!("this box was enrolled anew meanwhile: its next meeting is with that collector");
        }
        // The keys of an enrolment under way stay where they are.
        self.keep(Collector { certificate: Some(certificate), ..collector })
    }

    /// Holds the folder for who reads what is in it and writes accordingly; until what is given is dropped. By a
    /// file, for whoever writes a file holds its folder itself.
    fn lock(&self) -> anyhow::Result<File> {
        let path = self.folder.join(LOCK);
        let cannot = || format!("cannot lock {}", path.display());
        let lock = private_file(&path).with_context(cannot)?;
        lock.lock().with_context(cannot)?;
        Ok(lock)
    }

    fn keep(&self, collector: Collector) -> anyhow::Result<()> {
        let collector = Collector { keys: Some(self.keys.clone()), ..collector };
        write(&self.folder.join(COLLECTOR), serde_json::to_string_pretty(&collector)?.as_bytes())?;
        // No key stays that nobody knows the box by.
        OLD_KEYS.into_iter().try_for_each(|name| self.remove(name))
    }

    fn remove(&self, name: &str) -> anyhow::Result<()> {
        let path = self.folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }
}

/// Tells whether the box beside a ledger belongs to a collector.
pub(crate) fn is_enrolled(ledger: &Path) -> bool {
    folder(ledger).is_some_and(|folder| folder.join(COLLECTOR).exists())
}

/// Gives where what the box keeps of its collector is; nowhere with a ledger on a server, whose address is no path
/// and holds a password.
pub(super) fn folder(ledger: &Path) -> Option<PathBuf> {
    (!is_address(ledger)).then(|| ledger.with_file_name(FOLDER))
}

/// Gives the same to write there, and makes it where it is missing.
pub(super) fn beside(ledger: &Path) -> anyhow::Result<PathBuf> {
    let folder = folder(ledger).ok_or(OnServer)?;
    private_folder(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(folder)
}

/// Gives the keys that the collector knows the box by: those kept with its answer, or as they were kept before.
fn in_use(folder: &Path, kept: Option<Keys>) -> anyhow::Result<Keys> {
    if let Some(keys) = kept {
        return Ok(keys);
    }
    let [key, sealer] = OLD_KEYS.map(|name| {
        let path = folder.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    });
    Ok(Keys { invitation: String::new(), key: key?, sealer: sealer? })
}

/// Reads a file; nothing where there is none.
fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let read = serde_json::from_str(&text);
    read.map(Some).with_context(|| format!("cannot understand {}", path.display()))
}

/// Writes a file that only its owner may read: whole, or as it was.
pub(crate) fn write(path: &Path, octets: &[u8]) -> anyhow::Result<()> {
    write_private(path, octets).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(site: &str) -> Collector {
        Collector {
            url: None,
            site: site.to_owned(),
            ca: String::new(),
            certificate: None,
            recipient: String::new(),
            invitation: None,
            keys: None,
        }
    }

    #[test]
    fn each_enrolment_has_keys_of_its_own_and_those_in_use_stay_until_it_is_confirmed() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.db");
        assert!(Place::open(&ledger).err().unwrap().is::<NotEnrolled>());
        let first = Place::enrolling(&ledger, "first").unwrap();
        assert_eq!(
            Place::enrolling(&ledger, "first").unwrap().key.public(),
            first.key.public(),
            "tried again"
        );
        first.belong(&of("kita")).unwrap();
        assert_eq!(Place::enrolling(&ledger, "first").unwrap().key.public(), first.key.public(), "confirmed");
        let second = Place::enrolling(&ledger, "second").unwrap();
        assert_ne!(second.key.public(), first.key.public());
        assert_eq!(Place::open(&ledger).unwrap().key.public(), first.key.public(), "not confirmed yet");
        second.belong(&of("yama")).unwrap();
        let now = Place::open(&ledger).unwrap();
        assert_eq!(now.key.public(), second.key.public());
        assert_eq!(now.sealer.recipient(), second.sealer.recipient());
        assert_eq!(now.collector().unwrap().site, "yama");
    }

    #[test]
    fn a_renewal_undoes_no_enrolment() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.db");
        Place::enrolling(&ledger, "first").unwrap().belong(&of("kita")).unwrap();
        let daemon = Place::open(&ledger).unwrap();
        daemon.renewed("renewed".to_owned()).unwrap();
        let kept = daemon.collector().unwrap();
        assert_eq!((kept.site.as_str(), kept.certificate.as_deref()), ("kita", Some("renewed")));
        // While the daemon waits for the next certificate, a person enrols the box as another site.
        let second = Place::enrolling(&ledger, "second").unwrap();
        daemon.renewed("again".to_owned()).unwrap();
        let waiting = Place::enrolling(&ledger, "second").unwrap();
        assert_eq!(waiting.key.public(), second.key.public(), "those keys wait still");
        second.belong(&of("yama")).unwrap();
        daemon.renewed("too late".to_owned()).unwrap_err();
        let now = Place::open(&ledger).unwrap();
        assert_eq!(now.key.public(), second.key.public());
        let kept = now.collector().unwrap();
        assert_eq!((kept.site.as_str(), kept.certificate), ("yama", None));
    }

    #[test]
    fn who_enrols_waits_for_who_renews() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.db");
        let place = Place::enrolling(&ledger, "first").unwrap();
        let held = place.lock().unwrap();
        let (told, hears) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| told.send(place.belong(&of("kita")).is_ok()).unwrap());
            let waits = hears.recv_timeout(std::time::Duration::from_millis(50));
            assert!(waits.is_err() && !is_enrolled(&ledger));
            drop(held);
            assert!(hears.recv().unwrap());
        });
        assert!(is_enrolled(&ledger));
    }

    #[test]
    fn with_a_ledger_on_a_server_nothing_is_written_anywhere() {
        let ledger = Path::new("postgres://box:secret@192.0.2.9/ledger");
        assert!(Place::enrolling(ledger, "first").err().unwrap().is::<OnServer>());
        assert!(Place::open(ledger).err().unwrap().is::<OnServer>());
        assert!(!is_enrolled(ledger));
        assert!(!Path::new("postgres:").exists(), "a folder of the address's name");
    }

    #[test]
    fn a_box_that_enrolled_before_keys_were_kept_with_the_answer_goes_on_with_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.db");
        let keys = Keys::fresh("").unwrap();
        let sync = beside(&ledger).unwrap();
        write(&sync.join("box.key"), keys.key.as_bytes()).unwrap();
        write(&sync.join("bundles.key"), keys.sealer.as_bytes()).unwrap();
        let old = r#"{"url":null,"site":"kita","ca":"","certificate":null,"recipient":"","invitation":null}"#;
        write(&sync.join(COLLECTOR), old.as_bytes()).unwrap();
        let place = Place::open(&ledger).unwrap();
        assert_eq!(place.key.to_pem(), keys.key);
        // With the next certificate they are kept as those of every box.
        place.belong(&place.collector().unwrap()).unwrap();
        assert_eq!(Place::open(&ledger).unwrap().key.to_pem(), keys.key);
        assert!(!sync.join("box.key").exists());
    }
}
