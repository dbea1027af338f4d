await_ready
ii -s "$PEER" -p 16667 -n vendor -i "$WORK/irc" &
await test -p "$WORK/irc/$PEER/in"
await grep -q Welcome "$WORK/irc/$PEER/out"
echo '/j #site' > "$WORK/irc/$PEER/in"
await test -p "$WORK/irc/$PEER/#site/in"
echo invented > "$WORK/irc/$PEER/#site/in"
echo '/q' > "$WORK/irc/$PEER/in"
wait
