//! The collector's own folder: its CA, its keys, and what it signs.
//!
//! Made once by `init` (or by the first `run`) and never changed: every box rests on it. A copy of this
//! folder and of the database is a copy of the collector.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateSigningRequestParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::ServerConfig;
use sekisho_ledger::{private_folder, write_private};
use sekisho_sync::{BoxKey, COLLECTOR_NAME, Sealer};

/// From before any box was built: a box's clock may be years behind when it is first met.
const FIRST_YEAR: i32 = 2020;
/// Beyond the life of a collector: who rests on the CA rests on it until the collector is replaced.
const LAST_YEAR: i32 = 2049;
/// How long a box may stay away and come back by itself, in days. Revoking does not wait for it.
const CERTIFICATE_DAYS: i64 = 400;

const CA_KEY: &str = "ca.key";
const CA: &str = "ca.pem";
const KEY: &str = "collector.key";
const SEALER: &str = "bundles.key";

/// What the folder holds.
pub(crate) struct Home {
    /// The CA's certificate, PEM.
    pub(crate) ca: String,
    ca_key: BoxKey,
    key: BoxKey,
    /// The key that bundles for the collector are encrypted to.
    pub(crate) sealer: Sealer,
    /// The certificate that boxes are shown, PEM.
    certificate: String,
}

impl Home {
    /// Makes the folder's content; says whether there was none.
    pub(crate) fn init(folder: &Path) -> anyhow::Result<bool> {
        private_folder(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        if folder.join(CA).exists() {
            return Ok(false);
        }
        let key = BoxKey::fresh()?;
        private(&folder.join(KEY), &key.to_pem())?;
        private(&folder.join(SEALER), &Sealer::fresh().secret())?;
        let ca_key = BoxKey::fresh()?;
        private(&folder.join(CA_KEY), &ca_key.to_pem())?;
        // Last: with it the folder is whole.
        private(&folder.join(CA), &ca_params().self_signed(ca_key.pair())?.pem())?;
        Ok(true)
    }

    /// Reads the folder.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}; `sekisho-collector init` makes it", path.display()))
        };
        let (ca_key, key) = (BoxKey::from_pem(&read(CA_KEY)?)?, BoxKey::from_pem(&read(KEY)?)?);
        let certificate = certificate(&key, &issuer(&ca_key)?)?;
        let sealer = Sealer::read(&read(SEALER)?)?;
        Ok(Self { ca: read(CA)?, ca_key, key, sealer, certificate })
    }

    /// Gives the key that bundles for sites are signed with: the CA's, which every box has.
    pub(crate) fn signer(&self) -> &BoxKey {
        &self.ca_key
    }

    /// Sets up TLS.
    pub(crate) fn tls(&self) -> anyhow::Result<ServerConfig> {
        Ok(sekisho_sync::server(&self.ca, &self.certificate, &self.key)?)
    }

    /// Gives the certificate that boxes are shown.
    pub(crate) fn shown(&self) -> anyhow::Result<Vec<u8>> {
        Ok(sekisho_sync::der(&self.certificate)?)
    }

    /// Gives a box a certificate for the key of its request, and that key's point. Nothing else of the
    /// request is taken over.
    pub(crate) fn issue(&self, request: &str) -> anyhow::Result<Issued> {
        let request = CertificateSigningRequestParams::from_pem(request).context("no certificate request")?;
        let mut serial = [0_u8; 16];
        if SystemRandom::new().fill(&mut serial).is_err() {
            bail!("the system gives no random numbers");
        }
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "sekisho-agent");
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.not_before = date_time_ymd(FIRST_YEAR, 1, 1);
        let ends = Timestamp::now() + SignedDuration::from_hours(24 * CERTIFICATE_DAYS);
        let ends = ends.to_zoned(TimeZone::UTC);
        params.not_after =
            date_time_ymd(ends.year().into(), ends.month().unsigned_abs(), ends.day().unsigned_abs());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let certificate: Certificate = params.signed_by(&request.public_key, &issuer(&self.ca_key)?)?;
        let public_key = sekisho_sync::point_of(certificate.der())?;
        Ok(Issued { certificate: certificate.pem(), public_key })
    }
}

fn issuer(key: &BoxKey) -> anyhow::Result<Issuer<'static, KeyPair>> {
    Ok(Issuer::new(ca_params(), KeyPair::from_pem(&key.to_pem())?))
}

fn certificate(key: &BoxKey, issuer: &Issuer<'_, KeyPair>) -> anyhow::Result<String> {
    let mut params = CertificateParams::new(vec![COLLECTOR_NAME.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, COLLECTOR_NAME);
    params.not_before = date_time_ymd(FIRST_YEAR, 1, 1);
    params.not_after = date_time_ymd(LAST_YEAR, 12, 31);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params.signed_by(key.pair(), issuer)?.pem())
}

/// A certificate for a box.
pub(crate) struct Issued {
    /// The certificate, PEM.
    pub(crate) certificate: String,
    /// The point of its key, in hexadecimal digits.
    pub(crate) public_key: String,
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Sekisho collector CA");
    params.not_before = date_time_ymd(FIRST_YEAR, 1, 1);
    params.not_after = date_time_ymd(LAST_YEAR, 12, 31);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Writes a text where only its owner may read.
pub(crate) fn private(path: &Path, text: &str) -> anyhow::Result<()> {
    write_private(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes octets where a person wants them: into a file that only its owner may read, whichever a link leads to,
/// or into a pipe or a device as it is.
pub(crate) fn write_output(path: &Path, octets: &[u8]) -> anyhow::Result<()> {
    let written = match fs::metadata(path) {
        Ok(about) if about.is_file() => fs::canonicalize(path).and_then(|file| write_private(&file, octets)),
        Ok(_) => OpenOptions::new().write(true).open(path).and_then(|mut it| it.write_all(octets)),
        Err(_) => write_private(path, octets),
    };
    written.with_context(|| format!("cannot write {}", path.display()))
}
