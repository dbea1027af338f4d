use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

/// A file's text around `more`, with places that exist on every machine.
fn sound(more: &str) -> String {
    format!(
        "site = \"kita\"\nsensor = \"box\"\nledger = \"/tmp/ledger.db\"\n{more}\n[status]\nsocket = \"/tmp/agent.sock\"\n"
    )
}

fn names(text: &str) -> Vec<(Option<usize>, &'static str)> {
    let problems = check::check(text).err().unwrap_or_default();
    for problem in &problems {
        has_words(problem);
    }
    problems.iter().map(|problem| (problem.line, problem.name)).collect()
}

/// Every fault that a test brings about has its text, and the text's places are filled.
fn has_words(problem: &Problem) {
    for lang in [Lang::Ja, Lang::En] {
        let words = problem.words(Path::new("agent.toml"), lang);
        assert!(!words.contains("config.") && !words.contains('{'), "{words}");
    }
}

#[test]
fn what_is_left_out_fits_a_small_box() {
    let loaded = check::check(&sound("[[capture]]\ninterface = \"lo\"")).unwrap();
    assert!(loaded.doubts.is_empty(), "{:?}", loaded.doubts);
    let config = loaded.config;
    let capture = config.captures.first().unwrap();
    assert_eq!(config.max_memory, 384 << 20);
    assert_eq!(config.live.roll_up, Duration::from_mins(5));
    assert_eq!((capture.threads, capture.ring, capture.snaplen), (1, 32 << 20, 9_216));
    assert!(capture.promiscuous);
    assert_eq!((config.metrics, config.console), (None, None));
    assert_eq!((config.lang, config.log_format), (Lang::Ja, LogFormat::Text));
}

#[test]
fn a_box_that_syncs_needs_a_file_for_its_ledger() {
    let at = |ledger: &str, more: &str| sound(more).replace("/tmp/ledger.db", ledger);
    let server = "postgres://box:secret@192.0.2.9/ledger";
    assert_eq!(names(&at(server, "[sync]")), [(Some(3), "sync-on-server")]);
    assert_eq!(names(&at(server, "")), []);
    assert_eq!(names(&at("/tmp/ledger.db", "[sync]")), []);
    let problems = check::check(&at(server, "[sync]")).unwrap_err();
    for lang in [Lang::Ja, Lang::En] {
        let words = problems.first().unwrap().words(Path::new("agent.toml"), lang);
        assert!(!words.contains("secret") && words.contains("ledger"), "{words}");
    }
    assert_eq!(check::check(&at(server, "")).unwrap().config.live.rules.handed, None);
}

#[test]
fn every_fault_is_told_at_its_line() {
    // (from line 4 on, line, name)
    let cases = [
        ("colour = \"red\"", 4, "unknown-key"),
        ("roll_up = 300", 4, "syntax"),
        ("\nroll_up = \"300\"", 5, "bad-duration"),
        ("roll_up = \"0s\"", 4, "out-of-bounds"),
        ("roll_up = \"2h\"", 4, "out-of-bounds"),
        ("max_memory = \"256M\"", 4, "bad-size"),
        ("max_memory = \"1MiB\"", 4, "size-too-small"),
        ("lang = \"fr\"", 4, "bad-choice"),
        ("internal = [\n\"10.0.0.0/8\",\n\"10.0.0.0/33\"]", 6, "bad-prefix"),
        ("rules = \"/nowhere/rules\"", 4, "bad-rules"),
        ("[[capture]]\ninterface = \"../net\"", 5, "bad-interface"),
        ("[[capture]]\ninterface = \"lo\"\n[[capture]]\ninterface = \"lo\"", 7, "interface-twice"),
        ("[[capture]]\ninterface = \"lo\"\nfilter = \"port http\"", 6, "bad-filter"),
        ("[[capture]]\ninterface = \"lo\"\nthreads = 0", 6, "out-of-bounds"),
        ("[[capture]]\ninterface = \"lo\"\nthreads = 100000", 6, "out-of-bounds"),
        ("[[capture]]\ninterface = \"lo\"\nring = \"1GiB\"", 5, "rings-too-large"),
        ("[[capture]]\ninterface = \"lo\"\nsnaplen = 10", 6, "out-of-bounds"),
        ("[[capture]]\nthreads = 1", 4, "missing-key"),
        ("[[exports]]\nlisten = \"2055\"", 5, "bad-address"),
        ("[[exports]]\nlisten = \"0.0.0.0:0\"", 5, "bad-address"),
        ("[[exports]]\nlisten = \"0.0.0.0:2055\"\n[[exports]]\nlisten = \"192.0.2.1:2055\"", 7, "port-twice"),
        ("[metrics]\nlisten = \"0.0.0.0:9464\"", 5, "not-loopback"),
        ("[console]\nlisten = \"https://192.0.2.1\"", 5, "bad-address"),
        ("[log]\nlevel = \"loud\"", 5, "bad-choice"),
        ("[snmp]\nequipment = true", 4, "snmp-no-secret"),
        ("[snmp]\nequipment = true\ncommunity_file = \"/nowhere\"", 6, "bad-secret"),
        ("[snmp]\nequipment = true\nuser_file = \"/nowhere\"", 6, "bad-secret"),
        ("[snmp]\ntargets = [\n\"router1\"]\ncommunity_file = \"/proc/version\"", 6, "bad-target"),
        ("[snmp]\nsubnets = [\"10.0.0.0/8\"]\ncommunity_file = \"/proc/version\"", 5, "bad-subnet"),
        (
            "[snmp]\nequipment = true\ncommunity_file = \"/proc/version\"\ninterval = \"1s\"",
            7,
            "out-of-bounds",
        ),
        ("[snmp]\nequipment = true\ncommunity_file = \"/proc/version\"\nrate = 0", 7, "out-of-bounds"),
        ("[snmp]\nsubnet = [\"192.0.2.0/24\"]", 5, "unknown-key"),
    ];
    for (more, line, name) in cases {
        assert_eq!(names(&sound(more)), [(Some(line), name)], "{more}");
    }
}

