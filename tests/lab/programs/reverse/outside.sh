socat TCP4-LISTEN:19443,reuseaddr TCP4-LISTEN:7000,bind=127.0.0.1,reuseaddr &
await hears_tcp 19443
ready
await hears_tcp 7000
"$PYTHON" -c 'import urllib.request as web; web.urlopen("http://127.0.0.1:7000/").read()'
touch "$WORK/asked"
exec sleep infinity
