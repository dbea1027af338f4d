coap-server-notls -A "$HERE" -p 15683 &
await hears_udp 15683
await hears_tcp 15683
ready
wait
