//! The operators of the console: `admin`, whose password hash has its own file, and those in the file
//! `console-operators` of the data folder.
//!
//! The holder of the data folder's lock writes these files: the server, or the command line if no server runs. Each
//! request of the console reads them, so a change takes effect with the next request.

use super::password::{InvalidPassword, PasswordFile, StoredPassword, made_password, write_private};
use super::roles::Role;
use lamplight_model::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The maximum number of operators in addition to `admin`.
pub const MOST_OPERATORS: usize = 100;
/// The maximum size of the file, in bytes. A larger, damaged file is not read, so it cannot use up all memory.
const MOST_BYTES: u64 = 256 * 1024;

/// The name of an operator: 1 to 32 lower-case letters, digits, dots, dashes and underscores.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperatorName(String);

/// The error for a text that is not a valid name of an operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the name of an operator must have 1 to 32 lower-case letters, digits, dots, dashes and underscores")]
pub struct InvalidName;

/// An operator with the hash of the password.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operator {
    /// The name to log in with.
    pub name: OperatorName,
    /// The operator's role.
    pub role: Role,
    /// The hash of the password.
    pub password: StoredPassword,
}

/// An operator, as the console shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShownOperator {
    /// The name to log in with.
    pub name: OperatorName,
    /// The operator's role.
    pub role: Role,
    /// The time at which the operator was added; `None` for `admin`, who always exists.
    pub created: Option<Timestamp>,
}

/// The operators of a data folder.
#[derive(Debug)]
pub struct Operators {
    path: PathBuf,
    admin: PasswordFile,
    /// Locked from reading the file to writing it, so that no concurrent change is lost.
    changing: Mutex<()>,
}

/// A change of the operators that was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum OperatorsError {
    /// There is no operator with this name.
    #[error("there is no operator {0}")]
    NoSuch(OperatorName),
    /// An operator with this name exists already.
    #[error("the operator {0} exists already")]
    Exists(OperatorName),
    /// There are already as many operators as are allowed.
    #[error("there are already {MOST_OPERATORS} operators, and no more are allowed; remove one first")]
    TooMany,
    /// `admin` cannot be added, removed, or given another role.
    #[error("the operator admin cannot be added, removed or given another role")]
    BuiltIn,
    /// The operator's password or role has changed since it was read, or the operator was removed.
    #[error("the operator {0} was changed by somebody else in the meantime")]
    ChangedMeanwhile(OperatorName),
    /// The text is not a valid password.
    #[error(transparent)]
    Password(#[from] InvalidPassword),
    /// The file cannot be read or written.
    #[error("the operators of the console cannot be read or written: {0}")]
    File(#[from] io::Error),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    operators: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: OperatorName,
    role: Role,
    /// The salted hash of the password.
    password: String,
    created: Timestamp,
}

impl OperatorName {
    const MOST_BYTES: usize = 32;

    /// Returns the name `admin`, of the operator who always exists.
    pub fn admin() -> Self {
        Self("admin".to_owned())
    }

    /// Makes a name from a text. Fails if the text is not a valid name.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let good = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_')
        };
        let is_name = (1..=Self::MOST_BYTES).contains(&text.len()) && text.bytes().all(good);
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_admin(&self) -> bool {
        self.0 == "admin"
    }
}

impl fmt::Display for OperatorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for OperatorName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl TryFrom<String> for OperatorName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(&text)
    }
}

impl From<OperatorName> for String {
    fn from(name: OperatorName) -> Self {
        name.0
    }
}

