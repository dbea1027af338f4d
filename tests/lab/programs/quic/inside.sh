await_ready
host=images.reading.example
known=$(openssl x509 -in "$PKI/server.crt" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)
# Each start is a conn of its own, and shuffles its hello in another way.
for start in 1 2; do
    chromium --headless --no-sandbox --disable-gpu --user-data-dir="$WORK/profile-$start" \
        --ignore-certificate-errors-spki-list="$known" --host-resolver-rules="MAP $host $PEER" \
        --origin-to-force-quic-on="$host:4433" --dump-dom "https://$host:4433/" > "$WORK/page-$start"
    grep -q invented "$WORK/page-$start"
done
