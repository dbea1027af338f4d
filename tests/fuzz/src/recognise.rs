//! Conversations, shown to the recognisers payload by payload as the agent shows them.

use sekisho_decode::{Addr, Cursor, Layer};
use sekisho_recognise::{Budget, Engine, Fact, Glimpse, Inspection, Key, Over, STREAM_BUDGET, Side, Sink};

use crate::script::{self, Head, LOST_BYTES, MAX_MESSAGES};

/// Room for one conversation: a recogniser must do with it or give up.
const BUDGET: Budget = Budget { watches: 4, buffered_bytes: 64 * 1024 };

/// Takes what recognisers say, and holds them to their bounds.
struct Ears;

impl Sink for Ears {
    fn note(&mut self, _side: Side, key: Key, value: &str) {
        assert!(value.len() <= STREAM_BUDGET, "{key:?} of {} octets", value.len());
    }

    fn fact(&mut self, _fact: Fact<'_>) {}
}

/// Between messages: within what a handshake inside a tunnel takes.
const MESSAGE_NS: usize = 10_000_000;

/// Lets the recognisers listen to a conversation to its end.
pub fn run(input: &[u8]) {
    let mut cursor = Cursor::new(Layer::Application, input);
    let Some(head) = script::head(&mut cursor) else { return };
    let mut engine = Engine::new(BUDGET);
    let mut inspection = Inspection::default();
    let mut speakers = [(1_u32, 0_u32), (1 << 30, 0)];
    let (orig, resp) = ends(head);
    for time_ns in (0..).step_by(MESSAGE_NS).take(MAX_MESSAGES) {
        let Some(message) = script::message(&mut cursor) else { break };
        let [first, second] = &mut speakers;
        let (seq, count) = if message.from_orig { first } else { second };
        *count += 1;
        if message.after_loss {
            *seq = seq.wrapping_add(LOST_BYTES);
        }
        let glimpse = Glimpse {
            time_ns,
            over: head.over,
            from_orig: message.from_orig,
            payload: message.payload,
            wire_len: message.payload.len() as u32,
            seq: if head.over == Over::Tcp { *seq } else { 0 },
            count: *count,
            from_start: head.from_start || head.over != Over::Tcp,
            orig: (orig, head.ports.0),
            resp: (resp, head.ports.1),
        };
        *seq = seq.wrapping_add(message.payload.len() as u32);
        if !inspection.wants_more() {
            break;
        }
        let recognised = engine.inspect(&mut inspection, &glimpse, &mut Ears);
        if recognised.is_some_and(|recognised| recognised.server == Some(Side::Orig)) && !head.from_start {
            inspection.flip();
        }
    }
    engine.release(&mut inspection);
}

fn ends(head: Head) -> (Addr, Addr) {
    if !head.v6 {
        return (Addr::v4([192, 0, 2, 1]), Addr::v4([198, 51, 100, 1]));
    }
    let address = |last: u8| Addr::v6([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    (address(1), address(2))
}
