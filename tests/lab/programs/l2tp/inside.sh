await_ready
printf '[global]\nport = 1701\n[lac vendor]\nlns = %s\nautodial = yes\n' "$PEER" > "$WORK/lac.conf"
mkdir -p /run/xl2tpd
xl2tpd -D -c "$WORK/lac.conf" -s "$WORK/secrets" -p /run/xl2tpd.pid -C /run/xl2tpd/control > "$WORK/lac.log" 2>&1 &
await grep -q 'Call established' "$WORK/lac.log"
