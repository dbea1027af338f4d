supernode -l 7654 &
await hears_udp 7654
edge -d n2n0 -a 10.99.0.1 -s 255.255.255.0 -c vendors -k invented -l 127.0.0.1:7654 &
await ip address show dev n2n0
ready
wait
