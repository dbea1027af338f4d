//! What a device says of the ways out: its tunnels, and its lines that are up or wait to be dialled.
//!
//! Who dialled in is told by address, never by name: columns and indexes that name people are not kept.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use sekisho_rules::device::{LineTable, TunnelTable};
use sekisho_snmp::facts::{Interface, System};
use sekisho_snmp::{Client, Oid, Row, Value, Walker, address};
use serde::Serialize;

/// Tunnels kept of one device: a concentrator of a prefecture holds some hundred.
const MAX_TUNNELS: usize = 1_000;
/// Lines kept of one device: an exchange of a hospital has some hundred channels.
const MAX_LINES: usize = 1_000;
/// ifLastChange: when the interface came to be as it is, by sysUpTime.
const IF_LAST_CHANGE: &str = "1.3.6.1.2.1.2.2.1.9";
/// ifType.
const IF_TYPE: &str = "1.3.6.1.2.1.2.2.1.3";

/// A tunnel that a device lists as up.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Tunnel {
    /// The service's slug.
    pub(crate) service: String,
    /// The other end, where the device tells it.
    pub(crate) peer: Option<IpAddr>,
    /// The name that the tunnel was given.
    pub(crate) name: Option<String>,
    /// Whether the other end opened it.
    pub(crate) from_outside: bool,
    /// The column that tells of it.
    pub(crate) oid: String,
    /// How long its interface has been up, in hundredths of a second, where it is one.
    pub(crate) up_ticks: Option<u64>,
}

/// A line that a device says is up, or waits.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Line {
    /// The line's slug.
    pub(crate) kind: String,
    /// The interface, where it is one.
    pub(crate) interface: Option<String>,
    /// The number that is called on it.
    pub(crate) called: Option<String>,
    /// The object that tells of it.
    pub(crate) oid: String,
    /// Whether it is dialled when somebody wants to leave by it, and is not up now.
    pub(crate) is_waiting: bool,
}

/// Reads the tables in which a device lists its tunnels; each once, whoever refers to it.
pub(crate) async fn read<C: Client>(
    walker: &mut Walker<C>,
    tables: &[&TunnelTable],
    interfaces: &[Interface],
) -> Vec<Tunnel> {
    let down = |own: &&Interface| !own.is_up && !own.is_waiting;
    let down: BTreeSet<u32> = interfaces.iter().filter(down).map(|own| own.index).collect();
    let is_down = |index: &[u32]| index.first().is_some_and(|index| down.contains(index));
    let mut columns: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for table in tables {
        columns.entry(&table.entry).or_default().extend(table.columns());
    }
    let mut found = BTreeSet::new();
    for (entry, columns) in columns {
        let Ok(oid) = entry.parse::<Oid>() else { continue };
        let columns: Vec<u32> = columns.into_iter().collect();
        let rows = walker.table(&oid, &columns).await.rows;
        for table in tables.iter().filter(|table| table.entry == entry) {
            let rows = rows.iter().filter(|(index, _)| !(table.interface && is_down(index)));
            let tunnels = rows.filter_map(|(index, row)| tunnel(table, index, row));
            found.extend(tunnels.take(MAX_TUNNELS));
        }
    }
    found.into_iter().take(MAX_TUNNELS).collect()
}

/// Reads the tables in which a device lists lines, or the calls on them.
pub(crate) async fn read_lines<C: Client>(
    walker: &mut Walker<C>,
    tables: &[&LineTable],
    interfaces: &[Interface],
) -> Vec<Line> {
    let mut found = Vec::new();
    for table in tables {
        let Ok(oid) = table.entry.parse::<Oid>() else { continue };
        let columns: BTreeSet<u32> = table.columns().collect();
        let columns: Vec<u32> = columns.into_iter().collect();
        let rows = walker.table(&oid, &columns).await.rows;
        found.extend(rows.iter().filter_map(|(index, row)| of_row(table, &oid, (index, row), interfaces)));
    }
    // The same call may be in the standards' both tables.
    found.sort();
    found.dedup_by(|later, first| later.called.is_some() && later.called == first.called);
    found.truncate(MAX_LINES);
    found
}

