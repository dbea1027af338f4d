await_ready
ssh -p 10022 -i "$WORK/user" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "root@$PEER" \
    'for _ in 1 2 3 4 5; do ip address; sleep 0.2; done'
