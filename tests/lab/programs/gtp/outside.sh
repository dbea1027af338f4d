await_ready
# Its farewell would take long.
stdbuf -oL sgsnemu -l "$HERE" -r "$PEER" --imsi 001010000000001 --msisdn 15550100 --apn internet \
    --statedir "$WORK" --pinghost 172.16.222.1 --pingcount 5 --pingrate 20 > "$WORK/node.log" 2>&1 &
await grep -q '5 packets transmitted' "$WORK/node.log"
