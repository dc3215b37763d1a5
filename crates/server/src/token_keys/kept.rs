//! Stores the last JWT keys of each source in the data folder. Users can then log in after a restart while an identity
//! provider is down.
//!
//! Each source of an app has one file, which only its owner can access. A successful read of the source replaces the
//! file. An unusable file is ignored with a warning, because the source will be read again.

use super::MAX_BYTES;
use lamplight_model::{KeySource, Timestamp};
use lamplight_service::KeysToRead;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The maximum number of bytes of a file. JSON may use six bytes for one byte of the source.
const MAX_FILE_BYTES: usize = 6 * (MAX_BYTES + 2 * 1024) + 1024;

/// The folder with the stored JWT keys.
#[derive(Clone)]
pub struct KeptKeys {
    folder: PathBuf,
}

/// The contents of a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// The URL or file name that the keys were read from.
    source: String,
    /// The time when the source was read.
    read: Timestamp,
    /// The text of the source.
    keys: String,
}

/// The text of a source, with the time of the read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptText {
    /// The time when the source was read.
    pub read: Timestamp,
    /// The text.
    pub text: String,
}

impl KeptKeys {
    /// Makes a `KeptKeys` for this folder.
    pub fn of(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Reads the stored text of a source. `None` if no text is stored, or if the stored text is from another URL or
    /// file.
    pub fn read(&self, key: &KeysToRead) -> io::Result<Option<KeptText>> {
        let path = self.folder.join(name(key));
        let file = match fs::symlink_metadata(&path) {
            Ok(about) if about.is_file() => File::open(&path)?,
            Ok(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, "not a file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = String::new();
        let most = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
        file.take(most + 1).read_to_string(&mut text)?;
        if text.len() > MAX_FILE_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "too long"));
        }
        let contents: Contents = serde_json::from_str(&text)?;
        let is_of_this_source = contents.source == address(&key.source);
        Ok(is_of_this_source.then_some(KeptText { read: contents.read, text: contents.keys }))
    }

