await_ready
ptunnel -p "$PEER" -lp 8000 -da 127.0.0.1 -dp 7000 &
await hears_tcp 8000
# The proxy may not be there yet, and says nothing then.
fetched() { [ "$(timeout 5 socat -u TCP4:127.0.0.1:8000 - | head -c 20000 | wc -c)" -eq 20000 ]; }
await fetched
