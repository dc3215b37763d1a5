//! The framing of native connections: each message is preceded by its length as a protobuf varint.

/// The bytes that a native client sends before its first message. No TLS record and no HTTP request begins with these
/// bytes.
pub const NATIVE_PREAMBLE: &[u8; 5] = b"LAMP\x01";

/// The maximum number of bytes of a length prefix. Frames are always smaller than 2^28 bytes.
pub const MAX_LENGTH_PREFIX: usize = 4;

/// The largest message that a server sends, in bytes. The answer to a query of 10,000 users has about 2 MiB.
pub const MAX_SERVER_MESSAGE: usize = 8 * 1024 * 1024;

/// The largest allowed frames from a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameLimits {
    /// The limit before the login, in bytes. It bounds the memory that a peer can use without authentication.
    pub before_login: usize,
    /// The limit after the login, in bytes.
    pub after_login: usize,
}

impl Default for FrameLimits {
    /// Returns 64 KiB before the login: enough for a login request with about 1,400 cached versions. Returns 512 KiB
    /// after the login: enough for a request with 10,000 users and the longest ids.
    fn default() -> Self {
        Self { before_login: 64 * 1024, after_login: 512 * 1024 }
    }
}

/// The result of looking for a frame at the beginning of the received bytes.
#[derive(PartialEq, Eq, Debug)]
pub enum Framed<'a> {
    /// A complete message.
    Frame {
        /// The message without its length.
        message: &'a [u8],
        /// The number of bytes of the frame, including the length.
        taken: usize,
    },
    /// More bytes are needed for the frame.
    Incomplete,
}

/// The error for bytes that cannot be a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length prefix has too many bytes.
    #[error("the length of the frame is not a varint of at most {MAX_LENGTH_PREFIX} bytes")]
    BadLength,
    /// The message is longer than the limit.
    #[error("a frame of {length} bytes; at most {limit} are allowed")]
    TooLarge {
        /// The length that the peer announced, in bytes.
        length: usize,
        /// The limit, in bytes.
        limit: usize,
    },
}

/// Parses one frame of at most `limit` bytes at the beginning of `bytes`.
///
/// A frame that is too large is refused as soon as its length was received, before its body is buffered.
pub fn next_frame(bytes: &[u8], limit: usize) -> Result<Framed<'_>, FrameError> {
    let mut length = 0usize;
    for index in 0..MAX_LENGTH_PREFIX {
        let Some(byte) = bytes.get(index) else { return Ok(Framed::Incomplete) };
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            if length > limit {
                return Err(FrameError::TooLarge { length, limit });
            }
            let taken = index + 1 + length;
            return Ok(match bytes.get(index + 1..taken) {
                Some(message) => Framed::Frame { message, taken },
                None => Framed::Incomplete,
            });
        }
    }
    Err(FrameError::BadLength)
}

/// Appends `message`, preceded by its length, to `out`.
pub fn put_frame(out: &mut Vec<u8>, message: &impl prost::Message) {
    // Encoding cannot fail, because a `Vec` grows as needed.
    message.encode_length_delimited(out).expect("a Vec grows");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1;
    use proptest::prelude::*;

    #[test]
    fn frames_are_found_whole_or_awaited_or_refused() {
        let cases: &[(&[u8], usize, Result<Framed<'_>, FrameError>)] = &[
            (&[], 10, Ok(Framed::Incomplete)),
            (&[0], 10, Ok(Framed::Frame { message: &[], taken: 1 })),
            (&[2, 7, 8, 9], 10, Ok(Framed::Frame { message: &[7, 8], taken: 3 })),
            (&[3, 7, 8], 10, Ok(Framed::Incomplete)),
            (&[0x80], 10, Ok(Framed::Incomplete)),
            (&[10], 10, Ok(Framed::Incomplete)),
            (&[11], 10, Err(FrameError::TooLarge { length: 11, limit: 10 })),
            (&[0x80, 0x01], 127, Err(FrameError::TooLarge { length: 128, limit: 127 })),
            (&[0xff, 0xff, 0xff, 0xff, 0x01], usize::MAX, Err(FrameError::BadLength)),
        ];
        for (bytes, limit, expected) in cases {
            assert_eq!(&next_frame(bytes, *limit), expected, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), limit in 0usize..100) {
            let _ = next_frame(&bytes, limit);
        }

        #[test]
        fn what_was_put_is_found_at_every_cut(custom in "[a-z]{0,200}", cut in 0usize..300) {
            let message = v1::SetSelfStatusRequest { custom_status: custom, ..Default::default() };
            let mut bytes = Vec::new();
            put_frame(&mut bytes, &message);
            let cut = cut.min(bytes.len());
            match next_frame(&bytes[..cut], 1000).unwrap() {
                Framed::Frame { message: found, taken } => {
                    prop_assert_eq!(taken, bytes.len());
                    let decoded: v1::SetSelfStatusRequest = prost::Message::decode(found).unwrap();
                    prop_assert_eq!(decoded, message);
                }
                Framed::Incomplete => prop_assert!(cut < bytes.len()),
            }
        }
    }
}
