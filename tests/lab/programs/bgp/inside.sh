cat > "$WORK/inside.conf" <<END
router id $HERE;
protocol device {}
protocol static { ipv4; route 192.0.2.0/25 blackhole; }
protocol bgp {
    local $HERE port 1790 as 65001;
    neighbor $PEER port 1791 as 65002;
    multihop;
    passive;
    ipv4 { import all; export all; };
}
END
bird -f -c "$WORK/inside.conf" -s "$WORK/inside.control" &
await hears_tcp 1790
ready
wait
