//! What a box and its collector say when they meet for the first time, and when a certificate is renewed.

use serde::{Deserialize, Serialize};

/// A box asks to be taken in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolRequest {
    /// The invitation: the part of the code that is no secret.
    pub id: String,
    /// The certificate request, PEM.
    pub request: String,
    /// To whom bundles for the box are encrypted.
    pub recipient: String,
    /// The box's proof of the code, over connection, request and recipient.
    pub proof: String,
}

/// A box is taken in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Enrolled {
    /// The site's name at the collector.
    pub site: String,
    /// The box's certificate, PEM.
    pub certificate: String,
    /// The collector's CA, PEM.
    pub ca: String,
    /// To whom bundles for the collector are encrypted.
    pub recipient: String,
    /// The collector's proof of the code, over connection and the texts above.
    #[serde(default)]
    pub proof: String,
}

/// What a site that is never online is given on a stick.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfflineInvitation {
    /// The site's name at the collector.
    pub site: String,
    /// The invitation.
    pub id: String,
    /// Its secret, in hexadecimal digits.
    pub secret: String,
    /// The collector's CA, PEM.
    pub ca: String,
    /// To whom bundles for the collector are encrypted.
    pub recipient: String,
}

/// A box asks for a new certificate for the key that it has.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenewRequest {
    /// The certificate request, PEM.
    pub request: String,
}

/// A new certificate.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Renewed {
    /// The certificate, PEM.
    pub certificate: String,
}

/// Why a request was refused.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refusal {
    /// A word for programs, such as `revoked`.
    pub code: String,
    /// A sentence for people, in English.
    pub message: String,
}