impl Operators {
    /// Makes a handle for the operators of a data folder, without reading the files.
    pub fn of(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join("console-operators"),
            admin: PasswordFile::of(data_dir),
            changing: Mutex::default(),
        }
    }

    /// Reads the operator with this name. `None` if there is none; for `admin`, if no password is set.
    pub fn find(&self, name: &OperatorName) -> io::Result<Option<Operator>> {
        if name.is_admin() {
            let admin = |password| Operator { name: name.clone(), role: Role::Admin, password };
            return Ok(self.admin.read()?.map(admin));
        }
        let entry = self.read()?.operators.into_iter().find(|entry| entry.name == *name);
        Ok(entry.map(|Entry { name, role, password, created: _ }| Operator {
            name,
            role,
            password: StoredPassword::read(&password),
        }))
    }

    /// Reads the role of an operator. The role of `admin` is always `admin`.
    pub fn role(&self, name: &OperatorName) -> Result<Role, OperatorsError> {
        if name.is_admin() {
            return Ok(Role::Admin);
        }
        let entry = self.read()?.operators.into_iter().find(|entry| entry.name == *name);
        Ok(entry.ok_or_else(|| OperatorsError::NoSuch(name.clone()))?.role)
    }

    /// Reads all operators: `admin`, then the others in ascending order of their names.
    pub fn list(&self) -> io::Result<Vec<ShownOperator>> {
        let admin = ShownOperator { name: OperatorName::admin(), role: Role::Admin, created: None };
        let mut others: Vec<_> = self
            .read()?
            .operators
            .into_iter()
            .map(|Entry { name, role, created, password: _ }| ShownOperator {
                name,
                role,
                created: Some(created),
            })
            .collect();
        others.sort_by(|a, b| a.name.cmp(&b.name));
        others.insert(0, admin);
        Ok(others)
    }

    /// Adds an operator with the given password, or with a generated one, which is returned. Hashing blocks the thread
    /// for about 20 ms.
    pub fn add(
        &self,
        name: &OperatorName,
        role: Role,
        password: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<String>, OperatorsError> {
        let (changing, mut contents) = self.change()?;
        if name.is_admin() || contents.operators.iter().any(|entry| entry.name == *name) {
            return Err(OperatorsError::Exists(name.clone()));
        }
        if contents.operators.len() >= MOST_OPERATORS {
            return Err(OperatorsError::TooMany);
        }
        let (password, made) = stored(password)?;
        contents.operators.push(Entry { name: name.clone(), role, password, created: at });
        self.write(&changing, &contents)?;
        Ok(made)
    }

    /// Removes an operator, and so ends the operator's sessions.
    pub fn remove(&self, name: &OperatorName) -> Result<(), OperatorsError> {
        if name.is_admin() {
            return Err(OperatorsError::BuiltIn);
        }
        let (changing, mut contents) = self.change()?;
        let before = contents.operators.len();
        contents.operators.retain(|entry| entry.name != *name);
        if contents.operators.len() == before {
            return Err(OperatorsError::NoSuch(name.clone()));
        }
        Ok(self.write(&changing, &contents)?)
    }

    /// Sets an operator's password to the given one, or to a generated one, which is returned. Ends the operator's
    /// sessions. Hashing blocks the thread for about 20 ms.
    pub fn set_password(
        &self,
        name: &OperatorName,
        password: Option<&str>,
    ) -> Result<Option<String>, OperatorsError> {
        let (changing, mut contents) = self.change()?;
        if name.is_admin() {
            let (hash, made) = stored(password)?;
            self.admin.put(&hash)?;
            return Ok(made);
        }
        let entry = contents.operators.iter_mut().find(|entry| entry.name == *name);
        let entry = entry.ok_or_else(|| OperatorsError::NoSuch(name.clone()))?;
        let (hash, made) = stored(password)?;
        entry.password = hash;
        self.write(&changing, &contents)?;
        Ok(made)
    }

    /// Sets an operator's password, and returns the changed operator. Fails if the operator has changed since `was` was
    /// read. Ends the operator's sessions. Hashing blocks the thread for about 20 ms.
    pub fn change_password(&self, was: &Operator, password: &str) -> Result<Operator, OperatorsError> {
        let (changing, mut contents) = self.change()?;
        if self.find(&was.name)?.as_ref() != Some(was) {
            return Err(OperatorsError::ChangedMeanwhile(was.name.clone()));
        }
        let (hash, _) = stored(Some(password))?;
        if was.name.is_admin() {
            self.admin.put(&hash)?;
        } else {
            let mut own = contents.operators.iter_mut().filter(|entry| entry.name == was.name);
            let entry = own.next().ok_or_else(|| OperatorsError::ChangedMeanwhile(was.name.clone()))?;
            entry.password.clone_from(&hash);
            self.write(&changing, &contents)?;
        }
        Ok(Operator { password: StoredPassword::read(&hash), ..was.clone() })
    }

    /// Changes an operator's role, and ends the operator's sessions. Fails if the role is no longer `former`, because
    /// another admin has changed it.
    pub fn set_role(&self, name: &OperatorName, former: Role, role: Role) -> Result<(), OperatorsError> {
        if name.is_admin() {
            return Err(OperatorsError::BuiltIn);
        }
        let (changing, mut contents) = self.change()?;
        let entry = contents.operators.iter_mut().find(|entry| entry.name == *name);
        let entry = entry.ok_or_else(|| OperatorsError::NoSuch(name.clone()))?;
        if entry.role != former {
            return Err(OperatorsError::ChangedMeanwhile(name.clone()));
        }
        entry.role = role;
        self.write(&changing, &contents)?;
        Ok(())
    }

    fn change(&self) -> io::Result<(MutexGuard<'_, ()>, Contents)> {
        let changing = self.changing.lock();
        let contents = self.read()?;
        Ok((changing, contents))
    }

    fn read(&self) -> io::Result<Contents> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contents::default()),
            Err(error) => return Err(error),
            Ok(metadata) if metadata.len() > MOST_BYTES => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "console-operators is too long"));
            }
            Ok(_) => {}
        }
        serde_json::from_str(&fs::read_to_string(&self.path)?).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("console-operators: {error}"))
        })
    }

    fn write(&self, _changing: &MutexGuard<'_, ()>, contents: &Contents) -> io::Result<()> {
        write_private(&self.path, &serde_json::to_string_pretty(contents)?)
    }
}

