//! What of a filter was not understood, and where.

/// What of a filter was not understood, and where.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("at character {column}: {problem}")]
pub(crate) struct FilterError {
    /// Where, counted in characters from 1.
    pub(crate) column: usize,
    /// What.
    pub(crate) problem: Problem,
}

/// What of a filter was not understood.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Problem {
    /// The filter has no words.
    #[error("the filter is empty")]
    Empty,
    /// The text, or what it compiles to, is longer than the kernel takes.
    #[error("the filter is too long")]
    TooLong,
    /// A character that means nothing here; arithmetic such as `tcp[13]` is not supported.
    #[error("`{found}` means nothing here")]
    Character {
        /// The character.
        found: char,
    },
    /// A word stands where another kind of word is needed.
    #[error("`{found}` stands where {wanted} is needed")]
    Unexpected {
        /// The word.
        found: String,
        /// What is needed.
        wanted: Wanted,
    },
    /// The filter ends where something is needed.
    #[error("the filter ends where {wanted} is needed")]
    Ends {
        /// What is needed.
        wanted: Wanted,
    },
    /// A qualifier does not fit what it stands before, such as `arp port 80`.
    #[error("`{qualifier}` does not fit here")]
    DoesNotFit {
        /// The qualifier.
        qualifier: String,
    },
    /// The interface has no link header to ask about.
    #[error("the interface carries IP without Ethernet")]
    NoEthernet,
    /// Parentheses and `not` are nested deeper than anybody means.
    #[error("parentheses are nested too deep")]
    TooDeep,
}

/// What a filter needs at some place.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Wanted {
    /// Something to test.
    #[error("a condition")]
    Condition,
    /// `and`, `or` or the end.
    #[error("`and`, `or` or the end")]
    Connective,
    /// A closing parenthesis.
    #[error("`)`")]
    Close,
    /// An IP address; names are not looked up.
    #[error("an IP address")]
    Address,
    /// A range of addresses.
    #[error("a network such as 192.0.2.0/24")]
    Net,
    /// A MAC address.
    #[error("a MAC address")]
    Mac,
    /// A port's number.
    #[error("a port number")]
    Port,
    /// Two ports' numbers, the lower first.
    #[error("a range of ports such as 8000-8080")]
    Ports,
    /// A protocol's number or name.
    #[error("a protocol's number")]
    Protocol,
    /// A VLAN identifier.
    #[error("a VLAN number up to 4094")]
    Vlan,
    /// A length in bytes.
    #[error("a length in bytes")]
    Length,
}

impl Problem {
    /// Gives the problem's slug, by which its wording is looked up.
    #[must_use]
    pub(crate) const fn slug(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too-long",
            Self::Character { .. } => "character",
            Self::Unexpected { .. } => "unexpected",
            Self::Ends { .. } => "ends",
            Self::DoesNotFit { .. } => "does-not-fit",
            Self::NoEthernet => "no-ethernet",
            Self::TooDeep => "too-deep",
        }
    }
}

impl Wanted {
    /// Gives the slug by which its wording is looked up.
    #[must_use]
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::Condition => "condition",
            Self::Connective => "connective",
            Self::Close => "close",
            Self::Address => "address",
            Self::Net => "net",
            Self::Mac => "mac",
            Self::Port => "port",
            Self::Ports => "ports",
            Self::Protocol => "protocol",
            Self::Vlan => "vlan",
            Self::Length => "length",
        }
    }
}
