cat > "$WORK/server.conf" <<END
[Global]
Name = irc.reading.example
Info = invented
Listen = $HERE
Ports = 16667
[Options]
DNS = no
Ident = no
PAM = no
END
ngircd --nodaemon --config "$WORK/server.conf" &
await hears_tcp 16667
ready
wait
