//! Whether payloads of no known protocol look encrypted: how evenly their bytes spread, and how many of
//! them could be text. Four bytes a conn, no payload kept.
//!
//! Blocks of 32 bytes are weighed. Of a block's 496 pairs of bytes those that are equal are counted: their
//! share is 2^-H, with H the collision entropy (Rényi's of order 2) in bits a byte. That is an unbiased
//! measure for any number of blocks: ciphertext has 8 bits, base64 6, text about 4. Compressed data has
//! hardly less than ciphertext and cannot be told from it.

/// The bytes of a block.
pub(crate) const BLOCK_BYTES: usize = 32;
const PAIRS: f32 = 496.0;
/// Blocks weighed of one payload: what follows is more of the same.
const BLOCKS_PER_PAYLOAD: usize = 4;
/// Blocks weighed of one side; they fit four bits.
const MOST_BLOCKS: u8 = 15;
/// Blocks without which nothing is said: of 192 random bytes 11.6 pairs are equal, give or take 3.4.
const FEWEST_BLOCKS: u8 = 6;
/// Blocks from which on a side must look encrypted by itself.
const FEWEST_OF_SIDE: u8 = 3;
/// The least entropy, in bits a byte: seven bits have twice the equal pairs of random bytes.
const LEAST_BITS: f32 = 7.0;
/// Bytes of a block that may be one more than the byte before: of random ones hardly any are.
const MOST_STEPS: u8 = 8;
/// The most bytes that could be text, in percent: of random bytes 37 could.
const MOST_PRINTABLE_PCT: u8 = 60;

/// What was weighed of both sides.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Weight {
    orig: Scale,
    resp: Scale,
}

/// What was weighed of one side, in sixteen bits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Scale {
    blocks: u8,
    /// Equal pairs, at most 255: beyond it nothing is ciphertext.
    equal: u8,
    /// The share of printable bytes, in sixteenths.
    printable: u8,
}

/// Payloads that look encrypted, in figures.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Cipher {
    /// Tenths of a bit of entropy a byte: 80 for ciphertext.
    pub entropy: u8,
    /// Bytes that could be text, in percent.
    pub printable_pct: u8,
    /// Bytes weighed.
    pub bytes: u16,
}

impl Cipher {
    /// How sure the figures make, in percent.
    #[must_use]
    pub const fn confidence(self) -> u8 {
        // Every further block makes luck less likely.
        let blocks = self.bytes / BLOCK_BYTES as u16;
        50 + if blocks < 30 { blocks as u8 } else { 30 }
    }

    /// The figures of what more was weighed of.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        if other.bytes > self.bytes { other } else { self }
    }
}

impl Weight {
    pub(crate) fn from_memo(memo: u32) -> Self {
        Self { orig: Scale::from_bits(memo as u16), resp: Scale::from_bits((memo >> 16) as u16) }
    }

    pub(crate) fn to_memo(self) -> u32 {
        u32::from(self.orig.to_bits()) | u32::from(self.resp.to_bits()) << 16
    }

    /// Weighs a payload.
    pub(crate) fn add(&mut self, from_orig: bool, payload: &[u8]) {
        let scale = if from_orig { &mut self.orig } else { &mut self.resp };
        for block in payload.chunks_exact(BLOCK_BYTES).take(BLOCKS_PER_PAYLOAD) {
            if scale.blocks == MOST_BLOCKS {
                return;
            }
            scale.add(block);
        }
    }

    /// Tells whether no more need be weighed.
    pub(crate) const fn is_full(self) -> bool {
        self.orig.blocks == MOST_BLOCKS && self.resp.blocks == MOST_BLOCKS
    }

    /// What both sides come to; `None` if too little was weighed or it does not look encrypted.
    pub(crate) fn cipher(self) -> Option<Cipher> {
        let sides = [self.orig, self.resp];
        let blocks: u8 = sides.iter().map(|side| side.blocks).sum();
        let fails = |side: &&Scale| side.blocks >= FEWEST_OF_SIDE && !side.looks_encrypted();
        if blocks < FEWEST_BLOCKS || sides.iter().any(|side| fails(&side)) {
            return None;
        }
        let equal = sides.iter().map(|side| f32::from(side.equal)).sum();
        let bits = entropy(equal, blocks);
        let printable: u32 =
            sides.iter().map(|side| u32::from(side.printable) * u32::from(side.blocks)).sum();
        let printable_pct = (printable * 100 / 16 / u32::from(blocks)) as u8;
        (bits >= LEAST_BITS && printable_pct <= MOST_PRINTABLE_PCT).then_some(Cipher {
            entropy: (0..=80).rev().find(|tenths| f32::from(*tenths) <= bits * 10.0 + 0.5).unwrap_or(0),
            printable_pct,
            bytes: u16::from(blocks) * BLOCK_BYTES as u16,
        })
    }
}

