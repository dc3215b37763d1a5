//! Short encodings of ids in a live record. They save memory of a store that several nodes share.

use lamplight_model::{DeviceId, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A `deviceID`. A UUID in lower case, which most clients use, takes 16 bytes instead of 36.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(into = "DeviceForm", from = "DeviceForm")]
pub struct PackedDevice(DeviceId);

#[derive(Serialize, Deserialize)]
enum DeviceForm {
    Text(DeviceId),
    Uuid([u8; 16]),
}

/// A list of `userID`s. Each id is stored as the difference from the id before it: the number of equal bytes at the
/// beginning, and the rest. If the characters of the rest allow it, each character takes 4 or 6 bits.
///
/// A stored id begins with one byte. Its five high bits are the number of equal bytes. The next two bits are the
/// [`Alphabet`] of the rest. The lowest bit is 1 if both ids have the same length; otherwise, a byte with the length of
/// the rest follows. The characters of the rest are packed from the high bits to the low ones. The last byte is filled
/// up.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(into = "Vec<u8>", try_from = "Vec<u8>")]
pub struct PackedIds(Vec<UserId>);

/// The error for bytes that are not a list of ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidPackedIds;

impl fmt::Display for InvalidPackedIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are not a packed list of ids")
    }
}

impl std::error::Error for InvalidPackedIds {}

/// The maximum number of bytes that an id can share with the id before it. The encoding has five bits for this number.
const MOST_SHARED: usize = 31;

/// The characters of a packed text. The numbers are stored, so a number must not get another meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Alphabet {
    /// Any bytes.
    Bytes = 0,
    /// The digits of hexadecimal numbers in lower case, with 4 bits each.
    Hex = 1,
    /// Letters, decimal digits, `-` and `_`, with 6 bits each.
    Word = 2,
}

impl Alphabet {
    /// The alphabet that packs a text into the fewest bytes.
    fn of(text: &[u8]) -> Self {
        [Self::Hex, Self::Word]
            .into_iter()
            .find(|it| text.iter().all(|byte| it.digit(*byte).is_some()))
            .unwrap_or(Self::Bytes)
    }

    fn bits(self) -> u32 {
        match self {
            Self::Bytes => 8,
            Self::Hex => 4,
            Self::Word => 6,
        }
    }

    fn digit(self, byte: u8) -> Option<u8> {
        match (self, byte) {
            (Self::Bytes, _) => Some(byte),
            (Self::Hex | Self::Word, b'0'..=b'9') => Some(byte - b'0'),
            (Self::Hex, b'a'..=b'f') | (Self::Word, b'a'..=b'z') => Some(byte - b'a' + 10),
            (Self::Word, b'A'..=b'Z') => Some(byte - b'A' + 36),
            (Self::Word, b'-') => Some(62),
            (Self::Word, b'_') => Some(63),
            (Self::Hex | Self::Word, _) => None,
        }
    }

    fn byte(self, digit: u8) -> u8 {
        match (self, digit) {
            (Self::Bytes, _) => digit,
            (Self::Hex | Self::Word, 0..10) => b'0' + digit,
            (Self::Hex | Self::Word, 10..36) => b'a' + digit - 10,
            (Self::Hex | Self::Word, 36..62) => b'A' + digit - 36,
            (Self::Hex | Self::Word, 62) => b'-',
            (Self::Hex | Self::Word, _) => b'_',
        }
    }

    fn pack(self, text: &[u8], packed: &mut Vec<u8>) {
        let (mut waiting, mut bits) = (0u32, 0);
        for byte in text {
            waiting =
                waiting << self.bits() | u32::from(self.digit(*byte).expect("the alphabet has the byte"));
            bits += self.bits();
            while bits >= 8 {
                bits -= 8;
                packed.push((waiting >> bits) as u8);
            }
        }
        if bits > 0 {
            packed.push((waiting << (8 - bits)) as u8);
        }
    }

