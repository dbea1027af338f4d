//! What is wrong with a rule, and what to do about it.

use std::fmt;
use std::path::PathBuf;

use crate::device::DeviceRuleError;

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
    /// A file is larger than a rule can be.
    #[error("`{}` has more than {max} bytes: split it, or move it out of the folder", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bound.
        max: u64,
    },
    /// There are more files than a site can need.
    #[error("`{}` holds more than {max} rules: check that it is the right folder", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// The bound.
        max: usize,
    },
    /// The file is not TOML, or has a key that no rule has.
    #[error("{place}: rule `{id}` is not written as a rule is; correct this line")]
    Form {
        /// The file and the line.
        place: Place,
        /// The rule, by its path.
        id: String,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// The file is well written, and says something that cannot be.
    #[error("{place}: rule `{id}`: {fault}")]
    Fault {
        /// The file and the line.
        place: Place,
        /// The rule, by its path.
        id: String,
        /// What cannot be.
        fault: Fault,
    },
    /// A rule about what a device's SNMP objects tell is not sound.
    #[error("{}: {source}", path.display())]
    Device {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<DeviceRuleError>,
    },
    /// A rule about devices that comes with the program is not sound.
    #[error(transparent)]
    Devices(#[from] DeviceRuleError),
    /// What comes with the program is damaged.
    #[error("the rules that come with the program are damaged: install it again")]
    Embedded {
        /// Where and why.
        source: Box<serde_json::Error>,
    },
}

/// A line of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

impl Fault {
    /// Names the kind of fault, as catalogues of text do.
    #[must_use]
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Id { .. } => "id",
            Self::NoMatch => "no-match",
            Self::Field { .. } => "field",
            Self::Value { .. } => "value",
            Self::Confidence { .. } => "confidence",
            Self::NoAssert => "no-assert",
            Self::Asserts => "asserts",
            Self::Placeholder { .. } => "placeholder",
            Self::Sentence => "sentence",
            Self::NoSource => "no-source",
            Self::NoVector { .. } => "no-vector",
            Self::Vector { .. } => "vector",
            Self::Domain { .. } => "domain",
            Self::Network { .. } => "network",
            Self::Mac { .. } => "mac",
            Self::Number { .. } => "number",
            Self::Oid { .. } => "oid",
            Self::Text { .. } => "text",
        }
    }

    /// Gives what the fault quotes, and what a vector was to come out as.
    #[must_use]
    pub fn values(&self) -> [(&'static str, String); 2] {
        let expect = match self {
            Self::NoVector { expect } | Self::Vector { expect, .. } => *expect,
            _ => "",
        };
        let quoted = match self {
            Self::Id { id } => id.clone(),
            Self::Confidence { confidence } => confidence.to_string(),
            _ => self.quoted().unwrap_or_default().to_owned(),
        };
        [("value", quoted), ("expect", expect.to_owned())]
    }

    /// What stands in the file and is wrong.
    fn quoted(&self) -> Option<&str> {
        match self {
            Self::Field { key } | Self::Value { key } => Some(key),
            Self::Placeholder { placeholder } => Some(placeholder),
            Self::Vector { name, .. } => Some(name),
            Self::Domain { value }
            | Self::Network { value }
            | Self::Mac { value }
            | Self::Number { value }
            | Self::Oid { value }
            | Self::Text { value } => Some(value),
            Self::Id { .. }
            | Self::NoMatch
            | Self::NoAssert
            | Self::Asserts
            | Self::Sentence
            | Self::NoSource
            | Self::NoVector { .. }
            | Self::Confidence { .. } => None,
        }
    }

    /// Finds the line that the fault is about: the first with what the fault quotes.
    pub(crate) fn line(&self, text: &str) -> usize {
        let table = match self {
            Self::NoMatch => "[[match]]",
            Self::NoAssert | Self::Asserts => "[assert]",
            Self::Sentence => "[say]",
            Self::NoSource => "[[source]]",
            Self::NoVector { .. } => "[[vector]]",
            Self::Confidence { .. } => "confidence",
            _ => "id",
        };
        let first = self.quoted().unwrap_or(table);
        let second = match self {
            Self::Confidence { confidence } => confidence.to_string(),
            Self::Placeholder { .. } => "{".to_owned(),
            _ => String::new(),
        };
        let is_it = |line: &&str| line.contains(first) && line.contains(&second);
        text.lines().position(|line| is_it(&line)).map_or(1, |at| at + 1)
    }
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
    /// A question asserts something.
    #[error("it is a question and has `[assert]`; take that out, or make its subject a connection")]
    Asserts,
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
