//! Passwords of operators, as salted hashes. A file in the data folder has the hash for `admin`. Only the owner of the
//! file can read it.
//!
//! Each request of the console reads the hash. A new password therefore takes effect at once, and ends all sessions of
//! the operator.

use argon2::password_hash::{self, Output, ParamsString, PasswordHash, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The 32 characters of generated passwords: digits and letters, without the easily misread `i`, `l`, `o` and `u`.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The number of characters in a generated password. They have 100 random bits.
const MADE_LETTERS: usize = 20;
const LETTERS_IN_A_GROUP: usize = 5;
/// The cost of one hash: memory in KiB, passes and lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// The maximum cost of a hash in the file: memory in KiB, passes and lanes. Without this maximum, a damaged file could
/// use up all memory or time.
const HIGHEST_COST: (u32, u32, u32) = (64 * 1024, 16, 1);
/// The number of memory blocks that are allocated for a hash. The number is higher than a hash needs, because the GNU C
/// library unmaps a freed allocation of more than 32 MiB. Smaller allocations would stay in the heaps of the threads,
/// up to 175 MB in all.
const ROOM_IN_BLOCKS: usize = 40 * 1024 * 1024 / Block::SIZE;

/// The file with the hash of the password of `admin`.
#[derive(Clone, Debug)]
pub struct PasswordFile {
    path: PathBuf,
}

/// The error for a text that is not a valid password.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a password of the console must have {} to {} bytes",
    PasswordFile::LEAST_BYTES,
    PasswordFile::MOST_BYTES
)]
pub struct InvalidPassword;

/// The hash of a password, with its salt and cost.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoredPassword(String);

impl PasswordFile {
    /// The minimum length of a password, in bytes.
    pub const LEAST_BYTES: usize = 10;
    /// The maximum length of a password, in bytes.
    pub const MOST_BYTES: usize = 200;

    /// Makes a handle for the file in a data folder. Does not read the file.
    pub fn of(data_dir: &Path) -> Self {
        Self { path: data_dir.join("console-password") }
    }

    /// Sets a random password, and returns it. Only its hash is stored. Returns `None` if a password already exists.
    pub fn make_first(&self) -> io::Result<Option<String>> {
        if self.path.try_exists()? { Ok(None) } else { self.make().map(Some) }
    }

    /// Sets a random password, and returns it.
    pub fn make(&self) -> io::Result<String> {
        let text = made_password();
        self.set(&text)?;
        Ok(text)
    }

    /// Sets the password. Fails if the password is too short or too long.
    pub fn set(&self, text: &str) -> io::Result<()> {
        let stored = StoredPassword::make(text)
            .map_err(|invalid| io::Error::new(io::ErrorKind::InvalidInput, invalid))?;
        self.put(&stored.0)
    }

