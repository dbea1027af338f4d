//! `import-text`: pasted `show` output into the ledger, for sites where SNMP is off.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use encoding_rs::SHIFT_JIS;
use jiff::Timestamp;
use sekisho_api::{Analysis, Device, Evidence};
use sekisho_ledger::{Ledger, Query, Source};
use sekisho_paste::{MAX_TEXT_BYTES, Pasted, States, Told, read};
use sekisho_report::table::Polled;
use sekisho_report::{Lang, fill, table, text};
use sekisho_topology::{Identity, snapshot};

use crate::capture::STANDARD_INPUT;
use crate::cli::ImportText;
use crate::output;

/// What is written by the device itself leaves little doubt; a person may have pasted it into another's file.
const CONFIDENCE: u8 = 95;

/// What one file holds.
struct Paste {
    name: String,
    hash: String,
    devices: Vec<Pasted>,
}

pub(crate) fn run(args: &ImportText, lang: Lang) -> anyhow::Result<()> {
    let pastes = args.files.iter().map(|path| paste(path)).collect::<anyhow::Result<Vec<_>>>()?;
    show(&pastes, lang)?;
    for paste in pastes.iter().filter(|paste| paste.devices.is_empty()) {
        output::tell(&fill(lang, "paste.nothing", &[("file", &paste.name)]), lang);
    }
    if args.dry_run {
        return Ok(());
    }
    let (Some(db), Some(site)) = (&args.db, &args.site) else { return Ok(()) };
    if pastes.iter().all(|paste| paste.devices.is_empty()) {
        bail!("{}", text(lang, "paste.no-file"));
    }
    let mut ledger = Ledger::open(db)?;
    let now = Timestamp::now();
    for paste in &pastes {
        record(&mut ledger, site, paste, now)?;
    }
    let count: usize = pastes.iter().map(|paste| paste.devices.len()).sum();
    Ok(writeln!(io::stdout(), "{}", fill(lang, "paste.recorded", &[("devices", &count)]))?)
}

/// Reads a file.
fn paste(path: &Path) -> anyhow::Result<Paste> {
    let cannot = || format!("cannot open {}", path.display());
    let mut bytes = Vec::new();
    let most = MAX_TEXT_BYTES as u64;
    if path.as_os_str() == STANDARD_INPUT {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        File::open(path).with_context(cannot)?.take(most).read_to_end(&mut bytes).with_context(cannot)?;
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
    let hash = digest.as_ref().iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat();
    Ok(Paste { name: path.display().to_string(), hash, devices: read(&decoded(&bytes)) })
}

/// UTF-8, else Shift_JIS: what terminal programs in Japan write, and Yamaha's console speaks by default.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    // A file that was cut off ends within a character, and is UTF-8 all the same.
    let is_utf8 = str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    if is_utf8 { String::from_utf8_lossy(bytes) } else { SHIFT_JIS.decode_without_bom_handling(bytes).0 }
}

fn show(pastes: &[Paste], lang: Lang) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let rows: Vec<Polled> =
        pastes.iter().flat_map(|paste| paste.devices.iter().map(|own| row(paste, own))).collect();
    if !rows.is_empty() {
        write!(out, "{}", table::polled(&rows, lang, output::width()))?;
    }
    for paste in pastes {
        let sum = |count: fn(&Pasted) -> usize| paste.devices.iter().map(count).sum::<usize>();
        let values: [(&str, &dyn std::fmt::Display); 6] = [
            ("file", &paste.name),
            ("learnt", &sum(|own| own.facts.forwarding.len())),
            ("resolved", &sum(|own| own.facts.neighbours.len())),
            ("links", &sum(|own| own.facts.links.len())),
            ("secrets", &sum(|own| own.secrets)),
            ("cut", &sum(|own| own.cut_off)),
        ];
        writeln!(out, "{}", fill(lang, "paste.summary", &values))?;
    }
    Ok(())
}

