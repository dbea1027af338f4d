await_ready
# -r: no raw UDP, which would not pass where DNS is resolved by others.
iodine -f -r -P invented "$PEER" t.vendor.example &
use 10.99.0.1
