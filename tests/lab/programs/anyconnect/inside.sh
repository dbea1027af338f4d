await_ready
# No more than the address: the packaged script would also change the machine's resolver.
cat > "$WORK/address" <<'END'
#!/bin/sh
[ "$reason" != connect ] || { ip address add "$INTERNAL_IP4_ADDRESS/24" dev "$TUNDEV" && ip link set "$TUNDEV" up; }
END
chmod +x "$WORK/address"
echo invented | openconnect --protocol=anyconnect --user=vendor --passwd-on-stdin --cafile "$PKI/ca.crt" \
    --script "$WORK/address" --interface vpn0 --no-system-trust --resolve "vpn.vendor.example:$PEER" \
    https://vpn.vendor.example:10443/ > "$WORK/client.log" 2>&1 &
await grep -q 'Established DTLS' "$WORK/client.log"
use 10.99.0.1