#[test]
fn a_key_that_is_missing_or_misspelt_is_named_in_the_reader_s_language() {
    let words = |text: &str, lang| {
        let problems = check::check(text).unwrap_err();
        problems.first().unwrap().words(Path::new("agent.toml"), lang)
    };
    assert!(words("", Lang::Ja).contains("必須の項目 site がありません"), "{}", words("", Lang::Ja));
    assert!(words("", Lang::En).contains("`site` is missing"), "{}", words("", Lang::En));
    let misspelt = sound("[metrics]\nport = 1");
    assert!(words(&misspelt, Lang::Ja).contains("「port」という項目はありません"));
    assert!(words(&misspelt, Lang::En).ends_with("there is no key `port` here, only: listen"));
}

#[test]
fn places_that_cannot_be_used_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let long = "x".repeat(120);
    // (ledger, socket, what is wrong)
    let cases = [
        (format!("{place}/none/ledger.db"), "/tmp/a".to_owned(), "folder-missing"),
        (place.to_string(), "/tmp/a".to_owned(), "ledger-is-folder"),
        ("/tmp/ledger.db".to_owned(), format!("{place}/none/a"), "folder-missing"),
        ("/tmp/ledger.db".to_owned(), format!("/tmp/{long}"), "socket-path-long"),
    ];
    for (ledger, socket, name) in cases {
        let text = format!("site = \"a\"\nledger = \"{ledger}\"\n[status]\nsocket = \"{socket}\"\n");
        let found = names(&text);
        assert_eq!(found.iter().map(|(_, name)| *name).collect::<Vec<_>>(), [name], "{text}");
    }
}

#[test]
fn the_folder_that_the_service_manager_makes_need_not_be_there() {
    let folder = Path::new("/var/lib/sekisho");
    assert_eq!(surroundings::ledger(&folder.join("ledger.db")), None, "{}", folder.exists());
}

#[test]
fn everything_that_is_wrong_is_told_at_once_in_the_order_of_the_file() {
    let text = sound("lang = \"fr\"\nroll_up = \"soon\"\n[[exports]]\nlisten = \"x\"");
    let found = names(&text);
    assert_eq!(found, [(Some(4), "bad-choice"), (Some(5), "bad-duration"), (Some(7), "bad-address")]);
}

#[test]
fn an_interface_that_may_yet_appear_and_nothing_to_watch_are_doubts() {
    // A file that nobody else reads; anybody may read the one of the last case.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("community");
    fs::write(&path, "public\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let own = format!("community_file = \"{}\"", path.display());
    // (more, line, name)
    let cases = [
        ("[[capture]]\ninterface = \"nosuch0\"", Some(5), "no-such-interface"),
        ("", None, "nothing-to-watch"),
        ("max_memory = \"100000GiB\"\n[[capture]]\ninterface = \"lo\"", Some(4), "memory-too-large"),
        ("[[capture]]\ninterface = \"lo\"\n[snmp]\nOWN", Some(6), "snmp-nobody"),
        ("[snmp]\ntargets = [\"192.0.2.9\"]\nexcluded = [\"192.0.2.8/30\"]\nOWN", Some(5), "snmp-both-ways"),
        ("[snmp]\ntargets = [\"192.0.2.9\"]\ncommunity_file = \"/proc/version\"", Some(6), "snmp-exposed"),
    ];
    for (more, line, name) in cases {
        let more = more.replace("OWN", &own);
        let doubts = check::check(&sound(&more)).unwrap().doubts;
        doubts.iter().for_each(has_words);
        let found: Vec<_> = doubts.iter().map(|doubt| (doubt.line, doubt.name)).collect();
        assert_eq!(found, [(line, name)], "{more}");
    }
}

