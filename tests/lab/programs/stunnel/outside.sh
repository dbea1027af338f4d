socat TCP4-LISTEN:7000,fork,reuseaddr EXEC:cat &
cat > "$WORK/server.conf" <<END
foreground = yes
pid =
[echo]
accept = 9100
connect = 127.0.0.1:7000
cert = $PKI/server.crt
key = $PKI/server.key
END
stunnel4 "$WORK/server.conf" &
await hears_tcp 9100
ready
wait
