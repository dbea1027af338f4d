//! Sites and their collector as people run them: enrolled, synced, cut, killed, revoked, carried by file.
//! At the end both ledgers are equal, table by table.

mod anew;
mod captures;
mod full;
mod killed;
mod network;
mod older;
mod owner;
mod people;
mod rules;
mod settings;
mod strange;
mod strangers;

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::agent;
use network::Network;

/// For what takes milliseconds on a machine that does nothing else.
const DEADLINE: Duration = Duration::from_mins(1);
const NAME: &str = "minato-hospital";
/// Every table that is sent.
const TABLES: [&str; 11] = [
    "sites",
    "captures",
    "inputs",
    "devices",
    "exits",
    "connections",
    "activity",
    "evidence",
    "changes",
    "sensors",
    "days",
];

fn collector_program() -> &'static Path {
    static PROGRAM: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    PROGRAM.get_or_init(|| agent::build("sekisho-collector"))
}

/// A collector in a folder of its own, and what runs of it.
struct Collector {
    folder: TempDir,
    running: Option<Child>,
    address: SocketAddr,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Collector {
    fn start() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    fn at(folder: TempDir) -> Self {
        // The port stays the collector's: it was free, and boxes have it.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let state = folder.path().join("state");
        let config = format!("state = '{}'\nlisten = '{address}'\n", state.display());
        fs::write(folder.path().join("collector.toml"), config).unwrap();
        let mut this = Self { folder, running: None, address };
        this.ok(&["init"]);
        this.run();
        this
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(collector_program());
        command
            .arg("--config")
            .arg(self.folder.path().join("collector.toml"))
            .args(["--lang", "en"])
            .args(args);
        command.stdin(Stdio::null());
        command
    }

    fn ok(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn run(&mut self) {
        let child = self.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.running = Some(child);
        let begin = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert!(begin.elapsed() < DEADLINE, "the collector does not listen");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn code(&self, site: &str) -> String {
        let said = self.ok(&["site", "add", site]);
        said.split_whitespace().find(|word| word.len() == 16 && word.contains('-')).unwrap().to_owned()
    }

    fn ledger(&self) -> PathBuf {
        self.folder.path().join("state/ledger.db")
    }
}

/// A box in a folder of its own.
struct Site {
    folder: TempDir,
}

impl Site {
    fn new(sync: &str) -> Self {
        Self::at(tempfile::tempdir().unwrap(), sync)
    }

    fn at(folder: TempDir, sync: &str) -> Self {
        let this = Self { folder };
        this.configure(sync);
        this
    }

    fn configure(&self, sync: &str) {
        let (ledger, socket) = (self.path("ledger.db"), self.path("agent.sock"));
        let (ledger, socket) = (ledger.display(), socket.display());
        let config = format!("site = 'here'\nledger = '{ledger}'\n[status]\nsocket = '{socket}'\n{sync}");
        fs::write(self.path("agent.toml"), config).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(agent::program());
        command.args(["--lang", "en"]).args(args).arg("--config").arg(self.path("agent.toml"));
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Records a made-up hospital's day.
    fn record(&self, seed: u64) {
        let day = self.path("day");
        fs::create_dir(&day).unwrap();
        sekisho_tests::day::generate(seed, 1, &day).unwrap();
        let capture = day.join("hospital.pcap");
        let ledger = self.path("ledger.db");
        let args = ["analyze", "--db", ledger.to_str().unwrap(), "--site", "here", "--format", "csv"];
        agent::text(args.into_iter().chain(["-o", "/dev/null", capture.to_str().unwrap()]));
        fs::remove_dir_all(day).unwrap();
    }

    fn enrol(&self, at: SocketAddr, code: &str) -> Output {
        self.run(&["enrol", &format!("https://{at}"), code])
    }
}

/// Every row of a site in the tables that are sent, without the site.
fn rows(ledger: &Path, site: &str) -> Vec<String> {
    let script = "import sqlite3, sys\n\
        database = sqlite3.connect(sys.argv[1])\n\
        for table in sys.argv[3:]:\n\
        \x20   columns = [row[1] for row in database.execute(f'PRAGMA table_info({table})') if row[1] != 'site']\n\
        \x20   chosen = ', '.join(columns)\n\
        \x20   for row in database.execute(f'SELECT {chosen} FROM {table} WHERE site = ?', [sys.argv[2]]):\n\
        \x20       print(table, repr(row))\n";
    let output =
        Command::new("python3").args(["-c", script]).arg(ledger).arg(site).args(TABLES).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut rows: Vec<String> =
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

fn assert_equal(of: &Site, at: &Collector, site: &str) {
    let beyond = beyond(of, at, site);
    assert!(beyond.is_empty(), "{} rows beyond", beyond.len());
}

/// The rows that the collector has beyond the site's, of which none is missing there.
fn beyond(of: &Site, at: &Collector, site: &str) -> Vec<String> {
    let (here, there) = (rows(&of.path("ledger.db"), "here"), rows(&at.ledger(), site));
    assert!(here.len() > 100, "only {} rows", here.len());
    let missing = here.iter().filter(|row| there.binary_search(row).is_err()).count();
    assert_eq!(missing, 0, "rows missing");
    there.into_iter().filter(|row| here.binary_search(row).is_err()).collect()
}

#[test]
fn a_box_enrols_and_syncs_and_the_collector_lists_its_connections() {
    let collector = Collector::start();
    let site = Site::new("[sync]\n");
    site.record(1);
    let code = collector.code(NAME);
    let enrolled = site.enrol(collector.address, &code.to_lowercase());
    assert!(enrolled.status.success(), "{}", String::from_utf8_lossy(&enrolled.stderr));
    site.ok(&["sync", "--once"]);
    assert_equal(&site, &collector, NAME);
    assert!(site.ok(&["sync", "--once"]).contains("sent 0 rows"), "nothing is sent twice");
    site.record(2);
    site.ok(&["sync", "--once"]);
    assert_equal(&site, &collector, NAME);
    let listed: Value = serde_json::from_str(&collector.ok(&["connections", "--format", "json"])).unwrap();
    let ours: Value = serde_json::from_str(&agent::text([
        "connections",
        "--db",
        site.path("ledger.db").to_str().unwrap(),
        "--format",
        "json",
    ]))
    .unwrap();
    assert_eq!(listed.as_array().unwrap().len(), ours.as_array().unwrap().len());
    assert!(listed.as_array().unwrap().iter().all(|row| row["site"] == NAME));
    for list in ["connections", "devices", "exits", "history"] {
        assert!(collector.ok(&[list]).contains(NAME), "{list}");
        assert!(collector.ok(&[list, "--format", "csv"]).contains(NAME), "{list}");
    }
}

#[test]
fn a_code_is_good_once_for_one_box_and_a_wrong_one_ends_it() {
    let collector = Collector::start();
    let (first, second) = (Site::new(""), Site::new(""));
    let code = collector.code(NAME);
    assert!(first.enrol(collector.address, &code).status.success());
    assert!(first.enrol(collector.address, &code).status.success(), "the answer may have been lost");
    assert!(!second.enrol(collector.address, &code).status.success(), "another box");
    let code = collector.code(NAME);
    let end = if code.ends_with('A') { 'B' } else { 'A' };
    let wrong = format!("{}{end}", &code[..code.len() - 1]);
    for _ in 0..5 {
        assert!(!second.enrol(collector.address, &wrong).status.success());
    }
    assert!(!second.enrol(collector.address, &code).status.success(), "tried too often");
    assert!(second.enrol(collector.address, &collector.code(NAME)).status.success());
}

#[test]
fn an_impostor_without_the_code_gets_nothing_and_is_not_believed() {
    let (collector, impostor) = (Collector::start(), Collector::start());
    let site = Site::new("");
    let code = collector.code(NAME);
    assert!(!site.enrol(impostor.address, &code).status.success());
    assert!(!site.path("sync/collector.json").exists(), "nothing was taken over");
    assert!(site.enrol(collector.address, &code).status.success());
    // Its certificate is of another CA: the one of this box is not even shown to it.
    site.configure(&format!("[sync]\nurl = 'https://{}'\n", impostor.address));
    site.record(1);
    let refused = site.run(&["sync", "--once"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("TLS"), "{refused:?}");
}

#[test]
fn a_revoked_box_is_refused_with_its_next_request() {
    let collector = Collector::start();
    let site = Site::new("");
    site.record(1);
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    site.ok(&["sync", "--once"]);
    collector.ok(&["site", "revoke", NAME]);
    let refused = site.run(&["sync", "--once"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("revoked"), "{refused:?}");
    assert!(collector.ok(&["site", "list"]).contains("revoked"));
    // What came before stays, until the site is removed.
    assert!(!rows(&collector.ledger(), NAME).is_empty());
    collector.ok(&["site", "remove", NAME, "--yes"]);
    assert!(rows(&collector.ledger(), NAME).is_empty());
}

#[test]
fn through_a_proxy_and_a_network_that_breaks_at_any_octet_nothing_is_lost() {
    let collector = Collector::start();
    let network = Network::to(None);
    let site = Site::new(&format!("[sync]\nproxy = 'http://{}'\n", network.address));
    site.record(1);
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    assert!(network.connects.load(Ordering::SeqCst) > 0, "through the proxy");
    let mut broken = 0;
    // 30 rounds, from within the handshake to beyond the first batches.
    for round in 0..30_u64 {
        network.cut_after.store(500 + round * round * 150, Ordering::SeqCst);
        broken += usize::from(!site.run(&["sync", "--once"]).status.success());
        if round % 10 == 9 {
            site.record(round);
        }
    }
    assert!(broken > 10, "only {broken} meetings were broken off");
    network.cut_after.store(0, Ordering::SeqCst);
    site.ok(&["sync", "--once"]);
    assert_equal(&site, &collector, NAME);
}

#[test]
fn a_ledger_put_back_from_a_copy_is_sent_anew() {
    let collector = Collector::start();
    let site = Site::new("");
    site.record(1);
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    site.ok(&["sync", "--once"]);
    fs::copy(site.path("ledger.db"), site.path("copy.db")).unwrap();
    site.record(2);
    site.ok(&["sync", "--once"]);
    fs::copy(site.path("copy.db"), site.path("ledger.db")).unwrap();
    site.record(3);
    site.ok(&["sync", "--once"]);
    // What the second day had found stays: findings, what is said of them, and nothing else.
    let beyond = beyond(&site, &collector, NAME);
    let is_finding = |row: &String| {
        ["connections ", "devices ", "exits ", "evidence "].iter().any(|table| row.starts_with(table))
    };
    assert!(beyond.iter().all(is_finding), "{beyond:#?}");
}

#[test]
fn a_site_that_is_never_online_goes_by_file_and_one_altered_octet_is_refused() {
    let collector = Collector::start();
    let site = Site::new("");
    site.record(1);
    let invitation = site.path("invitation.json");
    collector.ok(&["site", "add", NAME, "--offline", "-o", invitation.to_str().unwrap()]);
    site.ok(&["enrol", "--invitation", invitation.to_str().unwrap()]);
    let [first, second, third] = ["1", "2", "3"].map(|name| site.path(name));
    let bundle = |to: &Path| site.ok(&["bundle", "-o", to.to_str().unwrap()]);
    bundle(&first);
    site.record(2);
    bundle(&second);
    // The second before the first, the second twice.
    for path in [&second, &first, &second] {
        collector.ok(&["import", path.to_str().unwrap()]);
    }
    assert_equal(&site, &collector, NAME);
    let answer = site.path("answer");
    collector.ok(&["answer", NAME, "-o", answer.to_str().unwrap()]);
    site.ok(&["import", answer.to_str().unwrap()]);
    site.record(3);
    bundle(&third);
    let octets = fs::read(&third).unwrap();
    assert!(octets.len() < fs::read(&second).unwrap().len(), "only what the collector does not have");
    for place in [0, 20, octets.len() / 2, octets.len() - 1] {
        let mut altered = octets.clone();
        altered[place] ^= 1;
        fs::write(site.path("altered"), altered).unwrap();
        let refused =
            collector.command(&["import", site.path("altered").to_str().unwrap()]).output().unwrap();
        assert!(!refused.status.success(), "octet {place}");
    }
    collector.ok(&["import", third.to_str().unwrap()]);
    assert_equal(&site, &collector, NAME);
    // Another collector can neither read it nor does it know the box.
    let other = Collector::start();
    assert!(!other.command(&["import", third.to_str().unwrap()]).output().unwrap().status.success());
}

#[test]
fn strangers_and_bombs_are_refused_and_nothing_falls_over() {
    let collector = Collector::start();
    let site = Site::new("");
    site.record(1);
    assert!(site.enrol(collector.address, &collector.code(NAME)).status.success());
    let bomb = site.path("bomb.gz");
    let script = "import gzip, sys\n\
        open(sys.argv[1], 'wb').write(gzip.compress(b' ' * (64 << 20)))\n";
    assert!(Command::new("python3").args(["-c", script]).arg(&bomb).status().unwrap().success());
    let large = site.path("large");
    fs::write(&large, vec![0; 5 << 20]).unwrap();
    fs::write(site.path("junk"), b"junk").unwrap();
    // A request as the box's own key signs it, and one without.
    let ask = |path: &str, body: &Path, certificate: bool| {
        let mut command = Command::new("python3");
        let script = "import json, ssl, sys, http.client\n\
            address, path, body, collector, certified = sys.argv[1:6]\n\
            known = json.load(open(collector))\n\
            context = ssl.create_default_context(cadata=known['ca'])\n\
            context.check_hostname = False\n\
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT\n\
            if certified:\n\
            \x20   open(collector + '.pem', 'w').write(known['certificate'] + known['keys']['key'])\n\
            \x20   context.load_cert_chain(collector + '.pem')\n\
            host, port = address.split(':')\n\
            connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=60)\n\
            try:\n\
            \x20   connection.request('POST', path, open(body, 'rb').read(), {'Content-Encoding': 'gzip'})\n\
            \x20   print(connection.getresponse().status)\n\
            except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):\n\
            \x20   print(413)\n";
        command.args(["-c", script]).arg(collector.address.to_string()).arg(path).arg(body);
        command.arg(site.path("sync/collector.json"));
        command.arg(if certificate { "with its certificate" } else { "" });
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().parse::<u16>().unwrap()
    };
    // (path, body, with the box's certificate, status)
    let cases = [
        ("/v1/sync", site.path("junk"), false, 403),
        ("/v1/renew", site.path("junk"), false, 403),
        ("/v1/sync", bomb.clone(), false, 403),
        ("/v1/sync", site.path("junk"), true, 422),
        ("/v1/renew", site.path("junk"), true, 422),
        ("/v1/sync", bomb.clone(), true, 422),
        ("/v1/enrol", bomb, false, 422),
        ("/v1/enrol", site.path("junk"), false, 422),
        ("/v1/sync", large.clone(), true, 413),
        ("/v1/enrol", large, false, 413),
        ("/v1/nothing", site.path("junk"), true, 404),
    ];
    for (path, body, certificate, status) in cases {
        assert_eq!(ask(path, &body, certificate), status, "{path} {}", body.display());
    }
    site.ok(&["sync", "--once"]);
    assert_equal(&site, &collector, NAME);
}
