//! What packaging gives: units that leave room, and an interface that sends nothing.

use std::fs;
use std::path::Path;

fn packaging(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn value<'t>(text: &'t str, key: &str) -> &'t str {
    let line = |line: &'t str| line.strip_prefix(key)?.strip_prefix('=');
    text.lines().find_map(line).unwrap_or_else(|| panic!("no {key}"))
}

#[test]
fn the_units_leave_time_to_read_a_ledger_and_have_the_user_that_is_made_for_them() {
    for (name, user) in [("sekisho-agent", "sekisho"), ("sekisho-collector", "sekisho-collector")] {
        let unit = packaging(&format!("packaging/{name}.service"));
        assert_eq!(value(&unit, "TimeoutStartSec"), "30min", "{name}");
        assert_eq!(value(&unit, "User"), user);
        assert_eq!(value(&unit, "StateDirectory"), user);
        let made = packaging(&format!("packaging/debian/{name}.sysusers"));
        assert!(made.lines().any(|line| line.starts_with(&format!("u {user} - "))), "{made}");
        let folder = packaging(&format!("packaging/debian/{name}.tmpfiles"));
        assert!(folder.contains(&format!("d /var/lib/{user} 0700 {user} {user}")), "{folder}");
    }
}

#[test]
fn a_reload_checks_the_configuration_as_a_start_does_and_only_then_sends_the_signal() {
    let unit = packaging("packaging/sekisho-agent.service");
    let checked = value(&unit, "ExecStartPre");
    let reloads: Vec<_> = unit.lines().filter_map(|line| line.strip_prefix("ExecReload=")).collect();
    assert_eq!(reloads, [checked, "/bin/kill -HUP $MAINPID"]);
}

#[test]
fn a_system_call_that_is_not_allowed_is_refused_and_kills_no_daemon() {
    for name in ["sekisho-agent", "sekisho-collector"] {
        let unit = packaging(&format!("packaging/{name}.service"));
        assert_eq!(value(&unit, "SystemCallErrorNumber"), "EPERM", "{name}");
        assert_eq!(value(&unit, "Type"), "notify", "{name}");
    }
}

#[test]
fn the_collector_may_open_more_than_its_connections() {
    let source = packaging("collector/src/run.rs");
    let bound = source.lines().find_map(|line| line.strip_prefix("const MAX_BOXES: usize = ")).unwrap();
    let boxes: u64 = bound.trim_end_matches(';').replace('_', "").parse().unwrap();
    let files: u64 = value(&packaging("packaging/sekisho-collector.service"), "LimitNOFILE").parse().unwrap();
    assert!(files >= boxes + 512, "{files} files for {boxes} boxes");
}

#[test]
fn the_interface_at_the_mirror_port_is_up_without_an_address_and_says_nothing() {
    let network = packaging("packaging/network/10-sekisho-mirror.network");
    assert_eq!(value(&network, "ActivationPolicy"), "always-up");
    for key in ["DHCP", "LinkLocalAddressing", "IPv6AcceptRA", "LLDP", "EmitLLDP", "MulticastDNS", "LLMNR"] {
        assert_eq!(value(&network, key), "no", "{key}");
    }
    let link = packaging("packaging/network/10-sekisho-mirror.link");
    for key in ["GenericReceiveOffload", "LargeReceiveOffload"] {
        assert_eq!(value(&link, key), "no", "{key}");
    }
}
