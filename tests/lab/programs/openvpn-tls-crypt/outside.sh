openvpn --genkey secret "$WORK/ta.key"
openvpn --dev tun --proto udp4 --port 4789 --server 10.99.0.0 255.255.255.0 --dh none --keepalive 2 10 \
    --ca "$PKI/ca.crt" --cert "$PKI/server.crt" --key "$PKI/server.key" --tls-crypt "$WORK/ta.key" &
await hears_udp 4789
ready
wait
