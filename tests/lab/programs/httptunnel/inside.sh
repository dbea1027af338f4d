await_ready
htc --no-daemon --forward-port 7000 "$PEER:18080" &
await hears_tcp 7000
# It hears one connection, and what comes back is read to its end.
socat -u TCP4:127.0.0.1:7000 - | grep -c 1999
