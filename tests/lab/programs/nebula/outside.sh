cd "$WORK"
nebula-cert ca -name invented
nebula-cert sign -name lighthouse -ip 10.99.2.1/24
nebula-cert sign -name host -ip 10.99.2.2/24
for name in lighthouse host; do
    cat > "$name.yml" <<END
pki: {ca: $WORK/ca.crt, cert: $WORK/$name.crt, key: $WORK/$name.key}
firewall:
  outbound: [{port: any, proto: any, host: any}]
  inbound: [{port: any, proto: any, host: any}]
tun: {dev: $name}
END
done
cat >> lighthouse.yml <<END
lighthouse: {am_lighthouse: true}
listen: {host: 0.0.0.0, port: 14242}
END
cat >> host.yml <<END
lighthouse: {am_lighthouse: false, hosts: [10.99.2.1]}
static_host_map: {10.99.2.1: ["$HERE:14242"]}
listen: {host: 0.0.0.0, port: 0}
END
nebula -config lighthouse.yml &
await hears_udp 14242
ready
wait
