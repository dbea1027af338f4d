//! The clinical traffic inside: DICOM from the modalities to the PACS, HL7 between the systems.
//!
//! The patient's name is here and nowhere else: in P-DATA and in PID.

use super::site::Device;
use super::talk::Stream;
use super::wire::Way;
use super::{Day, HOUR, PATIENT, PATIENT_KANJI};
use crate::workload::proto::{ae, dicom_pdu, item};

const CONTEXT_NAME: &[u8] = b"1.2.840.10008.3.1.1.1";
const VERIFICATION: &str = "1.2.840.10008.1.1";
const WORKLIST: &str = "1.2.840.10008.5.1.4.31";
const IMPLICIT_LE: &[u8] = b"1.2.840.10008.1.2";
const EXPLICIT_LE: &[u8] = b"1.2.840.10008.1.2.1";
/// The PACS's port.
const DICOM: u16 = 104;
const MLLP: u16 = 2575;

/// What a modality stores (PS3.4 annex B.5).
pub(super) fn storage_class(role: &str) -> &'static str {
    match role {
        "ct" => "1.2.840.10008.5.1.4.1.1.2",
        "mr" => "1.2.840.10008.5.1.4.1.1.4",
        "xa" => "1.2.840.10008.5.1.4.1.1.12.1",
        "us" => "1.2.840.10008.5.1.4.1.1.6.1",
        "cr" => "1.2.840.10008.5.1.4.1.1.1",
        _ => "1.2.840.10008.5.1.4.1.1.7",
    }
}

/// A-ASSOCIATE-RQ or -AC with one presentation context a class (PS3.8 §9.3.2, §9.3.3).
fn associate(accept: bool, called: &str, calling: &str, classes: &[&str], maker: &str) -> Vec<u8> {
    let mut body = vec![0, 1, 0, 0];
    body.extend(ae(called));
    body.extend(ae(calling));
    body.extend([0; 32]);
    body.extend(item(0x10, CONTEXT_NAME));
    for (number, class) in classes.iter().enumerate() {
        let mut context = vec![number as u8 * 2 + 1, 0, 0, 0];
        if accept {
            context.extend(item(0x40, IMPLICIT_LE));
            body.extend(item(0x21, &context));
            continue;
        }
        context.extend(item(0x30, class.as_bytes()));
        context.extend(item(0x40, EXPLICIT_LE));
        context.extend(item(0x40, IMPLICIT_LE));
        body.extend(item(0x20, &context));
    }
    let mut user = item(0x51, &16_384_u32.to_be_bytes());
    user.extend(item(0x52, format!("{maker}.1.2").as_bytes()));
    user.extend(item(0x55, b"EXAMPLE_2026"));
    body.extend(item(0x50, &user));
    dicom_pdu(if accept { 2 } else { 1 }, &body)
}

/// An element of an implicit little-endian data set, padded to even length (PS3.5 §7.1).
fn element(group: u16, number: u16, value: &[u8]) -> Vec<u8> {
    let even = value.len() + value.len() % 2;
    let mut bytes = [group.to_le_bytes(), number.to_le_bytes()].concat();
    bytes.extend((even as u32).to_le_bytes());
    bytes.extend(value);
    bytes.resize(8 + even, 0);
    bytes
}

/// P-DATA-TF with one fragment; `control` is 3 for a command, 2 for the end of a data set.
fn fragment(context: u8, control: u8, bytes: &[u8]) -> Vec<u8> {
    let mut value = (bytes.len() as u32 + 2).to_be_bytes().to_vec();
    value.extend([context, control]);
    value.extend(bytes);
    dicom_pdu(4, &value)
}

/// A DIMSE command (PS3.7 §9.3): `field` is 0x0001 for C-STORE-RQ, 0x8001 for its answer.
fn command(class: &str, field: u16, message: u16, instance: &str) -> Vec<u8> {
    let mut rest = element(0, 0x0002, class.as_bytes());
    rest.extend(element(0, 0x0100, &field.to_le_bytes()));
    let number = if field & 0x8000 == 0 { 0x0110 } else { 0x0120 };
    rest.extend(element(0, number, &message.to_le_bytes()));
    if field & 0x8000 == 0 {
        rest.extend(element(0, 0x0700, &0_u16.to_le_bytes()));
    }
    let holds_data: u16 = if field & 0x8000 == 0 { 1 } else { 0x0101 };
    rest.extend(element(0, 0x0800, &holds_data.to_le_bytes()));
    if field & 0x8000 != 0 {
        rest.extend(element(0, 0x0900, &0_u16.to_le_bytes()));
    }
    rest.extend(element(0, 0x1000, instance.as_bytes()));
    let mut bytes = element(0, 0, &(rest.len() as u32).to_le_bytes());
    bytes.extend(rest);
    bytes
}

