await_ready
mkdir -p /run/softether /var/lib/softether /var/log/softether
vpnclient start
tell() { vpncmd localhost /CLIENT /CMD "$@"; }
await tell About
tell NicCreate vpn
tell AccountCreate vendor /SERVER:"$PEER:992" /HUB:vendors /USERNAME:maintainer /NICNAME:vpn
tell AccountPasswordSet vendor /PASSWORD:invented /TYPE:standard
tell AccountConnect vendor
# In the net of the hub's SecureNAT, whose own address is .1.
ip address add 192.168.30.200/24 dev vpn_vpn
use 192.168.30.1
