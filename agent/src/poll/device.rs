//! One device: what it is by our rules, and what it knows of itself and of what is around it.
//!
//! What matters most is read first: who it is, its tunnels and lines; then what is around it, the longest tables
//! last. A device that takes too long, or falls silent, keeps what it told until then.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_rules::device::{DeviceRules, Gives, Objects, Wanted, enterprise};
use sekisho_snmp::facts::Facts;
use sekisho_snmp::survey::{self, Scope};
use sekisho_snmp::{Client, Oid, Seat, State, Walker};

use super::tunnels::{self, Line, Tunnel};

/// Rows of a column in which a rule looks for its value: processes of a router, modules of a chassis.
const MAX_COLUMN_ROWS: usize = 512;

/// What asking a device came to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The device as it was named: its address, or the recording's file.
    pub(crate) target: String,
    /// How asking ended.
    pub(crate) state: State,
    /// What it is.
    pub(crate) identity: Known,
    /// Everything read.
    pub(crate) facts: Facts,
    /// Which of the credentials it answered to.
    pub(crate) knows: usize,
    /// Its place among the devices that are asked: kept for as long as what it said.
    pub(crate) seat: Seat,
}

/// What a device is, with the reasons.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// The rule with its revision and confidence.
    pub(crate) rule: Option<(String, u32, u8)>,
    /// The rule's sentences, English and Japanese.
    pub(crate) say: Option<(String, String)>,
    pub(crate) vendor: Option<String>,
    pub(crate) role: Option<String>,
    /// Each value with the object that held it.
    pub(crate) found: BTreeMap<Gives, (String, String)>,
    /// The maker's number, where no rule knows the device.
    pub(crate) unknown: Option<u32>,
    /// Its tunnels that are up.
    pub(crate) tunnels: Vec<Tunnel>,
    /// Its lines that are up.
    pub(crate) lines: Vec<Line>,
}

impl Outcome {
    /// An outcome of a device that told nothing.
    pub(crate) fn nothing(target: String, state: State) -> Self {
        let (identity, facts, seat) = (Known::default(), Facts::default(), Seat::default());
        Self { target, state, identity, facts, knows: 0, seat }
    }

    /// Tells how many octets it takes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let Known { tunnels, lines, found, .. } = &self.identity;
        let of_tunnel = |tunnel: &Tunnel| {
            size_of::<Tunnel>() + tunnel.oid.len() + tunnel.name.as_ref().map_or(0, String::len)
        };
        let of_line =
            |line: &Line| size_of::<Line>() + line.oid.len() + line.interface.as_ref().map_or(0, String::len);
        let found: usize = found.values().map(|(value, oid)| value.len() + oid.len()).sum();
        let ways: usize = tunnels.iter().map(of_tunnel).chain(lines.iter().map(of_line)).sum();
        self.facts.bytes() + ways + found
    }

    /// Tells whether the device answered.
    pub(crate) fn answers(&self) -> bool {
        self.facts.system.object_id.is_some() || self.facts.system.descr.is_some()
    }
}

/// Asks a device: one GET first, so that who does not answer is asked no more. Whoever drops this before its
/// end has what was read so far.
pub(crate) async fn ask<C: Client>(outcome: &mut Outcome, client: C, rules: &DeviceRules) {
    let mut walker = Walker::new(client, outcome.seat.clone());
    let probe: Result<Oid, _> = sekisho_rules::device::SYS_OBJECT_ID.parse();
    if let Ok(probe) = probe {
        walker.get(&[probe]).await;
    }
    if walker.is_lost() {
        // Nothing was answered yet: what looks interrupted never began.
        let state = walker.state();
        outcome.state = if state == State::Interrupted { walker.first_failure() } else { state };
        return;
    }
    let system = survey::system(&mut walker).await;
    if system.object_id.is_none() && system.descr.is_none() {
        outcome.state = if walker.is_lost() { walker.state() } else { State::Refused };
        return;
    }
    let scope = Scope::default();
    outcome.facts.system = system;
    survey::itself(&mut walker, &mut outcome.facts, scope).await;
    outcome.identity = identify(&mut walker, &outcome.facts, rules).await;
    survey::surroundings(&mut walker, &mut outcome.facts, scope).await;
    outcome.state = walker.state();
}