/// An association that stores `images`, each of `size` bytes.
pub(super) fn store(
    day: &mut Day,
    way: &Way,
    port: u16,
    (caller, role, called): (&str, &str, &str),
    images: u64,
    at: u64,
) -> u64 {
    let class = storage_class(role);
    let maker = *day.rng.pick(&["1.2.826.0.1.3680043.9.9999", "1.2.392.200036.9116.9", "1.2.840.113619.9"]);
    let calling = format!("{}_AE", caller.to_uppercase());
    let classes = [class, VERIFICATION, WORKLIST];
    let from = day.port();
    let mut stream = Stream::open(&mut day.wire, way, (from, port), at, &mut day.rng);
    stream.say(&mut day.wire, true, &associate(false, called, &calling, &classes, maker));
    stream.say(
        &mut day.wire,
        false,
        &associate(true, called, &calling, &classes, "1.2.826.0.1.3680043.9.9998"),
    );
    for number in 1..=images {
        let instance = format!("1.2.826.0.1.3680043.9.9999.{}.{number}", day.rng.u32());
        let request = fragment(1, 3, &command(class, 0x0001, number as u16, &instance));
        stream.say(&mut day.wire, true, &request);
        let mut set = element(0x0008, 0x0016, class.as_bytes());
        set.extend(element(0x0008, 0x0018, instance.as_bytes()));
        set.extend(element(0x0010, 0x0010, PATIENT.as_bytes()));
        set.extend(element(0x0010, 0x0020, b"00012345"));
        let pixels = day.rng.range(3_000, 12_000) as usize;
        set.extend(element(0x7fe0, 0x0010, &day.rng.bytes(pixels)));
        stream.say(&mut day.wire, true, &fragment(1, 2, &set));
        let answer = fragment(1, 3, &command(class, 0x8001, number as u16, &instance));
        stream.say(&mut day.wire, false, &answer);
    }
    stream.say(&mut day.wire, true, &dicom_pdu(5, &[0; 4]));
    stream.say(&mut day.wire, false, &dicom_pdu(6, &[0; 4]));
    stream.close(&mut day.wire);
    stream.at()
}

/// An HL7 message in MLLP's frame, and its acknowledgment.
pub(super) fn message(from: &str, to: &str, kind: &str, number: u64) -> [Vec<u8>; 2] {
    let head = |from: &str, to: &str, kind: &str| {
        format!("\u{b}MSH|^~\\&|{from}|HOSPITAL|{to}|HOSPITAL|20260401090000||{kind}|{number}|P|2.5\r")
    };
    let body = match kind {
        "ORU^R01" => "OBR|1||A1|718-7^HGB\rOBX|1|NM|718-7^HGB||13.4|g/dL|12-16|N|||F\r",
        "ORM^O01" => "ORC|NW|A1\rOBR|1|A1||CTCHEST^Chest CT\r",
        _ => "PV1|1|O|OUTPATIENT^01\r",
    };
    let patient = format!("PID|1||00012345^^^HOSPITAL||{PATIENT}~{PATIENT_KANJI}||19700101|M\r");
    let request = format!("{}{patient}{body}\u{1c}\r", head(from, to, kind));
    let answer = format!("{}MSA|AA|{number}\r\u{1c}\r", head(to, from, "ACK"));
    [request.into_bytes(), answer.into_bytes()]
}

/// Messages over one connection, some seconds apart.
pub(super) fn exchange(day: &mut Day, way: &Way, port: u16, names: (&str, &str), kind: &str, at: u64) {
    let from = day.port();
    let mut stream = Stream::open(&mut day.wire, way, (from, port), at, &mut day.rng);
    for _ in 0..day.rng.range(2, 6) {
        let [request, answer] = message(names.0, names.1, kind, day.rng.below(90_000));
        stream.say(&mut day.wire, true, &request);
        stream.say(&mut day.wire, false, &answer);
        let until = stream.at() + day.rng.range(1, 40) * super::wire::SECOND;
        stream.rest_until(until);
    }
    stream.close(&mut day.wire);
}

pub(super) fn play(day: &mut Day) {
    let pacs = day.site.named("pacs01");
    let modalities: Vec<Device> =
        ["ct", "mr", "xa", "us", "cr"].iter().flat_map(|role| day.site.of_role(role).cloned()).collect();
    let studies = ((day.end - day.start) / HOUR / 2).max(2);
    for modality in &modalities {
        for _ in 0..studies {
            let way = day.inside(modality, &pacs);
            let (at, images) = (day.moment(HOUR / 6), day.rng.range(2, 6));
            store(day, &way, DICOM, (&modality.name, modality.role, "PACS01"), images, at);
        }
    }
    let systems = ["his01", "lis01", "ris01"].map(|name| day.site.named(name));
    let [his, lis, ris] = &systems;
    let analyzers: Vec<Device> = day.site.of_role("analyzer").cloned().collect();
    for _ in 0..studies * 2 {
        for (near, far, names, kind) in [
            (his, ris, ("HIS", "RIS"), "ORM^O01"),
            (his, lis, ("HIS", "LIS"), "ADT^A08"),
            (lis, his, ("LIS", "HIS"), "ORU^R01"),
        ] {
            let (way, at) = (day.inside(near, far), day.moment(HOUR / 6));
            exchange(day, &way, MLLP, names, kind, at);
        }
    }
    for analyzer in &analyzers {
        for _ in 0..studies {
            let (way, at) = (day.inside(analyzer, lis), day.moment(HOUR / 6));
            exchange(day, &way, MLLP, ("ANALYZER", "LIS"), "ORU^R01", at);
        }
    }
}
