use jiff::Timestamp;
use sekisho_api::{ByHour, Exit, Initiator, Inside, Outside};

use super::succession::{Sought, are_told_alike, holds, succeed};
use super::*;

fn connection(name: Option<&str>, ips: &[&str], exit: Option<&str>) -> Connection {
    Connection {
        number: None,
        service: "ipsec".to_owned(),
        transport: "udp".to_owned(),
        port: 4500,
        endpoints: Vec::new(),
        initiator: Initiator::Inside,
        inside: Inside { ip: "192.0.2.10".to_owned(), ..Inside::default() }.into(),
        outside: Outside {
            ip: ips[0].to_owned(),
            ips: ips.iter().map(ToString::to_string).collect(),
            name: name.map(str::to_owned),
            ..Outside::default()
        },
        exit: exit.map(|mac| Exit { mac: mac.to_owned(), ..Exit::default() }.into()),
        tunnel: true,
        category: None,
        status: "unregistered".to_owned(),
        registration: None,
        first_seen: Timestamp::UNIX_EPOCH,
        last_seen: Timestamp::UNIX_EPOCH,
        sessions: 1,
        bytes_out: 1,
        bytes_in: 1,
        hours: ByHour::default(),
        beacon: None,
        behaviour: None,
        maintenance: Vec::new(),
        exporters: Vec::new(),
        evidence: Vec::new(),
    }
}

const A: &str = "198.51.100.1";
const B: &str = "198.51.100.2";
const VPN: Option<&str> = Some("vpn.example.net");

#[test]
fn a_connection_continues_the_row_that_fits_best() {
    let one = Some("00:00:5e:00:53:01");
    let two = Some("00:00:5e:00:53:02");
    // (known, wanted, pairs, why)
    let cases = [
        (
            vec![connection(VPN, &[A], one)],
            vec![connection(VPN, &[B], one)],
            vec![Some(0)],
            "the name decides",
        ),
        (
            vec![connection(VPN, &[A], one)],
            vec![connection(Some("VPN.Example.net."), &[A], one)],
            vec![Some(0)],
            "names know no case",
        ),
        (
            vec![connection(VPN, &[A], one)],
            vec![connection(Some("x.example"), &[A], one)],
            vec![None],
            "other names",
        ),
        (vec![connection(None, &[A], one)], vec![connection(None, &[B], one)], vec![None], "other addresses"),
        (
            vec![connection(None, &[A, B], one)],
            vec![connection(VPN, &[B], one)],
            vec![Some(0)],
            "it gets a name",
        ),
        (
            vec![connection(VPN, &[A, B], one)],
            vec![connection(None, &[B], one)],
            vec![Some(0)],
            "its name is kept",
        ),
        (vec![connection(VPN, &[A], one)], vec![connection(VPN, &[A], two)], vec![Some(0)], "another exit"),
        (
            vec![connection(VPN, &[A], one)],
            vec![connection(VPN, &[A], two), connection(VPN, &[A], one)],
            vec![None, Some(0)],
            "a second exit beside the first",
        ),
        (
            vec![connection(VPN, &[A], one), connection(VPN, &[A], two)],
            vec![connection(VPN, &[A], two)],
            vec![Some(1)],
            "its own exit before another",
        ),
        (
            vec![connection(VPN, &[A], None)],
            vec![connection(VPN, &[A], one)],
            vec![Some(0)],
            "the exit is learnt",
        ),
        (
            vec![connection(VPN, &[A], one)],
            vec![connection(None, &[A], one), connection(VPN, &[A], one)],
            vec![None, Some(0)],
            "the name before the address",
        ),
        (vec![], vec![connection(VPN, &[A], one)], vec![None], "nothing known"),
    ];
    for (known, wanted, pairs, why) in cases {
        let known: Vec<_> = known.iter().collect();
        let wanted: Vec<_> = wanted.iter().collect();
        assert_eq!(pair(&known, &wanted), pairs, "{why}");
    }
}

#[test]
fn a_connection_of_a_new_life_holds_an_earlier_one_of_which_it_tells_all() {
    let one = Some("00:00:5e:00:53:01");
    let two = Some("00:00:5e:00:53:02");
    // (earlier, connection, holds, why)
    let cases = [
        (connection(VPN, &[A], one), connection(VPN, &[B], one), true, "the name decides"),
        (connection(VPN, &[A], one), connection(Some("x.example"), &[A], one), false, "other names"),
        (connection(None, &[A], one), connection(VPN, &[A, B], one), true, "it got a name"),
        (connection(None, &[A], one), connection(VPN, &[B], one), false, "a name elsewhere"),
        (connection(VPN, &[A], one), connection(None, &[A], one), false, "its name is not seen"),
        (connection(None, &[A], one), connection(None, &[A], one), true, "no name on either side"),
        (connection(None, &[A], one), connection(None, &[B], one), false, "other addresses"),
        (connection(VPN, &[A], None), connection(VPN, &[A], one), true, "the exit is learnt"),
        (connection(VPN, &[A], one), connection(VPN, &[A], None), false, "its exit is not seen"),
        (connection(VPN, &[A], one), connection(VPN, &[A], two), false, "another exit"),
    ];
    for (earlier, connection, is_held, why) in cases {
        assert_eq!(holds(&connection, &earlier), is_held, "{why}");
        let pairs = succeed(&[&earlier], &[&connection], |_, _| true);
        assert_eq!(pairs, [is_held.then_some(0)], "{why}");
        assert_eq!(succeed(&[&earlier], &[&connection], |_, _| false), [None], "{why}, and may not");
        let mut sought = Sought::default();
        sought.add(&connection);
        assert!(sought.has(&earlier) || !is_held, "{why}: is kept to be paired");
        assert!(!are_told_alike(&earlier, &connection) || is_held, "{why}");
    }
}
