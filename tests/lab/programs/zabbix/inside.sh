cat > "$WORK/agent.conf" <<END
Server=$PEER
ListenIP=$HERE
ListenPort=17050
LogType=console
PidFile=$WORK/agent.pid
AllowRoot=1
END
zabbix_agentd --foreground --config "$WORK/agent.conf" &
await hears_tcp 17050
ready
wait
