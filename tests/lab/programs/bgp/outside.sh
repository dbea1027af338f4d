await_ready
cat > "$WORK/outside.conf" <<END
router id $HERE;
protocol device {}
protocol static { ipv4; route 192.0.2.128/25 blackhole; }
protocol bgp {
    local $HERE port 1791 as 65002;
    neighbor $PEER port 1790 as 65001;
    multihop;
    connect delay time 1;
    ipv4 { import all; export all; };
}
END
bird -f -c "$WORK/outside.conf" -s "$WORK/outside.control" &
learnt() { birdc -s "$WORK/outside.control" show route for 192.0.2.0/25 | grep -q AS65001; }
await learnt
