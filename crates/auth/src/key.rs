//! Generates the keys of apps.

use std::fmt::Write;

/// Makes a new key from 32 random bytes: 64 lowercase hexadecimal digits, as the cloud's console shows them.
///
/// A UserSig is signed with the bytes of this text, and not with the 32 bytes that the text encodes.
pub fn generate_key(random: [u8; 32]) -> String {
    random.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a `String` never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_lowercase_hexadecimal_digits() {
        let bytes: [u8; 32] = std::array::from_fn(|at| (at as u8).wrapping_mul(17));
        let key = generate_key(bytes);
        assert!(key.starts_with("00112233445566778899aabbccddeeff10"), "{key}");
        assert_eq!(key.len(), 64);
        assert_eq!(generate_key([0xff; 32]), "f".repeat(64));
    }
}
