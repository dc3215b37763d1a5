//! The frames of RESP3, the protocol of Redis: the end of a frame, and the content of a pushed log batch.

use std::ops::ControlFlow;

/// The beginning of a message of sharded pub/sub: a push of three elements.
const MESSAGE: &[u8] = b">3\r\n$8\r\nsmessage\r\n";

/// The first frame of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Frame<'a> {
    /// A message of sharded pub/sub, and the number of bytes of the frame.
    Message { channel: &'a [u8], message: &'a [u8], end: usize },
    /// Another frame, and its number of bytes.
    Other { end: usize },
    /// Not all bytes of the frame are there yet.
    Incomplete,
    /// The bytes are no frame.
    Malformed,
}

impl<'a> Frame<'a> {
    /// Finds the first frame. Copies nothing.
    pub(crate) fn first(bytes: &'a [u8]) -> Self {
        if let Some(rest) = bytes.strip_prefix(MESSAGE)
            && let Ok((channel, rest)) = bulk(rest)
            && let Ok((message, rest)) = bulk(rest)
        {
            return Self::Message { channel, message, end: bytes.len() - rest.len() };
        }
        match skip(bytes) {
            Ok(rest) => Self::Other { end: bytes.len() - rest.len() },
            Err(end) => end,
        }
    }
}

/// A parsed part and the bytes after it. If no part can be parsed, the error is a frame that gives the reason.
type Part<'a, T> = Result<(T, &'a [u8]), Frame<'a>>;

/// Returns the bytes after the first frame.
fn skip(mut bytes: &[u8]) -> Result<&[u8], Frame<'_>> {
    let mut frames = 1u64;
    while frames > 0 {
        let more = match bytes.first().ok_or(Frame::Incomplete)? {
            b'$' | b'!' | b'=' => {
                bytes = bulk(bytes)?.1;
                0
            }
            kind @ (b'*' | b'~' | b'>' | b'%' | b'|') => {
                let (count, rest) = number(&bytes[1..])?;
                bytes = rest;
                let count = u64::try_from(count).unwrap_or_default();
                match kind {
                    // A pair for each entry.
                    b'%' => count.saturating_mul(2),
                    // Attributes stand before their frame.
                    b'|' => count.saturating_mul(2).saturating_add(1),
                    _ => count,
                }
            }
            b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => {
                bytes = line(bytes)?.1;
                0
            }
            _ => return Err(Frame::Malformed),
        };
        frames = (frames - 1).saturating_add(more);
    }
    Ok(bytes)
}

/// Reads a text with its length before it. A length below 0 stands for no text.
fn bulk(bytes: &[u8]) -> Part<'_, &[u8]> {
    if !matches!(bytes.first().ok_or(Frame::Incomplete)?, b'$' | b'!' | b'=') {
        return Err(Frame::Malformed);
    }
    let (length, rest) = number(&bytes[1..])?;
    let Ok(length) = usize::try_from(length) else { return Ok((&[], rest)) };
    let Some((text, rest)) = rest.split_at_checked(length) else { return Err(Frame::Incomplete) };
    match rest {
        [b'\r', b'\n', rest @ ..] => Ok((text, rest)),
        [] | [b'\r'] => Err(Frame::Incomplete),
        _ => Err(Frame::Malformed),
    }
}

/// Reads a number that ends a line.
fn number(bytes: &[u8]) -> Part<'_, i64> {
    let (text, rest) = line(bytes)?;
    let (is_negative, digits) = text.strip_prefix(b"-").map_or((false, text), |digits| (true, digits));
    let number = digits.iter().try_fold(0i64, |number, digit| match digit {
        b'0'..=b'9' => {
            match number.checked_mul(10).and_then(|tens| tens.checked_add(i64::from(digit - b'0'))) {
                Some(number) => ControlFlow::Continue(number),
                None => ControlFlow::Break(()),
            }
        }
        _ => ControlFlow::Break(()),
    });
    match number {
        ControlFlow::Continue(number) if !digits.is_empty() => {
            Ok((if is_negative { -number } else { number }, rest))
        }
        ControlFlow::Continue(_) | ControlFlow::Break(()) => Err(Frame::Malformed),
    }
}

/// Reads up to the end of the line.
fn line(bytes: &[u8]) -> Part<'_, &[u8]> {
    let end = bytes.windows(2).position(|two| two == b"\r\n").ok_or(Frame::Incomplete)?;
    Ok((&bytes[..end], &bytes[end + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUSH: &str = ">3\r\n$8\r\nsmessage\r\n$6\r\nlm:{7}\r\n$5\r\n1:\r\nx\r\n";

    #[test]
    fn a_message_is_found_with_its_channel() {
        let two = format!("{PUSH}{PUSH}");
        let expected = Frame::Message { channel: b"lm:{7}", message: b"1:\r\nx", end: PUSH.len() };
        assert_eq!(Frame::first(two.as_bytes()), expected);
        for length in 0..PUSH.len() {
            assert_eq!(Frame::first(&PUSH.as_bytes()[..length]), Frame::Incomplete, "{length}");
        }
    }

    #[test]
    fn any_other_frame_is_skipped_as_a_whole() {
        for frame in [
            "+OK\r\n",
            "-ERR no\r\n",
            ":7\r\n",
            "_\r\n",
            "#t\r\n",
            ",1.5\r\n",
            "(123\r\n",
            "$3\r\na\r\n\r\n",
            "$-1\r\n",
            "$0\r\n\r\n",
            "=7\r\ntxt:abc\r\n",
            "!3\r\nERR\r\n",
            "*0\r\n",
            "*-1\r\n",
            "*2\r\n*1\r\n:1\r\n$1\r\nx\r\n",
            "~1\r\n:1\r\n",
            "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n",
            "|1\r\n+key\r\n+value\r\n:7\r\n",
            ">3\r\n$10\r\nssubscribe\r\n$6\r\nlm:{7}\r\n:1\r\n",
            ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n",
        ] {
            let followed = format!("{frame}{PUSH}");
            assert_eq!(Frame::first(followed.as_bytes()), Frame::Other { end: frame.len() }, "{frame:?}");
            for length in 0..frame.len() {
                assert_eq!(
                    Frame::first(&frame.as_bytes()[..length]),
                    Frame::Incomplete,
                    "{frame:?} {length}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_frame_is_named() {
        let malformed =
            ["x", "$x\r\n", "$\r\n", "$1\r\nab\r\n", "*99999999999999999999\r\n", "*1\r\nx", "$--1\r\n"];
        for bytes in malformed {
            assert_eq!(Frame::first(bytes.as_bytes()), Frame::Malformed, "{bytes:?}");
        }
    }
}
