await_ready
for version in lan lanplus; do
    # The second's first question, which ciphers there are, the simulator does not answer.
    ipmitool -I "$version" -C 3 -H "$PEER" -p 9623 -U vendor -P invented mc info >> "$WORK/client.log" 2>&1
done
