//! The operator's door: a socket in the data folder, through which the command line talks to a running node.
//! Every process that may open the folder may do anything. One JSON object a line, each way.

mod console;
mod lists;
mod webhooks;

pub use console::{ConsoleOperation, ConsoleOutcome};

pub use lists::{ListsOperation, ListsOutcome, ShownConversation, ShownFriend, ShownMessage};

pub use webhooks::{ShownDeadLetter, ShownLane, WebhookOperation, WebhookOutcome};

pub(crate) use webhooks::lanes;

use crate::audit::{Actor, Audit, act_of, shown_profile};
use crate::clock::Clock;
use crate::console::Operators;
use crate::data_folder::{self, IfMissing};
use crate::node::NodeError;
use crate::webhooks::Webhooks;
use lamplight_directory::{InProcessDirectory, InvalidRecordCursor};
use lamplight_facts::{Account, AppDeletion, Facts};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{App, AppId, AuditEntry, Code, Platform, Refusal, Timestamp, User, UserId, UserStatus};
use lamplight_service::{By, FindBy, FoundPlace, NewFriend, Service, ServiceError, ThrottleLimits, Viewing};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::AbortHandle;

/// The longest line that is read, in bytes: 10,000 accounts, or a friend list of some 100,000.
const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;

/// Why the last app stays.
pub(crate) const LAST_APP: &str = "this is the last app; make another one first";
/// The most entries of the audit log in one answer: some 4 KB each at most.
const MOST_ENTRIES: usize = 1_000;

/// Something that an operator asks of a node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Every app.
    ListApps,
    /// Makes an app, or replaces all of it.
    PutApp {
        /// The new state of the app.
        app: Box<App>,
        /// The state when the operator looked; `None` where there was none. If it differs from the present one, nothing
        /// is changed.
        was: Option<Box<App>>,
    },
    /// Deletes an app with all that it has. What is kept of it is deleted after the answer.
    DeleteApp {
        /// Which app.
        app: AppId,
    },
    /// The apps that are being deleted.
    ListDeletions,
    /// Up to `limit` accounts of an app after `after`, by rising id.
    ListAccounts {
        /// Which app.
        app: AppId,
        /// The last account of the former page.
        after: Option<UserId>,
        /// At most so many.
        limit: usize,
    },
    /// Accounts that begin so: by rising `userID`, or by rising nick.
    FindAccounts {
        /// Which app.
        app: AppId,
        /// Whether the nick is looked at; otherwise the `userID`.
        by_nick: bool,
        /// The prefix to look for.
        prefix: String,
        /// The last account of the former page, with its nick.
        after: Option<(UserId, String)>,
        /// At most so many.
        limit: usize,
    },
    /// Makes an account if there is none.
    CreateAccount(User),
    /// Deletes an account.
    DeleteAccount(User),
    /// Ends every login of a user and revokes the UserSigs used or made before.
    Kick(User),
    /// Takes a friend into the owner's list, and with `both` the other way round.
    AddFriend {
        /// The owner of the list.
        owner: User,
        /// The user who is added to it.
        friend: UserId,
        /// The other way round too.
        both: bool,
        /// The owner's remark about the friend.
        remark: String,
    },
    /// Takes a friend out of the owner's list, and with `both` the other way round.
    DeleteFriend {
        /// The owner of the list.
        owner: User,
        /// The user who is removed from it.
        friend: UserId,
        /// The other way round too.
        both: bool,
    },
    /// Something about profiles, friends, messages or conversations.
    Lists(ListsOperation),
    /// Something about webhooks.
    Webhooks(WebhookOperation),
    /// Something about the console.
    Console(ConsoleOperation),
    /// Enters into the audit log that a secret is about to be shown. It hands nothing out: whoever may open the folder can
    /// read the keys there.
    ShowSecret(ShownSecret),
    /// Up to `limit` entries of the audit log, newest first.
    Audit {
        /// Of which app; `None`: of all, and of what concerns no app.
        app: Option<AppId>,
        /// The last one of the former page.
        before: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// The status of users, with its evidence. Needs a running node.
    GetStatus {
        /// Which app.
        app: AppId,
        /// The users to look up.
        users: Vec<UserId>,
    },
    /// Users who are ONLINE, some at a time. Needs a running node.
    ListOnline {
        /// Which app.
        app: AppId,
        /// Only those who are connected on it.
        on: Option<Platform>,
        /// The `next` of the former page.
        after: Option<String>,
        /// At most so many.
        limit: usize,
    },
    /// Sets or clears the custom status of a user who is ONLINE. Needs a running node.
    SetStatus {
        /// The owner of the status.
        user: User,
        /// The text; empty clears it.
        custom_status: String,
    },
}

