//! `sekisho-agent`: watches a hospital's network and lists its external connections.

mod capture;

fn main() {}
