//! The storage of the console's operators. A single node stores them in files of its data folder. Nodes that share the
//! facts store the operators in one document of the facts, and the sessions in another.
//!
//! Each request of the console reads the files or the documents. A change therefore takes effect with the next request,
//! at every node. A change of a document compares the document's revision, so no concurrent change is lost.

use super::operator::{Operator, OperatorName, OperatorsError};
use super::password::{PasswordFile, StoredPassword, write_private};
use super::roles::Role;
use lamplight_facts::{ConsoleDocument, Facts};
use lamplight_model::Timestamp;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The maximum size of the file of operators, in bytes. A larger file counts as damaged and is not read, so that it
/// cannot use up all memory.
pub(super) const MOST_BYTES: u64 = 256 * 1024;
/// The maximum number of attempts to change a document that other nodes change at the same time.
const MAX_TRIES: usize = 20;

/// The name of the document with the operators.
const OPERATORS: &str = "operators";
/// The name of the document with the sessions.
const SESSIONS: &str = "sessions";

/// All operators, in their stored form.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredOperators {
    /// The hash of the password of `admin`; `None` without a password.
    pub admin: Option<String>,
    /// The other operators.
    pub operators: Vec<Entry>,
}

/// An operator other than `admin`, in the stored form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub name: OperatorName,
    pub role: Role,
    /// The salted hash of the password.
    pub password: String,
    pub created: Timestamp,
}

/// The content of the file `console-operators`.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    operators: Vec<Entry>,
}

impl StoredOperators {
    /// Returns the operator with this name. Returns `None` for an unknown name, or for `admin` without a password.
    pub fn find(&self, name: &OperatorName) -> Option<Operator> {
        let operator = |role, password: &str| Operator {
            name: name.clone(),
            role,
            password: StoredPassword::read(password),
        };
        if name.is_admin() {
            return self.admin.as_deref().map(|password| operator(Role::Admin, password));
        }
        let entry = self.operators.iter().find(|entry| entry.name == *name)?;
        Some(operator(entry.role, &entry.password))
    }
}

/// The files of the operators in a data folder. Only the program that holds the lock of the data folder writes them:
/// the server, or the command line if no server runs.
pub(super) struct OperatorFiles {
    pub path: PathBuf,
    pub admin: PasswordFile,
    /// A lock that is held from reading the files to writing them, so that no concurrent change is lost.
    changing: Mutex<()>,
}

impl OperatorFiles {
    /// Makes a handle for the files of a data folder. Does not read the files.
    pub fn of(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join("console-operators"),
            admin: PasswordFile::of(data_dir),
            changing: Mutex::default(),
        }
    }

    /// Reads the operator with this name. For `admin`, reads only the file of the password.
    pub fn find(&self, name: &OperatorName) -> io::Result<Option<Operator>> {
        let (admin, operators) = match name.is_admin() {
            true => (self.read_admin()?, Vec::new()),
            false => (None, self.read_others()?),
        };
        Ok(StoredOperators { admin, operators }.find(name))
    }

    /// Reads all operators.
    pub fn read(&self) -> io::Result<StoredOperators> {
        Ok(StoredOperators { admin: self.read_admin()?, operators: self.read_others()? })
    }

    /// Reads all operators, lets `edit` change them, and stores them.
    pub fn change<T>(
        &self,
        mut edit: impl FnMut(&mut StoredOperators) -> Result<T, OperatorsError>,
    ) -> Result<T, OperatorsError> {
        let _changing = self.changing.lock();
        let before = self.read()?;
        let mut after = before.clone();
        let outcome = edit(&mut after)?;
        if let Some(hash) = after.admin.filter(|hash| before.admin.as_ref() != Some(hash)) {
            self.admin.put(&hash)?;
        }
        if after.operators != before.operators {
            self.write_others(after.operators)?;
        }
        Ok(outcome)
    }

    fn read_admin(&self) -> io::Result<Option<String>> {
        Ok(self.admin.read()?.map(StoredPassword::into_text))
    }

    fn read_others(&self) -> io::Result<Vec<Entry>> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
            Ok(metadata) if metadata.len() > MOST_BYTES => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "console-operators is too long"));
            }
            Ok(_) => {}
        }
        let contents: Result<Contents, _> = serde_json::from_str(&fs::read_to_string(&self.path)?);
        contents.map(|contents| contents.operators).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("console-operators: {error}"))
        })
    }

    pub(super) fn write_others(&self, operators: Vec<Entry>) -> io::Result<()> {
        write_private(&self.path, &serde_json::to_string_pretty(&Contents { operators })?)
    }
}

