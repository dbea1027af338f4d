//! What a device is asked with. Nothing here shows a secret: what is printed of one is three dots.

use std::fmt;

use snmp2::v3::{Auth, AuthProtocol, Cipher, KeyExtension, Security};

/// A community or password.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes a secret; `None` where it is empty, which no device may be asked with.
    #[must_use]
    pub fn new(octets: &[u8]) -> Option<Self> {
        (!octets.is_empty()).then(|| Self(octets.to_vec()))
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("…")
    }
}

/// What a device is asked with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Credentials {
    /// SNMPv1.
    V1 {
        /// The community.
        community: Secret,
    },
    /// SNMPv2c.
    V2c {
        /// The community.
        community: Secret,
    },
    /// SNMPv3 with the user-based security model (RFC 3414).
    V3(User),
}

impl Credentials {
    /// What asks for the bridge of one VLAN, as Cisco's switches have it ("SNMP Community String Indexing", document
    /// 40367): a community with the VLAN behind it, a context of SNMPv3. `None` where there is a context already.
    pub(crate) fn of_vlan(&self, vlan: u32) -> Option<Self> {
        let indexed =
            |community: &Secret| Secret([community.octets(), format!("@{vlan}").as_bytes()].concat());
        match self {
            Self::V1 { community } => Some(Self::V1 { community: indexed(community) }),
            Self::V2c { community } => Some(Self::V2c { community: indexed(community) }),
            Self::V3(user) if user.context.is_empty() => {
                Some(Self::V3(User { context: format!("vlan-{vlan}"), ..user.clone() }))
            }
            Self::V3(_) => None,
        }
    }
}

/// A user of SNMPv3.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    /// The name.
    pub name: String,
    /// How messages are authenticated; `None` where they are not.
    pub auth: Option<(Digest, Secret)>,
    /// How messages are encrypted; needs `auth`.
    pub privacy: Option<(Encryption, Secret)>,
    /// The context, empty for the default one.
    pub context: String,
}

macro_rules! choices {
    ($(#[doc = $doc:literal])+ $name:ident { $($variant:ident $slug:literal $library:path,)+ } -> $to:ty) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum $name {
            $(
                #[doc = concat!("Written `", $slug, "`.")]
                $variant,
            )+
        }

        impl $name {
            /// Every choice.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Names the choice as configurations do.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            const fn library(self) -> $to {
                match self { $(Self::$variant => $library,)+ }
            }
        }
    };
}

choices! {
    /// How messages are authenticated (RFC 3414, RFC 7860).
    Digest {
        Md5 "md5" AuthProtocol::Md5,
        Sha1 "sha1" AuthProtocol::Sha1,
        Sha224 "sha224" AuthProtocol::Sha224,
        Sha256 "sha256" AuthProtocol::Sha256,
        Sha384 "sha384" AuthProtocol::Sha384,
        Sha512 "sha512" AuthProtocol::Sha512,
    } -> AuthProtocol
}

choices! {
    /// How messages are encrypted (RFC 3414, RFC 3826). No RFC says how the longer keys are made of a short one: most
    /// equipment does as Cisco does (Reeder's draft), Net-SNMP and some as in Blumenthal's draft.
    Encryption {
        Des "des" Cipher::Des,
        Aes128 "aes128" Cipher::Aes128,
        Aes192 "aes192" Cipher::Aes192,
        Aes256 "aes256" Cipher::Aes256,
        Aes192Blumenthal "aes192-blumenthal" Cipher::Aes192,
        Aes256Blumenthal "aes256-blumenthal" Cipher::Aes256,
    } -> Cipher
}

impl User {
    /// Makes the library's form, which holds no key before the device's engine is known.
    pub(crate) fn security(&self) -> Security {
        let password = self.auth.as_ref().map_or(&[][..], |(_, password)| password.octets());
        let mut security = Security::new(self.name.as_bytes(), password).with_context_name(&self.context);
        let auth = match (&self.auth, &self.privacy) {
            (None, _) => Auth::NoAuthNoPriv,
            (Some(_), None) => Auth::AuthNoPriv,
            (Some(_), Some((cipher, password))) => {
                Auth::AuthPriv { cipher: cipher.library(), privacy_password: password.octets().to_vec() }
            }
        };
        if let Some((digest, _)) = self.auth {
            security = security.with_auth_protocol(digest.library());
        }
        let cipher = self.privacy.as_ref().map(|(cipher, _)| *cipher);
        security.with_auth(auth).with_key_extension_method(extension(cipher))
    }
}

/// How a key is lengthened.
const fn extension(cipher: Option<Encryption>) -> KeyExtension {
    match cipher {
        Some(Encryption::Aes192Blumenthal | Encryption::Aes256Blumenthal) => KeyExtension::Blumenthal,
        Some(Encryption::Des | Encryption::Aes128 | Encryption::Aes192 | Encryption::Aes256) | None => {
            KeyExtension::Reeder
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vlan_is_asked_for_by_community_and_by_context() {
        let secret = |text: &str| Secret::new(text.as_bytes()).unwrap();
        let of_vlan = |credentials: &Credentials| credentials.of_vlan(10);
        let v2c = Credentials::V2c { community: secret("read") };
        assert_eq!(of_vlan(&v2c), Some(Credentials::V2c { community: secret("read@10") }));
        let v3 = |context: &str| {
            let (name, context) = ("sekisho".to_owned(), context.to_owned());
            Credentials::V3(User { name, auth: None, privacy: None, context })
        };
        assert_eq!(of_vlan(&v3("")), Some(v3("vlan-10")));
        assert_eq!(of_vlan(&v3("site")), None, "it is in a context already");
    }

    #[test]
    fn no_secret_is_printed() {
        let secret = || Secret::new(b"hidden-word").unwrap();
        let user = User {
            name: "sekisho".to_owned(),
            auth: Some((Digest::Sha256, secret())),
            privacy: Some((Encryption::Aes128, secret())),
            context: String::new(),
        };
        for credentials in [
            Credentials::V1 { community: secret() },
            Credentials::V2c { community: secret() },
            Credentials::V3(user),
        ] {
            let printed = format!("{credentials:?} {credentials:#?}");
            assert!(printed.contains('…') && !printed.contains("hidden"), "{printed}");
            assert!(!printed.contains("104"), "no octets either: {printed}");
        }
        assert_eq!(Secret::new(b""), None);
    }
}
