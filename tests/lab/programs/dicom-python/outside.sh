await_ready
"$PYTHON" - "$PEER" <<'END'
import sys

from pynetdicom import AE
from pynetdicom.sop_class import Verification

centre = AE(ae_title="CENTRE")
centre.add_requested_context(Verification)
association = centre.associate(sys.argv[1], 10400, ae_title="ARCHIVE")
assert association.is_established
assert association.send_c_echo().Status == 0
association.release()
END
