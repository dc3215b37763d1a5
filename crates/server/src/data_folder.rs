//! The data folder: only one server at a time uses it, and no user but its owner has access to it.

use rustix::fs::{Access, access};
use rustix::process::geteuid;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The modes of a folder and a file to which only the owner has access.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// The mode bits that give access to users other than the owner.
const OTHERS: u32 = 0o077;
/// The mode bit of folders such as `/tmp`, where every user may create files.
const STICKY: u32 = 0o1000;

/// The file of the database in SQLite. A folder with this file is a data folder.
pub(crate) const FACTS: &str = "facts.db";

/// The file with the database's address if the facts are in PostgreSQL. A folder with this file also counts as a data
/// folder.
pub(crate) const IN_POSTGRES: &str = "facts.postgres";

/// The subfolder with the live records.
pub(crate) const LIVE: &str = "live";

/// The subfolder for live records that a start did not use, because they belong to another database.
pub(crate) const LIVE_SET_ASIDE: &str = "live-set-aside";

/// The subfolder with the last key sets that were read for JWTs.
pub(crate) const TOKEN_KEYS: &str = "token-keys";

/// The control socket.
pub(crate) const SOCKET: &str = "control.sock";

/// The files that Lamplight creates directly in a data folder. `FOLDERS` lists the subfolders.
const FILES: [&str; 10] = [
    FACTS,
    IN_POSTGRES,
    "facts.db-wal",
    "facts.db-shm",
    "facts.db-journal",
    "lock",
    "node.json",
    "console-password",
    "console-operators",
    SOCKET,
];
/// The files that a start has to open for reading and writing.
const OPENED: [&str; 5] = [FACTS, "facts.db-wal", "facts.db-shm", "facts.db-journal", "lock"];
const FOLDERS: [&str; 4] = [LIVE, LIVE_SET_ASIDE, "watch", TOKEN_KEYS];

/// The action if the data folder does not exist.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IfMissing {
    /// Create the folder.
    Make,
    /// Return an error, and create nothing.
    Refuse,
}

/// The reason why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// A folder or file cannot be used.
    #[error("cannot use the data folder {path}: {source}")]
    Unusable {
        /// The folder or file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The folder does not exist, or is not a data folder.
    #[error(
        "there is no data folder at {0}; create one with `lamplight serve`, or name another one with --data-dir"
    )]
    NoData(PathBuf),
    /// Other users have access to the folder or file, and its mode is not changed.
    #[error(
        "{path} is open to other users (mode {mode:04o}), who could read the keys in it; Lamplight does not change the \
         mode, because {why}; name a folder that only Lamplight uses, for example a new one inside it, or, if nobody \
         else uses this one, close it with chmod 0700"
    )]
    OpenToOthers {
        /// The folder or file.
        path: PathBuf,
        /// The mode of the folder or file.
        mode: u32,
        /// The reason why the mode is not changed.
        why: &'static str,
    },
    /// The folder, or a file in it, belongs to another user, and this process has no access.
    #[error(
        "{path} belongs to user {owner}, and this program runs as user {own}, who may not read and write it; as root, \
         `chown -R {own} {path}` gives it to that user"
    )]
    NotAccessible {
        /// The folder or file.
        path: PathBuf,
        /// The user id of the owner of the folder or file.
        owner: u32,
        /// The user id of this process.
        own: u32,
    },
    /// A file has the name of one of Lamplight's folders, or a folder has the name of one of its files.
    #[error("{path} is a {found}, but Lamplight needs a {expected} there; move the {found} away")]
    Misplaced {
        /// The file or folder.
        path: PathBuf,
        /// The kind of the file or folder.
        found: &'static str,
        /// The kind that Lamplight expects.
        expected: &'static str,
    },
    /// The path of the control socket is too long for the address of a Unix socket.
    #[error(
        "the path of the data folder is too long: the length of a Unix socket's path is limited, and {} has {} bytes; \
         name a folder with a shorter path, or use a relative path",
        .0.display(), .0.as_os_str().len()
    )]
    TooLong(PathBuf),
    /// Another server runs on the same data folder.
    #[error("another Lamplight server is using the data folder {0}")]
    InUse(PathBuf),
}

/// The lock of a data folder; dropping it releases the lock.
pub(crate) struct FolderLock {
    // The folder itself is locked. A lock on a file in it would not be enough: the file could be deleted and created
    // again while it is locked.
    _folder: File,
    // The lock file is locked too, because former versions lock only that file.
    _file: File,
}

