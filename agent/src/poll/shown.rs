//! What a round came to, as JSON for programs and as a table for people.

use std::io::{self, Write};

use sekisho_report::table::Polled;
use sekisho_report::{Lang, fill, table, text};
use sekisho_rules::device::Gives;
use sekisho_snmp::Traffic;
use sekisho_snmp::facts::Facts;
use serde::Serialize;

use super::device::Outcome;
use super::targets::{LeftOut, Plan};
use super::tunnels::{Line, Tunnel};

/// Characters of a device's description in a line about an unknown one.
const MAX_DESCR_CHARS: usize = 120;

/// A round.
#[derive(Serialize)]
pub(crate) struct Shown<'o> {
    devices: Vec<DeviceShown<'o>>,
    left_out: &'o [LeftOut],
    traffic: TrafficShown,
}

#[derive(Serialize)]
struct TrafficShown {
    sent: u64,
    repeated: u64,
    answered: u64,
}

#[derive(Serialize)]
struct DeviceShown<'o> {
    target: &'o str,
    state: &'static str,
    vendor: Option<&'o str>,
    model: Option<&'o str>,
    firmware: Option<&'o str>,
    serial: Option<&'o str>,
    name: Option<&'o str>,
    role: Option<&'o str>,
    /// The maker's number, where no rule knows the device.
    unknown_enterprise: Option<u32>,
    /// Its tunnels that are up.
    tunnels: &'o [Tunnel],
    /// Its lines that are up.
    lines: &'o [Line],
    evidence: Vec<EvidenceShown<'o>>,
    facts: &'o Facts,
}

#[derive(Serialize)]
struct EvidenceShown<'o> {
    rule: &'o str,
    revision: u32,
    confidence: u8,
    /// What is stated: `vendor`, `model` …
    states: &'static str,
    /// The object that held it.
    oid: Option<&'o str>,
    en: String,
    ja: String,
}

/// Whom a round would ask.
#[derive(Serialize)]
pub(crate) struct PlanShown<'p> {
    would_ask: Vec<String>,
    left_out: &'p [LeftOut],
}

pub(crate) fn plan(plan: &Plan) -> PlanShown<'_> {
    PlanShown {
        would_ask: plan.ask.iter().map(|target| target.address.to_string()).collect(),
        left_out: &plan.left_out,
    }
}

pub(crate) fn round<'o>(outcomes: &'o [Outcome], left_out: &'o [LeftOut], traffic: &Traffic) -> Shown<'o> {
    let traffic =
        TrafficShown { sent: traffic.sent(), repeated: traffic.repeated(), answered: traffic.answered() };
    Shown { devices: outcomes.iter().map(device).collect(), left_out, traffic }
}

pub(crate) fn json(out: &mut impl Write, shown: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, shown)?;
    writeln!(out)
}

fn device(outcome: &Outcome) -> DeviceShown<'_> {
    let known = &outcome.identity;
    let value = |gives| known.found.get(&gives).map(|(value, _): &(String, String)| value.as_str());
    DeviceShown {
        target: &outcome.target,
        state: outcome.state.slug(),
        vendor: known.vendor.as_deref(),
        model: value(Gives::Model),
        firmware: value(Gives::Firmware),
        serial: value(Gives::Serial),
        name: outcome.facts.system.name.as_deref(),
        role: known.role.as_deref(),
        unknown_enterprise: known.unknown,
        tunnels: &known.tunnels,
        lines: &known.lines,
        evidence: evidence(outcome),
        facts: &outcome.facts,
    }
}

fn evidence(outcome: &Outcome) -> Vec<EvidenceShown<'_>> {
    let known = &outcome.identity;
    // What every maker's tables say rests on no rule of the maker.
    let (rule, revision, confidence) = known
        .rule
        .as_ref()
        .map_or(("device/general", 1, 50), |(id, revision, sure)| (id.as_str(), *revision, *sure));
    let whole = known.say.as_ref().map(|(en, ja)| EvidenceShown {
        rule,
        revision,
        confidence,
        states: Gives::Vendor.slug(),
        oid: Some(sekisho_rules::device::SYS_OBJECT_ID),
        en: en.clone(),
        ja: ja.clone(),
    });
    let values = known.found.iter().map(|(gives, (_, oid))| {
        let words = |lang| {
            let field = text(lang, &format!("heading.{}", gives.slug())).to_owned();
            fill(lang, "poll.evidence", &[("field", &field), ("oid", oid)])
        };
        EvidenceShown {
            rule,
            revision,
            confidence,
            states: gives.slug(),
            oid: Some(oid),
            en: words(Lang::En),
            ja: words(Lang::Ja),
        }
    });
    whole.into_iter().chain(values).collect()
}

pub(crate) fn would_ask(out: &mut impl Write, plan: &Plan, lang: Lang) -> io::Result<()> {
    writeln!(out, "{}", fill(lang, "poll.would-ask", &[("devices", &plan.ask.len())]))?;
    for target in &plan.ask {
        writeln!(out, "{}", target.address)?;
    }
    write!(out, "{}", left(&plan.left_out, lang))
}

pub(crate) fn table(
    outcomes: &[Outcome],
    left_out: &[LeftOut],
    traffic: &Traffic,
    lang: Lang,
    width: Option<u16>,
) -> String {
    let answering = outcomes.iter().filter(|outcome| outcome.answers()).count();
    let mut shown = fill(
        lang,
        "poll.summary",
        &[
            ("devices", &outcomes.len()),
            ("answering", &answering),
            ("sent", &traffic.sent()),
            ("repeated", &traffic.repeated()),
            ("answered", &traffic.answered()),
        ],
    );
    shown.push_str("\n\n");
    let devices: Vec<DeviceShown<'_>> = outcomes.iter().map(device).collect();
    let row = |device: &DeviceShown<'_>| Polled {
        target: device.target.to_owned(),
        state: device.state,
        role: device.role.map(str::to_owned),
        name: device.name.map(str::to_owned),
        vendor: device.vendor.map(str::to_owned),
        model: device.model.map(str::to_owned),
        firmware: device.firmware.map(str::to_owned),
        serial: device.serial.map(str::to_owned),
    };
    let rows: Vec<Polled> = devices.iter().map(row).collect();
    shown.push_str(&table::polled(&rows, lang, width));
    for outcome in outcomes {
        let Some(enterprise) = outcome.identity.unknown else { continue };
        let system = &outcome.facts.system;
        let descr = system.descr.as_deref().unwrap_or_default().replace('\n', " ");
        let descr: String = descr.chars().take(MAX_DESCR_CHARS).collect();
        let oid = system.object_id.clone().unwrap_or_default();
        let values: [(&str, &dyn std::fmt::Display); 4] =
            [("address", &outcome.target), ("oid", &oid), ("enterprise", &enterprise), ("descr", &descr)];
        shown.push_str(&fill(lang, "poll.unknown", &values));
        shown.push('\n');
    }
    shown + &left(left_out, lang)
}

fn left(left_out: &[LeftOut], lang: Lang) -> String {
    let line = |left: &LeftOut| {
        let why = text(lang, &format!("poll.{}", left.why)).to_owned();
        fill(lang, "poll.left-out", &[("address", &left.address), ("why", &why)]) + "\n"
    };
    left_out.iter().map(line).collect()
}
