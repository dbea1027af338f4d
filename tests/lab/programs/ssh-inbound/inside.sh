for key in host user; do ssh-keygen -q -t ed25519 -N '' -f "$WORK/$key"; done
mkdir -p /run/sshd
"$(command -v sshd)" -D -e -p 10022 -h "$WORK/host" -o AuthorizedKeysFile="$WORK/user.pub" -o UsePAM=no \
    -o StrictModes=no -o PermitRootLogin=yes &
await hears_tcp 10022
ready
wait
