//! The one password: set once with a code that the box prints, kept as argon2id.
//!
//! The code is made at a start without a password, lives in memory alone and dies with its use: who can
//! read what the box prints is who installs it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use sekisho_ledger::write_private;

use crate::error::ConsoleError;

const FILE: &str = "password";
/// NIST SP 800-63B §3.1.1.2 for a password that stands alone.
pub(crate) const MIN_CHARS: usize = 15;
/// Longer than anybody types, short enough to hash at once.
pub(crate) const MAX_BYTES: usize = 256;
/// Crockford's: I, L and O are read as the digits they look like.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 60 bits, which no lock-out lets anybody try through.
const CODE_LETTERS: usize = 12;
const GROUP: usize = 4;

/// The password of a console, or the code that lets one be set.
pub(crate) struct Password {
    path: PathBuf,
    held: Mutex<Held>,
}

enum Held {
    /// In PHC form, with its salt and costs.
    Hash(String),
    Code(String),
}

impl Password {
    /// Reads the password of a folder, or makes a code where there is none.
    pub(crate) fn open(folder: &Path) -> Result<Self, ConsoleError> {
        let path = folder.join(FILE);
        let held = match fs::read_to_string(&path) {
            Ok(hash) => {
                let hash = hash.trim().to_owned();
                if PasswordHash::new(&hash).is_err() {
                    return Err(ConsoleError::NoPassword { path });
                }
                Held::Hash(hash)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Held::Code(code()?),
            Err(source) => return Err(ConsoleError::State { path, source }),
        };
        Ok(Self { path, held: Mutex::new(held) })
    }

    /// The code that sets the password, while there is none.
    pub(crate) fn code(&self) -> Option<String> {
        match &*self.held.lock().unwrap_or_else(PoisonError::into_inner) {
            Held::Code(code) => Some(code.clone()),
            Held::Hash(_) => None,
        }
    }

    /// Tells whether a code is the one that was printed, however it is spaced.
    pub(crate) fn is_code(&self, typed: &str) -> bool {
        let read = |c: char| match c.to_ascii_uppercase() {
            'I' | 'L' => '1',
            'O' => '0',
            other => other,
        };
        let plain =
            |text: &str| -> String { text.chars().filter(char::is_ascii_alphanumeric).map(read).collect() };
        // Of digests, so that the time tells nothing of the code.
        self.code().is_some_and(|code| sha256(&plain(&code)) == sha256(&plain(typed)))
    }

    /// Sets the password; the code is used up. Takes the time of a hash: not for a thread that serves.
    pub(crate) fn set(&self, password: &str) -> Result<(), ConsoleError> {
        let salt = SaltString::encode_b64(&random::<16>()?).map_err(|_| ConsoleError::NoRandom)?;
        let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
        let hash = hash.map_err(|_| ConsoleError::NoRandom)?.to_string();
        let at_path = |source| ConsoleError::State { path: self.path.clone(), source };
        write_private(&self.path, hash.as_bytes()).map_err(at_path)?;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Held::Hash(hash);
        Ok(())
    }

    /// Tells whether a password is the one that was set. Takes the time of a hash.
    pub(crate) fn verify(&self, password: &str) -> bool {
        let hash = match &*self.held.lock().unwrap_or_else(PoisonError::into_inner) {
            Held::Hash(hash) => hash.clone(),
            Held::Code(_) => return false,
        };
        let hash = PasswordHash::new(&hash);
        hash.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    }
}

fn code() -> Result<String, ConsoleError> {
    let mut out = String::new();
    for (place, octet) in random::<CODE_LETTERS>()?.into_iter().enumerate() {
        if place > 0 && place % GROUP == 0 {
            out.push('-');
        }
        // 32 letters divide 256 evenly.
        out.push(LETTERS.get(usize::from(octet % 32)).map_or('A', |letter| char::from(*letter)));
    }
    Ok(out)
}

/// Gives random octets.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], ConsoleError> {
    let mut octets = [0; N];
    SystemRandom::new().fill(&mut octets).map_err(|_| ConsoleError::NoRandom)?;
    Ok(octets)
}

/// Gives the digest of a text.
pub(crate) fn sha256(text: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.iter_mut().zip(digest(&SHA256, text.as_bytes()).as_ref()).for_each(|(out, octet)| *out = *octet);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_sets_the_password_once_and_a_restart_knows_it() {
        let folder = tempfile::tempdir().unwrap();
        let password = Password::open(folder.path()).unwrap();
        let code = password.code().unwrap();
        assert_eq!(code.len(), CODE_LETTERS + 2);
        assert!(password.is_code(&code) && password.is_code(&code.to_lowercase().replace('-', " ")));
        assert!(!password.is_code("") && !password.is_code("AAAA-AAAA-AAAA"));
        assert!(!password.verify(&code), "a code signs nobody in");
        password.set("nine sparrows on a wire").unwrap();
        assert!(password.code().is_none() && !password.is_code(&code));
        for password in [password, Password::open(folder.path()).unwrap()] {
            assert!(password.verify("nine sparrows on a wire"));
            assert!(!password.verify("nine sparrows on a wire "));
        }
        let held = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(held.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{held}");
    }

    #[test]
    fn a_damaged_file_is_told_and_lets_nobody_set_another_password() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "").unwrap();
        assert!(matches!(Password::open(folder.path()), Err(ConsoleError::NoPassword { .. })));
    }
}
