//! Lines that may hold a password, a key or a community: dropped before anything else looks at them.
//!
//! A line too many is dropped rather than one too few: what is wanted of a configuration stands elsewhere.

/// Words after which a secret stands, at any maker; compared without case.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "pre-shared",
    "preshared",
    "psk",
    "key-string",
    "community",
    "myname",
    "auth username",
    "credential",
    "token",
    "private-key",
    "privatekey",
    "encrypted",
    "snmp-server user",
    "snmpv3",
    "wpa-",
    "md5 ",
    "authentication-key",
    "tacacs-server key",
    "radius-server key",
    "shared-key",
    "api-key",
    "set key",
    " key ",
    "login user",
    "administrator ",
    "パスワード",
];

/// Tells whether a line may hold a secret.
pub(crate) fn may_hold_one(line: &str) -> bool {
    let line = line.to_lowercase();
    WORDS.iter().any(|word| line.contains(word)) || line.contains(" enc ")
}

/// Tells whether a block of secret lines begins: a certificate or a key, until it ends.
pub(crate) fn begins_a_block(line: &str) -> bool {
    line.contains("-----BEGIN ") || line.trim_start().starts_with("certificate self-signed")
}

/// Tells whether such a block ends.
pub(crate) fn ends_a_block(line: &str) -> bool {
    line.contains("-----END ") || line.trim() == "quit"
}
