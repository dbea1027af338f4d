//! Runs the agent, built once from this checkout.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The agent's program.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build("sekisho-agent"))
}

/// Builds the programs, and gives one by its name. As the tests are built: a part of the workspace alone
/// would have the dependencies built anew, with other features.
pub(crate) fn build(program: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo tells this test of its package would have build scripts run again that look at it.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_")) {
        let kept = ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_INCREMENTAL"].iter().any(|kept| name == *kept);
        if !kept {
            cargo.env_remove(name);
        }
    }
    let built = cargo
        .args(["build", "--workspace", "--all-targets", "--locked", "--message-format", "json"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(built.status.success(), "{program} does not build");
    let messages = String::from_utf8(built.stdout).unwrap();
    let mut programs = messages.lines().filter_map(|line| {
        serde_json::from_str::<Value>(line).ok()?["executable"].as_str().map(PathBuf::from)
    });
    programs.find(|path| path.ends_with(program)).unwrap()
}

/// Runs it to its end.
pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    Command::new(program()).args(args).stdin(Stdio::null()).output().unwrap()
}

/// Runs it, expects success, gives standard output.
pub(crate) fn text<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> String {
    let output = run(args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Runs it with bytes on its standard input.
pub(crate) fn piped(args: &[&str], input: &[u8]) -> Output {
    use std::io::Write;

    let mut child = Command::new(program())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}
