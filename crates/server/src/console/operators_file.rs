//! The operators of the console: `admin`, who always exists, and others. They are stored in files of the data folder.
//! If several nodes share the facts, the operators are stored in the facts.

use super::operator::MOST_OPERATORS;
pub use super::operator::{InvalidName, Operator, OperatorName, OperatorsError};
use super::password::{InvalidPassword, StoredPassword, made_password};
use super::roles::Role;
use super::stored_operators::{Documents, Entry, OperatorFiles, StoredOperators, adopt, change_operators};
use lamplight_facts::Facts;
use lamplight_model::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

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

/// The operators of a data folder, or of facts that several nodes share.
pub struct Operators {
    store: OperatorStore,
}

enum OperatorStore {
    Files(OperatorFiles),
    Facts(Arc<dyn Facts>),
}

impl Operators {
    /// Makes a handle for the operators in the files of a data folder. Does not read the files.
    pub fn of(data_dir: &Path) -> Self {
        Self { store: OperatorStore::Files(OperatorFiles::of(data_dir)) }
    }

    /// Makes a handle for the operators in `shared`, the facts that several nodes may share. If these facts have no
    /// operators yet, first stores the operators of the data folder there. If `shared` is `None`, makes a handle for
    /// the data folder, as [`Operators::of`] does.
    pub async fn open(shared: Option<Arc<dyn Facts>>, data_dir: &Path) -> Result<Self, OperatorsError> {
        let files = OperatorFiles::of(data_dir);
        let Some(facts) = shared else { return Ok(Self { store: OperatorStore::Files(files) }) };
        adopt(&*facts, &files).await?;
        Ok(Self { store: OperatorStore::Facts(facts) })
    }

    /// Returns the facts that store operators and sessions; `None` if the data folder stores operators.
    pub(super) fn shared(&self) -> Option<&Arc<dyn Facts>> {
        match &self.store {
            OperatorStore::Files(_) => None,
            OperatorStore::Facts(facts) => Some(facts),
        }
    }

    /// Sets a random password for `admin`, and returns it. Only its hash is stored. Returns `None` if `admin` already
    /// has a password. If several nodes call this at the same time, one of them sets the password. Hashing blocks the
    /// thread for about 20 ms.
    pub async fn make_first_password(&self) -> Result<Option<String>, OperatorsError> {
        if let OperatorStore::Files(files) = &self.store {
            return Ok(files.admin.make_first()?);
        }
        if self.find(&OperatorName::admin()).await?.is_some() {
            return Ok(None);
        }
        self.change(|stored| match stored.admin {
            Some(_) => Ok(None),
            None => {
                let (hash, made) = hashed(None)?;
                stored.admin = Some(hash);
                Ok(made)
            }
        })
        .await
    }

    /// Reads the operator with this name. Returns `None` for an unknown name, or for `admin` without a password.
    pub async fn find(&self, name: &OperatorName) -> Result<Option<Operator>, OperatorsError> {
        match &self.store {
            OperatorStore::Files(files) => Ok(files.find(name)?),
            OperatorStore::Facts(facts) => Ok(Documents::read(&**facts).await?.operators()?.find(name)),
        }
    }

    /// Reads the role of an operator. The role of `admin` is always `admin`.
    pub async fn role(&self, name: &OperatorName) -> Result<Role, OperatorsError> {
        if name.is_admin() {
            return Ok(Role::Admin);
        }
        let found = self.find(name).await?;
        Ok(found.ok_or_else(|| OperatorsError::NoSuch(name.clone()))?.role)
    }

