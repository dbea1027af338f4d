//! `[snmp]`: who is asked, with what, how often and how patiently.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use sekisho_enrich::Prefix;
use sekisho_report::{Lang, label};
use sekisho_snmp::Manner;
use sekisho_sync::setting::Setting;
use toml::Spanned;

use super::checker::Checker;
use super::schema::Snmp;
use crate::poll::secrets::{BadSecret, Kept};
use crate::poll::targets::{self, Allowed, BadTarget, MAX_FREE_BITS, PORT};

/// More devices than the largest hospital has are a list of something else.
const MAX_NAMED: usize = 4_096;
/// A round in an hour: firmware changes by the year, forwarding tables by the minute.
const DEFAULT_INTERVAL: Duration = Duration::from_hours(1);
/// More often, equipment would be asked without pause.
const MIN_INTERVAL: Duration = Duration::from_secs(10);
/// Less often, a changed firmware would be news a week late.
const MAX_INTERVAL: Duration = Duration::from_hours(7 * 24);
/// Less than the way there and back over a satellite.
const MIN_TIMEOUT: Duration = Duration::from_millis(100);
const MAX_TIMEOUT: Duration = Duration::from_mins(1);
/// Fast enough for a thousand devices in some seconds; the default spares old equipment.
const MAX_RATE: u32 = 1_000;
const DEFAULT_RATE: u32 = 20;
const DEFAULT_RETRIES: u32 = 2;
const MAX_RETRIES: u32 = 10;

/// Who is asked over SNMP, and how. No secret is in it: it says where they are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SnmpConfig {
    /// Who may be asked.
    pub(crate) allowed: Allowed,
    /// Where the credentials are.
    pub(crate) kept: Kept,
    /// How often everybody is asked.
    pub(crate) interval: Duration,
    /// How patiently and how fast.
    pub(crate) manner: Manner,
}

impl Checker<'_> {
    /// Takes the table; `None` where nobody is to be asked.
    pub(super) fn snmp(&mut self, table: &Spanned<Snmp>) -> Option<SnmpConfig> {
        let snmp = table.get_ref();
        let port = self.bounded(snmp.port.as_ref(), PORT, 1, u16::MAX);
        let allow = self.prefixes(&snmp.allow);
        let handed = self.handed_subnets(snmp.subnets.as_deref(), &allow);
        let mut allowed = Allowed {
            named: self.each(&snmp.targets, |text| targets::address(text, port)),
            subnets: match &snmp.subnets {
                Some(subnets) => self.each(subnets, targets::subnet),
                None => Vec::new(),
            },
            equipment: snmp.equipment.unwrap_or(false),
            excluded: self.prefixes(&snmp.excluded),
            port,
        };
        allowed.subnets.extend(handed);
        let rate = self.bounded(snmp.rate.as_ref(), DEFAULT_RATE, 1, MAX_RATE);
        let default = Manner::default();
        let timeout = (MIN_TIMEOUT, "100ms");
        let manner = Manner {
            patience: self.time(snmp.timeout.as_ref(), default.patience, timeout, (MAX_TIMEOUT, "1min")),
            retries: self.bounded(snmp.retries.as_ref(), DEFAULT_RETRIES, 0, MAX_RETRIES),
            gap: Duration::from_secs(1) / rate,
        };
        let (min, max) = ((MIN_INTERVAL, "10s"), (MAX_INTERVAL, "7d"));
        let interval = self.time(snmp.interval.as_ref(), DEFAULT_INTERVAL, min, max);
        let kept = self.kept(table);
        if allowed.is_nobody() {
            // Whom the collector may yet name is nobody's mistake.
            if !allow.is_empty() {
                return None;
            }
            let line = Some(self.line(table.span().start));
            self.doubts.push(super::Problem { line, name: "snmp-nobody", values: Vec::new() });
            return None;
        }
        for (written, address) in snmp.targets.iter().zip(&allowed.named) {
            if allowed.excluded.iter().any(|prefix| prefix.contains(address.ip().into())) {
                let line = Some(self.line(written.span().start));
                let values = vec![("value", written.get_ref().clone())];
                self.doubts.push(super::Problem { line, name: "snmp-both-ways", values });
            }
        }
        Some(SnmpConfig { allowed, kept: kept?, interval, manner })
    }

    /// Subnets that the collector handed down: all of them within what the file allows, or none.
    fn handed_subnets(&mut self, stated: Option<&[Spanned<String>]>, allow: &[Prefix]) -> Vec<(IpAddr, u32)> {
        const KEY: &str = "snmp.subnets";
        let Some(Setting::Subnets(subnets)) = self.handed(KEY, stated) else { return Vec::new() };
        for (address, free) in &subnets {
            let ends = targets::ends(*address, *free);
            if !allow.iter().any(|prefix| ends.iter().all(|end| prefix.contains((*end).into()))) {
                self.refuse_handed(KEY, &("handed-not-allowed", vec![("value", address.to_string())]));
                return Vec::new();
            }
        }
        subnets
    }

    /// Reads each text of a list.
    fn each<T>(
        &mut self,
        written: &[Spanned<String>],
        read: impl Fn(&str) -> Result<T, BadTarget>,
    ) -> Vec<T> {
        if let Some(beyond) = written.get(MAX_NAMED) {
            self.wrong(beyond, ("too-many", vec![("max", MAX_NAMED.to_string())]));
        }
        let mut found = Vec::new();
        for text in written.iter().take(MAX_NAMED) {
            match read(text.get_ref()) {
                Ok(one) => found.push(one),
                Err(BadTarget { name, value }) => {
                    let longest = (32 - MAX_FREE_BITS).to_string();
                    let longest_v6 = (128 - MAX_FREE_BITS).to_string();
                    let values = vec![("value", value), ("longest", longest), ("longest-v6", longest_v6)];
                    self.wrong(text, (name, values));
                }
            }
        }
        found
    }

    /// Where the credentials are; they are read once, to tell what is wrong with them before the daemon runs.
    fn kept(&mut self, table: &Spanned<Snmp>) -> Option<Kept> {
        let snmp = table.get_ref();
        let path = |written: &Option<Spanned<PathBuf>>| written.as_ref().map(|path| path.get_ref().clone());
        let v1 = snmp.v1.unwrap_or(false);
        let kept = Kept { user: path(&snmp.user_file), community: path(&snmp.community_file), v1 };
        let written = snmp.community_file.as_ref().or(snmp.user_file.as_ref());
        let Some(written) = written else {
            self.wrong(table, ("snmp-no-secret", Vec::new()));
            return None;
        };
        if v1 && snmp.community_file.is_none() {
            self.wrong(written, ("snmp-v1-user", Vec::new()));
        }
        let (seen, unseen) = kept.clone().seen();
        for path in unseen {
            self.doubt(written, "snmp-unseen", path);
        }
        if let Err(BadSecret::File { path, fault, detail }) = seen.read() {
            // Problems are worded later, in a language that is not known here: both are said.
            let words = [Lang::Ja, Lang::En].map(|lang| label(lang, "secret-fault", fault));
            let detail = detail.unwrap_or_else(|| words.join(" / "));
            self.wrong(written, ("bad-secret", vec![("path", path), ("detail", detail)]));
        }
        for path in kept.exposed() {
            self.doubt(written, "snmp-exposed", path);
        }
        Some(kept)
    }

    fn doubt(&mut self, written: &Spanned<PathBuf>, name: &'static str, path: String) {
        let line = Some(self.line(written.span().start));
        self.doubts.push(super::Problem { line, name, values: vec![("path", path)] });
    }
}
