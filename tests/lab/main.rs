//! The lab: real VPNs, remote tools, medical programs and what runs plants and networks, between a hospital and
//! the world, at whose border the agent watches a mirror port. It must name each of them. Needs root, and the
//! packages that `tests/run` installs.
//!
//! A program is added by a folder under `programs` and its line below. All of them run once, at the same time, on
//! one network that no Internet is needed for; then each test looks for its own program in what the agent tells,
//! both of the capture and from its ledger. With `SEKISHO_LAB_KEEP` set, the capture and what the programs said
//! stay in a new folder of the temporary directory (`sekisho-lab…`), for whoever writes a recogniser: there a
//! program's addresses end in its place under `programs`, counted from 11.
//!
//! What cannot be had here, and why: SSTP, PPTP and what L2TP carries need PPP, which not every kernel has (L2TP's
//! control channel does not, and is here), and Debian has no SSTP server. ESP without UDP around it needs a kernel
//! with ESP. WireGuard in the kernel says the same as in user space.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../e2e/agent.rs"]
#[allow(dead_code, reason = "shared with the journeys, which need more of it")]
mod agent;
mod machine;
mod pki;
mod program;
mod sensor;
mod site;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Error;
use std::sync::LazyLock;
use std::{env, fs, thread};

use program::Program;
use sensor::Sensor;
use serde_json::Value;
use site::{Pair, Site};