impl Scale {
    const fn from_bits(bits: u16) -> Self {
        Self { blocks: (bits & 0xf) as u8, equal: (bits >> 4) as u8, printable: (bits >> 12) as u8 }
    }

    fn to_bits(self) -> u16 {
        u16::from(self.blocks) | u16::from(self.equal) << 4 | u16::from(self.printable) << 12
    }

    fn add(&mut self, block: &[u8]) {
        let mut counts = [0_u8; 256];
        let (mut equal, mut printable) = (0_u16, 0_u16);
        let (mut before, mut steps) = (0_u8, 0_u8);
        for byte in block {
            steps += u8::from(*byte == before.wrapping_add(1));
            before = *byte;
            if let Some(count) = counts.get_mut(usize::from(*byte)) {
                equal += u16::from(*count);
                *count += 1;
            }
            printable += u16::from(matches!(byte, 0x20..=0x7e));
        }
        // Bytes that count up, as in a test's payload, are all different and not random.
        let equal = if steps > MOST_STEPS { u16::MAX } else { equal };
        self.equal = u8::try_from(equal).map_or(u8::MAX, |equal| self.equal.saturating_add(equal));
        // The mean so far and this block's share, rounded.
        let blocks = u16::from(self.blocks);
        let mean = (u16::from(self.printable) * blocks + printable / 2 + blocks.div_ceil(2)) / (blocks + 1);
        self.printable = mean.min(15) as u8;
        self.blocks += 1;
    }

    fn looks_encrypted(self) -> bool {
        entropy(f32::from(self.equal), self.blocks) >= LEAST_BITS
    }
}

/// Bits a byte, of so many equal pairs in so many blocks.
fn entropy(equal: f32, blocks: u8) -> f32 {
    (PAIRS * f32::from(blocks) / equal.max(1.0)).log2().min(8.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::noise;

    fn weigh(orig: &[u8], resp: &[u8]) -> Weight {
        let mut weight = Weight::default();
        for chunk in orig.chunks(100) {
            weight.add(true, chunk);
        }
        for chunk in resp.chunks(100) {
            weight.add(false, chunk);
        }
        assert_eq!(Weight::from_memo(weight.to_memo()), weight, "it fits its memo");
        weight
    }

    #[test]
    fn ciphertext_is_told_from_text_numbers_and_codes() {
        let text =
            b"The patient list is not shown here; it is only a sentence that is long enough. ".repeat(8);
        let base64: Vec<u8> = noise(5, 600).iter().map(|byte| b'0' + byte % 64).collect();
        let numbers: Vec<u8> = (0..150_u32).flat_map(|number| (number * 977).to_be_bytes()).collect();
        // (what, orig, resp, encrypted)
        let counting: Vec<u8> = (0..600_u32).map(|number| number as u8).collect();
        let cases: [(&str, Vec<u8>, Vec<u8>, bool); 9] = [
            ("counting up", counting.clone(), counting, false),
            ("both encrypted", noise(1, 600), noise(2, 600), true),
            ("one side silent", noise(3, 600), Vec::new(), true),
            ("one side text", noise(4, 600), text.clone(), false),
            ("text", text.clone(), text, false),
            ("base64", base64.clone(), base64, false),
            ("numbers", numbers.clone(), numbers, false),
            ("too little", noise(6, 100), noise(7, 60), false),
            ("zeros", vec![0; 600], vec![0; 600], false),
        ];
        for (what, orig, resp, encrypted) in cases {
            assert_eq!(weigh(&orig, &resp).cipher().is_some(), encrypted, "{what}");
        }
    }

    #[test]
    fn hardly_any_ciphertext_is_missed_and_the_figures_are_those_of_random_bytes() {
        let mut missed = 0;
        for seed in 0..2_000 {
            let Some(cipher) = weigh(&noise(seed, 900), &noise(seed + 5_000, 900)).cipher() else {
                missed += 1;
                continue;
            };
            assert!((72..=80).contains(&cipher.entropy), "{cipher:?}");
            assert!((25..=50).contains(&cipher.printable_pct), "{cipher:?}");
            assert_eq!((cipher.bytes, cipher.confidence()), (960, 80));
        }
        assert!(missed <= 2, "{missed} of 2000 missed");
    }
}
