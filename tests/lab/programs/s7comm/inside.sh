"$PYTHON" - <<'END' &
import threading

import snap7
from snap7.type import SrvArea

server = snap7.server.Server()
server.register_area(SrvArea.DB, 1, bytearray(64))
server.start(tcp_port=10102)
threading.Event().wait()
END
await hears_tcp 10102
ready
wait
