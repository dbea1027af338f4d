await_ready
"$PYTHON" - "$PEER" <<'END'
import ftplib, sys

class Extended(ftplib.FTP):
    def makepasv(self):
        reply = self.sendcmd("EPSV")
        return self.host, int(reply.split("|")[3])

for client in (ftplib.FTP, Extended):
    with client() as ftp:
        ftp.connect(sys.argv[1], 10021)
        ftp.login()
        for name in ("image", "list"):
            got = bytearray()
            ftp.retrbinary(f"RETR {name}", got.extend)
            assert len(got) > 100_000
END
