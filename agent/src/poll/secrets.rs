//! What devices are asked with: read from files that only the service may read; never shown, never logged.

use std::env;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sekisho_snmp::{Credentials, Digest, Encryption, Secret, User};
use serde::Deserialize;

use crate::cli::Poll;

/// A file of credentials is a few lines.
const MAX_BYTES: u64 = 16 << 10;
/// The bit of a file's mode by which everybody may read it.
const READ_BY_OTHERS: u32 = 0o004;
/// Where systemd puts what `LoadCredential=` names (systemd.exec(5)).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Credentials that are tried of one device: some shut out for a while who is wrong more often.
pub(crate) const MAX_CREDENTIALS: usize = 4;

/// Where credentials are kept.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Kept {
    /// A file with a user of SNMPv3, who is tried first: nobody on the way reads the password.
    pub(crate) user: Option<PathBuf>,
    /// A file with communities, one a line.
    pub(crate) community: Option<PathBuf>,
    /// Whether SNMPv1 is spoken with them.
    pub(crate) v1: bool,
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
pub(crate) fn named(args: &Poll) -> Kept {
    Kept { user: args.user_file.clone(), community: args.community_file.clone(), v1: args.v1 }
}

impl Kept {
    /// Reads them, in the order in which they are tried.
    pub(crate) fn read(&self) -> Result<Vec<Credentials>, BadSecret> {
        let mut all = Vec::new();
        if let Some(path) = &self.user {
            all.push(user(&text(path)?).map(Credentials::V3).map_err(|fault| bad(path, fault))?);
        }
        if let Some(path) = &self.community {
            let of = |community| {
                if self.v1 { Credentials::V1 { community } } else { Credentials::V2c { community } }
            };
            all.extend(communities(path)?.into_iter().map(of));
            if all.len() > MAX_CREDENTIALS {
                return Err(bad(path, "too-many"));
            }
        }
        if all.is_empty() { Err(BadSecret::None) } else { Ok(all) }
    }

    /// Leaves out what systemd hands to the service alone, where this is not the service: what is left can be
    /// looked at, and the names are of what cannot.
    pub(crate) fn seen(mut self) -> (Self, Vec<String>) {
        let files = [&mut self.user, &mut self.community].into_iter();
        let unseen = files.filter_map(|file| file.take_if(|path| is_elsewhere(path)));
        let unseen = unseen.map(|path| path.display().to_string()).collect();
        (self, unseen)
    }

    /// Names the files that everybody on the box can read.
    pub(crate) fn exposed(&self) -> Vec<String> {
        let files = [&self.user, &self.community].into_iter().flatten();
        files.filter(|path| is_exposed(path)).map(|path| path.display().to_string()).collect()
    }
}

/// Whether it is a credential's bare name in a process that systemd gave none.
fn is_elsewhere(path: &Path) -> bool {
    is_bare(path) && env::var_os(CREDENTIALS).is_none() && !path.exists()
}

fn is_bare(path: &Path) -> bool {
    path.components().count() == 1 && path.is_relative()
}

fn is_exposed(path: &Path) -> bool {
    std::fs::metadata(placed(path)).is_ok_and(|file| file.permissions().mode() & READ_BY_OTHERS != 0)
}

fn communities(path: &Path) -> Result<Vec<Secret>, BadSecret> {
    let text = text(path)?;
    let found: Vec<Secret> =
        text.lines().filter_map(|line| Secret::new(line.trim_end().as_bytes())).collect();
    if found.is_empty() { Err(bad(path, "no-community")) } else { Ok(found) }
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
        Some(folder) if is_bare(path) && folder.join(path).exists() => folder.join(path),
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
    fn communities_are_lines_and_a_user_goes_before_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            Some(folder.path().join(name))
        };
        let kept = |community, user| Kept { user, community, v1: false };
        let of = |text: &str| Credentials::V2c { community: Secret::new(text.as_bytes()).unwrap() };
        let two = file("two", "hidden word \r\n\nother\n");
        assert_eq!(kept(two.clone(), None).read().unwrap(), [of("hidden word"), of("other")]);
        let both = kept(two, file("user", "user = 'sekisho'")).read().unwrap();
        assert!(matches!(both.as_slice(), [Credentials::V3(_), Credentials::V2c { .. }, _]), "{both:?}");
        let fault = |kept: Kept| match kept.read().unwrap_err() {
            BadSecret::None => "none",
            BadSecret::File { fault, .. } => fault,
        };
        assert_eq!(fault(kept(file("empty", "\n"), None)), "no-community");
        assert_eq!(fault(kept(file("many", "a\nb\nc\nd\ne\n"), None)), "too-many");
        assert_eq!(fault(kept(Some(folder.path().join("nothing")), None)), "unreadable");
        assert_eq!(fault(Kept::default()), "none");
    }

    #[test]
    fn a_file_that_everybody_can_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("community");
        std::fs::write(&path, "public\n").unwrap();
        for (mode, exposed) in [(0o644, 1), (0o640, 0), (0o600, 0)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let kept = Kept { community: Some(path.clone()), ..Kept::default() };
            assert_eq!(kept.exposed().len(), exposed, "{mode:o}");
        }
    }

    #[test]
    fn a_credential_of_the_service_is_not_looked_for_elsewhere_and_a_file_is() {
        let kept = Kept {
            user: Some("/no/such/file".into()),
            community: Some("no-such-credential".into()),
            ..Kept::default()
        };
        let (seen, unseen) = kept.seen();
        assert_eq!(unseen, ["no-such-credential"]);
        assert!(seen.community.is_none());
        assert!(matches!(seen.read(), Err(BadSecret::File { fault: "unreadable", .. })));
    }
}
