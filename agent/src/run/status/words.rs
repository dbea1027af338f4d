//! The daemon's answer for people: what needs attention first, then the figures.

use std::fmt::{Display, Write as _};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sekisho_report::size::human;
use sekisho_report::{Lang, fill, label};

use super::super::rates::rough;
use super::{Doubt, Interface, Status};

/// Less room than this for the ledger, and a person should look.
const SCARCE_DISK_BYTES: u64 = 1 << 30;
/// Tables fuller than this will push conns out soon.
const FULL_PCT: f64 = 90.0;
/// Most boxes slow down above this.
const HOT_C: f32 = 85.0;
/// A mirror port that shows nothing for so long is none: hosts ask for each other every few seconds.
const SILENT_S: u64 = 60;
/// Exporters beyond this are counted, not listed: a screen has no room for more.
const MAX_LISTED: usize = 20;

/// Words a status.
pub(super) fn words(status: &Status, lang: Lang, zone: &TimeZone) -> String {
    let mut page = Page { lang, zone, text: String::new() };
    page.head(status);
    page.attention(status);
    page.traffic(status);
    page.sources(status);
    page.asking(status);
    page.keeping(status);
    page.machine(status);
    page.text
}

struct Page<'z> {
    lang: Lang,
    zone: &'z TimeZone,
    text: String,
}

