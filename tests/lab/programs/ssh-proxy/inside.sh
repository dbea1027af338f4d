await_ready
ssh -p 10022 -i "$WORK/user" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o ProxyCommand="corkscrew $PEER 13128 %h %p" root@127.0.0.1 'for _ in 1 2 3; do ip address; sleep 0.2; done'
