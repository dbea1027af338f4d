await_ready
meter=$PEER:15683
coap-client-notls -m get "coap://$meter/.well-known/core" | grep -q time
coap-client-notls -N -m get "coap://$meter/time" | grep -q :
# In blocks.
head -c 2000 /dev/zero | tr '\0' x > "$WORK/large"
coap-client-notls -b 256 -m put -f "$WORK/large" "coap://$meter/example_data"
coap-client-notls -m get "coap+tcp://$meter/time" | grep -q :
