cat > "$WORK/gateway.conf" <<END
ggsn ggsn0
 gtp state-dir $WORK
 gtp bind-ip $HERE
 apn internet
  tun-device tun0
  type-support v4
  ip prefix dynamic 172.16.222.0/24
  ip ifconfig 172.16.222.1/24
  no shutdown
 default-apn internet
 no shutdown ggsn
END
osmo-ggsn -c "$WORK/gateway.conf" &
await hears_udp 2152
ready
wait
