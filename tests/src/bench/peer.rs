//! Who is measured, and by which command.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// tshark keeps a tree of every packet: ten million would take a day.
const TSHARK_PACKETS: u64 = 300_000;

/// A program that takes part.
#[derive(Debug)]
pub struct Contender {
    /// Its name in the table.
    pub name: &'static str,
    /// What it does with the packets.
    pub does: &'static str,
    /// Where it is; `None` where it is not installed.
    pub program: Option<PathBuf>,
    /// The Debian package that has it; empty for our own.
    pub package: &'static str,
    /// It reads no more than so many packets.
    pub limit: u64,
    /// Its arguments.
    pub args: fn(&Place<'_>) -> Vec<OsString>,
}

/// Where a program finds the capture and may write.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The capture.
    pub file: &'a Path,
    /// A folder for whatever it writes, removed afterwards.
    pub scratch: &'a Path,
    /// A port of this machine at which exported flows are taken and thrown away.
    pub sink: u16,
    /// The prefixes of the hospital.
    pub internal: &'a [String],
}

impl Contender {
    /// Gives the version of the package, where Debian's tool knows it.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        let query = ["--show", "--showformat", "${Version}", self.package];
        let output = Command::new("dpkg-query").args(query).output().ok()?;
        let version = String::from_utf8(output.stdout).ok()?;
        // Without epoch and Debian's own revision.
        let version = version.split_once(':').map_or(version.as_str(), |(_, rest)| rest);
        let version = version.split('-').next()?.trim();
        (output.status.success() && !version.is_empty()).then(|| version.to_owned())
    }
}

/// The peers, installed or not.
#[must_use]
pub fn peers() -> Vec<Contender> {
    let peer = |name, package, does, limit, args| {
        let program = installed(name);
        Contender { name, does, program, package, limit, args }
    };
    vec![
        peer("softflowd", "softflowd", "flows", u64::MAX, softflowd),
        peer("nfpcapd", "nfdump", "flows", u64::MAX, nfpcapd),
        peer("argus", "argus-server", "flows with TCP state", u64::MAX, argus),
        peer("pmacctd", "pmacct", "flows", u64::MAX, pmacctd),
        peer("ndpiReader", "libndpi-bin", "flows, protocols, names", u64::MAX, ndpi_reader),
        peer("p0f", "p0f", "fingerprints, no flows", u64::MAX, p0f),
        peer("tshark", "tshark", "names of DNS and TLS, no flows", TSHARK_PACKETS, tshark),
    ]
}

/// Looks a program up as a shell does, and where Debian puts daemons.
fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/bin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

fn words<const N: usize>(words: [&dyn AsRef<std::ffi::OsStr>; N]) -> Vec<OsString> {
    words.iter().map(|word| word.as_ref().to_owned()).collect()
}

/// Two million flows, so that none is cut off; exported as IPFIX.
fn softflowd(place: &Place<'_>) -> Vec<OsString> {
    let (pid, sink) = (place.scratch.join("pid"), format!("127.0.0.1:{}", place.sink));
    words([
        &"-r",
        &place.file,
        &"-d",
        &"-c",
        &"none",
        &"-p",
        &pid,
        &"-m",
        &"2000000",
        &"-v",
        &"10",
        &"-n",
        &sink,
    ])
}

fn nfpcapd(place: &Place<'_>) -> Vec<OsString> {
    words([&"-r", &place.file, &"-w", &place.scratch, &"-B", &"2000000", &"-e", &"3600,300"])
}

fn argus(place: &Place<'_>) -> Vec<OsString> {
    words([&"-r", &place.file, &"-w", &place.scratch.join("argus"), &"-F", &"/dev/null"])
}

fn pmacctd(place: &Place<'_>) -> Vec<OsString> {
    let file = place.scratch.join("pmacctd.conf");
    // A configuration that is missing makes the program fail, and the table say so.
    let _ = configure(&file, place.sink);
    words([&"-I", &place.file, &"-f", &file])
}

fn configure(file: &Path, sink: u16) -> io::Result<()> {
    let text = format!(
        "daemonize: false\nplugins: nfprobe\nnfprobe_receiver: 127.0.0.1:{sink}\nnfprobe_version: 10\n\
         aggregate: src_host, dst_host, src_port, dst_port, proto, tos\n"
    );
    fs::write(file, text)
}

fn ndpi_reader(place: &Place<'_>) -> Vec<OsString> {
    words([&"-i", &place.file, &"-q", &"-C", &place.scratch.join("flows.csv")])
}

fn p0f(place: &Place<'_>) -> Vec<OsString> {
    words([&"-r", &place.file, &"-o", &place.scratch.join("p0f")])
}

fn tshark(place: &Place<'_>) -> Vec<OsString> {
    let count = TSHARK_PACKETS.to_string();
    let mut args = words([&"-n", &"-r", &place.file, &"-c", &count, &"-Y", &"tls.handshake.type==1 or dns"]);
    args.extend(words([&"-T", &"fields"]));
    for field in ["ip.src", "ip.dst", "tls.handshake.extensions_server_name", "dns.qry.name", "dns.a"] {
        args.extend(words([&"-e", &field]));
    }
    args
}
