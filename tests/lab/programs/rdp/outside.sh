await_ready
screen
xfreerdp /v:"$PEER:33899" /cert:ignore /u:vendor /p:invented /size:640x480 > "$WORK/client.log" 2>&1 &
# The log-in window is a desktop already: nobody logs in.
await grep -q 'Remote framebuffer format' "$WORK/client.log"
sleep 1