/// A secret that an operator is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownSecret {
    /// Keys of an app.
    Keys {
        /// The app.
        app: AppId,
        /// The numbers of the keys.
        keys: Vec<u32>,
    },
    /// A UserSig that was made.
    UserSig {
        /// The user who can log in with it.
        user: User,
        /// The time for which it is good, in seconds.
        expire: u64,
    },
}

/// The outcome of an [`Operation`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is done; with the answer to "was there anything to do".
    Done {
        /// Something differs from before.
        changed: bool,
    },
    /// Apps, by rising id.
    Apps(Vec<App>),
    /// The apps that are being deleted, by rising id.
    Deletions(Vec<AppId>),
    /// Accounts, by rising id.
    Accounts(Vec<ShownAccount>),
    /// Accounts that were found, in the order of the search.
    Found(Vec<ShownFound>),
    /// The outcome of a [`ListsOperation`].
    Lists(ListsOutcome),
    /// The outcome of a [`WebhookOperation`].
    Webhooks(WebhookOutcome),
    /// The outcome of a [`ConsoleOperation`].
    Console(ConsoleOutcome),
    /// Entries of the audit log, newest first.
    Audit(Vec<AuditEntry>),
    /// Statuses, in the order asked; `None` where there is no account.
    Statuses(Vec<Option<UserStatus>>),
    /// Users who are ONLINE, in the order of the directory.
    Online {
        /// Their statuses.
        users: Vec<UserStatus>,
        /// The `after` of the next page; `None` after the last.
        next: Option<String>,
    },
    /// A "no".
    Refused {
        /// Its code.
        code: u32,
        /// The text of the refusal.
        message: String,
    },
}

/// An account, as it is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownAccount {
    /// `userID`
    pub user_id: UserId,
    /// When it was made.
    pub created: Timestamp,
    /// UserSigs dated before the second of this time do not count.
    pub sigs_revoked: Option<Timestamp>,
}

/// An account that was found, as it is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownFound {
    /// `userID`
    pub user_id: UserId,
    /// The user's nick; may be empty.
    pub nick: String,
    /// When the account was made.
    pub created: Timestamp,
}

/// The operator's door cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No node runs on this data folder.
    #[error("no Lamplight server is running on the data folder {0}; start one with `lamplight serve`")]
    NotRunning(PathBuf),
    /// The node went away, or said something that is no answer.
    #[error("the server did not answer: {0}")]
    NoAnswer(io::Error),
    /// The data folder cannot be opened without a node.
    #[error(transparent)]
    Folder(#[from] NodeError),
}

/// Where the socket is.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// The parts of a node that an operator's operations work with.
struct Office {
    service: Arc<Service>,
    /// `None` where no node runs.
    webhooks: Option<Arc<Webhooks>>,
    operators: Arc<Operators>,
    audit: Audit,
    clock: Clock,
}

