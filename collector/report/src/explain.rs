//! Why a connection stands in the list as it does: packets and facts, then reasons, then the rules behind
//! them, then the verdict; and what to ask next where there is none.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::tz::TimeZone;
use sekisho_api::{Connection, Device, Evidence, ExitRow};

use crate::clean::clean;
use crate::rule::RuleNote;
use crate::size;
use crate::text::{Lang, fill, label, text};
use crate::when::minute;

/// The most characters of one line: longer is not read on a screen.
const MAX_CHARS: usize = 600;
/// Outside addresses shown; a relay has hundreds, and the list has all.
const MAX_ADDRESSES: usize = 8;
/// Endpoints shown.
const MAX_ENDPOINTS: usize = 8;
/// Reasons shown of a device or an exit, the surest first.
const MAX_REASONS: usize = 12;

/// What there is to explain.
#[derive(Clone, Debug)]
pub struct Explanation<'a> {
    /// The connection.
    pub connection: &'a Connection,
    /// Its number in the list.
    pub number: i64,
    /// The device inside, where it is known.
    pub device: Option<&'a Device>,
    /// The gateway that carried it, where it is known.
    pub exit: Option<&'a ExitRow>,
    /// The rules behind the reasons, by id; recognition itself has none.
    pub rules: BTreeMap<String, RuleNote>,
    /// What to ask, in both languages, the most telling first: Japanese, English.
    pub questions: Vec<(String, String)>,
}

/// Writes the chain.
#[must_use]
pub fn explain(what: &Explanation<'_>, lang: Lang, zone: &TimeZone) -> String {
    let mut page = Page { out: String::new(), lang };
    let row = what.connection;
    page.line(0, &headline(what, lang));
    page.section("explain.observed");
    page.observed(row, zone);
    page.section("explain.reasons");
    for reason in &row.evidence {
        page.reason(reason, what);
    }
    page.of_subject("explain.device-reasons", what.device.map(|device| device.evidence.as_slice()), what);
    page.of_subject("explain.exit-reasons", what.exit.map(|exit| exit.evidence.as_slice()), what);
    page.section("explain.verdict");
    page.verdict(what);
    if row.category.is_none() {
        page.section("explain.ask");
        for (ja, en) in &what.questions {
            page.line(1, &format!("・{}", if lang == Lang::Ja { ja } else { en }));
        }
    }
    page.out
}

fn headline(what: &Explanation<'_>, lang: Lang) -> String {
    let row = what.connection;
    let role = row.inside.role.as_deref().map(|role| label(lang, "role", role).into_owned());
    let inside = words([role.as_deref(), row.inside.name.as_deref(), Some(&row.inside.ip)]);
    let outside =
        words([row.outside.org.as_deref(), row.outside.name.as_deref(), Some(row.outside.ip.as_str())]);
    let service = label(lang, "service", &row.service);
    let key = if row.initiator.slug() == "inside" { "explain.head-out" } else { "explain.head-in" };
    fill(
        lang,
        key,
        &[("number", &what.number), ("inside", &inside), ("outside", &outside), ("service", &service)],
    )
}

