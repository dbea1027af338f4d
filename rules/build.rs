//! Rebuilds when a rule file is added or removed: the embedding macro sees changed files only.

fn main() {
    println!("cargo::rerun-if-changed=data");
}
