//! `doctor` over a synthetic hospital's day, as its mirror port shows it and as misconfigured ones would.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use sekisho_tests::day;
use serde_json::Value;

use crate::agent;

/// A seed whose mirror port keeps its tags, and both directions of every link.
const SEED: u64 = 5;
const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// A record's time, and its frame.
type Record = ([u8; 8], Vec<u8>);

/// The day's frames, generated once.
fn records() -> &'static [Record] {
    static RECORDS: OnceLock<Vec<Record>> = OnceLock::new();
    RECORDS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        day::generate(SEED, 24, folder.path()).unwrap();
        let bytes = fs::read(folder.path().join("hospital.pcap")).unwrap();
        let mut rest = &bytes[FILE_HEADER..];
        let mut records = Vec::new();
        while let Some((header, after)) = rest.split_at_checked(RECORD_HEADER) {
            let len = u32::from_le_bytes(header[8..12].try_into().unwrap()) as usize;
            records.push((header[..8].try_into().unwrap(), after[..len].to_vec()));
            rest = &after[len..];
        }
        records
    })
}

/// Writes frames as a capture of at most `snaplen` octets each.
fn write(path: &Path, records: impl Iterator<Item = Record>, snaplen: usize) {
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    for (time, frame) in records {
        let kept = &frame[..frame.len().min(snaplen)];
        bytes.extend(time);
        bytes.extend(u32::try_from(kept.len()).unwrap().to_le_bytes());
        bytes.extend(u32::try_from(frame.len()).unwrap().to_le_bytes());
        bytes.extend(kept);
    }
    fs::write(path, bytes).unwrap();
}

/// The addresses of an IPv4 frame on a VLAN.
fn addresses(frame: &[u8]) -> Option<(&[u8], &[u8])> {
    (frame[12..18] == [0x81, 0x00, frame[14], frame[15], 0x08, 0x00])
        .then(|| (&frame[30..34], &frame[34..38]))
}

/// The hardware address that sends most: the core switch, which routes.
fn core() -> Vec<u8> {
    let mut senders: BTreeMap<&[u8], usize> = BTreeMap::new();
    for (_, frame) in records() {
        *senders.entry(&frame[6..12]).or_default() += 1;
    }
    senders.into_iter().max_by_key(|(_, frames)| *frames).unwrap().0.to_vec()
}

/// A frame as ERSPAN of type I carries it: Ethernet, IPv4, GRE, the frame.
fn erspan(frame: &[u8]) -> Vec<u8> {
    let total = u16::try_from(24 + frame.len()).unwrap().to_be_bytes();
    let mut wrapped = vec![0x00, 0x53, 0x00, 0, 0, 1, 0x00, 0x53, 0x00, 0, 0, 2, 0x08, 0x00];
    wrapped.extend([0x45, 0, total[0], total[1], 0, 0, 0, 0, 64, 47, 0, 0]);
    wrapped.extend([192, 0, 2, 1, 192, 0, 2, 2, 0, 0, 0x88, 0xbe]);
    wrapped.extend(frame);
    wrapped
}

/// How a mirror port shows a frame, if it does.
type Shows = fn(&[u8]) -> Option<Vec<u8>>;

#[test]
fn a_mirror_is_judged_by_what_it_shows() {
    let whole: Shows = |frame| Some(frame.to_vec());
    // (how, what it shows, octets kept, verdict, finding that must be there)
    let cases: [(&str, Shows, usize, &str, &str); 8] = [
        ("as it is", whole, usize::MAX, "good", "vlans-seen"),
        (
            "one direction of each pair",
            |frame| addresses(frame).is_none_or(|(src, dst)| src < dst).then(|| frame.to_vec()),
            usize::MAX,
            "bad",
            "one-direction",
        ),
        (
            "an ordinary port",
            |frame| (frame[0] & 1 == 1).then(|| frame.to_vec()),
            usize::MAX,
            "bad",
            "only-broadcast",
        ),
        (
            "tags stripped",
            |frame| {
                let tagged = frame[12..14] == [0x81, 0x00];
                Some(if tagged { [&frame[..12], &frame[16..]].concat() } else { frame.to_vec() })
            },
            usize::MAX,
            "good",
            "no-tags",
        ),
        (
            "each VLAN's incoming frames",
            |frame| {
                static CORE: OnceLock<Vec<u8>> = OnceLock::new();
                (frame[6..12] != CORE.get_or_init(core)[..]).then(|| frame.to_vec())
            },
            usize::MAX,
            "good",
            "split-vlans",
        ),
        ("headers", whole, 96, "doubtful", "snaplen-cut"),
        ("over ERSPAN", |frame| Some(erspan(frame)), usize::MAX, "good", "encapsulated"),
        ("nothing", |_| None, usize::MAX, "bad", "nothing-at-all"),
    ];
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("mirror.pcap");
    for (how, shows, snaplen, verdict, finding) in cases {
        let shown = records().iter().filter_map(|(time, frame)| Some((*time, shows(frame)?)));
        write(&file, shown, snaplen);
        let output = agent::run(["doctor", "--format", "json", file.to_str().unwrap()]);
        let check: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(check["verdict"], verdict, "{how}: {check:#}");
        let exit = i32::from(verdict == "bad");
        assert_eq!(output.status.code(), Some(exit), "{how}");
        let findings = check["findings"].as_array().unwrap();
        assert!(findings.iter().any(|found| found["key"] == finding), "{how}: {check:#}");
        let grave: Vec<&Value> =
            findings.iter().filter(|found| found["severity"] != "note" && found["key"] != finding).collect();
        assert!(grave.is_empty(), "{how}: {grave:#?}");
    }
}

#[test]
fn the_technician_reads_the_verdict_first_and_a_pipe_is_judged_like_a_file() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("port.pcap");
    let groups = records().iter().filter(|(_, frame)| frame[0] & 1 == 1).cloned();
    write(&file, groups, usize::MAX);
    let output = agent::run(["doctor", file.to_str().unwrap()]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("× 不良"), "{said}");
    for part in ["【重大】", "→", "monitor session 1", "フレーム"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains(['{', '}']), "{said}");
    let english = agent::piped(&["--lang", "en", "doctor", "-"], &fs::read(&file).unwrap());
    assert_eq!(english.status.code(), Some(1));
    let english = String::from_utf8(english.stdout).unwrap();
    assert!(english.starts_with("[NG] bad") && english.contains("[bad]"), "{english}");
}

#[test]
fn what_is_no_capture_is_wrong_usage_and_not_a_bad_mirror() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("notes.txt");
    fs::write(&file, "the switch is in room 3\n").unwrap();
    assert_eq!(agent::run(["doctor", file.to_str().unwrap()]).status.code(), Some(2));
}
