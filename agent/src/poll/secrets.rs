//! What devices are asked with: read from files that only the service may read; never shown, never logged.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sekisho_snmp::{Credentials, Digest, Encryption, Secret, User};
use serde::Deserialize;

use crate::cli::Poll;

/// A file of credentials is a few lines.
const MAX_BYTES: u64 = 16 << 10;

/// Credentials that cannot be used. Nothing of the file is quoted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadSecret {
    /// None was given.
    #[error("no credentials were given")]
    None,
    /// A file does not hold any.
    #[error("no credentials in {path}: {detail}")]
    File {
        /// The file.
        path: String,
        /// What is wrong, without the file's text.
        detail: String,
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

/// Reads the credentials that the command line names.
pub(crate) fn read(args: &Poll) -> Result<Credentials, BadSecret> {
    if let Some(path) = &args.community_file {
        let community = community(path)?;
        return Ok(if args.v1 { Credentials::V1 { community } } else { Credentials::V2c { community } });
    }
    let path = args.user_file.as_deref().ok_or(BadSecret::None)?;
    user(&text(path)?).map(Credentials::V3).map_err(|detail| bad(path, detail))
}

fn community(path: &Path) -> Result<Secret, BadSecret> {
    let text = text(path)?;
    let line = text.lines().next().unwrap_or_default().trim_end();
    Secret::new(line.as_bytes()).ok_or_else(|| bad(path, "its first line is empty"))
}

fn user(text: &str) -> Result<User, &'static str> {
    // What the parser would say quotes the line, which may be the one with the password.
    let written: Written = toml::from_str(text).map_err(|_| "it is not written as a user is")?;
    let password = |text: Option<String>| text.and_then(|text| Secret::new(text.as_bytes()));
    let auth = match (written.auth, password(written.auth_password)) {
        (None, None) => None,
        (Some(name), Some(password)) => {
            let digest = Digest::ALL.iter().find(|digest| digest.slug() == name);
            Some((*digest.ok_or("`auth` is none of md5, sha1, sha224, sha256, sha384, sha512")?, password))
        }
        _ => return Err("`auth` and `auth_password` go together"),
    };
    let privacy = match (written.privacy, password(written.privacy_password)) {
        (None, None) => None,
        (Some(name), Some(password)) => {
            let cipher = Encryption::ALL.iter().find(|cipher| cipher.slug() == name);
            Some((*cipher.ok_or("`privacy` is none of des, aes128, aes192, aes256")?, password))
        }
        _ => return Err("`privacy` and `privacy_password` go together"),
    };
    if privacy.is_some() && auth.is_none() {
        return Err("`privacy` needs `auth`");
    }
    Ok(User { name: written.user, auth, privacy, context: written.context })
}

fn text(path: &Path) -> Result<String, BadSecret> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text));
    read.map_err(|error| bad(path, &error.kind().to_string()))?;
    Ok(text)
}

fn bad(path: &Path, detail: &str) -> BadSecret {
    BadSecret::File { path: path.display().to_string(), detail: detail.to_owned() }
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
