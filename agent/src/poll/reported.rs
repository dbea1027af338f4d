//! What the ledger takes of a device's outcome: who it is with the objects that say so, and its ways out.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jiff::Timestamp;
use sekisho_api::{Evidence, Text};
use sekisho_report::{Lang, fill, label, text};
use sekisho_rules::device::Gives;
use sekisho_snmp::facts::mac;

use super::device::{Known, Outcome};
use super::tunnels::{Line, Tunnel};
use crate::output;

/// Milliseconds of a TimeTick (RFC 2578 §7.1.8).
const TICK_MS: u64 = 10;
/// sysName.
const SYS_NAME: &str = "1.3.6.1.2.1.1.5.0";
/// What a device says of itself is as sure as it is of itself, unless somebody wrote it wrong.
const SURE: u8 = 95;
/// Hardware addresses kept of one device: a chassis has some hundred ports.
const MAX_MACS: usize = 512;
/// Addresses kept of one device: one for each VLAN that there can be.
const MAX_IPS: usize = 4_096;
/// Of each kind of thing, what is kept of a device where there is no room for more.
const FEW: usize = 8;
/// Octets that an address takes, in the set that it is kept in.
const ADDRESS_BYTES: usize = 64;
/// Octets that a tunnel or a line comes to: the row of its own that it becomes, with the sentences in it.
const ROW_BYTES: usize = 2_048;

/// What one device reported.
#[derive(Clone, Debug)]
pub(crate) struct Reported {
    pub(crate) address: SocketAddr,
    pub(crate) at: Timestamp,
    pub(crate) vendor: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) firmware: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) name: Option<String>,
    /// Its own addresses, that at which it was asked included.
    pub(crate) ips: BTreeSet<IpAddr>,
    /// Those of them at which others can see it: of interfaces that are up, and of more than their link.
    pub(crate) seen_at: BTreeSet<IpAddr>,
    /// The hardware addresses of its interfaces that are up, without those that several boxes share.
    pub(crate) macs: BTreeSet<String>,
    /// That of the interface which has the address at which it was asked.
    pub(crate) mac: Option<String>,
    /// Why all that is said.
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) tunnels: Vec<Tunnel>,
    /// Its lines, the one that says most first.
    pub(crate) lines: Vec<Line>,
}

impl Reported {
    /// Tells what it comes to, in octets, here and in the conclusion that it is joined to.
    pub(crate) fn weight(&self) -> usize {
        let addresses = self.ips.len() + self.seen_at.len() + self.macs.len();
        let rows = self.tunnels.len() + self.lines.len() + self.evidence.len();
        size_of::<Self>() + addresses * ADDRESS_BYTES + rows * ROW_BYTES
    }

    /// Leaves a few of each kind, for want of room for more.
    pub(crate) fn shorten(&mut self) {
        self.tunnels.truncate(FEW);
        self.lines.truncate(FEW);
        for ips in [&mut self.ips, &mut self.seen_at] {
            *ips = std::mem::take(ips).into_iter().take(FEW).chain([self.address.ip()]).collect();
        }
        self.macs = std::mem::take(&mut self.macs).into_iter().take(FEW).chain(self.mac.clone()).collect();
    }
}

/// Takes an outcome; `None` where the device told nothing.
pub(crate) fn reported(address: SocketAddr, at: Timestamp, outcome: Outcome) -> Option<Reported> {
    if !outcome.answers() {
        return None;
    }
    let evidence = evidence(&outcome, at);
    let Outcome { identity, facts, .. } = outcome;
    let mut lines = identity.lines;
    lines.sort_by_key(|line| rank(&line.kind));
    let value = |gives| identity.found.get(&gives).map(|(value, _)| value.clone());
    let own_interface = facts.addresses.iter().find(|own| own.address == address.ip());
    let interfaces = || facts.interfaces.iter();
    let own_mac = own_interface.and_then(|own| {
        interfaces().find(|interface| interface.index == own.if_index).and_then(|interface| interface.mac)
    });
    let is_host = |ip: &IpAddr| !ip.is_loopback() && !ip.is_unspecified();
    let ips = facts.addresses.iter().map(|own| own.address).filter(is_host).take(MAX_IPS);
    let up: BTreeSet<u32> = interfaces().filter(|own| own.is_up).map(|own| own.index).collect();
    let of_up = facts.addresses.iter().filter(|own| up.contains(&own.if_index)).map(|own| own.address);
    let seen_at = of_up.filter(|ip| is_host(ip) && !is_of_link(*ip)).take(MAX_IPS);
    let macs = interfaces().filter(|own| own.is_up).filter_map(|own| own.mac).filter(|mac| !is_shared(*mac));
    Some(Reported {
        address,
        at,
        model: value(Gives::Model),
        firmware: value(Gives::Firmware),
        serial: value(Gives::Serial),
        name: facts.system.name.clone(),
        ips: ips.chain([address.ip()]).collect(),
        seen_at: seen_at.chain([address.ip()]).collect(),
        macs: macs.map(mac).take(MAX_MACS).collect(),
        mac: own_mac.map(mac),
        vendor: identity.vendor,
        role: identity.role,
        evidence,
        tunnels: identity.tunnels,
        lines,
    })
}

