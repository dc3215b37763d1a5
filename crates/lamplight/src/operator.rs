//! An operator's access to a data folder: through the running server, or else directly.

use crate::output::Refused;
use anyhow::{bail, ensure};
use lamplight_model::{
    App, AppId, AuditEntry, BlockedUser, Code, Platform, User, UserId, UserStatus, Visibility,
};
use lamplight_server::{
    ConsoleOperation, ConsoleOutcome, ControlClient, ControlError, DataFolderError, FactsSettings, IfMissing,
    ListsOperation, ListsOutcome, Operation, Outcome, ShownAccount, ShownConversation, ShownFound,
    ShownFriend, ShownKeySource, ShownMessage, ShownNode, ShownSecret, WebhookOperation, WebhookOutcome,
    check_data_folder, offline,
};
use std::time::Duration;
use tokio::time::Instant;

/// The longest wait for a server that starts or stops. After that, the folder is reported as in use.
const PATIENCE: Duration = Duration::from_secs(5);

/// The error text for an unexpected answer of the server.
pub const OTHER_ANSWER: &str = "the server gave an unexpected answer; it may have another version";

/// The interval between checks whether a deletion is complete.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// The number of accounts that are read in one request.
const PAGE: usize = 1_000;

/// The number of messages that are read in one request.
const HISTORY_PAGE: u32 = 100;

/// Adds a hint to the text of an internal error of the server: where the operator finds the cause.
fn with_remedy(code: u32, message: String) -> String {
    if code != Code::INTERNAL.number() {
        return message;
    }
    format!("{message} (the log of the server has the cause; `lamplight doctor` looks for it)")
}

/// The connection to one data folder, over which operations are sent.
pub struct Operator {
    store: FactsSettings,
    missing: IfMissing,
    running: Option<ControlClient>,
    /// The apps from the last read; `None` before the first read and after a change.
    seen: Option<Vec<App>>,
}

impl Operator {
    /// Opens an existing data folder. Never creates one. Without a folder, operations that only read a database in
    /// PostgreSQL are executed, and all others are refused.
    pub async fn open(store: &FactsSettings) -> anyhow::Result<Self> {
        if store.postgres.is_none() {
            check_data_folder(&store.data_dir)?;
        }
        Ok(Self::of(store, IfMissing::Refuse).await)
    }

    /// Opens a data folder as [`open`](Self::open) does. The first operation creates a missing folder.
    pub async fn make(store: &FactsSettings) -> Self {
        Self::of(store, IfMissing::Make).await
    }

    async fn of(store: &FactsSettings, missing: IfMissing) -> Self {
        Self {
            store: store.clone(),
            missing,
            running: ControlClient::connect(&store.data_dir).await.ok(),
            seen: None,
        }
    }

    /// Reads all apps.
    pub async fn apps(&mut self) -> anyhow::Result<Vec<App>> {
        let Outcome::Apps(apps) = self.ask(Operation::ListApps).await? else { bail!(OTHER_ANSWER) };
        self.seen = Some(apps.clone());
        Ok(apps)
    }

    /// Records in the audit log that a secret is about to be shown. After an error, the caller must not show the
    /// secret.
    pub async fn enter_secret(&mut self, secret: ShownSecret) -> anyhow::Result<()> {
        let Outcome::Done { .. } = self.ask(Operation::ShowSecret(secret)).await? else {
            bail!(OTHER_ANSWER)
        };
        Ok(())
    }

    /// Returns the app with this id. Without an id, returns the only app; fails if there are several apps or no app.
    pub async fn app(&mut self, named: Option<AppId>) -> anyhow::Result<App> {
        self.app_by(named, "--app ID").await
    }

