//! Blocks that no kernel would write.

use std::cell::Cell;

use sekisho_decode::LinkType;

use crate::capture::live::block::{Frames, Kind};

const KIND: Kind = Kind { link: LinkType::Ethernet, longest: 1522 };
const BLOCK_BYTES: usize = 512;
/// Where the frames of the block below start, how long their headers are, and what they hold.
const FIRST: usize = 48;
const STRIDE: usize = 128;
const MAC: usize = 66;

/// A block of three frames of twenty bytes.
fn block() -> Vec<u8> {
    let mut block = vec![0; BLOCK_BYTES];
    put(&mut block, 12, 3);
    put(&mut block, 16, FIRST as u32);
    for number in 0..3 {
        let at = FIRST + number * STRIDE;
        let next = if number == 2 { 0 } else { STRIDE as u32 };
        for (offset, value) in [(0, next), (4, 1_700_000_000), (8, 5), (12, 20), (16, 60), (20, 1)] {
            put(&mut block, at + offset, value);
        }
        block[at + 24..at + 26].copy_from_slice(&u16::try_from(MAC).unwrap().to_ne_bytes());
        block[at + MAC..at + MAC + 20].fill(number as u8 + 1);
    }
    block
}

fn put(block: &mut [u8], at: usize, value: u32) {
    block[at..at + 4].copy_from_slice(&value.to_ne_bytes());
}

/// Walks a block; gives each frame's first byte, and whether the block was found damaged.
fn walk(block: &[u8]) -> (Vec<u8>, bool) {
    let damaged = Cell::new(0);
    let firsts = Frames::new(block, KIND, &damaged).map(|frame| *frame.data.first().unwrap_or(&0)).collect();
    assert!(damaged.get() <= 1, "one block is counted once");
    (firsts, damaged.get() > 0)
}

#[test]
fn a_block_is_walked_to_its_last_frame() {
    assert_eq!(walk(&block()), (vec![1, 2, 3], false));
    let damaged = Cell::new(0);
    let block = block();
    let frame = Frames::new(&block, KIND, &damaged).last().unwrap();
    assert_eq!((frame.time_ns, frame.wire_len), (1_700_000_000_000_000_005, 60));
    assert_eq!(frame.data, [3; 20]);
}

#[test]
fn offsets_and_lengths_that_lead_outside_end_the_block_and_are_counted() {
    let second = FIRST + STRIDE;
    let outside = [0x1ff, 0x200, 0x8000_0000, u32::MAX];
    // (where, values, what remains)
    let cases: [(usize, &[u32], &[u8]); 7] = [
        (16, &outside, &[]),              // the first frame
        (second, &outside, &[1, 2]),      // the next frame
        (second, &[0, 1, 35], &[1, 2]),   // the next frame inside this one's header
        (second + 12, &outside, &[1]),    // the captured length
        (second + 24, &[0xffff], &[1]),   // where the bytes begin
        (12, &[4, u32::MAX], &[1, 2, 3]), // more frames than there are
        (16, &[FIRST as u32 + 1], &[]),   // between two frames: whatever it gives, it ends
    ];
    for (at, values, remaining) in cases {
        for value in values {
            let mut block = block();
            put(&mut block, at, *value);
            let (firsts, damaged) = walk(&block);
            if *value != FIRST as u32 + 1 {
                assert_eq!((firsts.as_slice(), damaged), (remaining, true), "{value:#x} at {at}");
            }
        }
    }
}

#[test]
fn a_block_cut_anywhere_gives_the_frames_before() {
    let whole = block();
    for len in 0..BLOCK_BYTES {
        let (firsts, damaged) = walk(&whole[..len]);
        let whole_frames = (0..3).filter(|number| FIRST + number * STRIDE + MAC + 20 <= len).count();
        assert_eq!(firsts.len(), whole_frames, "{len} bytes");
        // Without a count of frames there is nothing to miss.
        assert_eq!(damaged, len >= 16 && whole_frames < 3, "{len} bytes");
    }
}

#[test]
fn blocks_of_random_bytes_end() {
    // A linear congruential generator (Knuth's MMIX): the same blocks in every run.
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    for round in 0..200_000 {
        let mut block = block();
        // Few wild words, so that the walk comes far, and now and then nothing but.
        let wild = if round % 16 == 0 { BLOCK_BYTES } else { 1 + random() as usize % 4 };
        for _ in 0..wild {
            let (at, range) = (random() as usize % (BLOCK_BYTES - 4), random() % 3);
            let value = random() % [16, 1024, u32::MAX][range as usize];
            put(&mut block, at, value);
        }
        let damaged = Cell::new(0);
        for frame in Frames::new(&block, KIND, &damaged).take(1_000_000) {
            assert!(frame.data.len() <= BLOCK_BYTES);
        }
    }
}