/// A test a program, and the list of all.
macro_rules! programs {
    ($($test:ident: $name:literal,)+) => {
        const TESTED: &[&str] = &[$($name),+];
        $(#[test] fn $test() { is_named($name); })+
    };
}

programs! {
    anyconnect_is_named: "anyconnect",
    bgp_is_named: "bgp",
    coap_is_named: "coap",
    dicom_by_pynetdicom_from_outside_is_named: "dicom-python",
    dicom_by_dcmtk_is_named: "dicom-store",
    a_dns_tunnel_in_text_is_named: "dns2tcp",
    fastd_is_named: "fastd",
    ftp_is_named_with_its_data: "ftp",
    gtp_is_named: "gtp",
    hl7_is_named: "hl7",
    a_connection_in_http_is_named: "httptunnel",
    iec104_from_outside_is_named: "iec104",
    a_dns_tunnel_is_named: "iodine",
    a_tunnel_that_leaves_dns_is_named: "iodine-raw",
    ipmi_from_outside_is_named: "ipmi",
    ipsec_is_named: "ipsec",
    irc_is_named: "irc",
    l2tp_is_named: "l2tp",
    mosh_from_outside_is_named: "mosh",
    n2n_is_named: "n2n",
    nebula_is_named: "nebula",
    openvpn_over_tcp_is_named: "openvpn-tcp",
    openvpn_with_signed_control_packets_is_named: "openvpn-tls-auth",
    openvpn_with_encrypted_control_packets_is_named: "openvpn-tls-crypt",
    openvpn_over_udp_is_named: "openvpn-udp",
    an_icmp_tunnel_is_named: "ptunnel",
    a_browser_over_quic_is_named: "quic",
    rdp_from_outside_is_named: "rdp",
    a_conn_lent_to_the_outside_is_named: "reverse",
    s7comm_from_outside_is_named: "s7comm",
    softether_is_named: "softether",
    ssh_from_outside_is_named: "ssh-inbound",
    ssh_through_a_proxy_is_named: "ssh-proxy",
    a_reverse_ssh_tunnel_is_named: "ssh-reverse",
    tls_around_something_is_named: "stunnel",
    tinc_is_named: "tinc",
    vnc_from_outside_is_named: "vnc",
    wireguard_is_named: "wireguard",
    zabbix_from_outside_is_named: "zabbix",
}

#[test]
fn every_program_has_its_test() {
    let found: BTreeSet<String> = program::all().into_iter().map(|program| program.name).collect();
    assert_eq!(found, TESTED.iter().map(|name| (*name).to_owned()).collect());
}

/// What came of the programs' one run.
struct Run {
    programs: BTreeMap<String, Program>,
    journeys: BTreeMap<String, Result<(), String>>,
    /// The connections, as the agent tells them of the capture and as its daemon wrote them into the ledger.
    told: [(&'static str, Vec<Value>); 2],
}

/// The first test that asks makes it, and the others wait.
static RUN: LazyLock<Result<Run, String>> = LazyLock::new(|| run().map_err(|error| error.to_string()));

fn run() -> Result<Run, Error> {
    agent::program();
    let mut folder = tempfile::Builder::new().prefix("sekisho-lab").tempdir()?;
    folder.disable_cleanup(env::var_os("SEKISHO_LAB_KEEP").is_some());
    let [shared, watched] = ["shared", "watched"].map(|name| folder.path().join(name));
    for path in [&shared, &watched] {
        fs::create_dir(path)?;
    }
    pki::found(&shared.join("pki"))?;
    let site = Site::build(&shared)?;
    let sensor = Sensor::start(&site.sensor, &watched)?;
    let programs = program::all();
    let journeys = thread::scope(|scope| {
        let (site, shared) = (&site, shared.as_path());
        let begin = |program| scope.spawn(move || Program::journey(program, site, shared));
        let running: Vec<_> = programs.iter().map(begin).collect();
        let ends = running.into_iter().map(|thread| thread.join().unwrap().map_err(|why| why.to_string()));
        programs.iter().map(|program| program.name.clone()).zip(ends).collect()
    });
    let told = sensor.finish()?;
    let programs = programs.into_iter().map(|program| (program.name.clone(), program)).collect();
    Ok(Run { programs, journeys, told })
}

/// Expects that a program did its work and that the agent tells what it is, from where to where and through
/// which exit, in the capture and live; and calls nothing else between the two machines a tunnel.
fn is_named(name: &str) {
    let run = RUN.as_ref().unwrap_or_else(|why| panic!("there is no lab: {why}"));
    if let Err(why) = &run.journeys[name] {
        panic!("{name} did not do its work: {why}");
    }
    let Program { case, number, .. } = &run.programs[name];
    let [inside, outside] = Pair::addresses(*number);
    for (how, rows) in &run.told {
        let between = |row: &&Value| row["inside"]["ip"] == inside && row["outside"]["ip"] == outside;
        let rows: Vec<&Value> = rows.iter().filter(between).collect();
        let is_it = |row: &Value| {
            row["service"] == case.service
                && ends_at(row, &case.transport, case.port)
                && row["initiator"] == case.initiator.word()
                && row["exit"]["mac"] == case.exit.mac()
                && case.tunnel.is_none_or(|tunnel| row["tunnel"] == tunnel)
                && case.name.as_ref().is_none_or(|name| row["outside"]["name"] == **name)
        };
        assert!(rows.iter().any(|row| is_it(row)), "{name}, {how}: {case:?} is not among {}", brief(&rows));
        assert!(!case.alone || rows.len() == 1, "{name}, {how}: not alone among {}", brief(&rows));
        let may_be = |row: &Value| {
            row["tunnel"] != true
                || row["service"] == case.service
                || case.beside.iter().any(|slug| row["service"] == **slug)
        };
        assert!(
            rows.iter().all(|row| may_be(row)),
            "{name}, {how}: a tunnel too many among {}",
            brief(&rows)
        );
    }
}

/// Tells whether one of the row's ends that answer is this. Which comes first hangs on how much each carried.
fn ends_at(row: &Value, transport: &str, port: u16) -> bool {
    row["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .any(|end| end["transport"] == transport && end["port"] == port)
}

/// What a test is about, of each row.
fn brief(rows: &[&Value]) -> String {
    let line = |row: &&Value| {
        let [service, transport, port, initiator, tunnel] =
            ["service", "transport", "port", "initiator", "tunnel"].map(|key| row[key].to_string());
        format!(
            "\n    {service} {transport} {port} by {initiator}, tunnel {tunnel}, exit {}",
            row["exit"]["mac"]
        )
    };
    if rows.is_empty() { "no connections".to_owned() } else { rows.iter().map(line).collect() }
}
