await_ready
cat > "$WORK/inside.conf" <<END
mode tun;
interface "fastd0";
method "salsa2012+umac";
mtu 1400;
$(cat "$WORK/inside.secret")
peer "outside" { $(cat "$WORK/outside.public") remote ipv4 "$PEER" port 10955; }
on up "ip address add 10.77.0.2/30 dev fastd0; ip link set fastd0 up";
END
fastd --config "$WORK/inside.conf" &
use 10.77.0.1
