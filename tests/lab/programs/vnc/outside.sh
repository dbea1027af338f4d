await_ready
screen
xtigervncviewer -passwd "$WORK/passwd" "$PEER::5977" > "$WORK/viewer.log" 2>&1 &
await grep -qi 'using pixel format' "$WORK/viewer.log"
# The screen's first picture.
sleep 1
