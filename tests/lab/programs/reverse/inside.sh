mkdir -p /run/pages
seq 2000 > /run/pages/index.html
"$PYTHON" -m http.server --bind 127.0.0.1 --directory /run/pages 7000 &
await hears_tcp 7000
await_ready
socat TCP4:"$PEER":19443 TCP4:127.0.0.1:7000 &
await test -e "$WORK/asked"
