//! What the role of a device means: whether it routes, carries others' traffic, or examines and treats patients.
//!
//! A role is a slug, as rules give it.

/// Tells whether devices of the role route between subnets, or to the outside.
#[must_use]
pub fn routes(role: &str) -> bool {
    matches!(role, "router" | "firewall" | "vpn-router" | "lte-router" | "isdn-router")
}

/// Tells whether devices of the role are network equipment: they carry the traffic of others.
#[must_use]
pub fn is_equipment(role: &str) -> bool {
    routes(role) || matches!(role, "switch" | "access-point")
}

/// Tells whether devices of the role examine or treat patients.
#[must_use]
pub fn is_medical(role: &str) -> bool {
    matches!(
        role,
        "ct" | "mr"
            | "xa"
            | "us"
            | "cr"
            | "dx"
            | "mg"
            | "nm"
            | "pt"
            | "rf"
            | "endoscope"
            | "ecg"
            | "ophthalmic"
            | "radiotherapy"
            | "analyzer"
            | "monitor"
            | "pump"
            | "ventilator"
            | "modality"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_role_is_both_equipment_and_medical() {
        for role in ["router", "lte-router", "switch", "access-point", "ct", "pump", "pc", "ont"] {
            assert!(!(is_equipment(role) && is_medical(role)), "{role}");
        }
        assert!(is_equipment("isdn-router") && !routes("switch") && !is_equipment("ont"));
    }
}
