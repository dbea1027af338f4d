//! What the hospital declares, as a person enters it: a sheet, an approval, a workbook filled in; and what it
//! asks.

use std::fs;

use serde_json::Value;

use crate::{agent, cases};

const OPENVPN: &str = "openvpn-on-port-443-behind-a-core-switch";
const SSH: &str = "ssh-from-outside-and-a-scan";

struct Bench {
    scratch: tempfile::TempDir,
}

impl Bench {
    /// A ledger with the connections of two captures.
    fn new() -> Self {
        let bench = Self { scratch: tempfile::tempdir().unwrap() };
        for case in [OPENVPN, SSH] {
            let file = bench.write("mirror.pcap", &cases::capture(case));
            agent::text(["analyze", "--db", &bench.ledger(), "--site", "minato", &file]);
        }
        bench
    }

    fn path(&self, name: &str) -> String {
        self.scratch.path().join(name).to_str().unwrap().to_owned()
    }

    fn ledger(&self) -> String {
        self.path("ledger.db")
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    fn run(&self, args: &[&str]) -> String {
        let ledger = self.ledger();
        agent::text(args.iter().copied().chain(["--db", &ledger]))
    }

    fn rows(&self, what: &[&str]) -> Vec<Value> {
        let args: Vec<&str> = what.iter().copied().chain(["--format", "json"]).collect();
        serde_json::from_str(&self.run(&args)).unwrap()
    }

    fn connection(&self, service: &str) -> Value {
        let rows = self.rows(&["connections"]);
        rows.into_iter().find(|row| row["service"] == service && row["number"].is_i64()).unwrap()
    }

    fn status(&self, service: &str) -> String {
        self.connection(service)["status"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_sheet_an_approval_and_the_workbook_again_come_to_the_same_registrations() {
    let bench = Bench::new();
    let openvpn = bench.connection("openvpn");
    let (device, party) =
        (openvpn["inside"]["ip"].as_str().unwrap(), openvpn["outside"]["ip"].as_str().unwrap());
    let sheet = format!(
        "番号,機器名,IPアドレス,保守業者,接続先IPアドレス,担当部署,契約終了日\r\n\
         1,サーバー,{device},医用機器,{party},情報課,2199/3/31\r\n\
         2,MRI,192.0.2.99,磁気製作所,203.0.113.9,放射線科,令和9年3月31日\r\n\
         3,,,,,,\r\n"
    );
    let sheet = bench.write("list.csv", sheet.as_bytes());
    let ledger_before = fs::read(bench.ledger()).unwrap();
    let told = bench.run(&["import-list", &sheet, "--dry-run"]);
    assert!(told.contains("保守業者") && told.contains("203.0.113.9"), "{told}");
    assert_eq!(fs::read(bench.ledger()).unwrap(), ledger_before, "a dry run changes nothing");
    bench.run(&["import-list", &sheet, "--by", "細田"]);
    assert_eq!(
        (bench.status("openvpn"), bench.status("ssh")),
        ("registered".to_owned(), "unregistered".to_owned())
    );
    let unseen = bench.rows(&["connections", "--status", "unseen"]);
    assert_eq!((unseen.len(), unseen[0]["outside"]["ip"].as_str()), (1, Some("203.0.113.9")));
    assert!(bench.run(&["import-list", &sheet, "--by", "細田"]).contains("変更なし 2 件"));

    let number = bench.connection("ssh")["number"].to_string();
    let approve = ["register", &number, "--owner", "情報課", "--by", "細田", "--until", "2001-01-01"];
    bench.run(&approve);
    assert_eq!(bench.status("ssh"), "expired");
    bench.run(&["register", &number, "--until", "2199-12-31", "--hours", "毎日 0:00-24:00", "--by", "細田"]);
    let ssh = bench.connection("ssh");
    assert_eq!(
        (ssh["status"].as_str(), ssh["registration"]["owner"].as_str()),
        (Some("registered"), Some("情報課"))
    );
    let registered = bench.rows(&["registrations"]);

    // The workbook as it is changes nothing; nor does the CSV.
    let (book, csv) = (bench.path("out.xlsx"), bench.path("out.csv"));
    bench.run(&["connections", "--format", "xlsx", "-o", &book]);
    bench.run(&["connections", "--format", "csv", "-o", &csv]);
    for file in [&book, &csv] {
        let told = bench.run(&["import-list", file, "--by", "別人"]);
        assert!(told.contains("新規 0 件、変更 0 件、変更なし 3 件"), "{file}: {told}");
        assert_eq!(bench.rows(&["registrations"]), registered);
    }
    // Filled in, it changes what was filled in.
    let edited = fs::read_to_string(&csv).unwrap().replace("情報課", "医療情報部");
    let edited = bench.write("edited.csv", edited.as_bytes());
    assert!(
        bench.run(&["import-list", &edited, "--by", "別人"]).contains("新規 0 件、変更 2 件、変更なし 1 件")
    );
    assert_eq!(bench.connection("ssh")["registration"]["owner"], "医療情報部");

    bench.run(&["unregister", &number, "--by", "細田"]);
    assert_eq!(bench.status("ssh"), "unregistered");
    let history = bench.rows(&["history"]);
    let by = |kind: &str| history.iter().find(|row| row["kind"] == kind).unwrap()["after"]["by"].clone();
    assert_eq!((by("registered"), by("unregistered")), ("別人".into(), "細田".into()));
}

#[test]
fn an_inquiry_goes_from_the_question_to_the_proof() {
    let bench = Bench::new();
    let number = bench.connection("ssh")["number"].to_string();
    let ask = [
        "inquiry",
        "add",
        "--connection",
        &number,
        "--to",
        "医用機器",
        "--question",
        "用途は",
        "--by",
        "細田",
    ];
    bench.run(&[&ask[..], &["--asked", "2001-01-01", "--hours", "1.5"]].concat());
    bench.run(&ask);
    let csv = bench.run(&["inquiry", "list", "--format", "csv"]);
    assert!(csv.contains("期限内回答なし") && csv.contains("回答待ち"), "{csv}");
    let proof = bench.write("回答.txt", b"abc");
    bench.run(&[
        "inquiry",
        "answer",
        "1",
        "--answer",
        "CTの保守",
        "--outcome",
        "in-part",
        "--evidence",
        &proof,
        "--by",
        "細田",
    ]);
    let answered = bench.rows(&["inquiry", "list"]).into_iter().find(|row| row["number"] == 1).unwrap();
    assert_eq!((answered["outcome"].as_str(), answered["minutes"].as_i64()), (Some("in-part"), Some(90)));
    // FIPS 180-2, B.1: the digest of `abc`.
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(answered["evidence"][0]["sha256"], digest);
}

#[test]
fn what_is_different_since_the_last_visit_is_told() {
    let bench = Bench::new();
    let told = bench.run(&["diff", "--since", "2001-01-01", "--format", "json", "--all"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert!(!told["appeared"].as_array().unwrap().is_empty(), "{told}");
    let nothing = bench.run(&["diff", "--since", "2198-01-01", "--until", "2199-01-01", "--format", "json"]);
    let nothing: Value = serde_json::from_str(&nothing).unwrap();
    for kind in ["appeared", "gone", "changed", "acts"] {
        assert_eq!(nothing[kind].as_array().unwrap().len(), 0, "{kind}");
    }
}