#[test]
fn the_example_in_packaging_is_sound_and_shows_every_key() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/agent.toml");
    let text = fs::read_to_string(example).unwrap();
    let schema = include_str!("schema.rs");
    let keys = schema.lines().filter_map(|line| line.trim().strip_prefix("pub(super) "));
    let keys = keys.filter_map(|field| field.split_once(": ")).map(|(key, _)| key);
    let mut shown = 0;
    for key in keys {
        let shows = |line: &str| {
            let line = line.trim_start_matches("# ");
            line.starts_with(&format!("{key} = ")) || line.trim_matches(['[', ']']) == key
        };
        assert!(text.lines().any(shows), "`{key}` is not in the example");
        shown += 1;
    }
    assert!(shown >= 20, "only {shown} keys found");
    // As it stands, and with every key that is commented out: the faults are this machine's alone.
    let own = ["folder-missing", "not-writable", "bad-rules", "bad-secret"];
    let whole: Vec<&str> = text.lines().map(uncommented).collect();
    for text in [text.clone(), whole.join("\n")] {
        for (line, name) in names(&text) {
            assert!(own.contains(&name), "{line:?}: {name}");
        }
    }
}

/// A line of the example with its key in force; what is prose stays a comment.
fn uncommented(line: &str) -> &str {
    let Some(rest) = line.strip_prefix("# ") else { return line };
    let key = rest.split_once(" = ").map_or(rest.trim_matches(['[', ']']), |(key, _)| key);
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let is_table = rest.starts_with('[');
    if is_key && (rest.contains(" = ") || is_table) { rest } else { line }
}

#[test]
fn a_running_daemon_takes_over_what_changes_live_and_names_the_rest() {
    let old = "[[exports]]\nlisten = \"127.0.0.1:2055\"\nallowed = [\"192.0.2.1\"]";
    let mut config = check::check(&sound(old)).unwrap().config;
    let before = config.clone();
    let new = "roll_up = \"1min\"\ninternal = [\"10.0.0.0/8\"]\nmax_memory = \"512MiB\"\n[[exports]]\nlisten = \"127.0.0.1:2055\"\nallowed = [\"192.0.2.2\"]\n[[exports]]\nlisten = \"127.0.0.1:9995\"\n[log]\nlevel = \"debug\"";
    let waiting = config.take_over(check::check(&sound(new)).unwrap().config);
    assert_eq!(waiting, ["max_memory", "exports.listen"]);
    assert_eq!((config.max_memory, &config.exports), (before.max_memory, &before.exports));
    assert_eq!(config.live.roll_up, Duration::from_mins(1));
    assert_eq!(config.live.log_level, LevelFilter::DEBUG);
    assert_eq!(config.live.allowed, [vec!["192.0.2.2".parse().unwrap()]]);
    assert_eq!(config.live.internal, ["10.0.0.0/8".parse().unwrap()]);
}

#[test]
fn a_file_that_cannot_be_read_or_is_too_large_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    let refused = load(&path).unwrap_err();
    assert!(refused.words(Lang::En).contains("agent.toml: cannot be read"), "{}", refused.words(Lang::En));
    fs::write(&path, "#".repeat(MAX_FILE_BYTES as usize + 1)).unwrap();
    assert_eq!(load(&path).unwrap_err().problems.first().unwrap().name, "too-large");
    fs::write(&path, b"site = \"\xff\"").unwrap();
    assert_eq!(load(&path).unwrap_err().problems.first().unwrap().name, "unreadable");
}

/// A file's text whose ledger lies beside what a collector handed down.
fn handed(folder: &Path, said: &str, more: &str) -> Config {
    let (sync, place) = (folder.join("sync"), folder.display());
    fs::create_dir_all(&sync).unwrap();
    fs::write(sync.join("settings.json"), said).unwrap();
    let text = format!(
        "site = \"kita\"\nsensor = \"box\"\nledger = \"{place}/ledger.db\"\n{more}\n[status]\nsocket = \"/tmp/agent.sock\"\n"
    );
    let loaded = check::check(&text).unwrap();
    for handed in &loaded.config.handed {
        for lang in [Lang::Ja, Lang::En] {
            let words = handed.words(lang);
            assert!(
                !words.contains("agent.") && !words.contains("handed.") && !words.contains('{'),
                "{words}"
            );
        }
    }
    loaded.config
}

