for side in inside outside; do
    fastd --generate-key > "$WORK/$side.keys" 2> /dev/null
    sed -n 's/^Secret: \(.*\)/secret "\1";/p' "$WORK/$side.keys" > "$WORK/$side.secret"
    sed -n 's/^Public: \(.*\)/key "\1";/p' "$WORK/$side.keys" > "$WORK/$side.public"
done
cat > "$WORK/outside.conf" <<END
mode tun;
interface "fastd0";
method "salsa2012+umac";
mtu 1400;
$(cat "$WORK/outside.secret")
bind $HERE:10955;
peer "inside" { $(cat "$WORK/inside.public") }
on up "ip address add 10.77.0.1/30 dev fastd0; ip link set fastd0 up";
END
fastd --config "$WORK/outside.conf" &
await hears_udp 10955
ready
wait