/// Returns an error if the folder does not exist, or is not a data folder.
pub fn check_data_folder(folder: &Path) -> Result<(), DataFolderError> {
    match has_facts(folder) {
        Ok(true) => Ok(()),
        Ok(false) => Err(DataFolderError::NoData(folder.to_owned())),
        Err(source) => Err(unusable(folder, source)),
    }
}

/// Returns an error if the path of the control socket would be too long.
pub(crate) fn check_length(folder: &Path) -> Result<(), DataFolderError> {
    let socket = folder.join(SOCKET);
    match SocketAddr::from_pathname(&socket) {
        Ok(_) => Ok(()),
        Err(_) => Err(DataFolderError::TooLong(socket)),
    }
}

/// Locks a data folder, and removes the access of all users but its owner.
///
/// Refuses a folder that is open to other users in two cases, because these users may need the access. Either every
/// user may create files in the folder (as in `/tmp`), or the folder has files of other programs and no database.
pub(crate) fn lock(folder: &Path, missing: IfMissing) -> Result<FolderLock, DataFolderError> {
    let failed = |source| unusable(folder, source);
    check_length(folder)?;
    check_link(folder)?;
    if missing == IfMissing::Refuse {
        check_data_folder(folder)?;
    }
    let has_facts = has_facts(folder).map_err(failed)?;
    if !folder.exists() {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(failed)?;
    }
    let mode = mode_of(folder).map_err(failed)?;
    let plan = plan(mode, has_facts, || holds_nothing_else(folder)).map_err(failed)?;
    if let Plan::Refuse(why) = plan {
        return Err(DataFolderError::OpenToOthers { path: folder.to_owned(), mode, why });
    }
    check_kinds(folder)?;
    check_access(folder)?;
    let held = File::open(folder).map_err(failed)?;
    try_lock(&held, folder)?;
    if plan == Plan::Narrow {
        narrow(folder, FOLDER_MODE)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(FILE_MODE);
    let file = options.open(folder.join("lock")).map_err(failed)?;
    try_lock(&file, folder)?;
    give_to_owner(&folder.join("lock"), folder).map_err(failed)?;
    narrow_contents(folder)?;
    Ok(FolderLock { _folder: held, _file: file })
}

/// Returns an error if a node could not start with the folder, which need not exist. Changes nothing.
pub fn examine_data_folder(folder: &Path) -> Result<(), DataFolderError> {
    check_length(folder)?;
    check_link(folder)?;
    if !folder.exists() {
        return Ok(());
    }
    let failed = |source| unusable(folder, source);
    let mode = mode_of(folder).map_err(failed)?;
    let has_facts = has_facts(folder).map_err(failed)?;
    match plan(mode, has_facts, || holds_nothing_else(folder)).map_err(failed)? {
        Plan::Refuse(why) => Err(DataFolderError::OpenToOthers { path: folder.to_owned(), mode, why }),
        Plan::Keep | Plan::Narrow => check_kinds(folder).and_then(|()| check_access(folder)),
    }
}

/// Returns whether the folder has a database, or a file with the address of a database in PostgreSQL.
fn has_facts(folder: &Path) -> io::Result<bool> {
    Ok(folder.join(FACTS).try_exists()? || folder.join(IN_POSTGRES).try_exists()?)
}

/// Refuses a symbolic link without a target, because no folder can be created there.
fn check_link(folder: &Path) -> Result<(), DataFolderError> {
    match folder.is_symlink() && !folder.exists() {
        true => {
            let source = io::Error::new(io::ErrorKind::NotFound, "it is a link that leads nowhere");
            Err(DataFolderError::Unusable { path: folder.to_owned(), source })
        }
        false => Ok(()),
    }
}

/// Checks that no folder has the name of a file of Lamplight, and that no file has the name of a folder of Lamplight.
/// Skips subfolders that a start does not need.
fn check_kinds(folder: &Path) -> Result<(), DataFolderError> {
    let files = FILES.iter().map(|name| (name, "file", "folder"));
    for (name, expected, other) in files.chain([(&LIVE, "folder", "file")]) {
        let path = folder.join(name);
        let is_folder = fs::metadata(&path).map(|about| about.is_dir());
        if is_folder.is_ok_and(|is_folder| is_folder != (expected == "folder")) {
            return Err(DataFolderError::Misplaced { path, found: other, expected });
        }
    }
    Ok(())
}

/// Makes the error for an unusable folder. If another user's folder denies access, the error names that user.
fn unusable(path: &Path, source: io::Error) -> DataFolderError {
    let own = geteuid().as_raw();
    match fs::metadata(path) {
        Ok(about) if source.kind() == io::ErrorKind::PermissionDenied && about.uid() != own => {
            DataFolderError::NotAccessible { path: path.to_owned(), owner: about.uid(), own }
        }
        Ok(_) | Err(_) => DataFolderError::Unusable { path: path.to_owned(), source },
    }
}

/// Returns an error if a file that a start opens belongs to another user, and this process cannot access the file. A
/// restore by root can create such a file.
fn check_access(folder: &Path) -> Result<(), DataFolderError> {
    for path in OPENED.iter().map(|name| folder.join(name)) {
        let Ok(about) = fs::metadata(&path) else { continue };
        let (owner, own) = (about.uid(), geteuid().as_raw());
        if about.is_file() && owner != own && access(&path, Access::READ_OK | Access::WRITE_OK).is_err() {
            return Err(DataFolderError::NotAccessible { path, owner, own });
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Plan {
    Keep,
    Narrow,
    /// Leave the folder unchanged, and return an error with this reason.
    Refuse(&'static str),
}

const STICKY_FOLDER: &str = "everybody may put files into it";
const OTHER_FILES: &str = "it contains files that are not Lamplight's";
const FIXED_MODE: &str = "its mode cannot be changed";

/// Decides, from the mode of a folder, whether to keep the mode, to change the mode, or to refuse the folder.
fn plan(mode: u32, has_facts: bool, is_ours: impl FnOnce() -> io::Result<bool>) -> io::Result<Plan> {
    Ok(match mode & OTHERS {
        0 => Plan::Keep,
        _ if mode & STICKY != 0 => Plan::Refuse(STICKY_FOLDER),
        _ if has_facts || is_ours()? => Plan::Narrow,
        _ => Plan::Refuse(OTHER_FILES),
    })
}

/// Returns `true` if all files and subfolders of a folder are Lamplight's.
fn holds_nothing_else(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        // The root folder of a file system has a `lost+found`.
        if !FILES.iter().chain(&FOLDERS).chain(&["lost+found"]).any(|ours| name == *ours) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn try_lock(file: &File, folder: &Path) -> Result<(), DataFolderError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(DataFolderError::InUse(folder.to_owned())),
        Err(TryLockError::Error(source)) => {
            Err(DataFolderError::Unusable { path: folder.to_owned(), source })
        }
    }
}

/// Removes other users' access to Lamplight's files and subfolders in the folder.
fn narrow_contents(folder: &Path) -> Result<(), DataFolderError> {
    for name in FILES {
        narrow_if_ours(&folder.join(name))?;
    }
    for name in FOLDERS {
        narrow_tree(&folder.join(name))?;
    }
    Ok(())
}

fn narrow_tree(path: &Path) -> Result<(), DataFolderError> {
    narrow_if_ours(path)?;
    let failed = |source| DataFolderError::Unusable { path: path.to_owned(), source };
    let is_folder = fs::symlink_metadata(path).is_ok_and(|about| about.is_dir());
    if is_folder {
        for entry in fs::read_dir(path).map_err(failed)? {
            narrow_tree(&entry.map_err(failed)?.path())?;
        }
    }
    Ok(())
}

/// Removes other users' access to an existing file or folder. Symbolic links are not followed: the target may belong to
/// another program.
fn narrow_if_ours(path: &Path) -> Result<(), DataFolderError> {
    let about = match fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(DataFolderError::Unusable { path: path.to_owned(), source }),
    };
    if about.is_symlink() || about.permissions().mode() & OTHERS == 0 {
        return Ok(());
    }
    narrow(path, if about.is_dir() { FOLDER_MODE } else { FILE_MODE })
}

/// Sets a mode, and checks that it is stored. Some file systems have no modes.
fn narrow(path: &Path, mode: u32) -> Result<(), DataFolderError> {
    let failed = |source| DataFolderError::Unusable { path: path.to_owned(), source };
    let was = mode_of(path).map_err(failed)?;
    match fs::set_permissions(path, Permissions::from_mode(mode)) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
        Err(error) => return Err(failed(error)),
    }
    if mode_of(path).map_err(failed)? & OTHERS != 0 {
        return Err(DataFolderError::OpenToOthers { path: path.to_owned(), mode: was, why: FIXED_MODE });
    }
    tracing::warn!(
        path = %path.display(), was = %format!("{was:04o}"), now = %format!("{mode:04o}"),
        "other users had access to the data folder; now they do not"
    );
    Ok(())
}

/// Gives a new file in a data folder to the owner of the folder, if root has created the file. Otherwise, a server that
/// runs as that owner could not open the file.
pub(crate) fn give_to_owner(path: &Path, folder: &Path) -> io::Result<()> {
    let (file, folder) = (fs::metadata(path)?, fs::metadata(folder)?);
    if !geteuid().is_root() || file.uid() == folder.uid() {
        return Ok(());
    }
    chown(path, Some(folder.uid()), Some(folder.gid()))
}

/// Sets the mode of a newly created file so that only its owner has access.
pub(crate) fn close_to_others(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(FILE_MODE))
}

fn mode_of(path: &Path) -> io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o7777)
}

