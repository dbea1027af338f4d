//! Captures that go along with bundles: kept as they were, once, for their site and nobody else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::full::{apart, fill, small_disk};
use super::{Collector, NAME, Site};
use crate::agent;

/// A site that is never online, with a capture of a made-up day.
pub(super) fn site(collector: &Collector, site: Site, name: &str) -> (Site, PathBuf) {
    let invitation = site.path("invitation.json");
    collector.ok(&["site", "add", name, "--offline", "-o", invitation.to_str().unwrap()]);
    site.ok(&["enrol", "--invitation", invitation.to_str().unwrap()]);
    let capture = day(&site, 1, "morning.pcap");
    let ledger = site.path("ledger.db");
    let args = ["analyze", "--db", ledger.to_str().unwrap(), "--site", "here", "--format", "csv"];
    agent::text(args.into_iter().chain(["-o", "/dev/null", capture.to_str().unwrap()]));
    (site, capture)
}

fn day(site: &Site, seed: u64, name: &str) -> PathBuf {
    let (day, capture) = (site.path("day"), site.path(name));
    fs::create_dir(&day).unwrap();
    sekisho_tests::day::generate(seed, 1, &day).unwrap();
    fs::rename(day.join("hospital.pcap"), &capture).unwrap();
    fs::remove_dir_all(day).unwrap();
    capture
}

pub(super) fn bundle(site: &Site, captures: &[&Path]) -> PathBuf {
    let bundle = site.path("bundle");
    let mut args = vec!["bundle", "-o", bundle.to_str().unwrap()];
    for capture in captures {
        args.extend(["--capture", capture.to_str().unwrap()]);
    }
    site.ok(&args);
    bundle
}

fn import(collector: &Collector, bundle: &Path) -> Output {
    collector.command(&["import", bundle.to_str().unwrap()]).output().unwrap()
}

/// What the list says: the columns of each line.
fn listed(collector: &Collector, args: &[&str]) -> Vec<Vec<String>> {
    let said = collector.ok(&[&["captures"], args].concat());
    let lines = said.lines().filter(|line| line.contains('\t'));
    lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// Every file below the folder of captures.
fn files(collector: &Collector) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![collector.folder.path().join("state/captures")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

fn analysed(capture: &Path) -> String {
    agent::text(["analyze", "--format", "json", capture.to_str().unwrap()])
}

#[test]
fn a_capture_that_goes_along_is_kept_as_it_was_and_goes_with_its_site() {
    let collector = Collector::start();
    let (here, capture) = site(&collector, Site::new(""), NAME);
    let said = collector.ok(&["import", bundle(&here, &[&capture]).to_str().unwrap()]);
    assert!(said.contains("morning.pcap") && said.contains("patients"), "{said}");
    super::assert_equal(&here, &collector, NAME);

    let [row] = listed(&collector, &[]).try_into().unwrap();
    let kept = PathBuf::from(row.last().unwrap());
    assert!(row[0] == NAME && row[3] == "morning.pcap", "{row:?}");
    assert_eq!(kept.file_name().unwrap().to_str().unwrap(), row[5], "by its digest");
    assert!(fs::read(&kept).unwrap() == fs::read(&capture).unwrap(), "octet by octet");
    assert!(analysed(&kept) == analysed(&capture));
    for (path, mode) in [(kept.as_path(), 0o600), (kept.parent().unwrap(), 0o700)] {
        let found = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{}", path.display());
    }

    // The same under a name that is no path here, beside another; and the same of another site.
    let strange = here.path("..\u{1b}[2J\n病院.pcap");
    fs::copy(&capture, &strange).unwrap();
    let other = day(&here, 2, "evening.pcap");
    let said = collector.ok(&["import", bundle(&here, &[&strange, &other]).to_str().unwrap()]);
    assert!(said.contains("was here already") && !said.contains('\u{1b}'), "{said}");
    let (there, same) = site(&collector, Site::new(""), "yama/../..");
    collector.ok(&["import", bundle(&there, &[&same]).to_str().unwrap()]);
    assert_eq!(listed(&collector, &["--site", NAME]).len(), 2);
    assert_eq!(listed(&collector, &[]).len(), 3);
    assert!(files(&collector).len() == 6, "{:?}", files(&collector));

    // Removed one by one, when it is said twice, or with the site.
    let remove = ["captures", "--site", NAME, "--remove", &row[5]];
    assert!(!collector.command(&remove).output().unwrap().status.success() && kept.exists());
    collector.ok(&[&remove[..], &["--yes"]].concat());
    assert!(!kept.exists());
    assert_eq!(listed(&collector, &[]).len(), 2);
    collector.ok(&["site", "remove", NAME, "--yes"]);
    let [left] = listed(&collector, &[]).try_into().unwrap();
    assert_eq!(left[0], "yama/../..");
    assert_eq!(files(&collector).len(), 2);
}

#[test]
fn one_altered_octet_of_a_bundle_with_a_capture_takes_nothing_over() {
    let collector = Collector::start();
    let (here, capture) = site(&collector, Site::new(""), NAME);
    let bundle = bundle(&here, &[&capture]);
    let octets = fs::read(&bundle).unwrap();
    let altered = here.path("altered");
    let places = [0, 15, 40, 300, octets.len() / 3, octets.len() / 2, octets.len() - 80, octets.len() - 1];
    for place in places {
        let mut changed = octets.clone();
        changed[place] ^= 1;
        fs::write(&altered, changed).unwrap();
        assert!(!import(&collector, &altered).status.success(), "octet {place}");
    }
    for length in [octets.len() - 1, octets.len() / 2, 100, 17] {
        fs::write(&altered, &octets[..length]).unwrap();
        assert!(!import(&collector, &altered).status.success(), "{length} octets");
    }
    assert!(files(&collector).is_empty());
    assert!(super::rows(&collector.ledger(), NAME).is_empty());
    // Of a box that is not known here, and for another reader.
    let other = Collector::start();
    assert!(!import(&other, &bundle).status.success());
    assert!(files(&other).is_empty());
    // A box that was revoked brings nothing more.
    collector.ok(&["import", bundle.to_str().unwrap()]);
    collector.ok(&["site", "revoke", NAME]);
    let refused = import(&collector, &bundle);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("revoked"));
}

#[test]
fn what_is_no_capture_or_would_be_overwritten_does_not_go_along() {
    let collector = Collector::start();
    let (here, capture) = site(&collector, Site::new(""), NAME);
    let (text, pipe) = (here.path("text"), here.path("pipe"));
    fs::write(&text, "no capture").unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let out = here.path("out");
    // (output, capture, why)
    let cases = [
        (&out, &text, "no capture"),
        (&out, &pipe, "no file"),
        (&out, &here.path("nothing"), "not there"),
        (&capture, &capture, "the bundle would take its place"),
    ];
    let before = fs::read(&capture).unwrap();
    for (output, capture, why) in cases {
        let args = ["bundle", "-o", output.to_str().unwrap(), "--capture", capture.to_str().unwrap()];
        assert!(!here.run(&args).status.success(), "{why}");
    }
    assert!(!out.exists());
    assert!(fs::read(&capture).unwrap() == before);
}

/// Runs a command that may write no file longer than this; `told` has it meet an error there, and not its end.
fn bounded(command: &Command, bytes: u64, told: bool) -> Output {
    let trap = if told { "trap '' XFSZ; " } else { "" };
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{trap}exec prlimit --core=0 --fsize={bytes} \"$@\""), "sh"]);
    shell.arg(command.get_program()).args(command.get_args()).output().unwrap()
}

