//! The daemon as a service manager runs it: started, asked, reloaded, stopped, and started once too
//! often.

mod clock;
mod doors;
mod owner;
mod unit;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::agent;

/// For what takes milliseconds on a machine that does nothing else.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) fn until<T>(what: &str, mut comes: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(it) = comes() {
            return it;
        }
        assert!(begin.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A folder with a configuration, and the daemon that runs with it.
pub(crate) struct Daemon {
    child: Child,
    folder: TempDir,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Where a test failed half-way; else it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    pub(crate) fn start(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        configure(folder.path(), more);
        Self::in_folder(folder, &[])
    }

    /// Starts one in a network namespace, in a folder in which `ledger` may have put a ledger.
    pub(crate) fn within(namespace: &str, more: &str, ledger: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        configure(folder.path(), more);
        ledger(&folder.path().join("ledger.db"));
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(agent::program());
        command.arg("run").arg("--config").arg(folder.path().join("agent.toml"));
        Self::of(&mut command, folder)
    }

    /// Starts one by a command of its own.
    fn of(command: &mut Command, folder: TempDir) -> Self {
        let child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let daemon = Self { child, folder };
        until("an answer", || daemon.status());
        daemon
    }

    fn in_folder(folder: TempDir, env: &[(&str, &Path)]) -> Self {
        let child = spawn(folder.path(), env);
        let daemon = Self { child, folder };
        until("an answer", || daemon.status());
        daemon
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn status(&self) -> Option<Value> {
        let socket = self.path("agent.sock");
        let output = agent::run(["status", "--format", "json", "--socket", socket.to_str().unwrap()]);
        output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
    }

    pub(crate) fn words(&self, lang: &str) -> String {
        let socket = self.path("agent.sock");
        agent::text(["status", "--lang", lang, "--socket", socket.to_str().unwrap()])
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Waits for the end; gives how it ended and what it logged.
    fn end(mut self) -> (ExitStatus, String) {
        let status = until("the end", || self.child.try_wait().unwrap());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (status, log)
    }

    pub(crate) fn stop(self) -> String {
        self.signal(Signal::SIGTERM);
        let (status, log) = self.end();
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }
}

/// Writes a configuration whose places are in `folder`; `more` are keys at the top and tables.
pub(crate) fn configure(folder: &Path, more: &str) {
    let place = folder.display();
    let text = format!(
        "site = \"kita\"\nsensor = \"box\"\nledger = \"{place}/ledger.db\"\n{more}\n[status]\nsocket = \"{place}/agent.sock\"\n"
    );
    fs::write(folder.join("agent.toml"), text).unwrap();
}

fn spawn(folder: &Path, env: &[(&str, &Path)]) -> Child {
    let mut command = Command::new(agent::program());
    command.arg("run").arg("--config").arg(folder.join("agent.toml"));
    command.envs(env.iter().copied()).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_link_of_the_map_is_pinned_beside_it() {
    let daemon = Daemon::start("roll_up = \"1s\"");
    until("a roll-up", || daemon.status().filter(|status| status["roll_up"]["recorded"].as_u64() > Some(0)));
    let ledger = daemon.path("ledger.db");
    let map = ["map", "--lang", "en", "--db", ledger.to_str().unwrap(), "--site", "kita"];
    for act in ["--pin", "--forget"] {
        let said = agent::text([&map[..], &[act, "core01", "sw02"]].concat());
        assert!(said.contains("core01") && said.contains("sw02"), "{said}");
    }
    assert!(daemon.status().is_some_and(|status| status["roll_up"]["error"].is_null()));
}

#[test]
fn it_answers_records_and_stops_when_told() {
    let daemon = Daemon::start("roll_up = \"1s\"");
    let mode = fs::metadata(daemon.path("agent.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let status = until("a roll-up", || {
        daemon.status().filter(|status| status["roll_up"]["recorded"].as_u64() > Some(0))
    });
    assert_eq!(status["version"], 1);
    assert_eq!((status["site"].as_str(), status["sensor"].as_str()), (Some("kita"), Some("box")));
    assert_eq!(status["sync"]["state"], "not-enrolled");
    assert!(status["memory"]["resident"].as_u64() > Some(1_000_000), "{status}");
    assert!(status["box"]["memory_total"].as_u64() > Some(1_000_000), "{status}");
    assert!(status["roll_up"]["error"].is_null(), "{status}");
    for (lang, words) in [("ja", ["kita / box", "未登録"]), ("en", ["kita / box", "not enrolled"])] {
        let shown = daemon.words(lang);
        assert!(words.iter().all(|word| shown.contains(word)), "{shown}");
    }
    let (socket, ledger) = (daemon.path("agent.sock"), daemon.path("ledger.db"));
    let folder = tempfile::tempdir().unwrap();
    daemon.signal(Signal::SIGTERM);
    // The folder outlives the daemon, to be looked into.
    let moved = folder.path().join("ledger.db");
    let mut daemon = daemon;
    let code = until("the end", || daemon.child.try_wait().unwrap()).code();
    assert_eq!(code, Some(0));
    assert!(!socket.exists(), "the socket is left");
    assert!(!daemon.path("ledger.db-wal").exists(), "the ledger was not closed");
    fs::copy(ledger, &moved).unwrap();
    let listed = agent::run(["connections", "--db", moved.to_str().unwrap(), "--site", "kita"]);
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
}

#[test]
fn interrupting_stops_it_as_well() {
    let daemon = Daemon::start("");
    daemon.signal(Signal::SIGINT);
    let (status, log) = daemon.end();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("rolled up"), "{log}");
}

#[test]
fn a_reload_takes_over_what_it_can_and_a_broken_file_changes_nothing() {
    let daemon = Daemon::start("roll_up = \"5min\"");
    let reloaded = |what: &str, more: &str| {
        let before = daemon.status().unwrap()["reload"]["at"].clone();
        configure(daemon.folder.path(), more);
        daemon.signal(Signal::SIGHUP);
        until(what, || daemon.status().filter(|status| status["reload"]["at"] != before))
    };
    let status = reloaded("the new file", "roll_up = \"1min\"\nmax_memory = \"100MiB\"");
    assert_eq!(status["roll_up"]["every_s"], 60);
    assert_eq!(status["memory"]["tables_max"], 384 << 20, "needs a restart");
    assert_eq!(status["reload"]["waiting"], serde_json::json!(["max_memory"]));
    assert!(status["reload"]["error"].is_null(), "{status}");

    let status = reloaded("the broken file", "roll_up = \"sometimes\"");
    assert_eq!(status["roll_up"]["every_s"], 60, "the old one is in force");
    let error = status["reload"]["error"].as_str().unwrap();
    assert!(error.contains("agent.toml:4: `sometimes` is no duration"), "{error}");
    assert!(daemon.words("ja").contains("注意: 新しい設定に誤りがあり"));

    let status = reloaded("rules that do not load", "roll_up = \"2min\"\nrules = \"/nowhere\"");
    assert_eq!(status["roll_up"]["every_s"], 60);
    let status = reloaded("the repaired file", "roll_up = \"2min\"");
    assert_eq!(status["roll_up"]["every_s"], 120);
    assert!(status["reload"]["error"].is_null(), "{status}");
    let log = daemon.stop();
    assert!(log.contains("needs a restart") && log.contains("max_memory"), "{log}");
    assert!(log.contains("configuration refused") && log.contains("bad-duration"), "{log}");
    assert!(!log.contains("sometimes"), "the log quotes the file: {log}");
}

#[test]
fn a_second_one_is_refused_and_a_killed_one_s_socket_replaced() {
    let daemon = Daemon::start("");
    let mut second = spawn(daemon.folder.path(), &[]);
    let status = until("the refusal", || second.try_wait().unwrap());
    let mut said = String::new();
    second.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("別のエージェントがソケット"), "{said}");
    assert!(daemon.status().is_some(), "the first one lives on");

    let mut daemon = daemon;
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    assert!(daemon.path("agent.sock").exists(), "nobody cleaned up");
    daemon.child = spawn(daemon.folder.path(), &[]);
    until("an answer", || daemon.status());
    daemon.stop();
}

#[test]
fn a_file_in_the_socket_s_place_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), "");
    fs::write(folder.path().join("agent.sock"), "kept").unwrap();
    let mut child = spawn(folder.path(), &[]);
    assert_eq!(until("the refusal", || child.try_wait().unwrap()).code(), Some(1));
    assert_eq!(fs::read_to_string(folder.path().join("agent.sock")).unwrap(), "kept");
}