    /// Returns an app as [`app`](Self::app) does. `how` names the command's option or argument for the app in the error
    /// text.
    pub async fn app_by(&mut self, named: Option<AppId>, how: &str) -> anyhow::Result<App> {
        let mut apps = self.apps().await?;
        let ids: Vec<_> = apps.iter().map(|app| app.id.to_string()).collect();
        let Some(id) = named else {
            return match apps.len() {
                0 => bail!("there is no app yet; create one with `lamplight app create`"),
                1 => Ok(apps.remove(0)),
                _ => bail!("there are several apps; name one with `{how}`: {}", ids.join(", ")),
            };
        };
        match apps.into_iter().find(|app| app.id == id) {
            Some(app) => Ok(app),
            None => bail!("there is no app {id}; the apps are: {}", ids.join(", ")),
        }
    }

    /// Creates or replaces an app, based on the last read. Fails and changes nothing if the app has changed since that
    /// read.
    pub async fn put_app(&mut self, app: App) -> anyhow::Result<()> {
        let id = app.id;
        ensure!(
            self.try_put_app(app).await?,
            "app {id} was changed by somebody else in the meantime; this command has changed nothing; try again"
        );
        Ok(())
    }

    /// Creates or replaces an app as [`put_app`](Self::put_app) does, but returns `false` if the app has changed since
    /// it was read.
    pub async fn try_put_app(&mut self, app: App) -> anyhow::Result<bool> {
        if self.seen.is_none() {
            self.apps().await?;
        }
        let seen = self.seen.iter().flatten().find(|seen| seen.id == app.id);
        let was = seen.cloned().map(Box::new);
        let changed = self.act(Operation::PutApp { app: Box::new(app), was }).await?;
        // The stored apps are outdated, whether the change was made or not.
        self.seen = None;
        Ok(changed)
    }

    /// Returns the apps whose data is not yet completely deleted, in ascending order of their ids.
    pub async fn apps_being_deleted(&mut self) -> anyhow::Result<Vec<AppId>> {
        let Outcome::Deletions(apps) = self.ask(Operation::ListDeletions).await? else { bail!(OTHER_ANSWER) };
        Ok(apps)
    }

