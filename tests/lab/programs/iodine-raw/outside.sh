iodined -f -c -P invented 10.99.1.1/24 t.vendor.example &
await hears_udp 53
ready
wait
