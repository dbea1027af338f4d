//! What strangers hold is held from strangers: boxes that are known sync beside them.

use std::io::{BufRead, BufReader};

use super::*;

/// More than all their bodies had room for, and more than they have places.
const CONNECTIONS: &str = "600";

#[test]
fn strangers_who_hold_connections_and_bodies_open_keep_no_box_from_syncing() {
    let collector = Collector::start();
    let site = Site::new("");
    site.record(1);
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    // Each says that it sends as much as it may, and sends one octet.
    let script = "import ssl, sys, socket, time\n\
        host, port = sys.argv[1].split(':')\n\
        context = ssl._create_unverified_context()\n\
        held, turned_away = [], 0\n\
        for _ in range(int(sys.argv[2])):\n\
        \x20   try:\n\
        \x20       one = context.wrap_socket(socket.create_connection((host, int(port)), 20))\n\
        \x20       one.sendall(b'POST /v1/enrol HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 65536\\r\\n\\r\\nx')\n\
        \x20       held.append(one)\n\
        \x20   except OSError:\n\
        \x20       turned_away += 1\n\
        print(len(held), flush=True)\n\
        time.sleep(600)\n";
    let mut strangers = Command::new("python3")
        .args(["-c", script, &collector.address.to_string(), CONNECTIONS])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut held = String::new();
    BufReader::new(strangers.stdout.take().unwrap()).read_line(&mut held).unwrap();
    let held: usize = held.trim().parse().unwrap();
    let mut syncing =
        site.command(&["sync", "--once"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    let synced = loop {
        if let Some(ended) = syncing.try_wait().unwrap() {
            break ended.success();
        }
        if begin.elapsed() > DEADLINE {
            let _ = syncing.kill();
            let _ = syncing.wait();
            break false;
        }
        thread::sleep(Duration::from_millis(20));
    };
    let _ = strangers.kill();
    let _ = strangers.wait();
    assert!(held > 16, "only {held} were there");
    assert!(synced, "beside {held} strangers");
    assert_equal(&site, &collector, NAME);
}
