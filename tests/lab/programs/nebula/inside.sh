await_ready
nebula -config "$WORK/host.yml" &
use 10.99.2.1
