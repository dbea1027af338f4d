openvpn --dev tun --proto tcp4-server --port 8443 --server 10.99.0.0 255.255.255.0 --dh none --keepalive 2 10 \
    --ca "$PKI/ca.crt" --cert "$PKI/server.crt" --key "$PKI/server.key" &
await hears_tcp 8443
ready
wait
