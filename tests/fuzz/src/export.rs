//! Datagrams of flow exporters, one after the other: templates of the first are data's meaning in the next.

use sekisho_decode::{Addr, Cursor, Layer};
use sekisho_export::{Exporters, Limits};

use crate::script::{self, MAX_MESSAGES};

/// Little room, so that an input can fill it.
const LIMITS: Limits = Limits { exporters: 2, held_bytes: 64 * 1024 };
/// What one exporter may hold beside: "with everything it may have under a mebibyte".
const ONE_EXPORTER_BYTES: usize = 1024 * 1024;

/// Reads the messages of a script as datagrams of three exporters; the head is passed over.
///
/// # Panics
///
/// Where a stage panics or breaks its bound: that is what is looked for.
pub fn run(input: &[u8]) {
    let mut cursor = Cursor::new(Layer::Application, input);
    if script::head(&mut cursor).is_none() {
        return;
    }
    let mut exporters = Exporters::new(LIMITS);
    let mut time_ns = 0;
    for _ in 0..MAX_MESSAGES {
        let Some(message) = script::message(&mut cursor) else { break };
        let host = match (message.from_orig, message.after_loss) {
            (true, false) => 1,
            (true, true) => 2,
            (false, _) => 3,
        };
        time_ns += 1_000_000_000;
        // What cannot be read is counted by the exporter.
        let _ = exporters.datagram(time_ns, Addr::v4([192, 0, 2, host]), message.payload, &mut |_| {});
        let held = exporters.held_bytes();
        assert!(held <= LIMITS.held_bytes + ONE_EXPORTER_BYTES, "{held} octets are held");
    }
    for report in exporters.exporters() {
        std::hint::black_box(&report);
    }
}
