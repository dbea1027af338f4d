await_ready
openvpn --dev tun --proto udp4 --remote "$PEER" 1194 --client --nobind --remote-cert-tls server \
    --ca "$PKI/ca.crt" --cert "$PKI/client.crt" --key "$PKI/client.key" &
use 10.99.0.1