#[test]
fn without_a_daemon_status_says_what_to_do() {
    let output = agent::run(["status", "--socket", "/nowhere/agent.sock"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("systemctl status sekisho-agent"), "{said}");
}

#[test]
fn clients_that_hang_or_babble_do_not_keep_others_from_asking() {
    let daemon = Daemon::start("");
    let socket = daemon.path("agent.sock");
    let silent: Vec<UnixStream> = (0..4).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    // A fifth finds no place, which it is told at once; the four are left after a while.
    until("a refusal", || daemon.status().is_none().then_some(()));
    until("a place", || daemon.status());
    drop(silent);
    for babble in [vec![b'x'; 1 << 16], b"{\"ask\":\"everything\"}\n".to_vec(), b"\xff\n".to_vec()] {
        let mut stream = UnixStream::connect(&socket).unwrap();
        // What it does not read, it may answer before it is written.
        let _ = stream.write_all(&babble);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.len() < 1_000, "{}", answer.len());
        until("an answer", || daemon.status());
    }
    daemon.stop();
}

/// Says something to a port, and gives all of the answer.
fn http(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn prometheus_reads_figures_on_loopback() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let daemon = Daemon::start(&format!("roll_up = \"1s\"\n[metrics]\nlisten = \"127.0.0.1:{port}\""));
    let silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let figures = http(port, "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert!(figures.starts_with("HTTP/1.1 200 OK\r\n"), "{figures}");
    assert!(figures.contains("content-type: application/openmetrics-text"), "{figures}");
    assert!(figures.contains("\nsekisho_conns 0"), "{figures}");
    assert!(figures.trim_end().ends_with("# EOF"), "{figures}");
    until("a roll-up", || {
        let figures = http(port, "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let counted = figures.lines().find_map(|line| line.strip_prefix("sekisho_roll_ups_total "));
        (counted != Some("0")).then_some(())
    });
    for (request, code) in [
        ("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(), "404"),
        ("POST /metrics HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n".to_owned(), "405"),
        (format!("GET /metrics HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(7_000)), "200"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = http(port, &request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {code}")), "{code}: {answer}");
    }
    drop(silent);
    daemon.stop();
}

#[test]
fn the_service_manager_is_told_of_every_change() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), "");
    let notified = folder.path().join("notify.sock");
    let manager = UnixDatagram::bind(&notified).unwrap();
    manager.set_read_timeout(Some(DEADLINE)).unwrap();
    let told = |wanted: &str| {
        let mut buffer = [0; 4_096];
        until(wanted, || {
            let length = manager.recv(&mut buffer).unwrap();
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            text.contains(wanted).then_some(text)
        })
    };
    let wanted = Path::new("20000000");
    let daemon = Daemon::in_folder(folder, &[("NOTIFY_SOCKET", &notified), ("WATCHDOG_USEC", wanted)]);
    told("READY=1");
    told("WATCHDOG=1");
    told("STATUS=0 of 0 workers watching");
    daemon.signal(Signal::SIGHUP);
    assert!(told("RELOADING=1").contains("MONOTONIC_USEC="));
    told("READY=1");
    daemon.signal(Signal::SIGTERM);
    told("STOPPING=1");
    let (status, log) = daemon.end();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn logs_are_json_where_programs_read_them() {
    let daemon = Daemon::start("[log]\nformat = \"json\"");
    let log = daemon.stop();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["message"] == "stopping" && line["level"] == "INFO"), "{log}");
}