fn of_row(
    table: &LineTable,
    entry: &Oid,
    (index, row): (&[u32], &Row),
    interfaces: &[Interface],
) -> Option<Line> {
    let name = table.name.and_then(|column| row.text(column));
    if !holds(row, &table.only) || !table.is_for(name.as_deref()) {
        return None;
    }
    let told_by = table.only.keys().next().copied()?;
    let interface = || interfaces.iter().find(|own| index.first() == Some(&own.index));
    Some(Line {
        kind: table.line.clone(),
        interface: name.or_else(|| interface().and_then(named)),
        called: table.called.and_then(|column| row.text(column)),
        oid: entry.child(&[told_by]).child(index).to_string(),
        is_waiting: false,
    })
}

/// Tells whether a row's columns hold what they must.
fn holds(row: &Row, only: &BTreeMap<u32, Vec<u64>>) -> bool {
    let is = |(column, numbers): (&u32, &Vec<u64>)| {
        row.number(*column).is_some_and(|number| numbers.contains(&number))
    };
    only.iter().all(is)
}

fn named(interface: &Interface) -> Option<String> {
    interface.name.clone().or_else(|| interface.descr.clone())
}

fn tunnel(table: &TunnelTable, index: &[u32], row: &Row) -> Option<Tunnel> {
    let is_any = |column| row.number(column).is_some_and(|number| number > 0);
    if !holds(row, &table.only) || !table.count.is_none_or(is_any) {
        return None;
    }
    let in_column = table.peer.and_then(|column| peer(row.value(column)?));
    let in_index = || table.peer_index.and_then(|at| indexed(index.get(at..)?));
    let peer = in_column.or_else(in_index);
    if peer.is_some_and(|peer| peer.is_loopback()) {
        return None;
    }
    let peer = peer.filter(|peer| !peer.is_unspecified()).map(|peer| peer.to_canonical());
    // A row that says of itself that it is up is a tunnel, whoever is at its other end.
    let is_said_to_be_up = !table.only.is_empty() || (table.peer.is_none() && table.peer_index.is_none());
    if peer.is_none() && !is_said_to_be_up {
        return None;
    }
    let told_by = table.peer.or(table.name).or(table.count).or(table.only.keys().next().copied())?;
    Some(Tunnel {
        service: table.service.clone(),
        peer,
        name: table.name.and_then(|column| row.text(column)),
        from_outside: table.from_outside,
        oid: format!("{}.{told_by}", table.entry),
        up_ticks: None,
    })
}

/// An address, as text or in octets. Text first: eight letters may also be read as octets.
fn peer(value: &Value) -> Option<IpAddr> {
    value.text().and_then(|text| text.parse().ok()).or_else(|| value.address())
}

/// An address in an index: its length, then its octets.
fn indexed(index: &[u32]) -> Option<IpAddr> {
    let (length, rest) = index.split_first()?;
    let octets: Option<Vec<u8>> =
        rest.get(..*length as usize)?.iter().map(|arc| u8::try_from(*arc).ok()).collect();
    address(&octets?)
}

/// Gives the tunnels that are interfaces which are up: where no table tells whom they lead to, as on Yamaha's
/// routers, that there is one, and since when, is still worth knowing.
pub(crate) async fn interfaces<C: Client>(
    walker: &mut Walker<C>,
    interfaces: &[Interface],
    system: &System,
) -> Vec<Tunnel> {
    let is_tunnel = |own: &&Interface| (own.is_up || own.is_waiting) && own.line() == Some("tunnel");
    let tunnels: Vec<&Interface> = interfaces.iter().filter(is_tunnel).take(MAX_TUNNELS).collect();
    let Ok(column) = IF_LAST_CHANGE.parse::<Oid>() else { return Vec::new() };
    let last_change = |own: &Interface| column.child(&[own.index]);
    let changed = walker.get(&tunnels.iter().copied().map(last_change).collect::<Vec<_>>()).await;
    let tunnel = |interface: &Interface| {
        let since = changed.get(&last_change(interface)).and_then(Value::number);
        Tunnel {
            service: "unknown".to_owned(),
            peer: None,
            name: named(interface),
            from_outside: false,
            oid: format!("{IF_TYPE}.{}", interface.index),
            up_ticks: system.up_ticks.zip(since).and_then(|(now, since)| now.checked_sub(since)),
        }
    };
    tunnels.into_iter().map(tunnel).collect()
}

