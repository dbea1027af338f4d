//! What devices are asked with: read from files that only the service may read; never shown, never logged.

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sekisho_snmp::{Credentials, Digest, Encryption, Secret, User};
use serde::Deserialize;

use crate::cli::Poll;

/// A file of credentials is a few lines.
const MAX_BYTES: u64 = 16 << 10;
/// Where systemd puts what `LoadCredential=` names (systemd.exec(5)).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where credentials are kept, and of which kind they are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Kept {
    /// A community in the first line of a file.
    Community {
        /// The file.
        path: PathBuf,
        /// Whether SNMPv1 is spoken with it.
        v1: bool,
    },
    /// A user of SNMPv3 in a file.
    User {
        /// The file.
        path: PathBuf,
    },
}

/// Credentials that cannot be used. Nothing of the file is quoted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadSecret {
    /// None was given.
    #[error("no credentials were given")]
    None,
    /// A file does not hold any.
    #[error("no credentials in {path}: {fault}")]
    File {
        /// The file.
        path: String,
        /// What is wrong, by its name in the catalogue's section `secret-fault`.
        fault: &'static str,
        /// What the system says, where it refuses.
        detail: Option<String>,
    },
}

/// A user of SNMPv3 as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    user: String,
    auth: Option<String>,
    auth_password: Option<String>,
    privacy: Option<String>,
    privacy_password: Option<String>,
    #[serde(default)]
    context: String,
}

/// Says where the credentials are that the command line names.
pub(crate) fn named(args: &Poll) -> Result<Kept, BadSecret> {
    if let Some(path) = &args.community_file {
        return Ok(Kept::Community { path: path.clone(), v1: args.v1 });
    }
    let path = args.user_file.clone().ok_or(BadSecret::None)?;
    Ok(Kept::User { path })
}

impl Kept {
    /// Reads them.
    pub(crate) fn read(&self) -> Result<Credentials, BadSecret> {
        match self {
            Self::Community { path, v1 } => {
                let community = community(path)?;
                Ok(if *v1 { Credentials::V1 { community } } else { Credentials::V2c { community } })
            }
            Self::User { path } => user(&text(path)?).map(Credentials::V3).map_err(|fault| bad(path, fault)),
        }
    }
}

fn community(path: &Path) -> Result<Secret, BadSecret> {
    let text = text(path)?;
    let line = text.lines().next().unwrap_or_default().trim_end();
    Secret::new(line.as_bytes()).ok_or_else(|| bad(path, "no-community"))
}

fn user(text: &str) -> Result<User, &'static str> {
    // What the parser would say quotes the line, which may be the one with the password.
    let written: Written = toml::from_str(text).map_err(|_| "no-user")?;
    let password = |text: Option<String>| text.and_then(|text| Secret::new(text.as_bytes()));
    let auth = match (written.auth, password(written.auth_password)) {
        (None, None) => None,
        (Some(name), Some(password)) => {
            let digest = Digest::ALL.iter().find(|digest| digest.slug() == name);
            Some((*digest.ok_or("bad-auth")?, password))
        }
        _ => return Err("half-auth"),
    };
    let privacy = match (written.privacy, password(written.privacy_password)) {
        (None, None) => None,
        (Some(name), Some(password)) => {
            let cipher = Encryption::ALL.iter().find(|cipher| cipher.slug() == name);
            Some((*cipher.ok_or("bad-privacy")?, password))
        }
        _ => return Err("half-privacy"),
    };
    if privacy.is_some() && auth.is_none() {
        return Err("privacy-alone");
    }
    Ok(User { name: written.user, auth, privacy, context: written.context })
}

fn text(path: &Path) -> Result<String, BadSecret> {
    let mut text = String::new();
    let read = File::open(placed(path)).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text));
    read.map_err(|error| BadSecret::File {
        path: path.display().to_string(),
        fault: "unreadable",
        detail: Some(error.to_string()),
    })?;
    Ok(text)
}

/// A bare name is one of systemd's credentials, where it hands out any.
fn placed(path: &Path) -> PathBuf {
    let folder = env::var_os(CREDENTIALS).map(PathBuf::from);
    match folder {
        Some(folder) if path.components().count() == 1 && folder.join(path).exists() => folder.join(path),
        _ => path.to_owned(),
    }
}

fn bad(path: &Path, fault: &'static str) -> BadSecret {
    BadSecret::File { path: path.display().to_string(), fault, detail: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_read_and_what_is_wrong_is_told_without_the_password() {
        let whole = "user = 'sekisho'\nauth = 'sha256'\nauth_password = 'hidden-one'\nprivacy = 'aes128'\n\
                     privacy_password = 'hidden-two'\n";
        let read = user(whole).unwrap();
        assert_eq!(read.auth.as_ref().unwrap().0, Digest::Sha256);
        assert!(!format!("{read:?}").contains("hidden"));
        // (what is written, what stands there instead)
        let cases = [
            ("sha256", "sha3"),
            ("aes128", "rot13"),
            ("auth = 'sha256'", ""),
            ("auth_password = 'hidden-one'", "auth_password = ''"),
            ("auth = 'sha256'\nauth_password = 'hidden-one'\n", ""),
            ("user = 'sekisho'", "user = 'sekisho"),
        ];
        for (written, instead) in cases {
            let error = user(&whole.replace(written, instead)).unwrap_err();
            assert!(!error.contains("hidden"), "{error}");
        }
    }

    #[test]
    fn a_community_is_the_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("community");
        std::fs::write(&path, "hidden word \r\nrest\n").unwrap();
        assert_eq!(community(&path).unwrap(), Secret::new(b"hidden word").unwrap());
        std::fs::write(&path, "\n").unwrap();
        assert!(community(&path).is_err());
        assert!(community(&folder.path().join("nothing")).is_err());
    }
}