/// Returns the hash of the given or generated password, and the password itself if it was generated.
fn stored(password: Option<&str>) -> Result<(String, Option<String>), InvalidPassword> {
    match password {
        Some(text) => Ok((StoredPassword::make(text)?.into_text(), None)),
        None => {
            let made = made_password();
            Ok((StoredPassword::make(&made)?.into_text(), Some(made)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn name(text: &str) -> OperatorName {
        OperatorName::new(text).unwrap()
    }

    #[test]
    fn a_name_has_few_letters() {
        let long = "a".repeat(33);
        for (text, good) in [
            ("ann", true),
            ("ann.b_c-7", true),
            (&long[..32], true),
            (&long, false),
            ("", false),
            ("Ann", false),
            ("a b", false),
            ("änn", false),
            ("a/b", false),
        ] {
            assert_eq!(OperatorName::new(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn operators_are_added_changed_and_removed_and_only_hashes_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let operators = Operators::of(folder.path());
        assert_eq!(operators.list().unwrap().len(), 1, "admin always exists");
        let made = operators.add(&name("ann"), Role::Viewer, None, Timestamp(7)).unwrap().unwrap();
        assert!(
            operators.add(&name("bob"), Role::Admin, Some("open sesame"), Timestamp(8)).unwrap().is_none()
        );
        let ann = operators.find(&name("ann")).unwrap().unwrap();
        assert!(ann.password.is(&made) && ann.role == Role::Viewer);
        let kept = fs::read_to_string(&operators.path).unwrap();
        assert!(!kept.contains(&made) && !kept.contains("open sesame"), "{kept}");
        assert_eq!(fs::metadata(&operators.path).unwrap().permissions().mode() & 0o777, 0o600);

        operators.set_role(&name("ann"), Role::Viewer, Role::Operator).unwrap();
        // The second admin saw the role viewer, which is outdated, so the change is refused. Otherwise the audit log
        // would contain a wrong former role.
        let late = operators.set_role(&name("ann"), Role::Viewer, Role::Admin);
        assert!(matches!(late, Err(OperatorsError::ChangedMeanwhile(_))), "{late:?}");
        operators.set_password(&name("ann"), Some("another one")).unwrap();
        let ann = operators.find(&name("ann")).unwrap().unwrap();
        assert!(ann.password.is("another one") && ann.role == Role::Operator);
        operators.remove(&name("ann")).unwrap();
        assert_eq!(operators.find(&name("ann")).unwrap(), None);
        let names: Vec<_> =
            operators.list().unwrap().into_iter().map(|shown| shown.name.to_string()).collect();
        assert_eq!(names, ["admin", "bob"]);
    }

    #[test]
    fn what_cannot_be_done_is_refused_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let operators = Operators::of(folder.path());
        operators.add(&name("ann"), Role::Viewer, Some("open sesame"), Timestamp(7)).unwrap();
        let before = fs::read(&operators.path).unwrap();
        let ann = &name("ann");
        let refused = [
            operators.add(ann, Role::Admin, Some("open sesame"), Timestamp(8)).map(drop),
            operators.add(&OperatorName::admin(), Role::Admin, Some("open sesame"), Timestamp(8)).map(drop),
            operators.add(&name("bob"), Role::Admin, Some("short"), Timestamp(8)).map(drop),
            operators.remove(&name("bob")),
            operators.remove(&OperatorName::admin()),
            operators.set_role(&OperatorName::admin(), Role::Admin, Role::Viewer),
            operators.set_role(&name("bob"), Role::Viewer, Role::Viewer),
            operators.set_password(&name("bob"), None).map(drop),
            operators.set_password(ann, Some("short")).map(drop),
        ];
        assert!(refused.iter().all(Result::is_err), "{refused:?}");
        assert_eq!(fs::read(&operators.path).unwrap(), before);
    }

    #[test]
    fn a_damaged_file_lets_nobody_in_and_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let operators = Operators::of(folder.path());
        for text in ["", "{}", "{\"operators\":[{\"name\":\"Ann\"}]}"] {
            fs::write(&operators.path, text).unwrap();
            assert!(operators.find(&name("ann")).is_err(), "{text:?}");
            assert!(operators.add(&name("ann"), Role::Admin, Some("open sesame"), Timestamp(1)).is_err());
            assert_eq!(fs::read_to_string(&operators.path).unwrap(), text);
        }
    }

    #[test]
    fn there_are_only_so_many() {
        let folder = tempfile::tempdir().unwrap();
        let operators = Operators::of(folder.path());
        let entry = |n: usize| Entry {
            name: name(&format!("n{n}")),
            role: Role::Viewer,
            password: "x".repeat(120),
            created: Timestamp(1),
        };
        let contents = Contents { operators: (0..MOST_OPERATORS).map(entry).collect() };
        let (changing, _) = operators.change().unwrap();
        operators.write(&changing, &contents).unwrap();
        drop(changing);
        assert!(fs::metadata(&operators.path).unwrap().len() < MOST_BYTES / 2);
        let added = operators.add(&name("ann"), Role::Viewer, Some("open sesame"), Timestamp(1));
        assert!(matches!(added, Err(OperatorsError::TooMany)));
    }

    #[test]
    fn a_password_is_changed_only_of_the_operator_that_was_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let operators = Operators::of(folder.path());
        operators.add(&name("ann"), Role::Viewer, Some("open sesame"), Timestamp(7)).unwrap();
        operators.set_password(&OperatorName::admin(), Some("open sesame")).unwrap();
        for name in [name("ann"), OperatorName::admin()] {
            let was = operators.find(&name).unwrap().unwrap();
            let is = operators.change_password(&was, "another word").unwrap();
            assert_eq!(operators.find(&name).unwrap(), Some(is.clone()));
            assert!(is.password.is("another word") && is.role == was.role);
            // The password was changed in the meantime, so a change based on the former password is refused.
            let late = operators.change_password(&was, "a third word");
            assert!(matches!(late, Err(OperatorsError::ChangedMeanwhile(_))), "{late:?}");
            assert_eq!(operators.find(&name).unwrap(), Some(is));
        }
        let ann = operators.find(&name("ann")).unwrap().unwrap();
        operators.remove(&name("ann")).unwrap();
        let gone = operators.change_password(&ann, "a third word");
        assert!(matches!(gone, Err(OperatorsError::ChangedMeanwhile(_))), "{gone:?}");
    }
}
