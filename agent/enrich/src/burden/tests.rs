use super::*;

const CLIENT: Addr = Addr::v4([192, 0, 2, 10]);
const SERVER: Addr = Addr::v4([198, 51, 100, 53]);

const SECOND_NS: i64 = 1_000_000_000;

/// Exchanges of one kind in one domain, a second apart.
#[derive(Clone, Copy)]
struct Load {
    record: Record,
    /// Bytes of each name, and of each answer; none where answers are not seen.
    name_bytes: u16,
    answer_bytes: Option<u32>,
    encoded: bool,
    base64: bool,
    binary: bool,
    /// How many different names in turn.
    names: u32,
}

const CODES: Load = Load {
    record: Record::Host,
    name_bytes: 60,
    answer_bytes: Some(4),
    encoded: true,
    base64: false,
    binary: false,
    names: u32::MAX,
};

fn load(burdens: &mut Burdens, texts: &mut Texts, from_ns: i64, count: u32, loads: &[Load]) {
    for number in 0..count {
        for (at, load) in loads.iter().enumerate() {
            let name = (number % load.names).wrapping_mul(0x9e37_79b9) ^ at as u32;
            let mut burden = Burden {
                record: load.record,
                name_bytes: load.name_bytes,
                encoded: load.encoded,
                base64: load.base64,
                binary: load.binary,
                answer_bytes: None,
                name_hash: name,
            };
            let time_ns = from_ns + i64::from(number) * SECOND_NS;
            burdens.add(time_ns, (CLIENT, SERVER), "t.example.org", &burden, texts);
            if load.answer_bytes.is_some() {
                burden.answer_bytes = load.answer_bytes;
                burdens.add(time_ns, (CLIENT, SERVER), "t.example.org", &burden, texts);
            }
        }
    }
}

fn judged(count: u32, loads: &[Load]) -> Option<u8> {
    let (mut burdens, mut texts) = (Burdens::default(), Texts::default());
    load(&mut burdens, &mut texts, SECOND_NS, count, loads);
    let carried = burdens.carried(CLIENT, SERVER);
    assert!(carried.is_none_or(|carried| texts.text(carried.domain) == "example.org"));
    assert_eq!(burdens.carried(SERVER, CLIENT), None, "nobody else's");
    carried.map(|carried| carried.confidence)
}

#[test]
fn what_programs_that_tunnel_in_dns_send_is_a_tunnel() {
    let text = Load { record: Record::Text, name_bytes: 40, answer_bytes: Some(30), ..CODES };
    let alias = Load { record: Record::Alias, ..text };
    // (exchanges, loads, confidence, why)
    let base64 = Load { base64: true, encoded: false, ..text };
    let cases: [(u32, &[Load], Option<u8>, &str); 8] = [
        (20, &[base64], Some(88), "names in base64, as dns2tcp's"),
        (
            20,
            &[Load { record: Record::Raw, name_bytes: 20, encoded: false, ..CODES }],
            Some(94),
            "NULL, idle",
        ),
        (
            40,
            &[Load { name_bytes: 150, binary: true, encoded: false, ..CODES }],
            Some(92),
            "names in eight bits",
        ),
        (40, &[text, alias], Some(90), "text and aliases in turn"),
        (100, &[Load { answer_bytes: Some(180), ..text }], Some(85), "large texts"),
        (100, &[Load { name_bytes: 180, ..alias }], Some(85), "long aliases"),
        (
            200,
            &[Load { name_bytes: 180, answer_bytes: Some(120), ..CODES }],
            Some(80),
            "addresses by aliases",
        ),
        (400, &[Load { name_bytes: 200, answer_bytes: None, ..CODES }], Some(70), "outwards only"),
    ];
    for (count, loads, expected, why) in cases {
        assert_eq!(judged(count, loads), expected, "{why}");
    }
}