impl Page<'_> {
    fn line(&mut self, key: &str, values: &[(&str, &dyn Display)]) {
        let words = fill(self.lang, key, values);
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.text, "{}", plain(&words));
    }

    /// The words of the page's language.
    fn of<'d>(&self, doubt: &'d Doubt) -> &'d str {
        match self.lang {
            Lang::Ja => &doubt.ja,
            Lang::En => &doubt.en,
        }
    }

    fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn head(&mut self, status: &Status) {
        let (at, uptime) = (self.time(status.at), span(status.uptime_s));
        let Status { agent, site, sensor, .. } = status;
        self.line(
            "agent.head",
            &[("site", site), ("sensor", sensor), ("agent", agent), ("at", &at), ("uptime", &uptime)],
        );
    }

    /// What a person should see to.
    fn attention(&mut self, status: &Status) {
        let drops = status.traffic.kernel_drops;
        if drops > 0 {
            let seen = status.traffic.packets.saturating_add(drops).max(1);
            let share = format!("{:.2}", rough(drops) * 100.0 / rough(seen));
            self.line("agent.attention-drops", &[("drops", &drops), ("share", &share)]);
        }
        for worker in status.workers.iter().filter(|worker| worker.state != "watching") {
            if worker.state == "stuck" {
                self.line("agent.attention-stuck", &[("name", &worker.name)]);
                continue;
            }
            let state = label(self.lang, "worker-state", &worker.state);
            let says = worker.says.as_ref().map(|says| self.of(says));
            let error = says.or(worker.error.as_deref()).unwrap_or("-");
            self.line(
                "agent.attention-worker",
                &[("name", &worker.name), ("state", &state), ("error", &error)],
            );
        }
        for interface in &status.interfaces {
            self.port(interface);
        }
        if let Some(error) = &status.roll_up.error {
            self.line("agent.attention-record", &[("error", error)]);
        }
        if status.roll_up.unkept > 0 {
            self.line("agent.attention-unkept", &[("unkept", &status.roll_up.unkept)]);
        }
        for listener in &status.listeners {
            let Some(error) = &listener.error else { continue };
            let name = label(self.lang, "listener", &listener.name);
            self.line("agent.attention-listener", &[("name", &name), ("error", error)]);
        }
        if let Some(snmp) = &status.snmp {
            if let Some(error) = &snmp.error {
                self.line("agent.attention-snmp", &[("error", error)]);
            }
            if snmp.refused > 0 {
                self.line("agent.attention-snmp-room", &[("refused", &snmp.refused)]);
            }
            if snmp.shortened > 0 {
                self.line("agent.attention-snmp-short", &[("shortened", &snmp.shortened)]);
            }
        }
        if status.tables.fill_pct > FULL_PCT || status.tables.evicted > 0 {
            let fill = format!("{:.0}", status.tables.fill_pct);
            self.line("agent.attention-table", &[("fill", &fill), ("evicted", &status.tables.evicted)]);
        }
        if status.machine.disk_free < SCARCE_DISK_BYTES {
            self.line("agent.attention-disk", &[("free", &human(status.machine.disk_free))]);
        }
        if let Some(celsius) = status.machine.temperature_c.filter(|celsius| *celsius > HOT_C) {
            self.line("agent.attention-hot", &[("celsius", &format!("{celsius:.0}"))]);
        }
        if !status.clock.plausible {
            self.line("agent.attention-clock", &[]);
        }
        if status.clock.waits {
            self.line("agent.attention-clock-waits", &[]);
        } else if status.clock.plausible && status.clock.synchronised == Some(false) {
            self.line("agent.attention-clock-free", &[]);
        }
        if let Some(error) = status.reload.as_ref().and_then(|reload| reload.error.as_ref()) {
            self.line("agent.attention-reload", &[("error", error)]);
        }
        if let Some(error) = &status.handed_error {
            self.line("agent.attention-handed", &[("error", error)]);
        }
        for doubt in &status.handed_doubts {
            self.line("agent.attention-doubt", &[("says", &self.of(doubt))]);
        }
        if let Some(reload) = status.reload.as_ref().filter(|reload| !reload.waiting.is_empty()) {
            self.line("agent.attention-restart", &[("keys", &reload.waiting.join(", "))]);
        }
    }

    /// What of an interface a person should see to.
    fn port(&mut self, interface: &Interface) {
        let Interface { name, watching, missing, link, silent_s, mirror, .. } = interface;
        // Why it is not watched is told with its worker.
        if *watching && *missing {
            self.line("agent.attention-missing", &[("name", name)]);
        } else if *watching && !link {
            self.line("agent.attention-link", &[("name", name)]);
        } else if *watching && *silent_s >= SILENT_S {
            self.line("agent.attention-silent", &[("name", name), ("silent", &span(*silent_s))]);
        } else if let Some(mirror) = mirror.as_ref().filter(|mirror| mirror.verdict == "bad") {
            let says = match self.lang {
                Lang::Ja => &mirror.ja,
                Lang::En => &mirror.en,
            };
            self.line("agent.attention-mirror", &[("name", name), ("says", says)]);
        }
    }

    fn traffic(&mut self, status: &Status) {
        let traffic = &status.traffic;
        let (now, minute) = (rounded(traffic.packets_per_s), rounded(traffic.packets_per_s_1m));
        let bytes = human(whole(traffic.bytes_per_s));
        self.line("agent.rate", &[("now", &now), ("minute", &minute), ("bytes", &bytes)]);
        let total = human(traffic.bytes);
        self.line(
            "agent.total",
            &[
                ("packets", &traffic.packets),
                ("bytes", &total),
                ("drops", &traffic.kernel_drops),
                ("freezes", &traffic.ring_freezes),
                ("duplicates", &traffic.duplicates),
            ],
        );
        let tables = &status.tables;
        let fill = format!("{:.1}", tables.fill_pct);
        self.line("agent.tables", &[("conns", &tables.conns), ("fill", &fill), ("evicted", &tables.evicted)]);
    }

    fn sources(&mut self, status: &Status) {
        for interface in &status.interfaces {
            self.interface(interface);
        }
        for (number, exporter) in status.exporters.iter().take(MAX_LISTED).enumerate() {
            self.line(
                "agent.exporter",
                &[
                    ("number", &(number + 1)),
                    ("address", &exporter.address),
                    ("datagrams", &exporter.datagrams),
                    ("flows", &exporter.flows),
                    ("lost", &exporter.lost),
                    ("unread", &exporter.unread),
                ],
            );
        }
        let more = status.exporters.len().saturating_sub(MAX_LISTED);
        if more > 0 {
            self.line("agent.more-exporters", &[("more", &more)]);
        }
    }

    fn interface(&mut self, interface: &Interface) {
        let link = label(self.lang, "link", if interface.link { "up" } else { "down" });
        let Interface { name, packets, kernel_drops: drops, gaps, .. } = interface;
        self.line(
            "agent.interface",
            &[("name", name), ("link", &link), ("packets", packets), ("drops", drops), ("gaps", gaps)],
        );
        if let Some(mirror) = &interface.mirror {
            let says = match self.lang {
                Lang::Ja => &mirror.ja,
                Lang::En => &mirror.en,
            };
            self.line("agent.mirror", &[("says", says)]);
        }
    }

    fn asking(&mut self, status: &Status) {
        let Some(snmp) = &status.snmp else { return };
        let state = label(self.lang, "snmp-state", &snmp.state);
        let stood =
            |(state, count): (&String, &u64)| format!("{} {count}", label(self.lang, "poll-state", state));
        let states: Vec<String> = snmp.states.iter().map(stood).collect();
        let last = snmp.last.map_or_else(|| "-".to_owned(), |last| self.time(last.at));
        let states = if states.is_empty() { "-".to_owned() } else { states.join(", ") };
        self.line(
            "agent.snmp",
            &[
                ("state", &state),
                ("targets", &snmp.targets),
                ("left_out", &snmp.left_out),
                ("resting", &snmp.resting),
                ("states", &states),
                ("last", &last),
            ],
        );
        let (sent, repeated, answered) = (snmp.sent, snmp.repeated, snmp.answered);
        self.line("agent.snmp-sent", &[("sent", &sent), ("repeated", &repeated), ("answered", &answered)]);
    }

    fn keeping(&mut self, status: &Status) {
        let roll_up = &status.roll_up;
        match &roll_up.last {
            Some(last) => {
                let (at, seconds) = (self.time(last.at), format!("{:.1}", last.seconds));
                let every = span(roll_up.every_s);
                self.line(
                    "agent.roll-up",
                    &[
                        ("at", &at),
                        ("every", &every),
                        ("new", &last.new),
                        ("updated", &last.updated),
                        ("seconds", &seconds),
                    ],
                );
            }
            None => self.line("agent.no-roll-up", &[("every", &span(roll_up.every_s))]),
        }
        let state = label(self.lang, "sync-state", &status.sync.state);
        let last = status.sync.last.map_or_else(|| "-".to_owned(), |at| self.time(at));
        self.line("agent.sync", &[("state", &state), ("last", &last)]);
        if let Some(error) = &status.sync.error {
            self.line("agent.sync-failing", &[("error", error)]);
        }
        for handed in &status.handed {
            let words = handed.words(self.lang);
            let _ = writeln!(self.text, "{}", plain(&words));
        }
    }

    fn machine(&mut self, status: &Status) {
        let machine = &status.machine;
        let [one, five, fifteen] = machine.load.map(|load| format!("{load:.2}"));
        let celsius = machine.temperature_c.map_or_else(|| "-".to_owned(), |celsius| format!("{celsius:.0}"));
        self.line(
            "agent.memory",
            &[
                ("resident", &human(status.memory.resident)),
                ("tables", &human(status.tables.bytes)),
                ("max", &human(status.memory.tables_max)),
            ],
        );
        self.line(
            "agent.box",
            &[
                ("cores", &machine.cores),
                ("load", &format!("{one} {five} {fifteen}")),
                ("memory", &human(machine.memory_available)),
                ("memory_total", &human(machine.memory_total)),
                ("disk", &human(machine.disk_free)),
                ("disk_total", &human(machine.disk_total)),
                ("celsius", &celsius),
            ],
        );
        if let Some(seconds) = status.clock.left_out_s {
            self.line("agent.clock-left-out", &[("seconds", &format!("{seconds:.0}"))]);
        }
        if let Some(jump) = status.clock.last_jump_s {
            self.line("agent.clock", &[("jumps", &status.clock.jumps), ("last", &format!("{jump:+.0}"))]);
        }
    }
}

