use std::sync::atomic::AtomicUsize;

use tokio::net::UdpSocket;
use tokio::time::sleep;

use super::*;

const MANNER: Manner = Manner { patience: Duration::from_millis(300), retries: 2, gap: Duration::ZERO };

fn community() -> Credentials {
    Credentials::V2c { community: crate::Secret::new(b"public").unwrap() }
}

fn name() -> Oid {
    "1.3.6.1.2.1.1.2.0".parse().unwrap()
}

/// A device on loopback that answers each datagram with what `answer` makes of it, after a while.
async fn device(answer: impl Fn(usize, &[u8]) -> Option<(Duration, Vec<u8>)> + Send + 'static) -> SocketAddr {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let address = socket.local_addr().unwrap();
    let count = AtomicUsize::new(0);
    tokio::spawn(async move {
        let mut buffer = vec![0; 65_535];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let number = count.fetch_add(1, Ordering::Relaxed);
            if let Some((after, datagram)) = answer(number, &buffer[..length]) {
                let socket = Arc::clone(&socket);
                tokio::spawn(async move {
                    sleep(after).await;
                    let _ = socket.send_to(&datagram, from).await;
                });
            }
        }
    });
    address
}

/// The request as its own answer: the tag of the PDU says Response, the values stay NULL.
fn echo(request: &[u8]) -> Vec<u8> {
    let mut answer = request.to_vec();
    // SEQUENCE, INTEGER 1, OCTET STRING "public".
    let tag = 2 + 3 + 2 + 6;
    assert!((0xa0..=0xa5).contains(&answer[tag]), "{answer:02x?}");
    answer[tag] = 0xa2;
    answer
}

async fn asked(address: SocketAddr) -> (Result<Vec<Binding>, Failure>, Arc<Traffic>) {
    let traffic = Arc::new(Traffic::default());
    let mut client = Udp::new(address, community(), MANNER, Arc::clone(&traffic));
    (client.get(&[name()]).await, traffic)
}

#[tokio::test]
async fn an_answer_is_counted_and_what_is_not_there_is_absent() {
    let address = device(|_, request| Some((Duration::ZERO, echo(request)))).await;
    let (answer, traffic) = asked(address).await;
    assert_eq!(answer, Ok(vec![(name(), Value::Absent)]));
    assert_eq!((traffic.sent(), traffic.answered(), traffic.repeated()), (1, 1, 0));
}

#[tokio::test]
async fn who_is_silent_is_asked_as_often_as_told_and_every_packet_is_counted() {
    let (answer, traffic) = asked(device(|_, _| None).await).await;
    assert_eq!(answer, Err(Failure::NoAnswer));
    assert_eq!((traffic.sent(), traffic.answered(), traffic.repeated()), (3, 0, 2));
}

#[tokio::test]
async fn a_closed_port_is_told_from_silence() {
    let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(asked(closed).await.0, Err(Failure::Closed));
}

#[tokio::test]
async fn what_cannot_be_sent_says_nothing_of_the_device() {
    let client = Udp::new("192.0.2.1:161".parse().unwrap(), community(), MANNER, Arc::default());
    assert!(matches!(client.judge(&Error::Send), After::Again(Failure::Local { .. })));
    assert!(matches!(client.judge(&Error::Receive), After::Again(Failure::Closed)));
}

#[tokio::test]
async fn junk_of_any_size_is_garbage() {
    for junk in
        [vec![], vec![0x30], vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff], vec![0xff; 65_000], vec![0x30; 65_000]]
    {
        let size = junk.len();
        let (answer, _) = asked(device(move |_, _| Some((Duration::ZERO, junk.clone()))).await).await;
        assert!(matches!(answer, Err(Failure::Garbage { .. })), "{size}: {answer:?}");
    }
}

#[tokio::test]
async fn an_answer_damaged_anywhere_never_panics() {
    // Every octet of the answer changed in turn, and the answer cut at every length.
    let address = device(|number, request| {
        let mut answer = echo(request);
        let place = number % (2 * answer.len());
        if place < answer.len() {
            answer[place] ^= 0xff;
        } else {
            answer.truncate(place - answer.len());
        }
        Some((Duration::ZERO, answer))
    })
    .await;
    let traffic = Arc::new(Traffic::default());
    let once = Manner { patience: Duration::from_millis(50), retries: 0, gap: Duration::ZERO };
    let mut client = Udp::new(address, community(), once, traffic);
    for _ in 0..100 {
        let answer = client.get(&[name()]).await;
        let said = answer.iter().flatten().map(|(_, value)| value.clone());
        assert!(said.into_iter().all(|value| value == Value::Absent), "nothing is made up");
    }
}

#[tokio::test]
async fn a_late_answer_is_not_taken_for_the_next_question() {
    // The first answer comes when the question has been put again; it goes to a socket that is gone.
    let address = device(|number, request| {
        let late = Duration::from_millis(if number == 0 { 350 } else { 0 });
        Some((late, echo(request)))
    })
    .await;
    let traffic = Arc::new(Traffic::default());
    let mut client = Udp::new(address, community(), MANNER, Arc::clone(&traffic));
    for _ in 0..3 {
        assert_eq!(client.get(&[name()]).await, Ok(vec![(name(), Value::Absent)]));
    }
    assert_eq!((traffic.sent(), traffic.repeated()), (4, 1));
}

#[tokio::test]
async fn the_pace_is_kept() {
    let address = device(|_, request| Some((Duration::ZERO, echo(request)))).await;
    let manner = Manner { gap: Duration::from_millis(40), ..MANNER };
    let mut client = Udp::new(address, community(), manner, Arc::new(Traffic::default()));
    let begin = Instant::now();
    for _ in 0..6 {
        client.get(&[name()]).await.unwrap();
    }
    assert!(begin.elapsed() >= Duration::from_millis(200), "{:?}", begin.elapsed());
}
