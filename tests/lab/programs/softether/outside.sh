mkdir -p /run/softether /var/lib/softether /var/log/softether
vpnserver start
tell() { vpncmd localhost:992 /SERVER "$@"; }
await tell /CMD About
tell /CMD HubCreate vendors /PASSWORD:invented
tell /ADMINHUB:vendors /CMD UserCreate maintainer /GROUP:none /REALNAME:none /NOTE:none
tell /ADMINHUB:vendors /CMD UserPasswordSet maintainer /PASSWORD:invented
tell /ADMINHUB:vendors /CMD SecureNatEnable
ready
sleep infinity
