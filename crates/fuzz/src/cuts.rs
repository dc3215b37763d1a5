//! Splits a stream of bytes into pieces, as a network might deliver it.

/// Splits an input into the lengths of pieces and the stream. The first byte is the number of lengths.
pub fn split(data: &[u8]) -> (&[u8], &[u8]) {
    let Some((count, rest)) = data.split_first() else { return (&[], &[]) };
    rest.split_at(usize::from(*count % 16).min(rest.len()))
}

/// Returns the pieces of a stream. Their lengths are the values in `lengths`, repeated as needed. Without values, each
/// length is 1. A piece has at least `1 + rest / 512` bytes, where `rest` is the number of remaining bytes.
pub fn pieces<'a>(mut stream: &'a [u8], lengths: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut next = 0;
    std::iter::from_fn(move || {
        if stream.is_empty() {
            return None;
        }
        // The pieces of a long stream have a minimum length. Otherwise, a reader that scans the whole stream after each
        // piece would take too long.
        let least = 1 + stream.len() / 512;
        let length = lengths.get(next % lengths.len().max(1)).map_or(1, |length| usize::from(*length));
        next += 1;
        let (piece, rest) = stream.split_at(length.max(least).min(stream.len()));
        stream = rest;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_are_the_stream() {
        let stream: Vec<u8> = (0..200).collect();
        for lengths in [&[][..], &[0], &[1, 7, 255], &[3]] {
            let all: Vec<&[u8]> = pieces(&stream, lengths).collect();
            assert_eq!(all.concat(), stream, "{lengths:?}");
            assert!(all.iter().all(|piece| !piece.is_empty()));
        }
        assert_eq!(pieces(&stream, &[]).count(), 200);
        assert_eq!(split(&[2, 5, 6, 7, 8]), (&[5, 6][..], &[7, 8][..]));
        assert_eq!(split(&[]), (&[][..], &[][..]));
    }
}
