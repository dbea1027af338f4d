//! The description of the HTTP API, generated from the code that answers and from the types that go over the
//! wire.

use utoipa::OpenApi as _;

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