    /// Reads all operators: first `admin`, then the others in ascending order of their names.
    pub async fn list(&self) -> Result<Vec<ShownOperator>, OperatorsError> {
        let stored = match &self.store {
            OperatorStore::Files(files) => files.read()?,
            OperatorStore::Facts(facts) => Documents::read(&**facts).await?.operators()?,
        };
        let admin = ShownOperator { name: OperatorName::admin(), role: Role::Admin, created: None };
        let mut others: Vec<_> = stored
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

    /// Adds an operator with the given password, or with a generated password. Returns the password if it was
    /// generated. Hashing blocks the thread for about 20 ms.
    pub async fn add(
        &self,
        name: &OperatorName,
        role: Role,
        password: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<String>, OperatorsError> {
        self.change(|stored| {
            if name.is_admin() || stored.operators.iter().any(|entry| entry.name == *name) {
                return Err(OperatorsError::Exists(name.clone()));
            }
            if stored.operators.len() >= MOST_OPERATORS {
                return Err(OperatorsError::TooMany);
            }
            let (password, made) = hashed(password)?;
            stored.operators.push(Entry { name: name.clone(), role, password, created: at });
            Ok(made)
        })
        .await
    }

    /// Removes an operator, which ends the operator's sessions.
    pub async fn remove(&self, name: &OperatorName) -> Result<(), OperatorsError> {
        if name.is_admin() {
            return Err(OperatorsError::BuiltIn);
        }
        self.change(|stored| {
            let before = stored.operators.len();
            stored.operators.retain(|entry| entry.name != *name);
            match stored.operators.len() == before {
                true => Err(OperatorsError::NoSuch(name.clone())),
                false => Ok(()),
            }
        })
        .await
    }

    /// Sets an operator's password to the given or a generated password. Returns the password if it was generated. Ends
    /// the operator's sessions. Hashing blocks the thread for about 20 ms.
    pub async fn set_password(
        &self,
        name: &OperatorName,
        password: Option<&str>,
    ) -> Result<Option<String>, OperatorsError> {
        self.change(|stored| {
            if name.is_admin() {
                let (hash, made) = hashed(password)?;
                stored.admin = Some(hash);
                return Ok(made);
            }
            let entry = entry_of(stored, name).ok_or_else(|| OperatorsError::NoSuch(name.clone()))?;
            let (hash, made) = hashed(password)?;
            entry.password = hash;
            Ok(made)
        })
        .await
    }

    /// Sets an operator's password, and returns the changed operator. Fails if the operator has changed since `was` was
    /// read. Ends the operator's sessions. Hashing blocks the thread for about 20 ms.
    pub async fn change_password(&self, was: &Operator, password: &str) -> Result<Operator, OperatorsError> {
        self.change(|stored| {
            let changed = || OperatorsError::ChangedMeanwhile(was.name.clone());
            if stored.find(&was.name).as_ref() != Some(was) {
                return Err(changed());
            }
            let (hash, _) = hashed(Some(password))?;
            if was.name.is_admin() {
                stored.admin = Some(hash.clone());
            } else {
                entry_of(stored, &was.name).ok_or_else(changed)?.password.clone_from(&hash);
            }
            Ok(Operator { password: StoredPassword::read(&hash), ..was.clone() })
        })
        .await
    }

    /// Changes an operator's role, and ends the operator's sessions. Fails if the current role is not `former`: another
    /// admin has then changed the role.
    pub async fn set_role(
        &self,
        name: &OperatorName,
        former: Role,
        role: Role,
    ) -> Result<(), OperatorsError> {
        if name.is_admin() {
            return Err(OperatorsError::BuiltIn);
        }
        self.change(|stored| {
            let entry = entry_of(stored, name).ok_or_else(|| OperatorsError::NoSuch(name.clone()))?;
            if entry.role != former {
                return Err(OperatorsError::ChangedMeanwhile(name.clone()));
            }
            entry.role = role;
            Ok(())
        })
        .await
    }

    async fn change<T>(
        &self,
        edit: impl FnMut(&mut StoredOperators) -> Result<T, OperatorsError>,
    ) -> Result<T, OperatorsError> {
        match &self.store {
            OperatorStore::Files(files) => files.change(edit),
            OperatorStore::Facts(facts) => change_operators(&**facts, edit).await,
        }
    }
}

fn entry_of<'a>(stored: &'a mut StoredOperators, name: &OperatorName) -> Option<&'a mut Entry> {
    stored.operators.iter_mut().find(|entry| entry.name == *name)
}

