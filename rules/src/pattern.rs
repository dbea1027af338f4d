//! One value of a condition, parsed for the way its field is compared.

use crate::address::{Cidr, MacPrefix};
use crate::domain::DomainPattern;
use crate::field::Kind;
use crate::number::Span;
use crate::text::TextPattern;
use crate::{Fault, Oid};

/// A parsed value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Pattern {
    Domain(DomainPattern),
    Text(TextPattern),
    Oid(Oid),
    OidSubtree(Oid),
    Network(Cidr),
    Number(Span),
    Mac(MacPrefix),
}

impl Pattern {
    pub(crate) fn parse(kind: Kind, text: &str) -> Result<Self, Fault> {
        Ok(match kind {
            Kind::Domain => Self::Domain(text.parse()?),
            Kind::Text => Self::Text(TextPattern::parse(text)?),
            Kind::Oid => Self::Oid(text.parse()?),
            Kind::OidSubtree => Self::OidSubtree(text.parse()?),
            Kind::Network => Self::Network(text.parse()?),
            Kind::Number => Self::Number(text.parse()?),
            Kind::Mac => Self::Mac(text.parse()?),
        })
    }

    /// Compares with a known value. One that cannot be read as the field's kind matches nothing.
    pub(crate) fn matches(&self, candidate: &str) -> bool {
        match self {
            Self::Domain(pattern) => pattern.contains(candidate),
            Self::Text(pattern) => pattern.matches(candidate),
            Self::Oid(own) => own.is(candidate, false),
            Self::OidSubtree(own) => own.is(candidate, true),
            Self::Network(cidr) => candidate.parse().is_ok_and(|address| cidr.contains(address)),
            Self::Number(span) => span.contains(candidate),
            Self::Mac(prefix) => prefix.contains(candidate),
        }
    }
}