    /// Reads the hash; `None` if the file does not exist.
    pub fn read(&self) -> io::Result<Option<StoredPassword>> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(Some(StoredPassword::read(&text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes this hash to the file.
    pub(super) fn put(&self, hash: &str) -> io::Result<()> {
        write_private(&self.path, hash)
    }
}

/// Generates a random password, without storing it.
pub(super) fn made_password() -> String {
    password_of(rand::random())
}

/// Writes a file that only its owner can read. Replaces an existing file atomically.
pub(super) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_extension("new");
    match fs::remove_file(&fresh) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

impl StoredPassword {
    /// Hashes a text. Fails if the text is not a valid password.
    pub(super) fn make(text: &str) -> Result<Self, InvalidPassword> {
        let is_good = (PasswordFile::LEAST_BYTES..=PasswordFile::MOST_BYTES).contains(&text.len());
        if is_good { Ok(Self::of(text, rand::random())) } else { Err(InvalidPassword) }
    }

    /// Wraps a stored hash, without checking its format.
    pub(super) fn read(kept: &str) -> Self {
        Self(kept.trim_end().to_owned())
    }

    /// Returns the hash as the text to store.
    pub(super) fn into_text(self) -> String {
        self.0
    }

    /// Returns the hash for use as a secret key. Only the server knows the hash.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Takes as long as a password check, and returns `false`. A faster refusal would reveal that an operator does not
    /// exist.
    pub(super) fn of_nobody(text: &str) -> bool {
        if text.len() <= PasswordFile::MOST_BYTES {
            drop(Self::of(text, [0; 16]));
        }
        false
    }

    fn of(text: &str, salt: [u8; 16]) -> Self {
        let (memory, passes, lanes) = COST;
        let made = || {
            let params = Params::new(memory, passes, lanes, None)?;
            let salt = SaltString::encode_b64(&salt)?;
            let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let hash = PasswordHash {
                algorithm: Algorithm::Argon2id.ident(),
                version: Some(Version::V0x13.into()),
                params: ParamsString::try_from(hasher.params())?,
                salt: Some(salt.as_salt()),
                hash: Some(hash(&hasher, text, salt.as_salt())?),
            };
            password_hash::Result::Ok(hash.to_string())
        };
        Self(made().expect("16 bytes are a salt, and the cost is within bounds"))
    }

    /// Returns `true` if the text is the password, and `false` if the stored hash is invalid. The check takes about 20
    /// ms, and 19 MiB that are then returned to the system.
    pub fn is(&self, text: &str) -> bool {
        text.len() <= PasswordFile::MOST_BYTES && self.verify(text).unwrap_or(false)
    }

    fn verify(&self, text: &str) -> password_hash::Result<bool> {
        let stored = PasswordHash::new(&self.0)?;
        let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else { return Ok(false) };
        let params = Params::try_from(&stored)?;
        let (memory, passes, lanes) = HIGHEST_COST;
        if params.m_cost() > memory || params.t_cost() > passes || params.p_cost() > lanes {
            return Ok(false);
        }
        let version = stored.version.map_or(Ok(Version::default()), Version::try_from)?;
        let hasher = Argon2::new(Algorithm::try_from(stored.algorithm)?, version, params);
        // The `==` of `Output` compares in constant time.
        Ok(hash(&hasher, text, salt)? == expected)
    }
}

/// Hashes a text, and then returns the memory of the hash to the system.
fn hash(hasher: &Argon2<'_>, text: &str, salt: password_hash::Salt<'_>) -> password_hash::Result<Output> {
    let mut decoded = [0; password_hash::Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut decoded)?;
    let blocks = hasher.params().block_count();
    let mut memory = Vec::with_capacity(blocks.max(ROOM_IN_BLOCKS));
    memory.resize(blocks, Block::default());
    let length = hasher.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    Output::init_with(length, |output| {
        Ok(hasher.hash_password_into_with_memory(text.as_bytes(), salt, output, &mut memory[..])?)
    })
}

fn password_of(random: [u8; MADE_LETTERS]) -> String {
    let mut text = String::new();
    for (index, byte) in random.into_iter().enumerate() {
        if index > 0 && index.is_multiple_of(LETTERS_IN_A_GROUP) {
            text.push('-');
        }
        text.push(char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_password_is_made_once_and_only_its_hash_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = PasswordFile::of(folder.path());
        assert_eq!(file.read().unwrap(), None);
        let text = file.make_first().unwrap().unwrap();
        assert_eq!(file.make_first().unwrap(), None);
        let kept = fs::read_to_string(&file.path).unwrap();
        assert!(kept.starts_with("$argon2id$") && !kept.contains(&text), "{kept}");
        assert_eq!(fs::metadata(&file.path).unwrap().permissions().mode() & 0o777, 0o600);
        let stored = file.read().unwrap().unwrap();
        assert!(stored.is(&text));
        assert!(!stored.is(&text.to_uppercase()) && !stored.is(""));
    }

    #[test]
    fn a_password_that_is_set_replaces_the_other_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = PasswordFile::of(folder.path());
        let first = file.make().unwrap();
        file.set("open sesame").unwrap();
        let stored = file.read().unwrap().unwrap();
        assert!(stored.is("open sesame") && !stored.is(&first));
        // Setting the same password again gives another hash, because the salt differs.
        file.set("open sesame").unwrap();
        assert_ne!(file.read().unwrap().unwrap(), stored);
    }

    #[test]
    fn a_password_has_its_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let file = PasswordFile::of(folder.path());
        for (bytes, good) in [(9, false), (10, true), (200, true), (201, false)] {
            assert_eq!(file.set(&"x".repeat(bytes)).is_ok(), good, "{bytes} bytes");
        }
    }

    #[test]
    fn a_damaged_file_lets_nobody_in() {
        for text in ["", "password", "$argon2id$v=19$m=19456,t=2,p=1$AAAA"] {
            assert!(!StoredPassword(text.to_owned()).is(text), "{text:?}");
        }
        let stored = StoredPassword::of("open sesame", [7; 16]);
        assert!(stored.is("open sesame"));
        for (was, damaged) in
            [("m=19456", "m=4194304"), ("t=2", "t=100000"), ("p=1", "p=200"), ("$v=19", "$v=20")]
        {
            let damaged = StoredPassword(stored.0.replacen(was, damaged, 1));
            assert_ne!(damaged, stored);
            assert!(!damaged.is("open sesame"), "{damaged:?}");
        }
    }

    #[test]
    fn a_hash_made_by_the_library_is_understood_and_so_is_ours_by_the_library() {
        let (memory, passes, lanes) = COST;
        let params = Params::new(memory, passes, lanes, None).unwrap();
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let salt = SaltString::encode_b64(&[7; 16]).unwrap();
        let made = hasher.hash_password(b"open sesame", &salt).unwrap().to_string();
        let ours = StoredPassword::of("open sesame", [7; 16]);
        assert_eq!(ours.0, made);
        let ours = PasswordHash::new(&ours.0).unwrap();
        assert!(hasher.verify_password(b"open sesame", &ours).is_ok());
    }

    #[test]
    fn a_made_password_reads_well() {
        let random = std::array::from_fn(|index| index as u8 * 11);
        assert_eq!(password_of(random), "0bp1c-q2dr3-es4ft-5gv6h");
    }
}
