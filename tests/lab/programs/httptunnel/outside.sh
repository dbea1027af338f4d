socat TCP4-LISTEN:7000,fork,reuseaddr EXEC:"seq 2000" &
await hears_tcp 7000
hts --no-daemon --forward-port 127.0.0.1:7000 18080 &
await hears_tcp 18080
ready
wait
