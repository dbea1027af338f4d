//! `sekisho_fuzz::export` under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sekisho_fuzz::export::run(input));