/// Gives the lines that interfaces betray which are up or wait; a tunnel's interface is none.
pub(crate) fn lines(interfaces: &[Interface]) -> Vec<Line> {
    let line = |interface: &Interface| {
        let line = match interface.line()? {
            "tunnel" => return None,
            "dial-up" => "pstn",
            "frame-relay" | "leased-line" => "dedicated",
            line => line,
        };
        Some(Line {
            kind: line.to_owned(),
            interface: named(interface),
            called: None,
            oid: format!("{IF_TYPE}.{}", interface.index),
            is_waiting: interface.is_waiting,
        })
    };
    interfaces.iter().filter(|own| own.is_up || own.is_waiting).filter_map(line).take(MAX_LINES).collect()
}

#[cfg(test)]
mod tests {
    use sekisho_snmp::{Recording, Seat};

    use super::*;

    fn table() -> TunnelTable {
        TunnelTable {
            service: "ipsec".to_owned(),
            from_outside: false,
            entry: "1.3.6.1.4.1.32473.1.1".to_owned(),
            peer: Some(4),
            peer_index: None,
            name: Some(2),
            only: BTreeMap::from([(20, vec![2])]),
            count: None,
            interface: false,
        }
    }

    async fn tunnels(table: &TunnelTable, text: &str) -> Vec<(String, Option<String>)> {
        let mut walker = Walker::new(Recording::parse(text), Seat::default());
        let found = read(&mut walker, &[table], &[]).await;
        let shown = |tunnel: Tunnel| (tunnel.peer.map_or_else(String::new, |ip| ip.to_string()), tunnel.name);
        found.into_iter().map(shown).collect()
    }

    #[tokio::test]
    async fn tunnels_that_are_up_are_read_with_their_peers_in_any_form() {
        let text = "1.3.6.1.4.1.32473.1.1.2.1|4|to the vendor\n1.3.6.1.4.1.32473.1.1.4.1|4x|cb007109\n\
                    1.3.6.1.4.1.32473.1.1.20.1|2|2\n1.3.6.1.4.1.32473.1.1.4.2|4|203.0.113.7\n\
                    1.3.6.1.4.1.32473.1.1.20.2|2|2\n1.3.6.1.4.1.32473.1.1.4.3|64|203.0.113.8\n\
                    1.3.6.1.4.1.32473.1.1.20.3|2|1\n1.3.6.1.4.1.32473.1.1.4.4|64|0.0.0.0\n\
                    1.3.6.1.4.1.32473.1.1.20.4|2|2\n";
        let found = tunnels(&table(), text).await;
        let name = Some("to the vendor".to_owned());
        let unknown = (String::new(), None);
        let known = [("203.0.113.7".to_owned(), None), ("203.0.113.9".to_owned(), name)];
        assert_eq!(
            found,
            [vec![unknown], known.to_vec()].concat(),
            "0.0.0.0 is somebody whom the box does not tell"
        );
    }

    #[tokio::test]
    async fn a_peer_in_the_index_is_read_and_a_table_without_peers_still_tells_of_tunnels() {
        let indexed = TunnelTable { peer_index: Some(1), ..table() };
        let text = "1.3.6.1.4.1.32473.1.1.20.1.4.203.0.113.5.77|2|2\n1.3.6.1.4.1.32473.1.1.20.1.99.1|2|2\n";
        let peers = [(String::new(), None), ("203.0.113.5".to_owned(), None)];
        assert_eq!(tunnels(&indexed, text).await, peers);
        let without = TunnelTable { peer: None, ..table() };
        assert_eq!(tunnels(&without, text).await, [(String::new(), None)]);
    }

