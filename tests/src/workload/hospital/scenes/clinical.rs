//! DICOM and HL7.

use super::super::script::{Beats, Cast, Framing, Pattern, Script};
use crate::workload::proto::{self, *};
use crate::workload::rng::Rng;

/// Images sent to the archive.
pub(super) fn dicom(cast: &Cast<'_>, _: &mut Rng) -> Script {
    let &Cast { h, f, lan, .. } = cast;
    let mut script = Script::of(cast);
    let mut b = Beats::new(lan);
    b.open();
    let calling = format!("{}_AE", h.name.to_uppercase());
    b.say(true, dicom_associate(false, "PACS_SCP", &calling));
    b.say(false, dicom_associate(true, "PACS_SCP", &calling));
    script.framing = Framing::Dicom;
    script.pattern = Pattern::Up;
    let mut e = Beats::new(lan);
    e.say(true, dicom_pdu(5, &[0; 4]));
    e.say(false, dicom_pdu(6, &[0; 4]));
    e.close();
    script.post = e.v;
    script.towards(cast.inside(if f.b % 2 == 0 { 104 } else { 11112 }), b.v)
}

/// Messages between departments.
pub(super) fn hl7(cast: &Cast<'_>, r: &mut Rng) -> Script {
    let &Cast { lan, .. } = cast;
    let mut script = Script::of(cast);
    let mut b = Beats::new(lan);
    b.open();
    let n = r.u32() % 90000;
    b.say(true, proto::hl7(n, false));
    b.say(false, proto::hl7(n, true));
    script.framing = Framing::Hl7;
    let mut e = Beats::new(lan);
    e.close();
    script.post = e.v;
    script.towards(cast.inside(2575), b.v)
}
