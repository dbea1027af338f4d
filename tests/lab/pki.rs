//! A certification authority of the lab's own, with a certificate for servers and one for clients.

use std::fs;
use std::io::Error;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::machine::successful;

/// The name that the servers' certificate bears.
const SERVER: &str = "vpn.vendor.example";
const NEW_KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/// Writes `ca.crt`, and `server` and `client` with endings `.crt` and `.key`, into a new folder.
pub(crate) fn found(folder: &Path) -> Result<(), Error> {
    fs::create_dir(folder)?;
    openssl(folder, &format!("req -x509 {NEW_KEY} -days 2 -subj /CN=lab -keyout ca.key -out ca.crt"))?;
    for side in ["server", "client"] {
        let uses = format!(
            "subjectAltName=DNS:{SERVER}\nkeyUsage=digitalSignature,keyAgreement\nextendedKeyUsage={side}Auth\n"
        );
        fs::write(folder.join("uses"), uses)?;
        openssl(folder, &format!("req {NEW_KEY} -subj /CN={SERVER} -keyout {side}.key -out request"))?;
        let signed = "x509 -req -in request -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile uses";
        openssl(folder, &format!("{signed} -out {side}.crt"))?;
    }
    Ok(())
}

fn openssl(folder: &Path, words: &str) -> Result<(), Error> {
    let mut command = Command::new("openssl");
    successful(&command.args(words.split(' ')).current_dir(folder).stdin(Stdio::null()).output()?).map(|_| ())
}
