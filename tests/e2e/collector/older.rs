//! Another program's TLS, of an earlier version.

use std::process::Command;

use super::Collector;

#[test]
fn a_collector_speaks_no_tls_before_1_3() {
    let collector = Collector::start();
    let script = "import socket, ssl, sys\n\
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\n\
        context.check_hostname = False\n\
        context.verify_mode = ssl.CERT_NONE\n\
        context.maximum_version = getattr(ssl.TLSVersion, sys.argv[2])\n\
        host, port = sys.argv[1].split(':')\n\
        try:\n\
        \x20   print(context.wrap_socket(socket.create_connection((host, int(port)))).version())\n\
        except ssl.SSLError as error:\n\
        \x20   print(error.reason)\n";
    // (the latest version that is offered, what comes of it)
    for (latest, said) in [("TLSv1_3", "TLSv1.3"), ("TLSv1_2", "TLSV1_ALERT_PROTOCOL_VERSION")] {
        let mut command = Command::new("python3");
        let output = command.args(["-c", script, &collector.address.to_string(), latest]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), said);
    }
}
