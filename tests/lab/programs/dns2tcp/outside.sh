for key in host user; do ssh-keygen -q -t ed25519 -N '' -f "$WORK/$key"; done
mkdir -p /run/sshd
"$(command -v sshd)" -D -e -p 10022 -o ListenAddress=127.0.0.1 -h "$WORK/host" -o AuthorizedKeysFile="$WORK/user.pub" \
    -o UsePAM=no -o StrictModes=no -o PermitRootLogin=yes &
cat > "$WORK/server.conf" <<END
listen = $HERE
port = 53
user = nobody
chroot = /
domain = t.vendor.example
resources = ssh:127.0.0.1:10022
END
dns2tcpd -F -f "$WORK/server.conf" &
await hears_tcp 10022
await hears_udp 53
ready
wait
