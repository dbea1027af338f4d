//! Who gets through to the collector with what, and who does not.

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::{ClientConnection, ServerConnection};

use super::*;

const BOX: ExtendedKeyUsagePurpose = ExtendedKeyUsagePurpose::ClientAuth;
const COLLECTOR: ExtendedKeyUsagePurpose = ExtendedKeyUsagePurpose::ServerAuth;
/// Years in which a certificate is good, was, and will be.
const GOOD: (i32, i32) = (2020, 2099);
const OVER: (i32, i32) = (2020, 2021);
const NOT_YET: (i32, i32) = (2098, 2099);

struct Ca {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn certify(&self, key: &BoxKey, years: (i32, i32), usage: ExtendedKeyUsagePurpose) -> String {
        params(years, usage).signed_by(key.pair(), &self.issuer).unwrap().pem()
    }
}

fn params((from, to): (i32, i32), usage: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut params = CertificateParams::new(vec![COLLECTOR_NAME.to_owned()]).unwrap();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 12, 31);
    params.extended_key_usages = vec![usage];
    params
}

/// A collector as it should be.
fn collector(ca: &Ca) -> Arc<ServerConfig> {
    let key = BoxKey::fresh().unwrap();
    Arc::new(server(&ca.pem, &ca.certify(&key, GOOD, COLLECTOR), &key).unwrap())
}

fn to_collector(config: ClientConfig) -> ClientConnection {
    ClientConnection::new(Arc::new(config), ServerName::try_from(COLLECTOR_NAME).unwrap()).unwrap()
}

/// Has both ends speak until they have met, and gives what the box said.
fn meet(of_box: &mut ClientConnection, collector: &mut ServerConnection) -> Result<Vec<u8>, rustls::Error> {
    let mut said = Vec::new();
    while of_box.is_handshaking() || collector.is_handshaking() {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        while of_box.wants_write() {
            of_box.write_tls(&mut up).unwrap();
        }
        hear(collector, &up)?;
        said.extend(up);
        while collector.wants_write() {
            collector.write_tls(&mut down).unwrap();
        }
        assert!(!said.is_empty(), "the box begins");
        let mut rest = down.as_slice();
        while !rest.is_empty() {
            of_box.read_tls(&mut rest).unwrap();
            of_box.process_new_packets()?;
        }
    }
    Ok(said)
}

fn hear(collector: &mut ServerConnection, said: &[u8]) -> Result<(), rustls::Error> {
    let mut rest = said;
    while !rest.is_empty() {
        collector.read_tls(&mut rest).unwrap();
        collector.process_new_packets()?;
    }
    Ok(())
}

#[test]
fn only_a_certificate_of_the_collectors_own_that_is_good_now_lets_a_box_through() {
    let (ca, other, key) = (Ca::new(), Ca::new(), BoxKey::fresh().unwrap());
    let self_signed = params(GOOD, BOX).self_signed(key.pair()).unwrap().pem();
    // (what, certificate, let through)
    let cases = [
        ("its own", ca.certify(&key, GOOD, BOX), true),
        ("expired", ca.certify(&key, OVER, BOX), false),
        ("of the future", ca.certify(&key, NOT_YET, BOX), false),
        ("of another collector", other.certify(&key, GOOD, BOX), false),
        ("self-signed", self_signed, false),
        ("for a collector", ca.certify(&key, GOOD, COLLECTOR), false),
    ];
    let at = collector(&ca);
    for (what, certificate, through) in cases {
        let mut of_box = to_collector(client(&ca.pem, &certificate, &key).unwrap());
        let mut collector = ServerConnection::new(Arc::clone(&at)).unwrap();
        let met = meet(&mut of_box, &mut collector);
        assert_eq!(met.is_ok(), through, "{what}: {met:?}");
        assert_eq!(collector.peer_certificates().is_some(), through, "{what}");
    }
    // Who has none may ask to enrol, and is known by nothing.
    let mut nobody = to_collector(stranger().unwrap().0);
    let mut collector = ServerConnection::new(at).unwrap();
    meet(&mut nobody, &mut collector).unwrap();
    assert!(collector.peer_certificates().is_none());
}

#[test]
fn a_box_tells_its_collector_from_every_other() {
    let (ca, other, key) = (Ca::new(), Ca::new(), BoxKey::fresh().unwrap());
    let own = ca.certify(&key, GOOD, BOX);
    let theirs = BoxKey::fresh().unwrap();
    // (what, certificate of the collector, believed)
    let cases = [
        ("its own", ca.certify(&theirs, GOOD, COLLECTOR), true),
        ("expired", ca.certify(&theirs, OVER, COLLECTOR), false),
        ("of another", other.certify(&theirs, GOOD, COLLECTOR), false),
        ("another box", ca.certify(&theirs, GOOD, BOX), false),
    ];
    for (what, certificate, believed) in cases {
        let mut of_box = to_collector(client(&ca.pem, &own, &key).unwrap());
        let config = server(&ca.pem, &certificate, &theirs).unwrap();
        let mut collector = ServerConnection::new(Arc::new(config)).unwrap();
        let met = meet(&mut of_box, &mut collector);
        assert_eq!(met.is_ok(), believed, "{what}: {met:?}");
    }
}

#[test]
fn what_a_box_said_once_opens_nothing_when_it_is_said_again() {
    let (ca, key) = (Ca::new(), BoxKey::fresh().unwrap());
    let at = collector(&ca);
    let mut of_box = to_collector(client(&ca.pem, &ca.certify(&key, GOOD, BOX), &key).unwrap());
    let mut collector = ServerConnection::new(Arc::clone(&at)).unwrap();
    let said = meet(&mut of_box, &mut collector).unwrap();
    let mut again = ServerConnection::new(at).unwrap();
    assert!(hear(&mut again, &said).is_err());
    assert!(again.is_handshaking() && again.peer_certificates().is_none());
}