fn rounded(rate: f64) -> String {
    format!("{rate:.0}")
}

#[expect(clippy::cast_sign_loss, reason = "`as` makes a nonsensical negative rate zero")]
fn whole(rate: f64) -> u64 {
    rate as u64
}

/// Seconds as `3d 04:05:06`.
fn span(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60);
    if days == 0 { clock } else { format!("{days}d {clock}") }
}

/// Without control characters: errors may quote what strangers sent.
fn plain(words: &str) -> String {
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Handed;
    use super::super::{
        Clock, Exporter, LastRollUp, Machine, MirrorVerdict, Reload, RollUp, Tables, Traffic, Worker,
    };
    use super::*;

    fn healthy() -> Status {
        let machine = Machine { disk_free: 50 << 30, disk_total: 60 << 30, cores: 2, ..Machine::default() };
        Status {
            site: "kita".to_owned(),
            sensor: "box".to_owned(),
            clock: Clock { plausible: true, ..Clock::default() },
            machine,
            ..Status::default()
        }
    }

    /// Words in both languages, none of which may be a key or have an empty place.
    fn both(status: &Status) -> [String; 2] {
        [Lang::Ja, Lang::En].map(|lang| {
            let words = words(status, lang, &TimeZone::UTC);
            assert!(!words.contains("agent.") && !words.contains('{'), "{words}");
            words
        })
    }

    #[test]
    fn nothing_asks_for_attention_while_all_is_well() {
        let [ja, en] = both(&healthy());
        assert!(!ja.contains("注意") && !en.contains("attention"), "{ja}{en}");
    }

    #[test]
    fn whatever_is_wrong_asks_for_attention_first() {
        let base = healthy();
        let machine = base.machine;
        let waiting =
            Worker { name: "capture-eth1".to_owned(), state: "waiting".to_owned(), ..Worker::default() };
        // (what is wrong, a word of it)
        let port = |interface: Interface| Status {
            interfaces: vec![Interface { name: "eth1".to_owned(), watching: true, ..interface }],
            ..base.clone()
        };
        let mirror =
            MirrorVerdict {
                verdict: "bad".to_owned(), ja: "eth1 不良".to_owned(), en: "eth1 NG".to_owned()
            };
        let words =
            Doubt { ja: "CAP_NET_RAW が要ります".to_owned(), en: "CAP_NET_RAW is needed".to_owned() };
        let refused = Worker { error: Some("denied".to_owned()), says: Some(words), ..waiting.clone() };
        let stuck = Worker { state: "stuck".to_owned(), ..waiting.clone() };
        let doubt = Doubt { ja: "12 個を使いません".to_owned(), en: "12 are not used".to_owned() };
        let cases = vec![
            (port(Interface::default()), "ip link set eth1 up"),
            (port(Interface { missing: true, ..Interface::default() }), "ip link"),
            (port(Interface { link: true, silent_s: 90, ..Interface::default() }), "00:01:30"),
            (port(Interface { link: true, mirror: Some(mirror), ..Interface::default() }), "eth1"),
            (
                Status {
                    traffic: Traffic { packets: 99, kernel_drops: 1, ..Traffic::default() },
                    ..base.clone()
                },
                "1.00 %",
            ),
            (Status { workers: vec![waiting], ..base.clone() }, "capture-eth1"),
            (Status { workers: vec![refused], ..base.clone() }, "CAP_NET_RAW"),
            (Status { workers: vec![stuck], ..base.clone() }, "systemctl restart"),
            (Status { roll_up: RollUp { unkept: 7, ..RollUp::default() }, ..base.clone() }, "7"),
            (Status { tables: Tables { evicted: 5, ..Tables::default() }, ..base.clone() }, "max_memory"),
            (Status { machine: Machine { disk_free: 1 << 20, ..machine }, ..base.clone() }, "1.0 MB"),
            (Status { machine: Machine { temperature_c: Some(91.0), ..machine }, ..base.clone() }, "91"),
            (Status { clock: Clock::default(), ..base.clone() }, "NTP"),
            (Status { clock: Clock { waits: true, ..base.clock }, ..base.clone() }, "NTP"),
            (Status { clock: Clock { synchronised: Some(false), ..base.clock }, ..base.clone() }, "NTP"),
            (Status { handed_doubts: vec![doubt], ..base.clone() }, "12"),
            (Status { handed_error: Some("example.toml".to_owned()), ..base.clone() }, "example.toml"),
            (
                Status {
                    reload: Some(Reload { error: Some("line 3".to_owned()), ..Reload::default() }),
                    ..base.clone()
                },
                "check-config",
            ),
            (
                Status {
                    reload: Some(Reload { waiting: vec!["ledger".to_owned()], ..Reload::default() }),
                    ..base.clone()
                },
                "ledger",
            ),
        ];
        for (status, word) in cases {
            for (words, attention) in both(&status).iter().zip(["注意", "attention"]) {
                let line = words.lines().nth(1).unwrap();
                assert!(line.starts_with(attention) && line.contains(word), "{words}");
            }
        }
    }

    #[test]
    fn interfaces_exporters_and_the_last_roll_up_are_shown() {
        let mirror =
            MirrorVerdict { verdict: "good".to_owned(), ja: "良好".to_owned(), en: "good".to_owned() };
        let address = "192.0.2.1".parse().unwrap();
        let exporter = Exporter { address, datagrams: 3, flows: 90, lost: 1, unread: 8 };
        let mut status = healthy();
        status.interfaces.push(Interface {
            name: "eth1".to_owned(),
            link: true,
            mirror: Some(mirror),
            ..Interface::default()
        });
        status.exporters = vec![exporter; MAX_LISTED + 2];
        status.roll_up.last = Some(LastRollUp { new: 4, ..LastRollUp::default() });
        status.uptime_s = 3 * 86_400 + 3_661;
        let [ja, en] = both(&status);
        for words in [
            "eth1",
            "リンクあり",
            "ミラー設定: 良好",
            "192.0.2.1",
            "ほかに 2",
            "読めなかったもの 8",
            "新規 4 件",
            "3d 01:01:01",
        ] {
            assert!(ja.contains(words), "{words} in {ja}");
        }
        for words in ["link up", "mirror: good", "90 flows", "8 not readable", "and 2 more", "4 new"] {
            assert!(en.contains(words), "{words} in {en}");
        }
    }

    #[test]
    fn what_the_collector_handed_down_is_shown_with_what_became_of_it() {
        let mut status = healthy();
        for state in ["in-force", "stated", "declined", "idle", "refused", "unknown"] {
            let (key, values, author) = (state.to_owned(), "10min".to_owned(), "survey".to_owned());
            let why = if state == "refused" { "too\u{1b}[2J wide" } else { "" }.to_owned();
            let (why_ja, why_en) = (why.clone(), why);
            let (state, stated) = (state.to_owned(), "1h".to_owned());
            status.handed.push(Handed { key, values, author, state, stated, why_ja, why_en });
        }
        for words in both(&status) {
            assert!(!words.contains('\u{1b}') && words.matches("10min").count() == 6, "{words}");
        }
    }

    #[test]
    fn what_an_error_quotes_cannot_steer_a_terminal() {
        let mut status = healthy();
        status.roll_up.error = Some("file \u{1b}[2J\nnext".to_owned());
        for words in both(&status) {
            assert!(!words.contains('\u{1b}') && words.contains("[2J next"), "{words}");
        }
    }
}