/// Returns the hash of the given or a generated password. Also returns the password if it was generated.
fn hashed(password: Option<&str>) -> Result<(String, Option<String>), InvalidPassword> {
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
    use crate::console::stored_operators::MOST_BYTES;
    use lamplight_facts_sqlite::SqliteFacts;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use tempfile::TempDir;

    /// Opens an SQLite store. The tests use it as the store that several nodes share.
    fn shared(folder: &TempDir) -> Option<Arc<dyn Facts>> {
        Some(Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap()))
    }

    #[tokio::test]
    async fn of_several_nodes_that_start_at_once_one_makes_the_first_password() {
        let folders: Vec<TempDir> = (0..5).map(|_| tempfile::tempdir().unwrap()).collect();
        let facts = shared(&folders[0]);
        let nodes = folders.iter().map(|folder| Operators::open(facts.clone(), folder.path()));
        let nodes: Vec<Operators> =
            futures_util::future::join_all(nodes).await.into_iter().map(Result::unwrap).collect();
        let made = nodes.iter().map(|operators| operators.make_first_password());
        let made: Vec<String> =
            futures_util::future::join_all(made).await.into_iter().filter_map(Result::unwrap).collect();
        let [made] = &made[..] else { panic!("{} passwords were made", made.len()) };
        for operators in &nodes {
            let admin = operators.find(&OperatorName::admin()).await.unwrap().unwrap();
            assert!(admin.password.is(made));
            assert_eq!(operators.make_first_password().await.unwrap(), None);
        }
        for folder in &folders {
            assert!(!folder.path().join("console-password").exists());
        }
    }

    #[tokio::test]
    async fn what_one_node_changes_counts_at_every_node_and_no_change_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let facts = shared(&folder);
        let here = Operators::open(facts.clone(), folder.path()).await.unwrap();
        let there = Operators::open(facts, folder.path()).await.unwrap();
        let names: Vec<OperatorName> = (0..8).map(|n| name(&format!("n{n}"))).collect();
        let added = names.iter().enumerate().map(|(n, name)| {
            let node = if n % 2 == 0 { &here } else { &there };
            node.add(name, Role::Viewer, Some("open sesame"), Timestamp(7))
        });
        for added in futures_util::future::join_all(added).await {
            assert_eq!(added.unwrap(), None);
        }
        assert_eq!(there.list().await.unwrap().len(), 9);
        let was = there.find(&names[0]).await.unwrap().unwrap();
        here.set_password(&names[0], Some("another word")).await.unwrap();
        assert!(there.find(&names[0]).await.unwrap().unwrap().password.is("another word"));
        let late = there.change_password(&was, "a third word").await;
        assert!(matches!(late, Err(OperatorsError::ChangedMeanwhile(_))), "{late:?}");
        here.set_role(&names[1], Role::Viewer, Role::Admin).await.unwrap();
        assert_eq!(there.role(&names[1]).await.unwrap(), Role::Admin);
        there.remove(&names[1]).await.unwrap();
        assert_eq!(here.find(&names[1]).await.unwrap(), None);
    }

    #[tokio::test]
    async fn the_operators_of_the_first_data_folder_go_on_in_the_facts() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = Operators::of(folder.path());
        files.make_first_password().await.unwrap();
        files.add(&name("ann"), Role::Operator, Some("open sesame"), Timestamp(7)).await.unwrap();
        let facts = shared(&folder);
        let operators = Operators::open(facts.clone(), folder.path()).await.unwrap();
        assert_eq!(operators.list().await.unwrap(), files.list().await.unwrap());
        assert_eq!(operators.make_first_password().await.unwrap(), None);
        operators.remove(&name("ann")).await.unwrap();
        // Opening the facts with this data folder or another one does not bring back the removed operator.
        for folder in [&folder, &other] {
            let operators = Operators::open(facts.clone(), folder.path()).await.unwrap();
            assert_eq!(operators.find(&name("ann")).await.unwrap(), None);
        }
    }

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

    #[tokio::test]
    async fn operators_are_added_changed_and_removed_and_only_hashes_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let operators = Operators::of(folder.path());
        assert_eq!(operators.list().await.unwrap().len(), 1, "admin always exists");
        let made = operators.add(&name("ann"), Role::Viewer, None, Timestamp(7)).await.unwrap().unwrap();
        assert!(
            operators
                .add(&name("bob"), Role::Admin, Some("open sesame"), Timestamp(8))
                .await
                .unwrap()
                .is_none()
        );
        let ann = operators.find(&name("ann")).await.unwrap().unwrap();
        assert!(ann.password.is(&made) && ann.role == Role::Viewer);
        let kept = fs::read_to_string(folder.path().join("console-operators")).unwrap();
        assert!(!kept.contains(&made) && !kept.contains("open sesame"), "{kept}");
        assert_eq!(
            fs::metadata(folder.path().join("console-operators")).unwrap().permissions().mode() & 0o777,
            0o600
        );

        operators.set_role(&name("ann"), Role::Viewer, Role::Operator).await.unwrap();
        // The second admin saw the outdated role viewer, so the change is refused. Otherwise the audit log would
        // contain a wrong former role.
        let late = operators.set_role(&name("ann"), Role::Viewer, Role::Admin).await;
        assert!(matches!(late, Err(OperatorsError::ChangedMeanwhile(_))), "{late:?}");
        operators.set_password(&name("ann"), Some("another one")).await.unwrap();
        let ann = operators.find(&name("ann")).await.unwrap().unwrap();
        assert!(ann.password.is("another one") && ann.role == Role::Operator);
        operators.remove(&name("ann")).await.unwrap();
        assert_eq!(operators.find(&name("ann")).await.unwrap(), None);
        let names: Vec<_> =
            operators.list().await.unwrap().into_iter().map(|shown| shown.name.to_string()).collect();
        assert_eq!(names, ["admin", "bob"]);
    }

    #[tokio::test]
    async fn what_cannot_be_done_is_refused_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let operators = Operators::of(folder.path());
        operators.add(&name("ann"), Role::Viewer, Some("open sesame"), Timestamp(7)).await.unwrap();
        let before = fs::read(folder.path().join("console-operators")).unwrap();
        let ann = &name("ann");
        let refused = [
            operators.add(ann, Role::Admin, Some("open sesame"), Timestamp(8)).await.map(drop),
            operators
                .add(&OperatorName::admin(), Role::Admin, Some("open sesame"), Timestamp(8))
                .await
                .map(drop),
            operators.add(&name("bob"), Role::Admin, Some("short"), Timestamp(8)).await.map(drop),
            operators.remove(&name("bob")).await,
            operators.remove(&OperatorName::admin()).await,
            operators.set_role(&OperatorName::admin(), Role::Admin, Role::Viewer).await,
            operators.set_role(&name("bob"), Role::Viewer, Role::Viewer).await,
            operators.set_password(&name("bob"), None).await.map(drop),
            operators.set_password(ann, Some("short")).await.map(drop),
        ];
        assert!(refused.iter().all(Result::is_err), "{refused:?}");
        assert_eq!(fs::read(folder.path().join("console-operators")).unwrap(), before);
    }

    #[tokio::test]
    async fn a_damaged_file_lets_nobody_in_and_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let operators = Operators::of(folder.path());
        for text in ["", "{}", "{\"operators\":[{\"name\":\"Ann\"}]}"] {
            fs::write(folder.path().join("console-operators"), text).unwrap();
            assert!(operators.find(&name("ann")).await.is_err(), "{text:?}");
            assert!(
                operators.add(&name("ann"), Role::Admin, Some("open sesame"), Timestamp(1)).await.is_err()
            );
            assert_eq!(fs::read_to_string(folder.path().join("console-operators")).unwrap(), text);
        }
    }

    #[tokio::test]
    async fn there_are_only_so_many() {
        let folder = tempfile::tempdir().unwrap();
        let operators = Operators::of(folder.path());
        let entry = |n: usize| Entry {
            name: name(&format!("n{n}")),
            role: Role::Viewer,
            password: "x".repeat(120),
            created: Timestamp(1),
        };
        let files = OperatorFiles::of(folder.path());
        files.write_others((0..MOST_OPERATORS).map(entry).collect()).unwrap();
        assert!(fs::metadata(folder.path().join("console-operators")).unwrap().len() < MOST_BYTES / 2);
        let added = operators.add(&name("ann"), Role::Viewer, Some("open sesame"), Timestamp(1)).await;
        assert!(matches!(added, Err(OperatorsError::TooMany)));
    }

    #[tokio::test]
    async fn a_password_is_changed_only_of_the_operator_that_was_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let operators = Operators::of(folder.path());
        operators.add(&name("ann"), Role::Viewer, Some("open sesame"), Timestamp(7)).await.unwrap();
        operators.set_password(&OperatorName::admin(), Some("open sesame")).await.unwrap();
        for name in [name("ann"), OperatorName::admin()] {
            let was = operators.find(&name).await.unwrap().unwrap();
            let is = operators.change_password(&was, "another word").await.unwrap();
            assert_eq!(operators.find(&name).await.unwrap(), Some(is.clone()));
            assert!(is.password.is("another word") && is.role == was.role);
            // The password has changed since the operator was read, so a change that is based on the former password is
            // refused.
            let late = operators.change_password(&was, "a third word").await;
            assert!(matches!(late, Err(OperatorsError::ChangedMeanwhile(_))), "{late:?}");
            assert_eq!(operators.find(&name).await.unwrap(), Some(is));
        }
        let ann = operators.find(&name("ann")).await.unwrap().unwrap();
        operators.remove(&name("ann")).await.unwrap();
        let gone = operators.change_password(&ann, "a third word").await;
        assert!(matches!(gone, Err(OperatorsError::ChangedMeanwhile(_))), "{gone:?}");
    }
}
