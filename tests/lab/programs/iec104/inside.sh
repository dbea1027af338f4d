"$PYTHON" - "$HERE" <<'END' &
import sys
import threading

import c104

server = c104.Server(ip=sys.argv[1], port=12404)
station = server.add_station(common_address=47)
station.add_point(io_address=11, type=c104.Type.M_ME_NC_1, report_ms=200).value = 21.5
station.add_point(io_address=12, type=c104.Type.C_SC_NA_1)
server.start()
threading.Event().wait()
END
await hears_tcp 12404
ready
wait
