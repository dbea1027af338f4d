await_ready
cat > "$WORK/client.conf" <<END
foreground = yes
pid =
[echo]
client = yes
accept = 127.0.0.1:7000
connect = $PEER:9100
END
stunnel4 "$WORK/client.conf" &
await hears_tcp 7000
for _ in 1 2 3; do
    head -c 3000 /dev/urandom | base64 | socat -t 1 - TCP4:127.0.0.1:7000 | grep -q .
done
