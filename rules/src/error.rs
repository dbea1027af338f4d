//! What is wrong with a rule, and what to do about it.

use std::path::PathBuf;

/// A rule that does not load.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read `{}`: check that it exists and may be read", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not TOML, or has a key that no rule has.
    #[error("rule `{id}` is not written as a rule is")]
    Form {
        /// The rule, by its path.
        id: String,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// The file is well written, and says something that cannot be.
    #[error("rule `{id}`: {fault}")]
    Fault {
        /// The rule, by its path.
        id: String,
        /// What cannot be.
        fault: Fault,
    },
}

/// What cannot be in a rule.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The id is not the path.
    #[error("its id is `{id}`; write its path under the folder, without `.toml`")]
    Id {
        /// The id as written.
        id: String,
    },
    /// There is nothing to match.
    #[error("it has no `[[match]]`, or one without a condition; say what must be seen")]
    NoMatch,
    /// A condition looks at nothing known.
    #[error("`{key}` is no field; the fields are listed in the documentation of `Field`")]
    Field {
        /// The key as written.
        key: String,
    },
    /// A condition has no value.
    #[error("`{key}` has no value; give a text or a list of texts")]
    Value {
        /// The key as written.
        key: String,
    },
    /// The confidence is no percentage.
    #[error("confidence {confidence} is not between 1 and 100 percent")]
    Confidence {
        /// The number as written.
        confidence: u8,
    },
    /// Nothing follows.
    #[error("`[assert]` is empty; say what follows from a match")]
    NoAssert,
    /// A sentence names a value that may not be known.
    #[error("`{{{placeholder}}}` in `[say]` is no key of every `[[match]]`; name one that is")]
    Placeholder {
        /// What stands between the braces.
        placeholder: String,
    },
    /// A sentence is missing, or has a brace without its other.
    #[error("`[say]` needs a sentence in `en` and in `ja`, with every brace closed")]
    Sentence,
    /// Nobody states the fact.
    #[error("it has no `[[source]]`; name who states the fact it rests on")]
    NoSource,
    /// It does not test itself both ways.
    #[error("it has no `{expect}` vector; every rule carries one of each kind")]
    NoVector {
        /// The kind that is missing.
        expect: &'static str,
    },
    /// A vector does not come out as it says.
    #[error("vector `{name}` expects `{expect}`, and that is not what comes out")]
    Vector {
        /// The vector.
        name: String,
        /// What it expects.
        expect: &'static str,
    },
    /// A value of a domain condition is no domain pattern.
    #[error(
        "`{value}` is no domain; write `vendor.example`, or `relay-*.vendor.example` for part of a label"
    )]
    Domain {
        /// The value as written.
        value: String,
    },
    /// A value of an address condition is no prefix.
    #[error("`{value}` is no address prefix; write `198.51.100.0/24` or `2001:db8::/32`")]
    Network {
        /// The value as written.
        value: String,
    },
    /// A value of a hardware address condition is no prefix.
    #[error("`{value}` is no start of a hardware address; write six to twelve hexadecimal digits")]
    Mac {
        /// The value as written.
        value: String,
    },
    /// A value of a number condition is no number.
    #[error("`{value}` is no number or range; write `443`, `5900-5910` or `16-`")]
    Number {
        /// The value as written.
        value: String,
    },
    /// A value of an identifier condition is no object identifier.
    #[error("`{value}` is no object identifier; write `1.3.6.1.4.1.9`")]
    Oid {
        /// The value as written.
        value: String,
    },
    /// A value of a text condition is empty, or has a `*` in the middle.
    #[error("`{value}` is no text pattern; `*` may stand at its start and its end")]
    Text {
        /// The value as written.
        value: String,
    },
}