/// Returns the path of the database in a data folder.
pub(crate) fn facts_path(folder: &Path) -> PathBuf {
    folder.join(FACTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_open_to_others_is_narrowed_only_when_it_holds_nothing_else() {
        for (mode, has_facts, is_ours, expected) in [
            (0o700, false, false, Plan::Keep),
            (0o500, true, false, Plan::Keep),
            (0o755, true, false, Plan::Narrow),
            (0o755, false, true, Plan::Narrow),
            (0o755, false, false, Plan::Refuse(OTHER_FILES)),
            (0o710, false, false, Plan::Refuse(OTHER_FILES)),
            (0o2770, false, true, Plan::Narrow),
            (0o1777, false, true, Plan::Refuse(STICKY_FOLDER)),
            (0o1777, true, false, Plan::Refuse(STICKY_FOLDER)),
        ] {
            assert_eq!(plan(mode, has_facts, || Ok(is_ours)).unwrap(), expected, "{mode:o}");
        }
    }

    #[test]
    fn the_folder_stays_locked_when_the_lock_file_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path(), IfMissing::Make).unwrap();
        fs::remove_file(folder.path().join("lock")).unwrap();
        assert!(matches!(lock(folder.path(), IfMissing::Make), Err(DataFolderError::InUse(_))));
        drop(held);
        lock(folder.path(), IfMissing::Make).map(drop).unwrap();
    }

    #[test]
    fn the_lock_of_a_former_version_counts() {
        let folder = tempfile::tempdir().unwrap();
        let former = File::create(folder.path().join("lock")).unwrap();
        former.try_lock().unwrap();
        assert!(matches!(lock(folder.path(), IfMissing::Make), Err(DataFolderError::InUse(_))));
    }

    #[test]
    fn a_folder_of_another_shape_is_refused_before_anything_is_changed() {
        type Spoil = fn(&Path);
        let table: [(Spoil, &str); 5] = [
            (|data| fs::create_dir(data.join("node.json")).unwrap(), "node.json is a folder"),
            (|data| fs::create_dir(data.join(FACTS)).unwrap(), "facts.db is a folder"),
            (|data| fs::create_dir(data.join(SOCKET)).unwrap(), "control.sock is a folder"),
            (|data| fs::write(data.join(LIVE), "").unwrap(), "live is a file"),
            (
                |data| {
                    fs::remove_dir(data).unwrap();
                    std::os::unix::fs::symlink("nowhere", data).unwrap();
                },
                "leads nowhere",
            ),
        ];
        for (spoil, why) in table {
            let outer = tempfile::tempdir().unwrap();
            let data = outer.path().join("data");
            DirBuilder::new().mode(FOLDER_MODE).create(&data).unwrap();
            spoil(&data);
            let examined = examine_data_folder(&data).unwrap_err().to_string();
            assert!(examined.contains(why), "{examined}");
            let locked = lock(&data, IfMissing::Make).map(drop).unwrap_err().to_string();
            assert_eq!(locked, examined);
            assert!(!data.join("lock").exists(), "{why}");
        }
    }

    #[test]
    fn what_a_link_leads_to_keeps_its_mode() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
        fs::set_permissions(elsewhere.path(), Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("node.json")).unwrap();
        lock(folder.path(), IfMissing::Make).map(drop).unwrap();
        assert_eq!(mode_of(elsewhere.path()).unwrap(), 0o644);
    }
}