fn row(paste: &Paste, own: &Pasted) -> Polled {
    let value = |states| own.value(states).map(str::to_owned);
    Polled {
        target: own.facts.addresses.first().map_or_else(|| paste.name.clone(), |own| own.address.to_string()),
        state: "read",
        role: own.role.map(str::to_owned),
        name: value(States::Name),
        vendor: value(States::Vendor),
        model: value(States::Model),
        firmware: value(States::Firmware),
        serial: value(States::Serial),
    }
}

/// Records the devices of a file, and what they know of each other.
fn record(ledger: &mut Ledger, site: &str, paste: &Paste, now: Timestamp) -> anyhow::Result<()> {
    let known = ledger.devices(&Query { site: Some(site.trim().to_owned()), ..Query::default() })?;
    let known: Vec<Device> = known.into_iter().map(|row| row.row).collect();
    let devices = paste.devices.iter().map(|own| device(own, &known, now)).collect();
    let analysis = Analysis { devices, ..Analysis::default() };
    ledger.record(site, &analysis, &Source::of(&paste.name, &paste.hash), now)?;
    for own in &paste.devices {
        let identity = Identity {
            by: "text".to_owned(),
            role: own.role.map(str::to_owned),
            vendor: own.value(States::Vendor).map(str::to_owned),
            model: own.value(States::Model).map(str::to_owned),
            serial: own.value(States::Serial).map(str::to_owned),
        };
        let said = snapshot(&own.facts, identity, now);
        let called = own.value(States::Serial).or(own.value(States::Name)).unwrap_or(&paste.hash);
        ledger.keep_snapshot(site, &format!("text:{called}"), &said, now)?;
    }
    Ok(())
}

/// The device's row: under the address by which the ledger knows it already, where it does.
fn device(own: &Pasted, known: &[Device], now: Timestamp) -> Device {
    let macs: BTreeSet<String> = own.macs().iter().map(ToString::to_string).collect();
    let ips: BTreeSet<String> = own.facts.addresses.iter().map(|own| own.address.to_string()).collect();
    let by_mac = known.iter().find(|device| device.mac.as_ref().is_some_and(|mac| macs.contains(mac)));
    // An address may be another's where the text has the device's own hardware address.
    let by_ip =
        || known.iter().find(|device| macs.is_empty() && device.ips.iter().any(|ip| ips.contains(ip)));
    let row = by_mac.or_else(by_ip);
    let own_mac = own.macs().first().map(ToString::to_string);
    let value = |states| own.value(states).map(str::to_owned);
    Device {
        ips: if ips.is_empty() {
            row.map(|row| row.ips.clone()).unwrap_or_default()
        } else {
            ips.into_iter().collect()
        },
        mac: row.and_then(|row| row.mac.clone()).or(own_mac),
        vlan: row.and_then(|row| row.vlan),
        names: value(States::Name).into_iter().collect(),
        vendor: value(States::Vendor),
        model: value(States::Model),
        role: own.role.map(str::to_owned),
        firmware: value(States::Firmware),
        serial: value(States::Serial),
        first_seen: Some(now),
        last_seen: Some(now),
        evidence: own.told.iter().map(|told| evidence(own, told)).collect(),
        ..Device::default()
    }
}

fn evidence(own: &Pasted, told: &Told) -> Evidence {
    let said = |lang| {
        let what = text(lang, &format!("paste.{}", told.states.slug())).to_owned();
        let key = if told.command.is_empty() { "paste.evidence-prompt" } else { "paste.evidence" };
        let values: [(&str, &dyn std::fmt::Display); 4] =
            [("command", &told.command), ("line", &told.line), ("what", &what), ("value", &told.value)];
        fill(lang, key, &values).into()
    };
    Evidence {
        rule: format!("text/{}/{}", own.maker.unwrap_or("unknown"), told.states.slug()).into(),
        confidence: CONFIDENCE,
        en: said(Lang::En),
        ja: said(Lang::Ja),
    }
}

#[cfg(test)]
mod tests;
