screen
x11vnc -storepasswd invented "$WORK/passwd"
x11vnc -rfbport 5977 -rfbauth "$WORK/passwd" -forever -quiet -noipv6 &
await hears_tcp 5977
ready
wait
