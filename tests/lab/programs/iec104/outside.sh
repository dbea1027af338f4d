await_ready
"$PYTHON" - "$PEER" <<'END'
import sys
import time

import c104

client = c104.Client(tick_rate_ms=100)
link = client.add_connection(ip=sys.argv[1], port=12404, init=c104.Init.ALL)
station = link.add_station(common_address=47)
measured = station.add_point(io_address=11, type=c104.Type.M_ME_NC_1)
switch = station.add_point(io_address=12, type=c104.Type.C_SC_NA_1)
client.start()
while measured.value != 21.5:
    time.sleep(0.1)
switch.value = True
assert switch.transmit(cause=c104.Cot.ACTIVATION)
END