/// Does what an operator asks.
async fn execute(office: &Office, operation: Operation) -> Result<Outcome, ServiceError> {
    let Office { service, webhooks, operators, audit, clock } = office;
    let now = clock.now();
    let done = |changed: bool| Outcome::Done { changed };
    Ok(match operation {
        Operation::ListApps => {
            Outcome::Apps(service.apps().all().iter().map(|app| (**app).clone()).collect())
        }
        Operation::PutApp { app, was } => done(service.replace_app(was.as_deref(), *app).await?),
        Operation::DeleteApp { app } => {
            match service.delete_app(app).await? {
                AppDeletion::Begun => {}
                AppDeletion::NoSuchApp => return Err(Code::NO_SUCH_APP.into()),
                AppDeletion::LastApp => {
                    return Err(Refusal::because(Code::INVALID_PARAMETER, LAST_APP).into());
                }
            }
            done(true)
        }
        Operation::ListDeletions => Outcome::Deletions(service.apps_being_deleted()),
        Operation::ListAccounts { app, after, limit } => {
            let accounts = service.list_accounts(app, after, limit.min(10_000)).await?;
            let show = |account: Account| ShownAccount {
                user_id: account.user.id,
                created: account.created,
                sigs_revoked: account.revocation.map(|it| it.revoked.at),
            };
            Outcome::Accounts(accounts.into_iter().map(show).collect())
        }
        Operation::FindAccounts { app, by_nick, prefix, after, limit } => {
            let by = if by_nick { FindBy::Nick } else { FindBy::UserId };
            let after = after.map(|(id, nick)| FoundPlace { id, nick });
            let found = service.find_accounts(app, by, &prefix, after, limit).await?;
            let found = found.into_iter();
            Outcome::Found(
                found.map(|it| ShownFound { user_id: it.id, nick: it.nick, created: it.created }).collect(),
            )
        }
        Operation::CreateAccount(user) => done(service.create_account(&user, now).await?),
        Operation::DeleteAccount(user) => {
            clock.wait_until_answer(&service.delete_account(&user, now).await?).await;
            done(true)
        }
        Operation::Kick(user) => {
            clock.wait_until_answer(&service.kick(&user, now).await?).await;
            done(true)
        }
        Operation::AddFriend { owner, friend, both, remark } => {
            let friend = NewFriend { both, remark, ..NewFriend::mutual(friend) };
            service.add_friend(&owner, friend, By::App, now).await?;
            done(true)
        }
        Operation::DeleteFriend { owner, friend, both } => {
            let friends = service.delete_friends(&owner, &[friend], both, By::App, now).await?.value;
            done(!friends.deleted.is_empty())
        }
        Operation::Lists(operation) => Outcome::Lists(lists::execute(service, operation, now).await?),
        Operation::Webhooks(operation) => {
            Outcome::Webhooks(webhooks::execute(service, webhooks.as_deref(), operation, now).await?)
        }
        Operation::ShowSecret(_) => done(true),
        Operation::Console(operation) => Outcome::Console(console::execute(operators, operation, now).await?),
        Operation::Audit { app, before, limit } => {
            Outcome::Audit(audit.entries(app, before, limit.min(MOST_ENTRIES)).await?)
        }
        Operation::GetStatus { app, users } => {
            let any = users.first().ok_or(Code::INVALID_PARAMETER)?;
            let viewer = User::new(app, any.clone());
            Outcome::Statuses(service.statuses(&viewer, &users, Viewing::Asked, now).await?)
        }
        Operation::ListOnline { app, on, after, limit } => {
            let after = after.map(|after| after.parse()).transpose();
            let invalid =
                |error: InvalidRecordCursor| Refusal::because(Code::INVALID_PARAMETER, error.to_string());
            let page = service.online(app, on, after.map_err(invalid)?.as_ref(), limit, now).await?;
            let users = page.users.into_iter().map(|user| user.status).collect();
            Outcome::Online { users, next: page.next.map(|next| next.to_string()) }
        }
        Operation::SetStatus { user, custom_status } => {
            service.set_self_status(&user, &custom_status, now).await?;
            done(true)
        }
    })
}

