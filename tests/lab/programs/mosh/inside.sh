LC_ALL=C.UTF-8 mosh-server new -i "$HERE" -p 60123 -- sh -c 'while date; do sleep 0.2; done' > "$WORK/server.log" 2>&1
await hears_udp 60123
ready
exec sleep infinity
