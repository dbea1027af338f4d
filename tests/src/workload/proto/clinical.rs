//! DICOM (PS3.8) and HL7 v2 in MLLP.

use super::bytes::{be16, be32};

pub(crate) fn item(t: u8, body: &[u8]) -> Vec<u8> {
    let mut v = vec![t, 0];
    be16(&mut v, body.len());
    v.extend_from_slice(body);
    v
}

pub(crate) fn ae(s: &str) -> [u8; 16] {
    let mut a = [b' '; 16];
    let n = s.len().min(16);
    a[..n].copy_from_slice(&s.as_bytes()[..n]);
    a
}

pub(crate) fn dicom_associate(accept: bool, called: &str, calling: &str) -> Vec<u8> {
    let mut b = vec![0, 1, 0, 0];
    b.extend_from_slice(&ae(called));
    b.extend_from_slice(&ae(calling));
    b.extend_from_slice(&[0; 32]);
    b.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    let sops: [&[u8]; 4] = [
        b"1.2.840.10008.5.1.4.1.1.2",
        b"1.2.840.10008.5.1.4.1.1.4",
        b"1.2.840.10008.5.1.4.1.1.1.1",
        b"1.2.840.10008.1.1",
    ];
    for (i, s) in sops.iter().enumerate() {
        let mut p = vec![i as u8 * 2 + 1, 0, 0, 0];
        if !accept {
            p.extend(item(0x30, s));
            p.extend(item(0x40, b"1.2.840.10008.1.2.1"));
        }
        p.extend(item(0x40, b"1.2.840.10008.1.2"));
        b.extend(item(if accept { 0x21 } else { 0x20 }, &p));
    }
    let mut u = item(0x51, &16384u32.to_be_bytes());
    u.extend(item(0x52, b"1.2.826.0.1.3680043.9.9999.1"));
    u.extend(item(0x55, b"EXAMPLE_MOD_12"));
    b.extend(item(0x50, &u));
    dicom_pdu(if accept { 2 } else { 1 }, &b)
}

pub(crate) fn dicom_pdu(t: u8, body: &[u8]) -> Vec<u8> {
    let mut v = vec![t, 0];
    be32(&mut v, body.len() as u32);
    v.extend_from_slice(body);
    v
}

pub(crate) fn hl7(n: u32, ack: bool) -> Vec<u8> {
    let ev = ["ADT^A01", "ADT^A08", "ORM^O01", "ORU^R01"][n as usize % 4];
    let s = if ack {
        format!("\x0bMSH|^~\\&|HIS|HOSP|LIS|LAB|20260101090000||ACK|{n}|P|2.5\rMSA|AA|{n}\r\x1c\r")
    } else {
        format!(
            "\x0bMSH|^~\\&|LIS|LAB|HIS|HOSP|20260101090000||{ev}|{n}|P|2.5\rPID|1||{n:08}^^^HOSP||TEST^PATIENT||19700101|O\rPV1|1|I|W3^{:03}^1\rOBX|1|NM|718-7^HGB||13.{}|g/dL|12-16|N|||F\r\x1c\r",
            n % 400,
            n % 10
        )
    };
    s.into_bytes()
}
