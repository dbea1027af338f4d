//! What this machine is known by to the collector, so that a copied memory card is told from the box itself:
//! digests of what the hardware says of itself, of no use for anything else.

use std::fs;
use std::path::Path;

use ring::digest::{Context, SHA256};

/// Hardware addresses that count: a box has some interfaces.
const MAX_INTERFACES: usize = 12;
/// Octets of a file that is read: a number, an address.
const MAX_BYTES: usize = 256;
/// Hexadecimal digits of a digest: enough that no two machines have one.
const DIGITS: usize = 32;

/// Gives the marks of the machine with this root folder. They are made with the key that the collector knows the
/// box by, so that two sites' marks of one machine have nothing in common. No right is needed to read them.
pub(super) fn marks(root: &Path, key: &str) -> Vec<String> {
    let mut said = Vec::new();
    said.extend(text(&root.join("sys/firmware/devicetree/base/serial-number")));
    said.extend(addresses(&root.join("sys/class/net")));
    if said.is_empty() {
        // A container's, of which the system is copied less often than begun anew.
        said.extend(text(&root.join("etc/machine-id")));
    }
    said.iter().map(|said| digest(key, said)).collect()
}

/// The addresses that interfaces of hardware were made with; a bridge or tunnel makes its own up.
fn addresses(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| path.join("device").exists())
        .filter(|path| text(&path.join("addr_assign_type")).is_none_or(|kind| kind == "0"))
        .filter_map(|path| text(&path.join("address")))
        .collect();
    found.sort();
    found.truncate(MAX_INTERFACES);
    found
}

fn text(path: &Path) -> Option<String> {
    let octets = fs::read(path).ok().filter(|octets| octets.len() <= MAX_BYTES)?;
    let text = String::from_utf8(octets).ok()?;
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_lowercase();
    // Nothing but zeros is what is written where nothing was given.
    let is_said = text.chars().any(|c| c.is_ascii_alphanumeric() && c != '0') || text == "0";
    is_said.then_some(text)
}

fn digest(key: &str, said: &str) -> String {
    let mut digest = Context::new(&SHA256);
    for part in ["sekisho machine", key, said] {
        digest.update(part.as_bytes());
        digest.update(&[0]);
    }
    let mut hex = sekisho_sync::hex(digest.finish().as_ref());
    hex.truncate(DIGITS);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn interface(root: &Path, name: &str, kind: &str, address: &str) {
        let folder = format!("sys/class/net/{name}");
        write(root, &format!("{folder}/addr_assign_type"), kind);
        write(root, &format!("{folder}/address"), address);
        if name != "br0" {
            write(root, &format!("{folder}/device/vendor"), "");
        }
    }

    #[test]
    fn a_machine_is_known_by_its_hardware_and_its_system_says_nothing_where_there_is_any() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert!(marks(root, "key").is_empty());
        write(root, "etc/machine-id", "00000000000000000000000000000001\n");
        let by_system = marks(root, "key");
        assert_eq!(by_system.len(), 1);
        assert_ne!(by_system, marks(root, "another key"), "it cannot be followed from site to site");
        interface(root, "eth0", "0\n", "00:53:00:00:00:01\n");
        interface(root, "br0", "1\n", "00:53:00:00:00:02\n");
        interface(root, "usb0", "1\n", "00:53:00:00:00:03\n");
        interface(root, "eth9", "0\n", "00:00:00:00:00:00\n");
        let by_address = marks(root, "key");
        assert_eq!(by_address.len(), 1, "one that was made with it");
        assert_ne!(by_address, by_system);
        write(root, "sys/firmware/devicetree/base/serial-number", "10000000c0ffee00\0");
        let both = marks(root, "key");
        assert_eq!(both.len(), 2);
        assert!(both.contains(&by_address[0]) && both.iter().all(|mark| mark.len() == DIGITS));
    }
}