/// Does it, and enters it into the audit log where it changes something.
async fn record(office: &Office, operation: Operation) -> Result<Outcome, ServiceError> {
    match act_of(&operation) {
        None => execute(office, operation).await,
        Some(mut act) => {
            for (what, before) in former(office, &operation).await? {
                act = act.before(what, &before);
            }
            let change = execute(office, operation);
            office.audit.record(Actor::command_line(), act, change, note).await
        }
    }
}

/// The values that an operation replaces and does not name, as they are now. An operation on something that is not there
/// is refused later, with its own reason.
async fn former(office: &Office, operation: &Operation) -> Result<Vec<(&'static str, String)>, ServiceError> {
    if let Operation::Console(ConsoleOperation::SetRole { name, .. }) = operation {
        let operators = office.operators.list().map_err(|error| {
            Refusal::because(Code::INTERNAL, format!("the operators cannot be read: {error}"))
        })?;
        let former = operators.into_iter().find(|operator| operator.name == *name);
        return Ok(former.map(|operator| ("role", operator.role.name().to_owned())).into_iter().collect());
    }
    if let Operation::Lists(ListsOperation::SetProfile { user, .. }) = operation {
        let ids = std::slice::from_ref(&user.id);
        let info = office.service.users_info(user, ids, By::App, office.clock.now()).await?;
        let former = info.profiles.into_iter().next();
        return Ok(former.map(|(_, profile)| shown_profile(&profile)).into_iter().flatten().collect());
    }
    Ok(Vec::new())
}

/// The note of an audit entry about the outcome; `None` where there was nothing to do.
fn note(outcome: &Outcome) -> Option<String> {
    let count = |count: usize| (count > 0).then(|| count.to_string());
    match outcome {
        Outcome::Done { changed } | Outcome::Lists(ListsOutcome::Done { changed }) => {
            changed.then(String::new)
        }
        Outcome::Webhooks(WebhookOutcome::Done { count: letters }) => count(*letters),
        Outcome::Webhooks(WebhookOutcome::Tested { status, error, .. }) => {
            let status = status.map(|status| status.to_string());
            status.or_else(|| error.clone()).or_else(|| Some(String::new()))
        }
        Outcome::Apps(_)
        | Outcome::Deletions(_)
        | Outcome::Accounts(_)
        | Outcome::Found(_)
        | Outcome::Online { .. }
        | Outcome::Lists(_)
        | Outcome::Webhooks(WebhookOutcome::Lanes(_) | WebhookOutcome::DeadLetters(_))
        | Outcome::Console(_)
        | Outcome::Audit(_)
        | Outcome::Statuses(_)
        | Outcome::Refused { .. } => Some(String::new()),
    }
}

async fn answer(office: &Office, operation: Operation) -> Outcome {
    match record(office, operation).await {
        Ok(outcome) => outcome,
        Err(error) => {
            if !matches!(error, ServiceError::Refused(_)) {
                tracing::error!(%error, "an operation failed");
            }
            refused(&error.refusal())
        }
    }
}

fn refused(refusal: &Refusal) -> Outcome {
    Outcome::Refused { code: refusal.code.number(), message: refusal.to_string() }
}

