mkdir "$WORK/received"
storescp --output-directory "$WORK/received" --aetitle READING 4242 &
await hears_tcp 4242
ready
wait