#[test]
fn look_ups_with_codes_in_their_names_are_none() {
    // (exchanges, load, why)
    let cases = [
        (5_000, CODES, "an antivirus asks for hashes"),
        (5_000, Load { record: Record::Text, answer_bytes: Some(24), ..CODES }, "and is answered in text"),
        (5_000, Load { name_bytes: 90, answer_bytes: Some(60), names: 12, ..CODES }, "a content network"),
        (
            5_000,
            Load { record: Record::Alias, name_bytes: 60, encoded: false, ..CODES },
            "a directory's services",
        ),
        (5_000, Load { record: Record::Text, answer_bytes: Some(400), names: 20, ..CODES }, "mail's keys"),
        (5_000, Load { record: Record::Raw, names: 3, ..CODES }, "a scanner's type"),
        (5_000, Load { name_bytes: 70, encoded: false, answer_bytes: Some(120), ..CODES }, "long words"),
    ];
    for (count, load, why) in cases {
        assert_eq!(judged(count, &[load]), None, "{why}");
    }
}

#[test]
fn a_session_is_judged_by_itself_and_its_verdict_stays() {
    let raw = Load { record: Record::Raw, ..CODES };
    let (mut burdens, mut texts) = (Burdens::default(), Texts::default());
    for hour in 1..=10 {
        load(&mut burdens, &mut texts, hour * 2 * SESSION_NS, 4, &[Load { answer_bytes: None, ..raw }]);
    }
    assert_eq!(burdens.carried(CLIENT, SERVER), None, "four an hour are no session");
    load(&mut burdens, &mut texts, 40 * SESSION_NS, 20, &[raw]);
    load(&mut burdens, &mut texts, 80 * SESSION_NS, 1, &[CODES]);
    assert!(burdens.carried(CLIENT, SERVER).is_some(), "a later session takes nothing back");
    burdens.told(81 * SESSION_NS, 2 * SESSION_NS);
    assert!(burdens.carried(CLIENT, SERVER).is_some());
    burdens.told(90 * SESSION_NS, 2 * SESSION_NS);
    assert_eq!(burdens.carried(CLIENT, SERVER), None, "long past");
}

#[test]
fn threads_put_their_sums_together() {
    let raw = Load { record: Record::Raw, answer_bytes: None, ..CODES };
    let mut ours = (Burdens::default(), Texts::default());
    ours.1.id("another text first").unwrap();
    load(&mut ours.0, &mut ours.1, SECOND_NS, 10, &[raw]);
    let mut theirs = (Burdens::default(), Texts::default());
    load(&mut theirs.0, &mut theirs.1, 100 * SECOND_NS, 10, &[Load { record: Record::Host, ..raw }]);
    load(&mut theirs.0, &mut theirs.1, 120 * SECOND_NS, 14, &[raw]);
    assert_eq!(ours.0.carried(CLIENT, SERVER), None);
    let their_texts = theirs.1;
    ours.0.absorb(theirs.0.take(), &mut |text| ours.1.id(their_texts.text(text)));
    let carried = ours.0.carried(CLIENT, SERVER).unwrap();
    assert_eq!((ours.1.text(carried.domain), carried.messages), ("example.org", 34));
}

#[test]
fn what_threads_bring_later_is_another_session() {
    let raw = Load { record: Record::Raw, answer_bytes: None, ..CODES };
    let (mut all, mut texts) = (Burdens::default(), Texts::default());
    for round in 1..=8 {
        let mut thread = Burdens::default();
        load(&mut thread, &mut texts, round * 2 * SESSION_NS, 4, &[raw]);
        all.absorb(thread, &mut Some);
    }
    assert_eq!(all.carried(CLIENT, SERVER), None, "four now and then");
    let mut thread = Burdens::default();
    load(&mut thread, &mut texts, 17 * SESSION_NS, 14, &[raw]);
    all.absorb(thread, &mut Some);
    assert!(all.carried(CLIENT, SERVER).is_some(), "and then a session");
}

#[test]
fn a_flood_of_domains_is_refused_and_counted() {
    let (mut burdens, mut texts) = (Burdens::default(), Texts::default());
    let burden = Burden {
        record: Record::Raw,
        name_bytes: 30,
        encoded: true,
        base64: false,
        binary: false,
        answer_bytes: None,
        name_hash: 1,
    };
    for number in 0..MAX_SUMS as u32 + 5 {
        let zone = format!("n{number}.example");
        burdens.add(SECOND_NS, (CLIENT, SERVER), &zone, &burden, &mut texts);
    }
    assert_eq!((burdens.sums.len(), burdens.refused), (MAX_SUMS, 5));
    // The next session finds room.
    burdens.add(3 * SESSION_NS, (CLIENT, SERVER), "late.example", &burden, &mut texts);
    assert_eq!((burdens.sums.len(), burdens.refused), (1, 5));
}
