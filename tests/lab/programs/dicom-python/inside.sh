"$PYTHON" - <<'END' &
from pynetdicom import AE
from pynetdicom.sop_class import Verification

archive = AE(ae_title="ARCHIVE")
archive.add_supported_context(Verification)
archive.start_server(("0.0.0.0", 10400))
END
await hears_tcp 10400
ready
wait
