await_ready
edge -d n2n0 -a 10.99.0.2 -s 255.255.255.0 -c vendors -k invented -l "$PEER:7654" &
use 10.99.0.1
