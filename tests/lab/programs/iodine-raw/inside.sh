await_ready
iodine -f -P invented "$PEER" t.vendor.example &
use 10.99.1.1
