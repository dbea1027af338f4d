cp -r /etc/xrdp "$WORK/xrdp"
sed -i -e 's/^port=.*/port=33899/' -e "s#^certificate=.*#certificate=$PKI/server.crt#" -e "s#^key_file=.*#key_file=$PKI/server.key#" \
    "$WORK/xrdp/xrdp.ini"
mkdir -p /run/xrdp/sockdir
xrdp --nodaemon --config "$WORK/xrdp/xrdp.ini" &
await hears_tcp 33899
ready
wait
