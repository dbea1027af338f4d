//! The code that a person reads out, what it comes to, and the proofs made with it.

use std::fmt;
use std::str::FromStr;

use argon2::{Algorithm, Argon2, Params, Version};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// Letters and digits that are not taken for each other, read or heard: no 0 O, 1 I L, U V. 32 but two, and
/// so a little less than five bits each.
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRSTWXYZ";
/// Of the invitation's name.
const NAME: usize = 4;
/// Of the secret: 48.6 bits.
const SECRET: usize = 10;
/// A fifth of a second on the box; once.
const MEMORY_KIB: u32 = 64 * 1024;
const ROUNDS: u32 = 3;

/// A code: which invitation, and its secret.
#[derive(Clone, Eq, PartialEq)]
pub struct Code {
    name: String,
    secret: String,
}

/// What was typed is no code.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a code has 14 letters and digits, such as AB2C-DEF34-GHJ56")]
pub struct NotACode;

/// Who proves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// The box.
    Agent,
    /// The collector.
    Collector,
}

/// What a proof is over.
#[derive(Clone, Copy, Debug)]
pub struct Proven<'p> {
    /// The exporter of the connection; nothing for a bundle.
    pub exporter: &'p [u8],
    /// The certificate that the collector showed on it.
    pub certificate: &'p [u8],
    /// The texts that are said to be true.
    pub texts: &'p [&'p str],
}

impl Code {
    /// Makes a code.
    pub fn fresh() -> Result<Self, NotACode> {
        let mut letters = String::new();
        let random = SystemRandom::new();
        while letters.len() < NAME + SECRET {
            let mut octet = [0_u8; 1];
            random.fill(&mut octet).map_err(|_| NotACode)?;
            // Octets beyond the alphabet's size are thrown away, or some letters would come more often.
            let [octet] = octet;
            letters.extend(ALPHABET.get(usize::from(octet & 0x1f)).map(|letter| char::from(*letter)));
        }
        letters.parse()
    }

    /// Gives the invitation's name, which is no secret.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Stretches the secret to a key.
    pub fn stretch(&self) -> Result<[u8; 32], NotACode> {
        let params = Params::new(MEMORY_KIB, ROUNDS, 1, Some(32)).map_err(|_| NotACode)?;
        let mut key = [0_u8; 32];
        let salt = format!("sekisho enrolment v1 {}", self.name);
        let stretched = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
            self.secret.as_bytes(),
            salt.as_bytes(),
            &mut key,
        );
        stretched.map_err(|_| NotACode)?;
        Ok(key)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Code").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.secret.split_at(SECRET / 2);
        write!(formatter, "{}-{first}-{second}", self.name)
    }
}

impl FromStr for Code {
    type Err = NotACode;

    /// Reads a code as people type it: in small letters, with or without strokes.
    fn from_str(text: &str) -> Result<Self, NotACode> {
        let letters: String =
            text.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_uppercase()).collect();
        let is_code = letters.len() == NAME + SECRET && letters.bytes().all(|c| ALPHABET.contains(&c));
        let (name, secret) = letters.split_at_checked(NAME).filter(|_| is_code).ok_or(NotACode)?;
        Ok(Self { name: name.to_owned(), secret: secret.to_owned() })
    }
}

/// Gives what is kept of a code at the collector, in hexadecimal digits.
pub fn secret_of(code: &Code) -> Result<String, NotACode> {
    Ok(crate::hex(&code.stretch()?))
}

/// Proves knowledge of a stretched secret, over what is said.
#[must_use]
pub fn prove(secret: &[u8], side: Side, proven: Proven<'_>) -> String {
    crate::hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &said(side, proven)).as_ref())
}

/// Says whether a proof is right, in a time that tells nothing of where it is wrong.
#[must_use]
pub fn agree(secret: &[u8], side: Side, proven: Proven<'_>, proof: &str) -> bool {
    let Some(proof) = crate::unhex(proof) else { return false };
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), &said(side, proven), &proof).is_ok()
}

/// Puts together what a proof is over: each part with its length, so that none runs into the next.
fn said(side: Side, proven: Proven<'_>) -> Vec<u8> {
    let side: &[u8] = match side {
        Side::Agent => b"sekisho enrolment v1 agent",
        Side::Collector => b"sekisho enrolment v1 collector",
    };
    let mut out = Vec::new();
    let texts = proven.texts.iter().map(|text| text.as_bytes());
    for part in [side, proven.exporter, proven.certificate].into_iter().chain(texts) {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = Code::fresh().unwrap();
        let shown = code.to_string();
        assert_eq!(shown.len(), 16, "{shown}");
        for typed in [shown.clone(), shown.to_lowercase(), shown.replace('-', ""), shown.replace('-', " ")] {
            assert_eq!(typed.parse::<Code>().unwrap(), code, "{typed}");
        }
        assert!(!format!("{code:?}").contains(&code.secret));
        for wrong in ["", "AB2C-DEF34-GHJ5", "AB2C-DEF34-GHJ5O", "ああああああああああああああ"]
        {
            assert_eq!(wrong.parse::<Code>(), Err(NotACode), "{wrong}");
        }
    }

    #[test]
    fn a_proof_holds_for_what_it_is_over_and_nothing_else() {
        let proven = Proven { exporter: b"one connection", certificate: b"met", texts: &["a", "bc"] };
        let proof = prove(b"secret", Side::Agent, proven);
        assert!(agree(b"secret", Side::Agent, proven, &proof));
        assert!(!agree(b"other", Side::Agent, proven, &proof), "another code");
        assert!(!agree(b"secret", Side::Collector, proven, &proof), "sent back by an impostor");
        for other in [
            Proven { exporter: b"another connection", ..proven },
            Proven { certificate: b"another", ..proven },
            Proven { texts: &["ab", "c"], ..proven },
        ] {
            assert!(!agree(b"secret", Side::Agent, other, &proof), "{other:?}");
        }
        assert!(!agree(b"secret", Side::Agent, proven, "no proof"));
    }
}
