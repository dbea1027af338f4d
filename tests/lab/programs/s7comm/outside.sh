await_ready
"$PYTHON" - "$PEER" <<'END'
import sys

import snap7

client = snap7.client.Client()
client.connect(sys.argv[1], 0, 1, 10102)
client.db_write(1, 0, bytearray(b"invented"))
assert client.db_read(1, 0, 8) == b"invented"
client.disconnect()
END