fn words<const N: usize>(parts: [Option<&str>; N]) -> String {
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The page while it is written. Names on it may be strangers': every line is made safe.
struct Page {
    out: String,
    lang: Lang,
}

impl Page {
    fn line(&mut self, indent: usize, line: &str) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.out, "{:width$}{}", "", clean(line, MAX_CHARS), width = indent * 2);
    }

    fn section(&mut self, key: &str) {
        self.out.push('\n');
        self.line(0, text(self.lang, key));
    }

    fn fact(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            let name = text(self.lang, key);
            self.line(1, &format!("{name}: {value}"));
        }
    }

    fn observed(&mut self, row: &Connection, zone: &TimeZone) {
        let lang = self.lang;
        let endpoints = row.endpoints.iter().take(MAX_ENDPOINTS);
        let endpoints: Vec<String> = endpoints.map(|end| format!("{}/{}", end.transport, end.port)).collect();
        let mut addresses =
            row.outside.ips.iter().take(MAX_ADDRESSES).cloned().collect::<Vec<_>>().join(", ");
        if row.outside.ips.len() > MAX_ADDRESSES {
            let _ = write!(addresses, " +{}", row.outside.ips.len() - MAX_ADDRESSES);
        }
        let vlan = row.inside.vlan.map(|vlan| format!("VLAN {vlan}"));
        let inside = words([
            Some(row.inside.ip.as_str()),
            row.inside.mac.as_deref(),
            row.inside.vendor.as_deref(),
            vlan.as_deref(),
        ]);
        let exit = row.exit.as_ref().map(|exit| {
            let line = exit.line.as_deref().map(|line| label(lang, "line", line).into_owned());
            words([
                exit.name.as_deref(),
                exit.vendor.as_deref(),
                Some(exit.mac.as_str()),
                exit.ip.as_deref(),
                line.as_deref(),
            ])
        });
        let span = format!("{} – {}", minute(row.first_seen, zone), minute(row.last_seen, zone));
        let volume = fill(
            lang,
            "explain.volume",
            &[
                ("sessions", &row.sessions),
                ("out", &size::human(row.bytes_out)),
                ("in", &size::human(row.bytes_in)),
            ],
        );
        self.fact("explain.span", &span);
        self.fact("explain.counted", &volume);
        self.fact("explain.endpoints", &endpoints.join(", "));
        self.fact("explain.opened", &label(lang, "initiator", row.initiator.slug()));
        self.fact("explain.inside", &inside);
        self.fact("explain.outside", &words([row.outside.name.as_deref(), Some(&addresses)]));
        self.fact("explain.exit", &exit.unwrap_or_default());
        self.fact("explain.exporters", &row.exporters.join(", "));
    }

    fn reason(&mut self, reason: &Evidence, what: &Explanation<'_>) {
        let lang = self.lang;
        let says = if lang == Lang::Ja { &*reason.ja } else { &*reason.en };
        self.line(1, &format!("{:>3} %  {says}", reason.confidence));
        let Some(rule) = what.rules.get(&*reason.rule) else {
            self.line(4, &fill(lang, "explain.recognised", &[("id", &reason.rule)]));
            return;
        };
        let asserted = rule.asserted(lang);
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("id", &rule.id), ("revision", &rule.revision), ("asserts", &asserted)];
        self.line(4, &fill(lang, "explain.rule", &values));
        for (states, url, read) in &rule.sources {
            self.line(4, &fill(lang, "explain.source", &[("states", states), ("url", url), ("read", read)]));
        }
    }

    fn of_subject(&mut self, key: &str, evidence: Option<&[Evidence]>, what: &Explanation<'_>) {
        let Some(evidence) = evidence.filter(|evidence| !evidence.is_empty()) else { return };
        self.section(key);
        for reason in evidence.iter().take(MAX_REASONS) {
            self.reason(reason, what);
        }
    }

    fn verdict(&mut self, what: &Explanation<'_>) {
        let (row, lang) = (what.connection, self.lang);
        let by_rule = |key: &str, value: &str| {
            let asserts =
                |rule: &RuleNote| rule.asserts.iter().any(|(own, says)| *own == key && says == value);
            row.evidence.iter().find(|reason| what.rules.get(&*reason.rule).is_some_and(asserts))
        };
        let recognised = || row.evidence.iter().find(|reason| !what.rules.contains_key(&*reason.rule));
        let service = by_rule("service", &row.service).or_else(recognised);
        self.concluded("explain.service", &label(lang, "service", &row.service), service);
        let carries =
            |reason: &&Evidence| what.rules.get(&*reason.rule).is_some_and(|rule| rule.tunnel == Some(true));
        let tunnel = row.evidence.iter().find(carries).or_else(recognised).filter(|_| row.tunnel);
        let truth = text(lang, if row.tunnel { "word.yes" } else { "word.no" });
        self.concluded("explain.tunnel", truth, tunnel);
        if let Some(org) = &row.outside.org {
            self.concluded("explain.org", org, by_rule("org", org));
        }
        match &row.category {
            Some(slug) => {
                self.concluded("explain.category", &label(lang, "category", slug), by_rule("category", slug));
            }
            None => self.fact("explain.category", text(lang, "explain.no-category")),
        }
    }

    fn concluded(&mut self, key: &str, value: &str, reason: Option<&Evidence>) {
        let Some(reason) = reason else { return self.fact(key, value) };
        let by = fill(
            self.lang,
            "explain.by",
            &[("value", &value), ("rule", &reason.rule), ("confidence", &reason.confidence)],
        );
        self.fact(key, &by);
    }
}

#[cfg(test)]
mod tests;
