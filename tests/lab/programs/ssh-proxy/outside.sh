for key in host user; do ssh-keygen -q -t ed25519 -N '' -f "$WORK/$key"; done
mkdir -p /run/sshd
"$(command -v sshd)" -D -e -p 10022 -o ListenAddress=127.0.0.1 -h "$WORK/host" -o AuthorizedKeysFile="$WORK/user.pub" \
    -o UsePAM=no -o StrictModes=no -o PermitRootLogin=yes &
printf 'Port 13128\nListen %s\n' "$HERE" > "$WORK/proxy.conf"
tinyproxy -d -c "$WORK/proxy.conf" &
await hears_tcp 10022
await hears_tcp 13128
ready
wait
