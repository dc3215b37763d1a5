//! The signature of requests to webhooks (SPEC section 9).

use lamplight_model::Timestamp;
use sha2::{Digest, Sha256};

/// Returns the query parameter `Sign`, in hexadecimal, for a request at this time. The receiver computes the same text
/// from the token and the parameter `RequestTime`.
pub fn webhook_sign(token: &str, request_time: Timestamp) -> String {
    let digest = Sha256::digest(format!("{token}{}", request_time.as_secs()));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_contract() {
        assert_eq!(
            webhook_sign("xxxxyyyy", Timestamp(1_669_872_112_999)),
            "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061"
        );
    }
}
