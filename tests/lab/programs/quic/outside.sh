mkdir "$WORK/pages"
echo '<p>invented</p>' > "$WORK/pages/index.html"
gtlsserver --quiet --htdocs="$WORK/pages" "$HERE" 4433 "$PKI/server.key" "$PKI/server.crt" &
await hears_udp 4433
ready
wait
