//! The description of the HTTP API, generated from the code that answers.
//!
//! The wire types live in a crate that knows serde only, so that what OpenAPI needs is told here: names,
//! and what each is; their fields are held by the golden files of `collector/api`.

use serde_json::Value;
use utoipa::OpenApi as _;
use utoipa::ToSchema;

macro_rules! bodies {
    ($($(#[$about:meta])* $name:ident)+) => {
        $($(#[$about])*
        #[derive(ToSchema)]
        #[schema(value_type = Object)]
        pub(crate) struct $name(#[expect(dead_code, reason = "a name in the description")] Value);)+
    };
}

bodies! {
    /// Rows of a site's ledger that changed, gzip-compressed JSON.
    Batch
    /// How far the collector has come, and what people decided there.
    Answer
    /// A box asks to be taken in.
    EnrolRequest
    /// A box is taken in.
    Enrolled
    /// A box asks for a new certificate.
    RenewRequest
    /// A new certificate.
    Renewed
    /// Why a request was refused.
    Refusal
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Sekisho collector",
        description = "What boxes and their collector tell each other. Bodies are gzip-compressed JSON; the site is that of the client certificate."
    ),
    paths(crate::service::enrol, crate::service::sync, crate::service::renew)
)]
struct Api;

/// Gives the description.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_described() {
        let document = serde_json::to_value(document()).unwrap();
        for path in ["/v1/enrol", "/v1/sync", "/v1/renew"] {
            assert!(document["paths"][path]["post"]["responses"]["200"].is_object(), "{path}");
        }
    }
}
