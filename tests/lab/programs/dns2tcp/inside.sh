await_ready
dns2tcpc -z t.vendor.example -r ssh -l 7000 "$PEER" &
await hears_tcp 7000
ssh -p 7000 -i "$WORK/user" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@127.0.0.1 \
    'for _ in 1 2 3; do ip address; sleep 0.2; done'
