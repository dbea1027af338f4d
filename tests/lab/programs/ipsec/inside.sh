await_ready
# The kernel need not know ESP: kernel-libipsec does it, always in UDP.
cat > "$WORK/inside.conf" <<END
charon {
    load = aes sha1 sha2 hmac kdf nonce random curve25519 gmp pem x509 pkcs1 pubkey kernel-libipsec kernel-netlink socket-default vici
    filelog { stderr { default = 1 } }
}
END
cat > "$WORK/inside-swanctl.conf" <<END
connections {
    vendor {
        version = 2
        local_addrs = $HERE
        remote_addrs = $PEER
        local { auth = psk
            id = inside.hospital.example }
        remote { auth = psk
            id = outside.hospital.example }
        children { all { local_ts = 10.99.0.2/32
            remote_ts = 10.99.0.1/32
            esp_proposals = aes128-sha256
            start_action = start } }
    }
}
secrets { ike { secret = invented-secret } }
END
export STRONGSWAN_CONF=$WORK/inside.conf
/usr/lib/ipsec/charon &
await test -S /run/charon.vici
ip address add 10.99.0.2/32 dev lo
swanctl --load-all --file "$WORK/inside-swanctl.conf"
use 10.99.0.1
