//! Small disks that fill up: each in a mount namespace of the test's own thread, which programs that it starts
//! share and which goes with it. Needs root.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::thread;

use nix::sched::{CloneFlags, unshare};

use super::{Collector, NAME, Site, assert_equal};

/// What a disk holds, in MiB: a day's capture, and a ledger of as many days as there are rounds.
const DISK_MIB: u64 = 256;
const ROUNDS: u64 = 20;

fn mount(args: &[&str]) {
    let output = Command::new("mount").args(args).output().unwrap();
    assert!(output.status.success(), "mount {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

pub(super) fn small_disk(at: &Path, mib: u64) {
    let size = format!("size={mib}m");
    mount(&["-t", "tmpfs", "-o", &size, "none", at.to_str().unwrap()]);
}

/// Fills the disk of a folder but for so many octets.
pub(super) fn fill(folder: &Path, free: u64) {
    let mut file = File::create(folder.join("fill")).unwrap();
    let zeros = vec![0; 64 * 1024];
    while file.write_all(&zeros).is_ok() {}
    let filled = file.metadata().unwrap().len();
    file.set_len(filled.saturating_sub(free)).unwrap();
}

/// Does something in a thread whose mounts are its own.
pub(super) fn apart(work: impl FnOnce() + Send + 'static) {
    let namespace = thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        mount(&["--make-rprivate", "/"]);
        work();
    });
    if let Err(failed) = namespace.join() {
        std::panic::resume_unwind(failed);
    }
}

#[test]
fn a_disk_that_is_full_on_either_side_loses_and_doubles_nothing() {
    let place = tempfile::tempdir().unwrap();
    let disks = ["collector", "site"].map(|name| place.path().join(name));
    apart(move || {
        for disk in &disks {
            fs::create_dir(disk).unwrap();
            small_disk(disk, DISK_MIB);
        }
        let [collectors, sites] = disks.each_ref().map(|disk| tempfile::tempdir_in(disk).unwrap());
        let (collector, site) = (Collector::at(collectors), Site::at(sites, ""));
        site.record(1);
        assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
        let mut full = 0;
        for round in 0..ROUNDS {
            site.record(2 + round);
            let disk = &disks[usize::from(round % 2 == 0)];
            fill(disk, round % 7 * 4 * 1024);
            full += usize::from(!site.run(&["sync", "--once"]).status.success());
            fs::remove_file(disk.join("fill")).unwrap();
        }
        // A log that has its room already takes a meeting in, all the same.
        assert!(full > 2, "only {full} meetings met a full disk");
        site.ok(&["sync", "--once"]);
        assert_equal(&site, &collector, NAME);
    });
}