/// The documents of the console, as read at one moment.
pub(super) struct Documents(Vec<ConsoleDocument>);

impl Documents {
    /// Reads the documents.
    pub async fn read(facts: &dyn Facts) -> Result<Self, OperatorsError> {
        Ok(Self(facts.console_documents().await?))
    }

    /// Returns `true` if the operators were stored.
    pub fn has_operators(&self) -> bool {
        self.0.iter().any(|document| document.name == OPERATORS)
    }

    /// Returns the operators.
    pub fn operators(&self) -> Result<StoredOperators, OperatorsError> {
        Ok(self.parse(OPERATORS)?.0)
    }

    /// Returns the sessions, and the revision of their document.
    pub fn sessions<T: DeserializeOwned + Default>(&self) -> Result<(T, Option<u64>), OperatorsError> {
        self.parse(SESSIONS)
    }

    fn parse<T: DeserializeOwned + Default>(&self, name: &str) -> Result<(T, Option<u64>), OperatorsError> {
        let Some(document) = self.0.iter().find(|document| document.name == name) else {
            return Ok((T::default(), None));
        };
        let content = serde_json::from_str(&document.content).map_err(io::Error::from)?;
        Ok((content, Some(document.revision)))
    }
}

/// Changes the operators in the facts. If another node has changed the operators since they were read, calls `edit`
/// again.
pub(super) async fn change_operators<T>(
    facts: &dyn Facts,
    edit: impl FnMut(&mut StoredOperators) -> Result<T, OperatorsError>,
) -> Result<T, OperatorsError> {
    change(facts, OPERATORS, edit).await
}

/// Changes the sessions in the facts. If another node has changed the sessions since they were read, calls `edit`
/// again.
pub(super) async fn change_sessions<S, T>(
    facts: &dyn Facts,
    mut edit: impl FnMut(&mut S) -> T,
) -> Result<T, OperatorsError>
where
    S: Serialize + DeserializeOwned + Default,
{
    change(facts, SESSIONS, |sessions| Ok(edit(sessions))).await
}

/// Stores sessions if their document still has this revision. Returns whether the sessions were stored.
pub(super) async fn put_sessions(
    facts: &dyn Facts,
    was: Option<u64>,
    sessions: &impl Serialize,
) -> Result<bool, OperatorsError> {
    let content = serde_json::to_string(sessions).map_err(io::Error::from)?;
    Ok(facts.put_console_document(SESSIONS.to_owned(), was, content).await?)
}

async fn change<S, T>(
    facts: &dyn Facts,
    name: &str,
    mut edit: impl FnMut(&mut S) -> Result<T, OperatorsError>,
) -> Result<T, OperatorsError>
where
    S: Serialize + DeserializeOwned + Default,
{
    for _ in 0..MAX_TRIES {
        let (mut content, revision): (S, _) = Documents::read(facts).await?.parse(name)?;
        let outcome = edit(&mut content)?;
        let content = serde_json::to_string(&content).map_err(io::Error::from)?;
        if facts.put_console_document(name.to_owned(), revision, content).await? {
            return Ok(outcome);
        }
    }
    Err(OperatorsError::Contended)
}

/// Stores the operators of a data folder in the facts, if the facts have no operators yet.
pub(super) async fn adopt(facts: &dyn Facts, files: &OperatorFiles) -> Result<(), OperatorsError> {
    if Documents::read(facts).await?.has_operators() {
        return Ok(());
    }
    let stored = files.read()?;
    if stored == StoredOperators::default() {
        return Ok(());
    }
    let content = serde_json::to_string(&stored).map_err(io::Error::from)?;
    if facts.put_console_document(OPERATORS.to_owned(), None, content).await? {
        tracing::info!("the operators of the console were moved from the data folder to the facts");
    }
    Ok(())
}
