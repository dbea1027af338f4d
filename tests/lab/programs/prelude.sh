# What the programs' scripts share; read before each of them.
#
# HERE   the own address              WORK    this case's folder, which both machines see
# PEER   the other machine's          PKI     ca.crt, and server and client .crt and .key
# PYTHON a Python with pynetdicom
#
# Whatever waits here waits for ever: the lab ends a case that takes too long.
set -euo pipefail
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Waits until a command succeeds.
await() { until "$@" >/dev/null 2>&1; do sleep 0.1; done; }

# Tells whether something on this machine takes TCP connections, or datagrams, at a port.
hears_tcp() { ss -Hltn "sport = :$1" | grep -q .; }
hears_udp() { ss -Hlun "sport = :$1" | grep -q .; }

# Tells the other machine that this one is ready; waits for that.
ready() { touch "$WORK/ready"; }
await_ready() { await test -e "$WORK/ready"; }

# Waits until an address in the tunnel answers, then uses the tunnel a little.
use() {
    await ping -c 1 -W 1 "$1"
    ping -q -c 20 -i 0.05 -s 700 -W 2 "$1"
}

# Starts an X server without a screen and makes it the display of what follows.
screen() {
    local number
    number=$(mktemp)
    Xvfb -displayfd 1 -screen 0 640x480x16 -nolisten tcp > "$number" &
    await test -s "$number"
    DISPLAY=:$(cat "$number")
    export DISPLAY
}
