printf '[global]\nport = 1701\n[lns default]\nip range = 10.99.0.10-10.99.0.20\nlocal ip = 10.99.0.1\nrequire chap = no\nrequire authentication = no\n' \
    > "$WORK/lns.conf"
touch "$WORK/secrets"
mkdir -p /run/xl2tpd
xl2tpd -D -c "$WORK/lns.conf" -s "$WORK/secrets" -p /run/xl2tpd.pid -C /run/xl2tpd/control &
await hears_udp 1701
ready
wait