/// Says how much a line's kind tells: that somebody can dial in or leave by it goes before how a line that
/// is there anyway is spoken on.
fn rank(line: &str) -> u8 {
    match line {
        "isdn" | "pstn" | "lte" => 0,
        "ppp" | "dsl" | "pon" => 2,
        _ => 1,
    }
}

/// Tells whether every link has such addresses, each its own.
const fn is_of_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// Tells whether routers that stand in for each other share a hardware address: VRRP (RFC 9568 §7.3), and
/// HSRP as Cisco numbers it.
const fn is_shared(mac: [u8; 6]) -> bool {
    matches!(
        mac,
        [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, _]
            | [0x00, 0x00, 0x0c, 0x07, 0xac, _]
            | [0x00, 0x00, 0x0c, 0x9f, 0xf0..=0xff, _]
    )
}

fn evidence(outcome: &Outcome, at: Timestamp) -> Vec<Evidence> {
    let Known { rule, say, found, tunnels, lines, .. } = &outcome.identity;
    let mut evidence = Vec::new();
    if let (Some((rule, _, confidence)), Some((en, ja))) = (rule, say) {
        let (en, ja) = (en.as_str().into(), ja.as_str().into());
        evidence.push(Evidence { rule: rule.as_str().into(), confidence: *confidence, en, ja });
    }
    for (gives, (_, oid)) in found {
        evidence.push(held(gives.slug(), oid));
    }
    if outcome.facts.system.name.is_some() {
        evidence.push(held("name", SYS_NAME));
    }
    // One of each: they are told by table and by line, not by number.
    if let Some(tunnel) = tunnels.iter().find(|tunnel| tunnel.peer.is_none()) {
        evidence.push(of_tunnel(tunnel, at));
    }
    evidence.extend(lines.first().map(of_line));
    evidence
}

/// Says which object held a value.
fn held(field: &str, oid: &str) -> Evidence {
    says(&format!("snmp/{field}"), |lang| {
        let field = text(lang, &format!("heading.{field}")).to_owned();
        fill(lang, "poll.evidence", &[("field", &field), ("oid", &oid)])
    })
}

/// Says that a device reports a tunnel, at a time.
pub(crate) fn of_tunnel(tunnel: &Tunnel, at: Timestamp) -> Evidence {
    says("snmp/tunnel", |lang| {
        let name = tunnel.name.as_ref().map_or_else(String::new, |name| format!("「{name}」"));
        let peer = tunnel.peer.map_or_else(String::new, |peer| peer.to_string());
        let since = since(tunnel, at).unwrap_or_default();
        let key = match (tunnel.peer, since.is_empty()) {
            (Some(_), _) => "poll.tunnel",
            (None, true) => "poll.tunnel-only",
            (None, false) => "poll.tunnel-since",
        };
        fill(lang, key, &[("name", &name), ("peer", &peer), ("since", &since), ("oid", &tunnel.oid)])
    })
}

/// The day from which on a tunnel has been up. A day, since the moment comes out otherwise each time that it is
/// reckoned.
fn since(tunnel: &Tunnel, at: Timestamp) -> Option<String> {
    let up = Duration::from_millis(tunnel.up_ticks?.checked_mul(TICK_MS)?);
    let since = at.checked_sub(up).ok()?;
    Some(since.to_zoned(output::zone()).strftime("%Y-%m-%d").to_string())
}

/// Says that a device reports a line.
pub(crate) fn of_line(line: &Line) -> Evidence {
    says("snmp/line", |lang| {
        let interface = line.interface.as_deref().unwrap_or_default();
        let named = label(lang, "line", &line.kind);
        let called = line.called.as_deref().unwrap_or_default();
        let key = match (line.is_waiting, called.is_empty()) {
            (true, _) => "poll.line-waits",
            (false, true) => "poll.line-up",
            (false, false) => "poll.line-called",
        };
        let values: [(&str, &dyn std::fmt::Display); 4] =
            [("line", &named), ("oid", &line.oid), ("interface", &interface), ("called", &called)];
        fill(lang, key, &values)
    })
}

fn says(rule: &str, words: impl Fn(Lang) -> String) -> Evidence {
    let text = |lang| Text::from(words(lang));
    Evidence { rule: rule.into(), confidence: SURE, en: text(Lang::En), ja: text(Lang::Ja) }
}
