await_ready
wireguard-go --foreground wg0 &
await wg show wg0
wg set wg0 private-key "$WORK/inside.key" peer "$(cat "$WORK/outside.pub")" endpoint "$PEER:4172" \
    allowed-ips 10.99.0.1/32 persistent-keepalive 2
ip address add 10.99.0.2/24 dev wg0
ip link set wg0 up
use 10.99.0.1
# A keep-alive comes this long after the last packet.
sleep 2.5
