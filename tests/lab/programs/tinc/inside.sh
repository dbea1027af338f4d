mkdir -p "$WORK/inside/hosts"
printf 'Name = inside\nPort = 6550\nAddressFamily = ipv4\nPingInterval = 2\nConnectTo = outside\n' > "$WORK/inside/tinc.conf"
printf 'Subnet = 10.99.0.2/32\nPort = 6550\n' > "$WORK/inside/hosts/inside"
printf '#!/bin/sh\nip address add 10.99.0.2/24 dev "$INTERFACE"\nip link set "$INTERFACE" up\n' > "$WORK/inside/tinc-up"
chmod +x "$WORK/inside/tinc-up"
echo | tincd --config="$WORK/inside" --generate-keys=2048
touch "$WORK/inside.done"
await_ready
{ echo "Address = $PEER"; cat "$WORK/outside/hosts/outside"; } > "$WORK/inside/hosts/outside"
tincd --config="$WORK/inside" --no-detach --debug=2 --pidfile=/run/tinc.pid &
use 10.99.0.1
