//! Domain patterns: compared label by label from the right (RFC 1034 §3.1, RFC 4343).
//!
//! `teamviewer.com` holds the domain and everything below it, and not `notteamviewer.com`. One `*` may stand
//! for part of a label: `relay-*.net.anydesk.com`.

use std::str::FromStr;

use crate::Fault;

/// A domain with everything below it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DomainPattern {
    /// In lower case, from the right.
    labels: Vec<Label>,
    /// The domain as it is written, in lower case, where no label is a glob.
    plain: Option<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Label {
    Whole(String),
    /// What stands before and after the `*`.
    Glob(String, String),
}

impl Label {
    fn parse(text: &str) -> Option<Self> {
        let known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let (head, tail) = text.split_once('*').unwrap_or((text, ""));
        if text.is_empty() || text == "*" || text.len() > 63 || !head.chars().chain(tail.chars()).all(known) {
            return None;
        }
        let (head, tail) = (head.to_ascii_lowercase(), tail.to_ascii_lowercase());
        Some(if text.contains('*') { Self::Glob(head, tail) } else { Self::Whole(head) })
    }

    fn matches(&self, candidate: &str) -> bool {
        match self {
            Self::Whole(label) => label.eq_ignore_ascii_case(candidate),
            Self::Glob(head, tail) => {
                let (head, tail, candidate) = (head.as_bytes(), tail.as_bytes(), candidate.as_bytes());
                candidate.len() >= head.len() + tail.len()
                    && candidate.get(..head.len()).is_some_and(|part| part.eq_ignore_ascii_case(head))
                    && candidate
                        .get(candidate.len() - tail.len()..)
                        .is_some_and(|part| part.eq_ignore_ascii_case(tail))
            }
        }
    }
}

impl FromStr for DomainPattern {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let labels: Option<Vec<_>> = text.rsplit('.').map(Label::parse).collect();
        match labels {
            // The rightmost label is what patterns are indexed by: it is never a glob.
            Some(labels) if matches!(labels.first(), Some(Label::Whole(_))) => {
                let plain = (!text.contains('*')).then(|| text.to_ascii_lowercase());
                Ok(Self { labels, plain })
            }
            _ => Err(Fault::Domain { value: text.to_owned() }),
        }
    }
}

impl DomainPattern {
    /// Tells whether `name` is the domain or below it. A final dot and a port are disregarded.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        let name = host(name);
        if let Some(plain) = &self.plain {
            // The usual case, and one comparison instead of one a label.
            let Some((before, end)) =
                name.len().checked_sub(plain.len()).and_then(|at| name.as_bytes().split_at_checked(at))
            else {
                return false;
            };
            return end.eq_ignore_ascii_case(plain.as_bytes())
                && before.last().is_none_or(|byte| *byte == b'.');
        }
        let mut labels = name.rsplit('.');
        self.labels.iter().all(|own| labels.next().is_some_and(|label| own.matches(label)))
    }

    /// The rightmost two labels, or the only one: what [`anchors`] of every name it holds contain.
    pub(crate) fn anchor(&self) -> String {
        match (self.labels.first(), self.labels.get(1)) {
            (Some(Label::Whole(top)), Some(Label::Whole(second))) => format!("{second}.{top}"),
            (Some(Label::Whole(top)), _) => top.clone(),
            (Some(Label::Glob(..)) | None, _) => String::new(),
        }
    }
}

/// The anchors under which patterns that may hold `name` are found: its last label and its last two.
pub(crate) fn anchors(name: &str) -> [String; 2] {
    let name = host(name).to_ascii_lowercase();
    let mut labels = name.rsplit('.');
    let top = labels.next().unwrap_or_default().to_owned();
    let second = labels.next().map(|second| format!("{second}.{top}")).unwrap_or_default();
    [top, second]
}

/// Strips the port of an HTTP `Host` and the final dot of an absolute name.
fn host(name: &str) -> &str {
    let name = match name.bytes().last().filter(u8::is_ascii_digit).and_then(|_| name.rsplit_once(':')) {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => name,
    };
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_holds_itself_and_what_is_below_it() {
        // (pattern, name, holds)
        let cases = [
            ("teamviewer.com", "teamviewer.com", true),
            ("teamviewer.com", "router15.TeamViewer.com", true),
            ("teamviewer.com", "teamviewer.com.", true),
            ("teamviewer.com", "teamviewer.com:443", true),
            ("teamviewer.com", "*.teamviewer.com", true), // a certificate's name
            ("teamviewer.com", "notteamviewer.com", false), // same text suffix, other label
            ("teamviewer.com", "teamviewer.com.example.net", false),
            ("teamviewer.com", "com", false), // the parent
            ("relay-*.net.anydesk.com", "relay-0a1b2c3d.net.anydesk.com", true),
            ("relay-*.net.anydesk.com", "relay.net.anydesk.com", false), // the hyphen is part of the label
            ("relay-*.net.anydesk.com", "a.relay-1.net.anydesk.com", true),
            ("rs-*.rustdesk.com", "api.rustdesk.com", false),
            ("*-relay.example.net", "jp-relay.example.net", true),
            ("rece", "www.example.rece", true), // a private top level
            ("rece", "www.example.trece", false),
        ];
        for (pattern, name, holds) in cases {
            assert_eq!(
                pattern.parse::<DomainPattern>().unwrap().contains(name),
                holds,
                "{name} in {pattern}"
            );
        }
    }

    #[test]
    fn what_is_not_a_domain_is_refused() {
        for text in [
            "",
            ".",
            "example..net",
            ".example.net",
            "*.example.net",
            "example.*",
            "exa mple.net",
            "a*b*.net",
        ] {
            assert!(text.parse::<DomainPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_finds_its_pattern_by_anchor() {
        for (pattern, name) in
            [("teamviewer.com", "a.TeamViewer.com."), ("rece", "a.b.rece"), ("rs-*.rece", "rs-1.rece")]
        {
            let pattern = pattern.parse::<DomainPattern>().unwrap();
            assert!(anchors(name).contains(&pattern.anchor()), "{name}");
        }
    }
}
