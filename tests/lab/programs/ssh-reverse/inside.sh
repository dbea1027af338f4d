await_ready
socat TCP4-LISTEN:5999,fork,reuseaddr SYSTEM:'head -c 20000 /dev/urandom | base64' &
ssh -N -p 2222 -i "$WORK/user" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -R 5900:127.0.0.1:5999 \
    -o ServerAliveInterval=1 "root@$PEER" &
await test -e "$WORK/worked"
# Keep-alives after it.
sleep 2