    /// Appends `length` characters to `text`, and returns the rest of the packed bytes.
    fn unpack<'a>(self, length: usize, packed: &'a [u8], text: &mut Vec<u8>) -> Option<&'a [u8]> {
        let (packed, rest) = packed.split_at_checked((length * self.bits() as usize).div_ceil(8))?;
        let (mut waiting, mut bits, mut packed) = (0u32, 0, packed.iter());
        for _ in 0..length {
            if bits < self.bits() {
                waiting = waiting << 8 | u32::from(*packed.next()?);
                bits += 8;
            }
            bits -= self.bits();
            text.push(self.byte((waiting >> bits) as u8 & (u8::MAX >> (8 - self.bits()))));
        }
        Some(rest)
    }
}

fn pack(ids: &[UserId]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut before: &[u8] = &[];
    for id in ids {
        let id = id.as_str().as_bytes();
        let shared = id.iter().zip(before).take_while(|(one, other)| one == other).count().min(MOST_SHARED);
        let rest = &id[shared..];
        let (alphabet, is_as_long) = (Alphabet::of(rest), id.len() == before.len());
        packed.push((shared as u8) << 3 | (alphabet as u8) << 1 | u8::from(is_as_long));
        if !is_as_long {
            packed.push(u8::try_from(rest.len()).expect("an id has at most 32 bytes"));
        }
        alphabet.pack(rest, &mut packed);
        before = id;
    }
    packed
}

fn unpack(mut packed: &[u8]) -> Option<Vec<UserId>> {
    let mut ids: Vec<UserId> = Vec::new();
    while let Some((first, rest)) = packed.split_first() {
        let before = ids.last().map(|id| id.as_str().as_bytes()).unwrap_or_default();
        let alphabet = match first >> 1 & 0b11 {
            0 => Alphabet::Bytes,
            1 => Alphabet::Hex,
            2 => Alphabet::Word,
            _ => return None,
        };
        let mut id = before.get(..usize::from(first >> 3))?.to_vec();
        let (length, rest) = match first & 1 {
            1 => (before.len() - id.len(), rest),
            _ => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        };
        packed = alphabet.unpack(length, rest, &mut id)?;
        ids.push(UserId::new(std::str::from_utf8(&id).ok()?).ok()?);
    }
    Some(ids)
}

impl From<PackedIds> for Vec<u8> {
    fn from(ids: PackedIds) -> Self {
        pack(&ids.0)
    }
}

impl TryFrom<Vec<u8>> for PackedIds {
    type Error = InvalidPackedIds;

    fn try_from(packed: Vec<u8>) -> Result<Self, InvalidPackedIds> {
        unpack(&packed).map(Self).ok_or(InvalidPackedIds)
    }
}

impl FromIterator<UserId> for PackedIds {
    fn from_iter<I: IntoIterator<Item = UserId>>(ids: I) -> Self {
        Self(ids.into_iter().collect())
    }
}