#[test]
fn an_idle_daemon_takes_less_than_a_hundredth_of_a_core() {
    const WATCHED: Duration = Duration::from_secs(5);
    let daemon = Daemon::start("");
    let stat = format!("/proc/{}/stat", daemon.child.id());
    // Fields 14 and 15 of proc_pid_stat(5), in hundredths of a second on Linux.
    let spent = || {
        let text = fs::read_to_string(&stat).unwrap();
        let fields: Vec<&str> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = spent();
    thread::sleep(WATCHED);
    let spent = Duration::from_millis(10 * (spent() - before));
    assert!(spent <= WATCHED / 100, "{spent:?} of {WATCHED:?}");
    daemon.stop();
}

#[test]
fn a_configuration_is_checked_with_its_lines_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    let check = |lang: &str| {
        let output = agent::run(["check-config", "--lang", lang, path.to_str().unwrap()]);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    configure(folder.path(), "[[exports]]\nlisten = \"127.0.0.1:2055\"");
    for (lang, words) in [("ja", "設定に誤りはありません"), ("en", "the configuration is sound")] {
        let (code, said) = check(lang);
        assert!(code == Some(0) && said.contains(words), "{code:?}: {said}");
    }
    configure(folder.path(), "roll_up = \"soon\"\nlang = \"fr\"");
    for (lang, words) in [("ja", "「soon」は時間ではありません"), ("en", "`soon` is no duration")]
    {
        let (code, said) = check(lang);
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.contains(&format!("agent.toml:4: {words}")) && said.contains("agent.toml:5: "),
            "{said}"
        );
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(check("ja").0, Some(2));
}

#[test]
fn the_unit_calls_what_the_program_knows_and_gives_the_places_it_uses() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let unit = fs::read_to_string(root.join("packaging/sekisho-agent.service")).unwrap();
    let values = |key: &str| -> Vec<&str> {
        let value = |line: &'_ str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with('='));
        unit.lines().filter(|line| value(line)).map(|line| line.split_once('=').unwrap().1).collect()
    };
    for command in [values("ExecStartPre"), values("ExecStart")].concat() {
        let args: Vec<&str> = command.split_whitespace().skip(1).chain(["--help"]).collect();
        agent::text(args);
    }
    let help = [agent::text(["status", "--help"]), agent::text(["run", "--help"])].concat();
    for (directory, place) in [("RuntimeDirectory", "/run"), ("ConfigurationDirectory", "/etc")] {
        let [name] = values(directory)[..] else { panic!("{directory}") };
        assert!(help.contains(&format!("{place}/{name}/")), "{help}");
    }
    assert_eq!(values("StateDirectory"), ["sekisho"], "the ledger's folder by default");
    assert_eq!(values("CapabilityBoundingSet"), ["CAP_NET_RAW"]);
}
