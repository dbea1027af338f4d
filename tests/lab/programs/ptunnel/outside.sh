# Else the kernel answers each ping before the proxy does.
echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all
socat TCP4-LISTEN:7000,bind=127.0.0.1,fork,reuseaddr SYSTEM:'head -c 30000 /dev/urandom; sleep 5' &
await hears_tcp 7000
ptunnel -c eth0 &
ready
wait
