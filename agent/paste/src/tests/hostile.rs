//! Secrets, junk and floods.

use std::fmt::Write as _;

use super::samples;
use crate::{MAX_DEVICES, read};

/// What the samples hold that must be nowhere afterwards.
const SECRETS: &[&str] = &["himitsu", "naisho", "user@example", "sasaki", "090-0000"];

#[test]
fn no_secret_and_no_person_is_in_what_was_read() {
    for text in samples::ALL {
        let shown = format!("{:?}", read(text));
        for secret in SECRETS {
            assert!(!shown.contains(secret), "{secret}");
        }
    }
    assert_eq!(read(samples::YAMAHA)[0].secrets, 5);
}

#[test]
fn whatever_makers_call_a_secret_is_dropped() {
    let lines = [
        "enable secret 5 $1$abcd$HIMITSU",
        "username admin privilege 15 password 7 HIMITSU",
        "snmp-server community HIMITSU RO",
        "snmp-server user u g v3 auth sha HIMITSU priv aes 128 HIMITSU",
        "crypto isakmp key HIMITSU address 203.0.113.9",
        " pre-shared-key local HIMITSU",
        " key-string HIMITSU",
        "tacacs-server key HIMITSU",
        "    set psksecret ENC HIMITSU",
        "    set passwd ENC HIMITSU",
        "    set private-key \"-----BEGIN ENCRYPTED PRIVATE KEY-----",
        "HIMITSU",
        "-----END ENCRYPTED PRIVATE KEY-----\"",
        "login user suzuki HIMITSU",
        " pp auth username suzuki HIMITSU",
        " ipsec ike pre-shared-key 1 text HIMITSU",
        "ike policy p peer 203.0.113.9 key HIMITSU prop",
        "wireless wpa-psk HIMITSU",
        "radius-server host 192.0.2.9 key 0 HIMITSU",
    ];
    let alone = format!("x#show running-config\n{}\nend\n", lines.join("\n"));
    assert_eq!(read(&alone)[0].secrets, lines.len());
    // Behind every maker's first words, under a command and under none.
    for sample in samples::ALL {
        let text = format!("{}\n{sample}\n{}\n", lines.join("\n"), lines.join("\n"));
        assert!(!format!("{:?}", read(&text)).contains("HIMITSU"));
    }
}

#[test]
fn cut_at_every_octet_it_is_read_as_far_as_it_goes() {
    for text in samples::ALL {
        for (end, _) in text.char_indices() {
            let read = read(&text[..end]);
            assert!(read.len() < 3);
        }
    }
}

#[test]
fn junk_and_floods_end_in_bounds() {
    let mut flood = String::from("sw#show mac address-table\n          Mac Address Table\n");
    for number in 0..100_000_u32 {
        let [_, a, b, c] = number.to_be_bytes();
        writeln!(flood, "10 0200.00{a:02x}.{b:02x}{c:02x} DYNAMIC Gi1/0/{}", number % 9_000).unwrap();
    }
    let pasted = &read(&flood)[0];
    assert!(pasted.facts.forwarding.len() <= 65_536 && pasted.facts.interfaces.len() <= 4_096);
    assert!(pasted.cut_off > 0);
    let mut devices = String::new();
    for number in 0..2 * MAX_DEVICES {
        writeln!(devices, "sw{number}#show arp\nx").unwrap();
    }
    assert!(read(&devices).len() <= MAX_DEVICES);
    for junk in
        ["", "\n", "#", ">show ", "a#show arp", "\u{0}\u{1b}[2J#show\u{7}", "病院#show arp\n病院 病院\n"]
    {
        assert!(read(junk).len() < 2);
    }
    let long = format!("sw#show arp\n{}\n", "x".repeat(3_000_000));
    assert!(format!("{:?}", read(&long)).len() < 10_000);
}

#[test]
fn what_drives_a_terminal_is_gone() {
    let text =
        "fw01 # get system status\nVersion: FortiGate-60F v7.0.1\u{1b}[31m\nHostname: fw\u{1b}]0;x\u{7}01\n";
    let shown = format!("{:?}", read(text));
    assert!(!shown.contains("\\u{1b}") && !shown.contains("\\u{7}"), "{shown}");
}