    /// Deletes an app, and waits until all of its data is deleted.
    pub async fn delete_app(&mut self, app: AppId) -> anyhow::Result<()> {
        self.act(Operation::DeleteApp { app }).await?;
        self.seen = None;
        loop {
            if !self.apps_being_deleted().await?.contains(&app) {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Returns at most `limit` accounts of an app, in ascending order of their ids.
    pub async fn accounts(&mut self, app: AppId, limit: usize) -> anyhow::Result<Vec<ShownAccount>> {
        let mut all: Vec<ShownAccount> = Vec::new();
        while all.len() < limit {
            let after = all.last().map(|account| account.user_id.clone());
            let page = PAGE.min(limit - all.len());
            let list = Operation::ListAccounts { app, after, limit: page };
            let Outcome::Accounts(accounts) = self.ask(list).await? else { bail!(OTHER_ANSWER) };
            if accounts.is_empty() {
                break;
            }
            all.extend(accounts);
        }
        Ok(all)
    }

    /// Returns at most `limit` accounts whose `userID` or nick begins with a prefix, in ascending order.
    pub async fn find_accounts(
        &mut self,
        app: AppId,
        by_nick: bool,
        prefix: &str,
        limit: usize,
    ) -> anyhow::Result<Vec<ShownFound>> {
        let mut all: Vec<ShownFound> = Vec::new();
        while all.len() < limit {
            let after = all.last().map(|last| (last.user_id.clone(), last.nick.clone()));
            let page = PAGE.min(limit - all.len());
            let prefix = prefix.to_owned();
            let find = Operation::FindAccounts { app, by_nick, prefix, after, limit: page };
            let Outcome::Found(found) = self.ask(find).await? else { bail!(OTHER_ANSWER) };
            let is_last = found.len() < page;
            all.extend(found);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Returns the friend list of a user, in ascending order of the friends' ids.
    pub async fn friends(&mut self, owner: &User) -> anyhow::Result<Vec<ShownFriend>> {
        let mut all: Vec<ShownFriend> = Vec::new();
        loop {
            let after = all.last().map(|friend| friend.user_id.clone());
            let asked = ListsOperation::Friends { owner: owner.clone(), after };
            let ListsOutcome::Friends { friends, finished } = self.lists(asked).await? else {
                bail!(OTHER_ANSWER)
            };
            all.extend(friends);
            if finished {
                return Ok(all);
            }
        }
    }

    /// Returns at most `limit` messages between two users, newest first. With `before`, only messages with a lower
    /// sequence are returned.
    pub async fn history(
        &mut self,
        owner: &User,
        peer: &UserId,
        mut before: Option<u64>,
        limit: usize,
    ) -> anyhow::Result<Vec<ShownMessage>> {
        let mut all: Vec<ShownMessage> = Vec::new();
        while all.len() < limit {
            let page = HISTORY_PAGE.min(u32::try_from(limit - all.len()).unwrap_or(HISTORY_PAGE));
            let (owner, peer) = (owner.clone(), peer.clone());
            let asked = ListsOperation::History { owner, peer, before, limit: page };
            let ListsOutcome::History { messages, finished } = self.lists(asked).await? else {
                bail!(OTHER_ANSWER)
            };
            all.extend(messages);
            before = all.last().map(|message| message.sequence);
            if finished {
                break;
            }
        }
        Ok(all)
    }

    /// Returns at most `limit` rows of a user's conversation list, and the number of unread messages in the whole list.
    pub async fn conversations(
        &mut self,
        owner: &User,
        limit: usize,
    ) -> anyhow::Result<(Vec<ShownConversation>, u32)> {
        let (mut all, mut cursor): (Vec<ShownConversation>, _) = (Vec::new(), String::new());
        loop {
            let asked = ListsOperation::Conversations { owner: owner.clone(), cursor };
            let ListsOutcome::Conversations { conversations, next, total_unread } = self.lists(asked).await?
            else {
                bail!(OTHER_ANSWER)
            };
            all.extend(conversations);
            match next {
                Some(next) if all.len() < limit => cursor = next,
                Some(_) | None => {
                    all.truncate(limit);
                    return Ok((all, total_unread));
                }
            }
        }
    }

    /// Returns the visibility and the block list of a user. The block list is in ascending order of the ids.
    pub async fn block_list(&mut self, user: &User) -> anyhow::Result<(Visibility, Vec<BlockedUser>)> {
        let outcome = self.lists(ListsOperation::BlockList(user.clone())).await?;
        let ListsOutcome::BlockList { visibility, blocked } = outcome else { bail!(OTHER_ANSWER) };
        Ok((visibility, blocked))
    }

    /// Executes an operation on profiles, friends, visibility, block lists, messages or conversations.
    pub async fn lists(&mut self, operation: ListsOperation) -> anyhow::Result<ListsOutcome> {
        let Outcome::Lists(outcome) = self.ask(Operation::Lists(operation)).await? else {
            bail!(OTHER_ANSWER)
        };
        Ok(outcome)
    }

    /// Executes an operation on webhooks.
    pub async fn webhooks(&mut self, operation: WebhookOperation) -> anyhow::Result<WebhookOutcome> {
        let Outcome::Webhooks(outcome) = self.ask(Operation::Webhooks(operation)).await? else {
            bail!(OTHER_ANSWER)
        };
        Ok(outcome)
    }

    /// Executes an operation on the console.
    pub async fn console(&mut self, operation: ConsoleOperation) -> anyhow::Result<ConsoleOutcome> {
        let Outcome::Console(outcome) = self.ask(Operation::Console(operation)).await? else {
            bail!(OTHER_ANSWER)
        };
        Ok(outcome)
    }

    /// Returns a page of the audit log, newest entries first.
    pub async fn audit(
        &mut self,
        app: Option<AppId>,
        before: Option<u64>,
        limit: usize,
    ) -> anyhow::Result<Vec<AuditEntry>> {
        let Outcome::Audit(entries) = self.ask(Operation::Audit { app, before, limit }).await? else {
            bail!(OTHER_ANSWER)
        };
        Ok(entries)
    }

    /// Returns the sources of JWT keys of all apps.
    pub async fn key_sources(&mut self) -> anyhow::Result<Vec<ShownKeySource>> {
        let Outcome::KeySources(sources) = self.ask(Operation::KeySources).await? else {
            bail!(OTHER_ANSWER)
        };
        Ok(sources)
    }

    /// Returns the nodes of the cluster, in ascending order of their start times.
    pub async fn nodes(&mut self) -> anyhow::Result<Vec<ShownNode>> {
        let Outcome::Nodes(nodes) = self.ask(Operation::ListNodes).await? else { bail!(OTHER_ANSWER) };
        Ok(nodes)
    }

    /// Returns the statuses of users, in the order of `users`; `None` for users without an account.
    pub async fn statuses(
        &mut self,
        app: AppId,
        users: &[UserId],
    ) -> anyhow::Result<Vec<Option<UserStatus>>> {
        let get = Operation::GetStatus { app, users: users.to_vec() };
        let Outcome::Statuses(statuses) = self.ask(get).await? else { bail!(OTHER_ANSWER) };
        Ok(statuses)
    }

    /// Returns the statuses of at most `limit` users who are ONLINE, in the order of the directory.
    pub async fn online(
        &mut self,
        app: AppId,
        on: Option<Platform>,
        limit: usize,
    ) -> anyhow::Result<Vec<UserStatus>> {
        let (mut all, mut after): (Vec<UserStatus>, _) = (Vec::new(), None);
        loop {
            // The server decides on the number of users per page.
            let list = Operation::ListOnline { app, on, after, limit: limit - all.len() };
            let Outcome::Online { users, next } = self.ask(list).await? else { bail!(OTHER_ANSWER) };
            all.extend(users);
            match next {
                Some(_) if all.len() < limit => after = next,
                Some(_) | None => return Ok(all),
            }
        }
    }

    /// Executes an operation that changes something. Returns `false` if nothing had to be changed.
    pub async fn act(&mut self, operation: Operation) -> anyhow::Result<bool> {
        let Outcome::Done { changed } = self.ask(operation).await? else { bail!(OTHER_ANSWER) };
        Ok(changed)
    }

    /// Sends an operation to the running server, or executes it here without a server. A server that starts or stops
    /// has locked the folder, but does not answer. In this case, tries again for up to [`PATIENCE`].
    async fn ask(&mut self, operation: Operation) -> anyhow::Result<Outcome> {
        let until = Instant::now() + PATIENCE;
        let outcome = loop {
            if let Some(running) = &mut self.running {
                break running.ask(&operation).await?;
            }
            match offline(&self.store, operation.clone(), self.missing).await {
                Ok(outcome) => break outcome,
                Err(ControlError::Folder(DataFolderError::InUse(_))) if Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    self.running = ControlClient::connect(&self.store.data_dir).await.ok();
                }
                Err(error) => return Err(error.into()),
            }
        };
        match outcome {
            Outcome::Refused { code, message } => {
                Err(Refused { code, message: with_remedy(code, message) }.into())
            }
            Outcome::Done { .. }
            | Outcome::Apps(_)
            | Outcome::Deletions(_)
            | Outcome::Accounts(_)
            | Outcome::Found(_)
            | Outcome::Lists(_)
            | Outcome::Webhooks(_)
            | Outcome::Online { .. }
            | Outcome::Console(_)
            | Outcome::Audit(_)
            | Outcome::KeySources(_)
            | Outcome::Nodes(_)
            | Outcome::Statuses(_) => Ok(outcome),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_server_leads_to_its_log_and_another_refusal_stays_as_it_is() {
        let told = |code: Code| with_remedy(code.number(), "text".to_owned());
        assert!(told(Code::INTERNAL).starts_with("text (the log of the server has the cause"));
        assert_eq!(told(Code::INVALID_PARAMETER), "text");
    }
}