#[test]
fn what_the_collector_hands_down_is_taken_where_the_file_leaves_it_open() {
    let folder = tempfile::tempdir().unwrap();
    let community = folder.path().join("community");
    fs::write(&community, "public\n").unwrap();
    let snmp = format!("[snmp]\ncommunity_file = \"{}\"\n", community.display());
    let snmp = snmp.as_str();
    // (key, value, the file, what becomes of it)
    let cases = [
        ("internal", "10.0.0.0/8", String::new(), "in-force"),
        ("internal", "10.0.0.0/8", "internal = []".to_owned(), "stated"),
        ("internal", "10.0.0.0/8", "take_settings = false".to_owned(), "declined"),
        ("internal", "0.0.0.0/0", String::new(), "refused"),
        ("sync.every", "1h", "[sync]".to_owned(), "in-force"),
        ("sync.every", "1h", "[sync]\nevery = \"2h\"".to_owned(), "stated"),
        ("sync.every", "1h", String::new(), "idle"),
        ("sync.every", "1s", "[sync]".to_owned(), "refused"),
        ("sync.bandwidth", "64KiB", "[sync]".to_owned(), "in-force"),
        ("sync.hours", "22:00-06:00", "[sync]".to_owned(), "in-force"),
        ("sync.hours", "22:00-06:00", "take_settings = false\n[sync]".to_owned(), "declined"),
        ("sync.url", "https://192.0.2.66", "[sync]".to_owned(), "unknown"),
        ("snmp.subnets", "192.0.2.0/24", String::new(), "idle"),
        ("snmp.subnets", "192.0.2.0/24", format!("{snmp}equipment = true"), "refused"), // nothing allows it
        ("snmp.subnets", "192.0.2.0/24", format!("{snmp}allow = [\"192.0.2.0/24\"]"), "in-force"),
        ("snmp.subnets", "192.0.2.0/23", format!("{snmp}allow = [\"192.0.2.0/24\"]"), "refused"), // half of it
        (
            "snmp.subnets",
            "192.0.2.0/24",
            format!("{snmp}allow = [\"192.0.2.0/24\"]\nsubnets = [\"192.0.2.8/29\"]"),
            "stated",
        ),
    ];
    for (key, value, more, state) in cases {
        let said = format!(
            "{{\"settings\": {{\"{key}\": {{\"values\": [\"{value}\"], \"author\": \"survey\"}}}}, \"left_out\": 0}}"
        );
        let config = handed(folder.path(), &said, &more);
        let none = handed(folder.path(), "{\"settings\": {}, \"left_out\": 0}", &more);
        let [told] = config.handed.as_slice() else { panic!("{key} {more}: {:?}", config.handed) };
        assert_eq!((told.key.as_str(), told.state.as_str()), (key, state), "{value} {more}");
        assert_eq!(told.why_en.is_empty(), state != "refused", "{told:?}");
        assert_eq!(told.stated.is_empty(), state != "stated", "{told:?}");
        let is_other = (&config.live, &config.sync) != (&none.live, &none.sync);
        assert_eq!(is_other, state == "in-force", "{key} {value} {more}");
    }
}

#[test]
fn what_was_handed_down_and_is_not_used_is_told_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    // (file, what is told)
    let cases = [
        ("{\"settings\": {}, \"left_out\": 0}", None),
        ("{\"settings\": {}, \"left_out\": 12}", Some("12")),
        ("\u{1b}[2J", Some("expected value")),
    ];
    for (said, told) in cases {
        let doubts = handed(folder.path(), said, "").handed_doubts;
        assert_eq!(doubts.len(), usize::from(told.is_some()), "{said}");
        for words in doubts.iter().flat_map(Problem::both) {
            assert!(words.contains(told.unwrap()) && !words.contains("config."), "{words}");
        }
    }
}

#[test]
fn what_was_handed_down_and_cannot_be_read_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // (file, why)
    let cases = [
        ("", "empty"),
        ("{\"settings\": {\"internal\": 7}}", "another form"),
        ("{\"settings\": {\"internal\": {\"values\": [\"10.0.0.0/8\"]", "cut"),
        ("\u{0}\u{1b}", "nothing of ours"),
    ];
    for (said, why) in cases {
        let config = handed(folder.path(), said, "");
        assert!(config.handed.is_empty() && config.live.internal.is_empty(), "{why}");
    }
}

#[test]
fn a_running_daemon_takes_over_how_it_meets_its_collector_but_not_whether() {
    let mut config = check::check(&sound("[sync]\nevery = \"1h\"")).unwrap().config;
    let waiting = config.take_over(check::check(&sound("[sync]\nevery = \"2h\"")).unwrap().config);
    assert!(waiting.is_empty(), "{waiting:?}");
    assert_eq!(config.sync.as_ref().unwrap().every, Duration::from_hours(2));
    assert_eq!(config.take_over(check::check(&sound("")).unwrap().config), ["sync"]);
    assert!(config.sync.is_some());
}
