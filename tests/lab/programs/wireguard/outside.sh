for side in inside outside; do
    wg genkey > "$WORK/$side.key"
    wg pubkey < "$WORK/$side.key" > "$WORK/$side.pub"
done
wireguard-go --foreground wg0 &
await wg show wg0
wg set wg0 private-key "$WORK/outside.key" listen-port 4172 peer "$(cat "$WORK/inside.pub")" allowed-ips 10.99.0.2/32
ip address add 10.99.0.1/24 dev wg0
ip link set wg0 up
ready
wait