impl IntoIterator for PackedIds {
    type Item = UserId;
    type IntoIter = std::vec::IntoIter<UserId>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<DeviceId> for PackedDevice {
    fn from(id: DeviceId) -> Self {
        Self(id)
    }
}

impl From<PackedDevice> for DeviceId {
    fn from(packed: PackedDevice) -> Self {
        packed.0
    }
}

impl From<PackedDevice> for DeviceForm {
    fn from(PackedDevice(id): PackedDevice) -> Self {
        uuid_of(id.as_str()).map_or(Self::Text(id), Self::Uuid)
    }
}

impl From<DeviceForm> for PackedDevice {
    fn from(form: DeviceForm) -> Self {
        match form {
            DeviceForm::Text(id) => Self(id),
            DeviceForm::Uuid(uuid) => {
                Self(DeviceId::new(&text_of(uuid)).expect("36 printable characters are a deviceID"))
            }
        }
    }
}

/// The positions of the hyphens in a UUID.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

fn uuid_of(text: &str) -> Option<[u8; 16]> {
    let mut digits = Vec::with_capacity(32);
    for (at, byte) in text.bytes().enumerate() {
        match HYPHENS.contains(&at) {
            true if byte == b'-' => {}
            false if Alphabet::Hex.digit(byte).is_some() => digits.push(byte),
            true | false => return None,
        }
    }
    let mut packed = Vec::with_capacity(16);
    Alphabet::Hex.pack(&digits, &mut packed);
    packed.try_into().ok().filter(|_| text.len() == 36)
}

fn text_of(uuid: [u8; 16]) -> String {
    let mut text = Vec::with_capacity(36);
    let _ = Alphabet::Hex.unpack(32, &uuid, &mut text);
    HYPHENS.into_iter().for_each(|at| text.insert(at, b'-'));
    text.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<UserId> {
        text.split(' ').map(|id| UserId::new(id).unwrap()).collect()
    }

    #[test]
    fn a_list_comes_back_in_the_length_that_is_expected() {
        let long = "abcdefghijklmnopqrstuvwxyz012345";
        let long_again = format!("{long} {long} {}6", &long[..31]);
        for (list, bytes) in [
            ("a", 1 + 1 + 1),
            // The bytes that the ids have in common are stored once.
            ("user_0000001 user_0000002 user_0001003", 11 + 2 + 3),
            ("user_0000001 user_00000012 user_0000", 11 + 3 + 2),
            // Digits and hexadecimal digits take half a byte, letters six bits.
            ("13800138000 24911249111", 8 + 7),
            ("507f1f77bcf86cd799439011 607f1f77bcf86cd799439011", 14 + 13),
            ("Zx3-_pQ9tuvw aB1-_pQ9tuvw", 11 + 10),
            ("a@b.example c@d.example", 13 + 12),
            (&long_again, 2 + 24 + 2 + 2),
        ] {
            let packed = pack(&ids(list));
            assert_eq!(unpack(&packed), Some(ids(list)), "{list}");
            assert_eq!(packed.len(), bytes, "{list}");
        }
        assert_eq!(unpack(&pack(&[])), Some(vec![]));
    }

    #[test]
    fn every_character_comes_back_at_every_place() {
        let of = |seed: usize, length: usize| {
            let text: String =
                (0..length).map(|at| char::from(0x20 + ((seed * 7 + at * seed) % 95) as u8)).collect();
            UserId::new(&text).unwrap()
        };
        for seed in 0..500 {
            let list: Vec<UserId> =
                (1..=32).map(|length| of(seed, length)).chain([of(seed, 7), of(seed + 1, 7)]).collect();
            assert_eq!(unpack(&pack(&list)), Some(list));
        }
        for text in ["0123456789abcdef", "0189azAZ-_", "~ !\"@[`{"] {
            let list = [UserId::new(text).unwrap()];
            assert_eq!(unpack(&pack(&list)).as_deref(), Some(&list[..]));
        }
    }

    #[test]
    fn other_bytes_are_an_error_and_no_panic() {
        for bad in [&[0b110][..], &[8], &[0], &[0, 1], &[0, 33], &[1], &[0, 0], &[0, 1, 7], &[0, 1, 0xff]] {
            assert_eq!(unpack(bad), None, "{bad:?}");
        }
        let whole = pack(&ids("user_0000001 user_0000002 bob"));
        for length in 1..whole.len() {
            if let Some(list) = unpack(&whole[..length]) {
                assert!(list.len() < 3, "{length}");
            }
        }
        let mut seed = 1u32;
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..seed % 40)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 24) as u8
                })
                .collect();
            seed = seed.wrapping_add(1);
            let _ = unpack(&bytes);
        }
    }

    #[test]
    fn a_uuid_takes_sixteen_bytes_and_any_other_device_its_text() {
        for (id, is_uuid) in [
            ("0f8fad5b-d9cb-469f-a165-70867728950e", true),
            ("0F8FAD5B-d9cb-469f-a165-70867728950e", false),
            ("0f8fad5bd9cb-469f-a165-70867728950ef", false),
            ("0f8fad5b-d9cb-469f-a165-70867728950", false),
            ("0f8fad5b-d9cb-469f-a165-70867728950ee", false),
            ("phone", false),
            ("-", false),
        ] {
            let packed = PackedDevice(DeviceId::new(id).unwrap());
            let form = DeviceForm::from(packed.clone());
            assert_eq!(matches!(form, DeviceForm::Uuid(_)), is_uuid, "{id}");
            assert_eq!(PackedDevice::from(form), packed);
        }
    }
}
