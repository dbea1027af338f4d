//! What an address asks for: site, filters, text, place in the list; and the address that asks it again.

use form_urlencoded::Serializer;
use jiff::Timestamp;
use sekisho_ledger::{Place, Query};
use serde::Deserialize;

/// More is no search.
const MAX_CHARS: usize = 200;

/// No site's name.
const NOWHERE: &str = "";

/// The filters of a list. What is empty does not choose; what is too long finds nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) site: String,
    pub(crate) q: String,
    pub(crate) category: String,
    pub(crate) service: String,
    pub(crate) status: String,
    pub(crate) role: String,
    pub(crate) exit: String,
    /// Set by a ticked box, whatever to.
    pub(crate) tunnels: String,
    /// With the general Internet.
    pub(crate) all: String,
    pub(crate) after: String,
}

impl Asked {
    /// Gives the query, of all rows.
    pub(crate) fn query(&self) -> Query {
        let chosen = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let all = [&self.site, &self.q, &self.category, &self.service, &self.status, &self.role, &self.exit];
        let site = if all.into_iter().any(|text| text.chars().count() > MAX_CHARS) {
            // A filter that was dropped would show what was not asked for, another site's rows among it.
            Some(NOWHERE.to_owned())
        } else {
            chosen(&self.site)
        };
        Query {
            site,
            text: chosen(&self.q),
            category: chosen(&self.category),
            service: chosen(&self.service),
            status: chosen(&self.status),
            role: chosen(&self.role),
            exit: chosen(&self.exit),
            only_tunnels: !self.tunnels.is_empty(),
            // Who asks for the general Internet by name is shown it.
            only_surveyed: self.all.is_empty() && self.category != sekisho_api::GENERAL_INTERNET,
            after: self.after.parse::<Place>().ok(),
            now: Some(Timestamp::now()),
            ..Query::default()
        }
    }

    /// Gives an address with the same filters, from a place in the list on.
    pub(crate) fn address(&self, path: &str, after: Option<&Place>) -> String {
        let mut pairs = Serializer::new(String::new());
        let after = after.map(ToString::to_string).unwrap_or_default();
        let known = [
            ("site", &self.site),
            ("q", &self.q),
            ("category", &self.category),
            ("service", &self.service),
            ("status", &self.status),
            ("role", &self.role),
            ("exit", &self.exit),
            ("tunnels", &self.tunnels),
            ("all", &self.all),
            ("after", &after),
        ];
        for (name, value) in known.into_iter().filter(|(_, value)| !value.is_empty()) {
            pairs.append_pair(name, value);
        }
        let query = pairs.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_asks_again_for_what_it_was_asked_for_and_carries_nothing_else() {
        let asked = Asked { q: "a&b=\"<c>\" 病".to_owned(), tunnels: "1".to_owned(), ..Asked::default() };
        let address = asked.address("/connections.csv", None);
        assert_eq!(address, "/connections.csv?q=a%26b%3D%22%3Cc%3E%22+%E7%97%85&tunnels=1");
        let query = asked.query();
        assert_eq!((query.text.as_deref(), query.only_tunnels), (Some("a&b=\"<c>\" 病"), true));
        assert!(query.only_surveyed && query.after.is_none());
        let long = Asked { q: "病".repeat(MAX_CHARS + 1), after: "x".to_owned(), ..Asked::default() };
        assert_eq!(long.query().site.as_deref(), Some(NOWHERE), "a search that is too long finds nothing");
        let long = Asked { site: "病".repeat(MAX_CHARS + 1), ..Asked::default() };
        assert_eq!(long.query().site.as_deref(), Some(NOWHERE), "and so does a site");
    }
}
