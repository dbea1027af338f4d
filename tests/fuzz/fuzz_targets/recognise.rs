//! `sekisho_fuzz::recognise` under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sekisho_fuzz::recognise::run(input));
