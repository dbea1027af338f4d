//! The Debian packages, installed, started, upgraded, removed and purged in a system that goes with the test: the
//! machine's own under a layer in memory, in a mount namespace. Needs root.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::agent;

/// What is done with a package: its name, the user and folder it makes, and its file, are arguments.
const LIFE: &str = r#"
set -eux
trap 'kill $(jobs -p) || :' EXIT
name=$1 user=$2 configuration=/etc/sekisho/$3 package=$4
mount -t tmpfs layer /mnt
mkdir /mnt/upper /mnt/work /mnt/system
mount -t overlay system -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/system
mount -t proc proc /mnt/system/proc
cp "$package" /mnt/system/package.deb
system() { chroot /mnt/system "$@"; }

system dpkg --install /package.deb
test "$(system stat --format %U:%a /var/lib/$user)" = $user:700
test "$(system stat --format %U:%G:%a $configuration)" = root:$user:640
# As the unit starts it, as far as that goes without a service manager.
as_user="chroot /mnt/system setpriv --reuid $user --regid $user --init-groups"
if [ $name = sekisho-agent ]; then
    $as_user /usr/bin/sekisho-agent check-config $configuration
    mkdir -p /mnt/system/run/sekisho
    system chown $user:$user /run/sekisho
    $as_user /usr/bin/sekisho-agent run --config $configuration &
    tries=0
    until system sekisho-agent status; do
        tries=$((tries + 1))
        test $tries -lt 300
        sleep 0.1
    done
    kill $!
    wait $!
    test "$(system stat --format %U /var/lib/$user/ledger.db)" = $user
else
    $as_user /usr/bin/sekisho-collector init
fi
# A site's own is no conffile: dpkg would stop an upgrade to ask which one to take.
test -z "$(system dpkg-query --show --showformat '${Conffiles}' $name)"
cmp /mnt/system/usr/share/$name/$3 /mnt/system$configuration
printf '# mine\n' >> /mnt/system$configuration
system dpkg --install /package.deb
grep -q '# mine' /mnt/system$configuration
system dpkg --remove $name
test ! -e /mnt/system/usr/bin/$name
test -e /mnt/system/var/lib/$user/ledger.db -o -e /mnt/system/var/lib/$user/ca.pem
system dpkg --purge $name
test ! -e /mnt/system/var/lib/$user
test ! -e /mnt/system$configuration
"#;

/// Programs without what only a debugger wants, for the packages stay in memory.
fn programs(folder: &Path) {
    for name in ["sekisho-agent", "sekisho-collector"] {
        let to = folder.join(name);
        let mut strip = Command::new("strip");
        strip.args(["--strip-all", "-o"]).arg(&to).arg(agent::build(name));
        assert!(strip.status().unwrap().success());
    }
}

#[test]
fn the_packages_install_start_upgrade_and_go_without_a_trace() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    programs(folder.path());
    let output = folder.path().join("packages");
    let mut deb = Command::new(root.join("packaging/deb"));
    deb.arg(&output).arg(folder.path()).env("DPKG_DEB_COMPRESSOR_TYPE", "none").stdout(Stdio::null());
    assert!(deb.status().unwrap().success());
    let packages: Vec<_> = fs::read_dir(&output).unwrap().map(|entry| entry.unwrap().path()).collect();
    for (name, user, configuration) in [
        ("sekisho-agent", "sekisho", "agent.toml"),
        ("sekisho-collector", "sekisho-collector", "collector.toml"),
    ] {
        let is_it = |path: &&std::path::PathBuf| {
            path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{name}_"))
        };
        let package = packages.iter().find(is_it).unwrap();
        let mut life = Command::new("unshare");
        life.args(["--mount", "bash", "-c", LIFE, "life", name, user, configuration]).arg(package);
        let done = life.stdin(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
