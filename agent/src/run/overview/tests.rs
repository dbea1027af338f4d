use sekisho_mirror::{Around, Carrier, MirrorCheck};

use super::*;
use crate::run::config;
use crate::run::vitals::Detail;

fn overview(posts: Vec<Post>) -> Overview {
    let now = Instant::now();
    let posts: Vec<Arc<Post>> = posts.into_iter().map(Arc::new).collect();
    let moving = Moving {
        rates: Rates::default(),
        clock: ClockCheck::new(SystemTime::now(), now),
        health: Health::new("/".into()),
        roll_up: Duration::from_mins(5),
        reload: None,
        handed: Vec::new(),
        handed_doubts: Vec::new(),
        handed_error: None,
        beats: vec![(0, now); posts.len() + 1],
        heard: vec![(0, now); posts.len()],
        verdicts: Verdicts::default(),
    };
    Overview {
        site: "kita".to_owned(),
        sensor: "box".to_owned(),
        max_memory: 1 << 20,
        started: now,
        posts,
        desk: Arc::new(Post::new("site".to_owned(), Place::Site)),
        book: Arc::default(),
        board: Arc::default(),
        ledger: PathBuf::new(),
        meetings: None,
        doors: Vec::new(),
        moving: Mutex::new(moving),
    }
}

fn capture(thread: u32, vitals: &Vitals) -> Post {
    let post = Post::new(format!("capture-eth1-{thread}"), Place::Interface("eth1".to_owned()));
    post.publish(vitals);
    post.works();
    post
}

#[test]
fn a_refusal_of_what_was_handed_down_is_shown_until_it_is_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    let socket = folder.path().join("agent.sock");
    let ledger = folder.path().join("ledger.db");
    let text =
        format!("site = 'kita'\nledger = '{}'\n[status]\nsocket = '{}'", ledger.display(), socket.display());
    let config = config::again(&path, &text).unwrap().config;
    let overview = overview(Vec::new());
    let shown = || overview.status().handed_error;
    overview.handed_down(Some("busy".to_owned()), &config);
    assert_eq!(shown().as_deref(), Some("busy"));
    overview.reloaded(Reload { error: Some("line 3".to_owned()), ..Reload::default() }, &config);
    assert_eq!(shown().as_deref(), Some("busy"), "the file was refused");
    overview.reloaded(Reload::default(), &config);
    assert_eq!(shown(), None);
    overview.handed_down(Some("busy".to_owned()), &config);
    overview.handed_down(None, &config);
    assert_eq!(shown(), None);
}

#[test]
fn a_box_that_is_enrolled_and_is_not_to_sync_by_itself_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let overview = Overview { ledger: folder.path().join("ledger.db"), ..overview(Vec::new()) };
    assert_eq!(overview.status().sync.state, "not-enrolled");
    std::fs::create_dir(folder.path().join("sync")).unwrap();
    std::fs::write(folder.path().join("sync/collector.json"), "{}").unwrap();
    assert_eq!(overview.status().sync.state, "by-hand");
}

#[test]
fn threads_of_one_interface_are_shown_as_one() {
    let vitals =
        Vitals { packets: 10, bytes: 1_000, kernel_drops: 1, conns: 3, conns_max: 12, ..Vitals::default() };
    let first = capture(0, &Vitals { link_up: 1, gaps: 2, ..vitals });
    let second = capture(1, &Vitals { gaps: 1, ..vitals });
    let mut check = MirrorCheck::new(&[]);
    check.carrier(Carrier::Tzsp);
    let around = Around { drops: 7, packets: 3, ..Around::default() };
    for post in [&first, &second] {
        let counted = Counted { check: check.clone(), around };
        post.tell(Detail { exporters: Vec::new(), mirror: Some(Arc::new(counted)) });
    }
    second.fails(&anyhow::anyhow!("no such device"));
    let overview = overview(vec![first, second]);
    overview.tick();
    let status = overview.status();
    let [interface] = status.interfaces.as_slice() else { panic!("{:?}", status.interfaces) };
    assert_eq!((interface.packets, interface.bytes, interface.kernel_drops), (20, 2_000, 2));
    assert_eq!((interface.link, interface.gaps, interface.watching), (true, 2, false));
    let mirror = interface.mirror.as_ref().unwrap();
    assert!(mirror.en.contains("14"), "what both lost: {}", mirror.en);
    assert!((status.tables.fill_pct - 25.0).abs() < 0.01, "{}", status.tables.fill_pct);
    let states: Vec<&str> = status.workers.iter().map(|worker| worker.state.as_str()).collect();
    assert_eq!(states, ["watching", "waiting"]);
}

#[test]
fn exporters_are_shown_up_to_a_bound_and_add_to_no_interface() {
    let post = Post::new("exports".to_owned(), Place::Exports);
    let exporter = |last: u32| Exporter {
        address: std::net::Ipv4Addr::from(0xC000_0200 + last % 256).into(),
        datagrams: 1,
        flows: 30,
        lost: 0,
        unread: 0,
    };
    post.tell(Detail { exporters: (0..5_000).map(exporter).collect(), mirror: None });
    let status = overview(vec![post]).status();
    assert_eq!((status.exporters.len(), status.interfaces.len()), (MAX_EXPORTERS, 0));
}

#[test]
fn a_thread_that_does_not_come_round_holds_the_daemon_up() {
    let overview = overview(vec![capture(0, &Vitals::default())]);
    let long_ago = Instant::now().checked_sub(STUCK * 2).unwrap();
    lock(&overview.moving).beats.fill((0, long_ago));
    overview.tick();
    assert!(overview.held_up() >= STUCK);
    assert_eq!(overview.status().workers.first().unwrap().state, "stuck");
    overview.posts.first().unwrap().beat();
    overview.tick();
    assert_eq!(overview.status().workers.first().unwrap().state, "watching");
    assert!(overview.held_up() >= STUCK, "the site's thread still hangs");
    overview.desk.at_length(true);
    assert!(overview.held_up() < STUCK, "it records");
    let too_long_ago = Instant::now().checked_sub(LENGTHY * 2).unwrap();
    lock(&overview.moving).beats.last_mut().unwrap().1 = too_long_ago;
    assert!(overview.held_up() > LENGTHY, "it hangs all the same");
    overview.desk.at_length(false);
    overview.desk.beat();
    overview.tick();
    assert!(overview.held_up() < STUCK);
}
