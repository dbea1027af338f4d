printf 'invented\ninvented\n' | ocpasswd --passwd="$WORK/passwd" vendor
cat > "$WORK/ocserv.conf" <<END
auth = "plain[passwd=$WORK/passwd]"
tcp-port = 10443
udp-port = 10443
socket-file = /run/ocserv.socket
server-cert = $PKI/server.crt
server-key = $PKI/server.key
ca-cert = $PKI/ca.crt
device = vpns
ipv4-network = 10.99.0.0
ipv4-netmask = 255.255.255.0
keepalive = 30
dpd = 30
max-clients = 4
isolate-workers = false
END
ocserv --foreground --config "$WORK/ocserv.conf" &
await hears_tcp 10443
ready
wait
