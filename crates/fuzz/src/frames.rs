//! The target for the decoder of native frames and their messages.
//!
//! Input: the size limit in two bytes, little-endian; then a stream.

use lamplight_wire::{FrameError, Framed, id_in_protobuf, next_frame, put_frame, read_json, read_protobuf};

/// The maximum number of bytes of an error text that is sent to a client.
const MAX_REASON_BYTES: usize = 200;

/// Runs one input.
pub fn run(data: &[u8]) {
    let Some((limit, mut stream)) = data.split_first_chunk::<2>() else { return };
    let limit = usize::from(u16::from_le_bytes(*limit));
    loop {
        let found = next_frame(stream, limit);
        the_front_decides(stream, limit, &found);
        match found {
            Ok(Framed::Frame { message, taken }) => {
                assert!(message.len() <= limit, "a frame over the limit");
                assert!(taken > message.len() && taken <= stream.len());
                assert_eq!(message, &stream[taken - message.len()..taken]);
                read(message);
                stream = &stream[taken..];
            }
            Ok(Framed::Incomplete) => {
                assert!(stream.len() < limit + 4, "more is held than one frame and its length");
                return;
            }
            Err(FrameError::TooLarge { length, limit: told }) => {
                assert!(told == limit && length > limit);
                return;
            }
            Err(FrameError::BadLength) => return,
        }
    }
}

/// Checks that decoding the first message does not depend on the bytes after it.
fn the_front_decides(stream: &[u8], limit: usize, found: &Result<Framed<'_>, FrameError>) {
    let needed = match found {
        Ok(Framed::Frame { taken, .. }) => *taken,
        Ok(Framed::Incomplete) => stream.len(),
        Err(FrameError::TooLarge { .. } | FrameError::BadLength) => stream.len().min(4),
    };
    assert_eq!(&next_frame(&stream[..needed], limit), found);
    for shorter in needed.saturating_sub(3)..needed {
        let early = next_frame(&stream[..shorter], limit);
        assert!(
            early == Ok(Framed::Incomplete) || found.is_err() && &early == found,
            "{early:?} of {shorter} bytes"
        );
    }
}

/// Checks that a message is decoded correctly in both encodings, or refused with its id and a short reason.
pub fn read(bytes: &[u8]) {
    match read_protobuf(bytes) {
        Ok(message) => {
            assert_eq!(id_in_protobuf(bytes), message.id, "the id of a readable message");
            let mut framed = Vec::new();
            put_frame(&mut framed, &message);
            let Ok(Framed::Frame { message: again, taken }) = next_frame(&framed, usize::MAX) else {
                panic!("the id that was put into the message is not found")
            };
            assert_eq!(taken, framed.len());
            assert_eq!(read_protobuf(again).as_ref(), Ok(&message));
            let text = serde_json::to_string(&message);
            // A number outside of its enum has no name in JSON.
            let Ok(text) = text else { return };
            assert_eq!(read_json(&text).as_ref(), Ok(&message), "{text}");
        }
        Err(unreadable) => {
            assert_eq!(unreadable.id, id_in_protobuf(bytes));
            assert!(!unreadable.reason.is_empty() && unreadable.reason.len() <= MAX_REASON_BYTES);
        }
    }
}
