mkdir -p "$WORK/outside/hosts"
printf 'Name = outside\nPort = 6550\nAddressFamily = ipv4\nPingInterval = 2\n\n' > "$WORK/outside/tinc.conf"
printf 'Subnet = 10.99.0.1/32\nPort = 6550\n' > "$WORK/outside/hosts/outside"
printf '#!/bin/sh\nip address add 10.99.0.1/24 dev "$INTERFACE"\nip link set "$INTERFACE" up\n' > "$WORK/outside/tinc-up"
chmod +x "$WORK/outside/tinc-up"
echo | tincd --config="$WORK/outside" --generate-keys=2048
touch "$WORK/outside.done"
await test -e "$WORK/inside.done"
cp "$WORK/inside/hosts/inside" "$WORK/outside/hosts/"
tincd --config="$WORK/outside" --no-detach --debug=2 --pidfile=/run/tinc.pid &
await hears_tcp 6550
ready
wait
