//! A buffer that is usually empty.

/// Bytes of a connection that usually has none. An empty buffer is one word, because every connection pays for it.
#[derive(Default)]
#[expect(clippy::box_collection, reason = "a `Vec` is three words")]
pub struct RareBytes(Option<Box<Vec<u8>>>);

impl RareBytes {
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |bytes| bytes.len())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Removes all bytes and returns them.
    pub fn take(&mut self) -> Vec<u8> {
        self.0.take().map(|bytes| *bytes).unwrap_or_default()
    }

    /// Replaces all bytes.
    pub fn set(&mut self, bytes: Vec<u8>) {
        self.0 = Some(bytes).filter(|bytes| !bytes.is_empty()).map(Box::new);
    }

    /// Lets `change` change the bytes, and returns its result.
    pub fn change<T>(&mut self, change: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let mut bytes = self.take();
        let result = change(&mut bytes);
        self.set(bytes);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept_until_they_are_taken_and_an_empty_buffer_has_no_memory() {
        let mut buffer = RareBytes::default();
        assert_eq!((buffer.len(), buffer.is_empty()), (0, true));
        assert_eq!(buffer.change(|bytes| bytes.extend(b"ab")), ());
        buffer.change(|bytes| bytes.push(b'c'));
        assert_eq!((buffer.len(), buffer.is_empty()), (3, false));
        buffer.change(|bytes| bytes.drain(..1).for_each(drop));
        assert_eq!(buffer.take(), b"bc");
        assert!(buffer.0.is_none());
        buffer.set(b"d".to_vec());
        buffer.change(Vec::clear);
        assert!(buffer.0.is_none());
        buffer.set(Vec::new());
        assert!(buffer.0.is_none());
    }
}