    /// Stores the text of a source, and overwrites the previous text.
    pub fn write(&self, key: &KeysToRead, kept: KeptText) -> io::Result<()> {
        let contents = Contents { source: address(&key.source).to_owned(), read: kept.read, keys: kept.text };
        match DirBuilder::new().mode(0o700).create(&self.folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let path = self.folder.join(name(key));
        let fresh = path.with_extension("new");
        remove(&fresh)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(serde_json::to_string(&contents)?.as_bytes())?;
        // The file is not synced. If a crash of the machine loses it, the source is read again.
        fs::rename(&fresh, &path)
    }

    /// Removes the files of the sources that are not in `wanted`. Continues after a failure, and returns the last
    /// error.
    pub fn remove_others(&self, wanted: &BTreeSet<KeysToRead>) -> io::Result<()> {
        let wanted: BTreeSet<_> = wanted.iter().map(name).collect();
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut removed = Ok(());
        for entry in entries {
            let path = entry?.path();
            // During a write, the file has a temporary extension; after the write, the file gets the extension `json`.
            let kept = path.with_extension("json");
            let kept = kept.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if !wanted.contains(&kept)
                && let Err(error) = remove(&path)
            {
                removed = Err(error);
            }
        }
        removed
    }
}

/// Removes a file, if the file exists.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Returns the file name for a source. An app has at most one URL and one file.
fn name(key: &KeysToRead) -> String {
    let kind = match &key.source {
        KeySource::Url(_) => "url",
        KeySource::File(_) => "file",
    };
    format!("{}-{kind}.json", key.app)
}

fn address(source: &KeySource) -> &str {
    match source {
        KeySource::Url(text) | KeySource::File(text) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::AppId;
    use std::os::unix::fs::PermissionsExt;

    fn of(app: u32, url: &str) -> KeysToRead {
        KeysToRead { app: AppId(app), source: KeySource::Url(url.to_owned()) }
    }

    #[test]
    fn a_text_is_kept_for_its_source_and_its_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        let kept = KeptKeys::of(data.path().join("keys"));
        let (key, text) = (of(7, "https://a"), KeptText { read: Timestamp(5), text: "{\"a\"}".to_owned() });
        assert_eq!(kept.read(&key).unwrap(), None);
        for read in [5, 6] {
            let text = KeptText { read: Timestamp(read), ..text.clone() };
            kept.write(&key, text.clone()).unwrap();
            assert_eq!(kept.read(&key).unwrap(), Some(text));
        }
        assert_eq!(kept.read(&of(7, "https://b")).unwrap(), None, "another address of the app");
        assert_eq!(kept.read(&of(8, "https://a")).unwrap(), None, "another app");
        let file = KeysToRead { app: AppId(7), source: KeySource::File("https://a".to_owned()) };
        assert_eq!(kept.read(&file).unwrap(), None, "another kind of source");
        for (path, mode) in [("keys", 0o700), ("keys/7-url.json", 0o600)] {
            let about = fs::metadata(data.path().join(path)).unwrap();
            assert_eq!(about.permissions().mode() & 0o777, mode, "{path}");
        }
        kept.write(&of(8, "https://a"), text).unwrap();
        kept.remove_others(&[key.clone()].into()).unwrap();
        assert!(kept.read(&key).unwrap().is_some());
        assert_eq!(kept.read(&of(8, "https://a")).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_removed_keeps_nothing_else() {
        let data = tempfile::tempdir().unwrap();
        let kept = KeptKeys::of(data.path().join("keys"));
        let (one, gone) = (of(1, "https://a"), of(2, "https://a"));
        let text = KeptText { read: Timestamp(5), text: "text".to_owned() };
        for n in 3..40 {
            kept.write(&of(n, "https://a"), text.clone()).unwrap();
        }
        kept.write(&one, text.clone()).unwrap();
        kept.write(&gone, text.clone()).unwrap();
        for name in ["a-folder", "2-url.new-folder", "zz"] {
            fs::create_dir(data.path().join("keys").join(name)).unwrap();
        }
        fs::write(data.path().join("keys/1-url.new"), "half of what is being written").unwrap();
        kept.remove_others(&[one.clone()].into()).unwrap_err();
        let left = fs::read_dir(data.path().join("keys")).unwrap();
        let left = left.map(|entry| entry.unwrap()).filter(|entry| entry.file_type().unwrap().is_file());
        let left: BTreeSet<_> = left.map(|entry| entry.file_name().into_string().unwrap()).collect();
        assert_eq!(left, ["1-url.json", "1-url.new"].map(str::to_owned).into());
    }

    #[test]
    fn the_longest_text_can_be_kept() {
        let data = tempfile::tempdir().unwrap();
        let kept = KeptKeys::of(data.path().join("keys"));
        let text = KeptText { read: Timestamp(1), text: "\u{1}".repeat(MAX_BYTES) };
        let key = of(1, &format!("https://{}", "\"".repeat(1_900)));
        kept.write(&key, text.clone()).unwrap();
        assert_eq!(kept.read(&key).unwrap(), Some(text));
    }

    #[test]
    fn a_file_that_is_not_as_it_should_be_is_an_error() {
        let data = tempfile::tempdir().unwrap();
        let kept = KeptKeys::of(data.path().to_owned());
        let path = data.path().join("1-url.json");
        let long = " ".repeat(MAX_FILE_BYTES + 1);
        for bad in [&b""[..], b"{", b"[]", b"\xff", b"{\"source\":\"u\",\"read\":1}", long.as_bytes()] {
            fs::write(&path, bad).unwrap();
            assert!(kept.read(&of(1, "u")).is_err(), "{:.20?}", bad);
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(kept.read(&of(1, "u")).is_err());
    }
}