    #[tokio::test]
    async fn a_tunnel_whose_interface_is_down_is_none() {
        let by_interface = TunnelTable { interface: true, ..table() };
        let interface =
            |index, is_up, is_waiting| Interface { index, is_up, is_waiting, ..Interface::default() };
        let interfaces = [interface(1, true, false), interface(2, false, false), interface(3, false, true)];
        let row = |at: u32| {
            let base = "1.3.6.1.4.1.32473.1.1";
            format!("{base}.4.{at}|64|203.0.113.{at}\n{base}.20.{at}|2|2\n")
        };
        let mut walker =
            Walker::new(Recording::parse(&(1..=4).map(row).collect::<String>()), Seat::default());
        let found = read(&mut walker, &[&by_interface], &interfaces).await;
        let peers: Vec<String> = found.iter().filter_map(|own| Some(own.peer?.to_string())).collect();
        assert_eq!(peers, ["203.0.113.1", "203.0.113.3", "203.0.113.4"], "the fourth's is not known");
    }

    #[test]
    fn only_interfaces_that_are_up_or_wait_are_lines() {
        let interface =
            |index, kind, is_up| Interface { index, kind: Some(kind), is_up, ..Interface::default() };
        let interfaces = [
            interface(1, 6, true),
            interface(2, 63, true),
            interface(3, 243, false),
            interface(4, 131, true),
            Interface { is_waiting: true, ..interface(5, 23, false) },
        ];
        let found = lines(&interfaces);
        let shown: Vec<_> =
            found.iter().map(|line| (line.kind.as_str(), line.oid.as_str(), line.is_waiting)).collect();
        let column = "1.3.6.1.2.1.2.2.1.3";
        let expected = [("isdn", format!("{column}.2"), false), ("ppp", format!("{column}.5"), true)];
        assert_eq!(shown, expected.each_ref().map(|(kind, oid, waits)| (*kind, oid.as_str(), *waits)));
    }

    #[tokio::test]
    async fn a_tunnel_that_only_its_interface_tells_of_says_how_long_it_is_up() {
        let tunnel = |index| Interface { index, kind: Some(131), is_up: true, ..Interface::default() };
        let text = "1.3.6.1.2.1.2.2.1.9.4|67|2000\n1.3.6.1.2.1.2.2.1.9.5|67|9000\n";
        let mut walker = Walker::new(Recording::parse(text), Seat::default());
        let system = System { up_ticks: Some(8_000), ..System::default() };
        let found = super::interfaces(&mut walker, &[tunnel(4), tunnel(5), tunnel(6)], &system).await;
        let shown: Vec<_> = found.iter().map(|own| (own.oid.as_str(), own.up_ticks)).collect();
        let oid = |index: u32| format!("{IF_TYPE}.{index}");
        assert_eq!(
            shown,
            [(oid(4).as_str(), Some(6_000)), (oid(5).as_str(), None), (oid(6).as_str(), None)],
            "what changed after now did not"
        );
    }

    #[tokio::test]
    async fn where_only_their_number_is_told_some_are_one_and_none_is_none() {
        let counted =
            TunnelTable { peer: None, name: None, only: BTreeMap::new(), count: Some(3), ..table() };
        for (number, expected) in [(0, 0), (12, 1)] {
            let text = format!("1.3.6.1.4.1.32473.1.1.3.0|66|{number}\n");
            assert_eq!(tunnels(&counted, &text).await.len(), expected);
        }
    }

    #[tokio::test]
    async fn calls_of_machines_are_lines_and_calls_of_people_are_not() {
        let rules = sekisho_rules::device::DeviceRules::embedded().unwrap();
        let objects = sekisho_rules::device::Objects::default();
        let call = |channel: u32, state, kind, number: &str| {
            let base = "1.3.6.1.2.1.10.20.1.2.1.1";
            format!(
                "{base}.2.{channel}|2|{state}\n{base}.4.{channel}|4|{number}\n{base}.7.{channel}|2|{kind}\n"
            )
        };
        let text = [call(2, 4, 3, "0355500100"), call(3, 4, 2, "0355500199"), call(4, 1, 3, "0355500101")];
        let mut walker = Walker::new(Recording::parse(&text.concat()), Seat::default());
        let channel = Interface { index: 2, name: Some("BRI1:1".to_owned()), ..Interface::default() };
        let found = read_lines(&mut walker, &rules.line_tables(&objects), &[channel]).await;
        let shown: Vec<_> = found.iter().map(|line| (&*line.kind, &line.interface, &line.called)).collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(shown, [("isdn", &text("BRI1:1"), &text("0355500100"))]);
    }
}