/// Reads what the rules want to see, in two steps, and has them say what the device is.
async fn identify<C: Client>(walker: &mut Walker<C>, facts: &Facts, rules: &DeviceRules) -> Known {
    let system = &facts.system;
    let mut objects = Objects::new(system.object_id.as_deref(), system.descr.as_deref());
    if let Some(whole) = survey::chassis(&facts.entities) {
        for (column, oid, text) in survey::entity_columns(whole) {
            objects.add(Wanted::Entity(column), &oid.to_string(), text);
        }
    }
    let probes = rules.probes(&objects);
    read(walker, &mut objects, probes).await;
    let wanted = rules.wanted(&objects);
    read(walker, &mut objects, wanted).await;
    let (tunnel_tables, line_tables) = (rules.tunnels(&objects), rules.line_tables(&objects));
    let entries =
        tunnel_tables.iter().map(|table| &table.entry).chain(line_tables.iter().map(|own| &own.entry));
    let entries: BTreeSet<Oid> = entries.filter_map(|entry| entry.parse().ok()).collect();
    walker.look_for(&entries.into_iter().collect::<Vec<_>>()).await;
    let mut tunnels = tunnels::read(walker, &tunnel_tables, &facts.interfaces).await;
    if tunnels.is_empty() {
        tunnels = tunnels::interfaces(walker, &facts.interfaces, system).await;
    }
    let mut lines = tunnels::read_lines(walker, &line_tables, &facts.interfaces).await;
    lines.extend(tunnels::lines(&facts.interfaces));
    let told = |(kind, oid)| Line { kind, interface: None, called: None, oid, is_waiting: false };
    lines.extend(rules.lines(&objects).into_iter().map(told));
    let identity = rules.identify(&objects);
    let unknown = identity.rule.is_none().then(|| system.object_id.as_deref().and_then(enterprise));
    Known {
        rule: identity.rule.map(|(id, revision, confidence)| (id.to_owned(), revision, confidence)),
        say: identity.say.map(|(en, ja)| (en.to_owned(), ja.to_owned())),
        vendor: identity.vendor,
        role: identity.role.map(str::to_owned),
        found: identity.found,
        unknown: unknown.flatten(),
        tunnels,
        lines,
    }
}

/// Reads objects and columns; what the system group or ENTITY-MIB gave is there already.
async fn read<C: Client>(
    walker: &mut Walker<C>,
    objects: &mut Objects,
    wanted: impl IntoIterator<Item = Wanted>,
) {
    let (mut single, mut columns) = (BTreeMap::new(), Vec::new());
    for wanted in wanted.into_iter().filter(|wanted| !objects.holds(wanted)) {
        match &wanted {
            Wanted::Object(text) => {
                if let Ok(oid) = text.parse::<Oid>() {
                    single.insert(oid, wanted);
                }
            }
            Wanted::Column(text) => {
                if let Ok(oid) = text.parse::<Oid>() {
                    columns.push((oid, wanted));
                }
            }
            Wanted::Entity(_) => {}
        }
    }
    let asked: Vec<Oid> = single.keys().cloned().collect();
    for (oid, value) in walker.get(&asked).await {
        if let (Some(wanted), Some(text)) = (single.get(&oid), value.text()) {
            objects.add(wanted.clone(), &oid.to_string(), &text);
        }
    }
    for (column, wanted) in columns {
        for (oid, value) in walker.column(&column, MAX_COLUMN_ROWS).await {
            if let Some(text) = value.text() {
                objects.add(wanted.clone(), &oid.to_string(), &text);
            }
        }
    }
}
