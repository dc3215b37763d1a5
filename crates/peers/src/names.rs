//! The names of users and the texts of statuses, as all peers send them. They have fixed lengths, so that all peers
//! send the same number of bytes for them.

/// The length of a user's name in bytes.
pub const NAME_BYTES: usize = 8;
/// The length of a change's text, in bytes.
pub const TEXT_BYTES: usize = 12;
/// The text of a user who is online and has made no change.
pub const ONLINE: &str = "online";
/// The text of a user who is offline.
pub const OFFLINE: &str = "offline";

/// The text before the number of a change.
const BUSY: &[u8] = b"busy ";
/// The number of digits of users and changes.
const DIGITS: usize = 7;

/// Appends the name of a user: `u` and seven digits.
pub fn put_user(out: &mut Vec<u8>, user: u32) {
    out.push(b'u');
    put_digits(out, user);
}

/// Appends the text of a change. `number` is the number of the change, at most 9,999,999.
pub fn put_text(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(BUSY);
    put_digits(out, number);
}

/// Returns the name of a user.
pub fn user_name(user: u32) -> String {
    format!("u{user:07}")
}

/// Returns the user with this name; `None` for any other text.
pub fn user_of(name: &[u8]) -> Option<u32> {
    digits(name.strip_prefix(b"u")?)
}

/// Returns the state in a text: the number of a change, or 0 for "online". Returns `None` for any other text.
pub fn number_of(text: &[u8]) -> Option<u32> {
    match text.strip_prefix(BUSY) {
        Some(rest) => digits(rest),
        None => (text == ONLINE.as_bytes()).then_some(0),
    }
}

/// Returns the state in a text, like [`number_of`]; `Some(None)` for "offline".
pub fn state_of(text: &[u8]) -> Option<Option<u32>> {
    if text == OFFLINE.as_bytes() { Some(None) } else { number_of(text).map(Some) }
}

fn put_digits(out: &mut Vec<u8>, number: u32) {
    let mut text = [b'0'; DIGITS];
    let mut rest = number;
    for digit in text.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&text);
}

fn digits(text: &[u8]) -> Option<u32> {
    if text.len() != DIGITS {
        return None;
    }
    text.iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_read_back() {
        for number in [0, 7, 1_234_567, 9_999_999] {
            let (mut name, mut text) = (Vec::new(), Vec::new());
            put_user(&mut name, number);
            put_text(&mut text, number);
            assert_eq!((name.len(), text.len()), (NAME_BYTES, TEXT_BYTES));
            assert_eq!(name, user_name(number).as_bytes());
            assert_eq!(user_of(&name), Some(number));
            assert_eq!(state_of(&text), Some(Some(number)));
        }
        assert_eq!(state_of(b"online"), Some(Some(0)));
        assert_eq!(state_of(b"offline"), Some(None));
        for other in [&b"u123"[..], b"v0000001", b"u00000x1", b""] {
            assert_eq!(user_of(other), None);
            assert_eq!(state_of(other), None);
        }
    }
}
