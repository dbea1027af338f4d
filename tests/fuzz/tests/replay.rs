//! What fuzzing kept, replayed: no input makes a stage panic or take long.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use sekisho_fuzz::TARGETS;

/// Many times what the slowest input takes in a debug build on a busy machine.
const TOO_LONG: Duration = Duration::from_secs(5);
/// All corpora together stay small enough for a checkout.
const MAX_BYTES: u64 = 1024 * 1024;

#[test]
fn every_kept_input_passes_in_time() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut bytes = 0;
    for (name, run) in TARGETS {
        let mut inputs: Vec<_> =
            fs::read_dir(corpora.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        inputs.sort();
        assert!(inputs.len() >= 50, "{name}: only {} inputs", inputs.len());
        for path in inputs {
            let input = fs::read(&path).unwrap();
            bytes += input.len() as u64;
            let before = Instant::now();
            run(&input);
            // Its beginnings as well: a capture may end anywhere.
            for end in [input.len() / 4, input.len() / 2, input.len().saturating_sub(1)] {
                run(input.get(..end).unwrap());
            }
            assert!(before.elapsed() < TOO_LONG, "{}: {:?}", path.display(), before.elapsed());
        }
    }
    assert!(bytes <= MAX_BYTES, "{bytes} bytes of corpora: minimise them with `cargo fuzz cmin`");
}