/// Serves the socket until the handle is aborted.
pub fn serve(
    path: &Path,
    service: Arc<Service>,
    webhooks: Arc<Webhooks>,
    operators: Arc<Operators>,
    audit: Audit,
    clock: Clock,
) -> io::Result<AbortHandle> {
    let office = Arc::new(Office { service, webhooks: Some(webhooks), operators, audit, clock });
    // One that a killed node left behind; the lock of the folder says that nobody uses it.
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(path)?;
    // Processes that may write to the socket may do anything. No other user can enter the folder meanwhile.
    data_folder::close_to_others(path)?;
    let task = tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let office = Arc::clone(&office);
                    tokio::spawn(async move {
                        if let Err(error) = converse(stream, &office).await {
                            tracing::debug!(%error, "an operator's connection broke");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket cannot take connections in");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    });
    Ok(task.abort_handle())
}

async fn converse(stream: UnixStream, office: &Office) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    while let Some(line) = read_line(&mut reader).await? {
        let outcome = match serde_json::from_str(&line) {
            Ok(operation) => answer(office, operation).await,
            Err(error) => refused(&Refusal::because(Code::INVALID_PARAMETER, error.to_string())),
        };
        write_line(&mut writer, &outcome).await?;
    }
    Ok(())
}

async fn read_line(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<String>> {
    use tokio::io::AsyncReadExt;
    let mut line = String::new();
    let length = reader.take(MAX_LINE_BYTES).read_line(&mut line).await?;
    if length as u64 == MAX_LINE_BYTES && !line.ends_with('\n') {
        let why = format!("a line of more than {MAX_LINE_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok((length > 0).then_some(line))
}

async fn write_line(writer: &mut OwnedWriteHalf, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    writer.write_all(&line).await
}

/// A connection to a running node.
pub struct ControlClient {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl ControlClient {
    /// Connects to the node that runs on this data folder.
    pub async fn connect(data_dir: &Path) -> Result<Self, ControlError> {
        let stream = UnixStream::connect(socket_path(data_dir)).await;
        let stream = stream.map_err(|_| ControlError::NotRunning(data_dir.to_owned()))?;
        let (reader, writer) = stream.into_split();
        Ok(Self { reader: BufReader::new(reader), writer })
    }

    /// Asks for an operation.
    pub async fn ask(&mut self, operation: &Operation) -> Result<Outcome, ControlError> {
        write_line(&mut self.writer, operation).await.map_err(ControlError::NoAnswer)?;
        let line = read_line(&mut self.reader).await.map_err(ControlError::NoAnswer)?;
        let line = line.ok_or_else(|| ControlError::NoAnswer(io::ErrorKind::UnexpectedEof.into()))?;
        serde_json::from_str(&line).map_err(|error| ControlError::NoAnswer(error.into()))
    }
}

/// Does an operation on a data folder on which no node runs. What is live cannot be asked for then.
pub async fn offline(
    data_dir: &Path,
    operation: Operation,
    missing: IfMissing,
) -> Result<Outcome, ControlError> {
    let is_live = matches!(
        operation,
        Operation::GetStatus { .. }
            | Operation::SetStatus { .. }
            | Operation::ListOnline { .. }
            | Operation::Webhooks(WebhookOperation::Test { .. })
    );
    if is_live {
        return Err(ControlError::NotRunning(data_dir.to_owned()));
    }
    let _lock = data_folder::lock(data_dir, missing)?;
    let clock = Clock::default();
    let facts: Arc<dyn Facts> =
        Arc::new(SqliteFacts::open(&data_folder::facts_path(data_dir)).map_err(NodeError::from)?);
    let audit = Audit::new(Arc::clone(&facts), clock.clone());
    let directory = Arc::new(InProcessDirectory::in_memory());
    let log = Arc::<InProcessDirectory>::clone(&directory);
    let service = Arc::new(Service::new(facts, directory, log, ThrottleLimits::default()));
    service.recover(Vec::new(), Timestamp::default(), clock.now()).await.map_err(NodeError::from)?;
    let operators = Arc::new(Operators::of(data_dir));
    let mut is_more = matches!(operation, Operation::DeleteApp { .. });
    let office = Office { service, webhooks: None, operators, audit, clock };
    let outcome = answer(&office, operation).await;
    // Nobody does it in the background here. What is left when this is cut short, the next node deletes.
    while is_more {
        match office.service.delete_apps_further(office.clock.now()).await {
            Ok(more) => is_more = more,
            Err(error) => return Ok(refused(&error.refusal())),
        }
    }
    Ok(outcome)
}
