await_ready
"$PYTHON" - "$PEER" <<'END'
import sys

from zabbix_utils import Getter

agent = Getter(sys.argv[1], 17050)
for key in ("agent.ping", "system.uname"):
    assert agent.get(key).value
END
