//! The console in a real browser: what a person does in the first five minutes, and what a hostile name
//! does to the page. Needs Chromium with its driver; `tests/run` installs them.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod common;

use std::io::{BufRead, BufReader, Cursor};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use calamine::{Data, Reader as _, Xlsx};
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use jiff::tz::TimeZone;
use sekisho_console::{Console, Settings};
use serde_json::{Value, json};

use common::{PASSWORD, SCRIPT, record};

/// As long as a loaded machine may need.
const PATIENCE: Duration = Duration::from_mins(1);

/// The driver, which ends with the test.
struct Driver {
    child: Child,
    address: String,
}

impl Driver {
    fn start() -> Self {
        let mut command = Command::new("chromedriver");
        let mut child = command.arg("--port=0").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let said = lines.find(|line| line.contains("started successfully on port")).unwrap();
        let port = said.rsplit(' ').next().unwrap().trim_end_matches('.').to_owned();
        // Else it would end at its next line.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: format!("http://127.0.0.1:{port}") }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It has ended by itself, if this fails.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What the page told the browser's console: refused scripts and styles among it.
#[derive(Debug)]
struct Log;

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

/// A person at a browser.
struct Person {
    client: Client,
    base: String,
    folder: PathBuf,
}

impl Person {
    async fn at(driver: &Driver, console: SocketAddr, folder: &Path) -> Self {
        let options = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--window-size=1400,900", "--lang=ja"],
            "prefs": { "download.default_directory": folder, "download.prompt_for_download": false },
        });
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        // The console's certificate is its own; a person compares its fingerprint.
        capabilities.insert("acceptInsecureCerts".to_owned(), Value::Bool(true));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&driver.address).await.unwrap();
        Self { client, base: format!("https://localhost:{}", console.port()), folder: folder.to_owned() }
    }

    async fn go(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.unwrap();
    }

    async fn write(&self, field: &str, text: &str) {
        let field = self.client.find(Locator::Css(&format!("[name={field}]"))).await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    async fn press(&self, css: &str) {
        self.client.find(Locator::Css(css)).await.unwrap().click().await.unwrap();
    }

    /// Presses what leads to another page, and waits for that page: the browser may still show the one before.
    async fn follow(&self, css: &str) {
        let before = self.client.find(Locator::Css("html")).await.unwrap();
        self.press(css).await;
        for _ in 0..PATIENCE.as_millis() / 50 {
            let left = before.tag_name().await.is_err_and(|error| error.is_stale_element_reference());
            let state = self.client.execute("return document.readyState", vec![]).await;
            if left && state.is_ok_and(|state| state == "complete") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{css} leads nowhere");
    }

    async fn texts(&self, css: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.client.find_all(Locator::Css(css)).await.unwrap() {
            texts.push(element.text().await.unwrap());
        }
        texts
    }

    async fn is_at(&self, path: &str) {
        let at = || async { self.client.current_url().await.unwrap().path() == path };
        for _ in 0..PATIENCE.as_millis() / 50 {
            if at().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not at {path} but at {}", self.client.current_url().await.unwrap());
    }

    /// What a link downloads.
    async fn file(&self, link: &str, ending: &str) -> Vec<u8> {
        self.press(link).await;
        for _ in 0..PATIENCE.as_millis() / 50 {
            let files = std::fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
            let done = files.into_iter().find(|path| path.extension().is_some_and(|found| found == ending));
            if let Some(path) = done {
                let bytes = std::fs::read(&path).unwrap();
                std::fs::remove_file(path).unwrap();
                return bytes;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{link} gives no file");
    }

    /// Keeps what is seen.
    async fn shot(&self, name: &str) {
        let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        std::fs::create_dir_all(&shots).unwrap();
        let image = self.client.screenshot().await.unwrap();
        assert!(image.len() > 10_000, "{name}: an empty page");
        std::fs::write(shots.join(name).with_extension("png"), image).unwrap();
    }

    /// What the browser complained of since the last time.
    async fn complaints(&self) -> Vec<String> {
        let log = self.client.issue_cmd(Log).await.unwrap();
        let entries = log.as_array().unwrap().iter();
        entries.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_person_sets_the_password_finds_a_tunnel_and_takes_the_list_along() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    record(&ledger, "kita", 90);
    let settings = Settings {
        state: Settings::state_beside(&ledger),
        ledger,
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        zone: TimeZone::UTC,
    };
    let console = Console::open(settings).await.unwrap();
    let (address, code) = (console.address().unwrap(), console.code().unwrap());
    tokio::spawn(console.serve());
    let driver = Driver::start();
    let downloads = tempfile::tempdir().unwrap();
    let person = Person::at(&driver, address, downloads.path()).await;

    // The first start: the code from the box's screen, and a password.
    person.go("/").await;
    person.is_at("/setup").await;
    person.shot("1-setup").await;
    person.write("code", &code).await;
    person.write("password", PASSWORD).await;
    person.write("again", PASSWORD).await;
    person.follow("main button").await;
    person.is_at("/connections").await;

    // Out and in again.
    person.follow("form[action='/sign-out'] button").await;
    person.is_at("/sign-in").await;
    person.write("password", PASSWORD).await;
    person.follow("main button").await;
    person.is_at("/connections").await;
    person.shot("2-connections").await;
    assert_eq!(person.texts("tbody tr").await.len(), 60, "without the general Internet");

    // Only what can carry a person's hands inwards.
    person.press("input[name=tunnels]").await;
    person.follow("form.filters button").await;
    let shown = person.texts("tbody td:first-child").await;
    assert_eq!(shown.len(), 30);
    person.shot("3-tunnels").await;
    let file = person.file("p.files a[href*='.csv']", "csv").await;
    let mut rows = csv::Reader::from_reader(&file[3..]);
    let in_csv: Vec<String> = rows.records().map(|row| row.unwrap()[0].to_owned()).collect();
    assert_eq!(in_csv, shown);
    let mut book = Xlsx::new(Cursor::new(person.file("p.files a[href*='.xlsx']", "xlsx").await)).unwrap();
    let sheet = book.worksheet_range("外部接続先一覧").unwrap();
    let numbers = sheet.rows().filter_map(|row| match row[0] {
        Data::Float(number) => Some(number.to_string()),
        Data::Int(number) => Some(number.to_string()),
        _ => None,
    });
    assert_eq!(numbers.collect::<Vec<_>>(), shown);

    // One of them, and why we say so; in the other language too.
    person.follow("tbody tr:first-child a").await;
    assert!(person.client.current_url().await.unwrap().path().starts_with("/connections/kita/"));
    person.shot("4-connection").await;
    assert_eq!(
        person.client.find(Locator::Css("html")).await.unwrap().attr("lang").await.unwrap().unwrap(),
        "ja"
    );
    let japanese = person.texts("main").await.concat();
    assert!(japanese.contains(SCRIPT) && japanese.contains("という名前"), "{japanese}");
    person.follow("a[href*='lang=en']").await;
    let english = person.texts("main").await.concat();
    assert!(english.contains(SCRIPT) && english.contains("it says"), "{english}");
    person.shot("5-connection-in-english").await;

    // A name that is a script is text wherever it is shown, and nothing on the way was refused.
    for (page, name) in [("/devices", "6-devices"), ("/exits", "7-exits"), ("/sites", "8-sites")] {
        person.go(page).await;
        assert!(page == "/sites" || person.texts("main").await.concat().contains(SCRIPT), "{page}");
        person.shot(name).await;
    }
    assert!(person.client.find(Locator::Css("script")).await.is_err(), "there is no script on any page");
    assert_eq!(person.complaints().await, Vec::<String>::new());

    // The log would tell: a page from elsewhere that tries.
    person
        .client
        .execute(
            "document.body.append(Object.assign(document.createElement('script'), { text: '1' }))",
            vec![],
        )
        .await
        .unwrap();
    let complaints = person.complaints().await;
    assert!(
        complaints.iter().any(|complaint| complaint.contains("Content Security Policy")),
        "{complaints:?}"
    );
    person.client.close().await.unwrap();
}
