openvpn --dev tun --proto udp4 --port 1194 --server 10.99.0.0 255.255.255.0 --dh none --keepalive 2 10 \
    --ca "$PKI/ca.crt" --cert "$PKI/server.crt" --key "$PKI/server.key" &
await hears_udp 1194
ready
wait