#[test]
fn a_kill_or_an_error_in_the_middle_leaves_no_half_capture_and_is_done_again() {
    let collector = Collector::start();
    let (here, capture) = site(&collector, Site::new(""), NAME);
    let bundle = bundle(&here, &[&capture]);
    let length = fs::metadata(&capture).unwrap().len();
    // Rounds at lengths from the first octets to the last but one.
    for round in 0..10 {
        let command = collector.command(&["import", bundle.to_str().unwrap()]);
        let output = bounded(&command, 1 + (length - 2) * round / 9, round % 2 == 0);
        assert!(!output.status.success(), "round {round}");
        assert!(listed(&collector, &[]).is_empty());
        let half = files(&collector).iter().any(|path| path.extension().is_none());
        assert!(!half, "round {round}: {:?}", files(&collector));
    }
    collector.ok(&["import", bundle.to_str().unwrap()]);
    let [row] = listed(&collector, &[]).try_into().unwrap();
    assert!(fs::read(row.last().unwrap()).unwrap() == fs::read(&capture).unwrap());
    assert_eq!(files(&collector).len(), 2, "what was killed is cleared away");
    super::assert_equal(&here, &collector, NAME);
    // The same at the box: no bundle, or a whole one.
    let out = here.path("out");
    let args = ["bundle", "-o", out.to_str().unwrap(), "--capture", capture.to_str().unwrap()];
    for (told, bytes) in [(true, length / 2), (false, length / 3)] {
        assert!(!bounded(&here.command(&args), bytes, told).status.success());
        assert!(!out.exists());
    }
    here.ok(&args);
    collector.ok(&["import", out.to_str().unwrap()]);
}

#[test]
fn who_looks_away_loses_no_capture() {
    let collector = Collector::start();
    let (here, capture) = site(&collector, Site::new(""), NAME);
    // Nobody reads what is said, as with `| head -0`.
    let unread = |mut command: Command| {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        child.wait().unwrap()
    };
    let out = here.path("out");
    let args = ["bundle", "-o", out.to_str().unwrap(), "--capture", capture.to_str().unwrap()];
    unread(here.command(&args));
    unread(collector.command(&["import", out.to_str().unwrap()]));
    assert_eq!(listed(&collector, &[]).len(), 1);
    super::assert_equal(&here, &collector, NAME);
}

#[test]
fn a_disk_without_room_for_a_capture_is_told_and_left_as_it_was() {
    let place = tempfile::tempdir().unwrap();
    let disks = ["collector", "stick"].map(|name| place.path().join(name));
    apart(move || {
        for disk in &disks {
            fs::create_dir(disk).unwrap();
            small_disk(disk, 256);
        }
        let collector = Collector::at(tempfile::tempdir_in(&disks[0]).unwrap());
        let (here, capture) = site(&collector, Site::new(""), NAME);
        let out = disks[1].join("bundle");
        let args = ["bundle", "-o", out.to_str().unwrap(), "--capture", capture.to_str().unwrap()];
        fill(&disks[1], 1 << 20);
        let refused = here.run(&args);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains("too little room"), "{said}");
        fs::remove_file(disks[1].join("fill")).unwrap();
        here.ok(&args);
        fill(&disks[0], 8 << 20);
        let refused = import(&collector, &out);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains("too full"), "{said}");
        assert!(files(&collector).is_empty());
        fs::remove_file(disks[0].join("fill")).unwrap();
        collector.ok(&["import", out.to_str().unwrap()]);
        assert_eq!(listed(&collector, &[]).len(), 1);
    });
}
