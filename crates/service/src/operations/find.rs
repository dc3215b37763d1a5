//! Searches for operators: the accounts of an app by the beginning of the `userID` or of the nick, and the users who
//! are ONLINE.

use crate::operations::inspect::devices_of;
use crate::{InspectedDevice, Service, ServiceError};
use lamplight_directory::{RecordCursor, RecordFilter};
use lamplight_facts::{Account, NickCursor};
use lamplight_model::{
    AppId, Code, MAX_PROFILE_BYTES, Now, Platform, Profile, Refusal, Timestamp, User, UserId, UserStatus,
    check_text,
};

/// The maximum number of accounts in a page of search results.
pub const MAX_FOUND: usize = 1_000;

/// The field that is searched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FindBy {
    /// The `userID`, case-sensitive.
    UserId,
    /// The nick, ignoring case.
    Nick,
}

/// An account in the results of a search.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundAccount {
    /// The id of the account.
    pub id: UserId,
    /// The nick; empty if there is none.
    pub nick: String,
    /// The time at which the account was created.
    pub created: Timestamp,
}

/// The position after which the next page of search results begins: the last account of the previous page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundCursor {
    /// The id of the account.
    pub id: UserId,
    /// The nick of the account. Only a search by nick uses it.
    pub nick: String,
}

/// The maximum number of users in a page of ONLINE users.
pub const MAX_ONLINE_PAGE: usize = 100;

/// A user who is ONLINE.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OnlineUser {
    /// The status with its evidence.
    pub status: UserStatus,
    /// The nick; empty if there is none.
    pub nick: String,
    /// The logins, earliest first.
    pub devices: Vec<InspectedDevice>,
}

/// A page of the ONLINE users of an app.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OnlinePage {
    /// The users, in the order of the directory.
    pub users: Vec<OnlineUser>,
    /// The position of the next page; `None` if this is the last page.
    pub next: Option<RecordCursor>,
}

impl Service {
    /// Lists users of an app who are ONLINE. With `on`, lists only users who are connected on that platform. An unknown
    /// app is refused with 70020.
    ///
    /// A page has up to `limit` users, at most [`MAX_ONLINE_PAGE`]. A bounded number of records is read for a page, so
    /// it may have fewer users, or none. A user whose status changes between two pages may be missing.
    pub async fn online(
        &self,
        app: AppId,
        on: Option<Platform>,
        after: Option<&RecordCursor>,
        limit: usize,
        now: Now,
    ) -> Result<OnlinePage, ServiceError> {
        let found = self.apps.get(app).ok_or(Code::NO_SUCH_APP)?;
        let filter = RecordFilter::Online { on };
        let page = self.directory.records_of(app, filter, after, limit.clamp(1, MAX_ONLINE_PAGE)).await?;
        let shown = self.records.read_current(&found, &page.users, now, |user, presence| {
            // The user may have gone offline since the page was read.
            let presence = presence.filter(|presence| filter.takes(presence))?;
            Some((presence.status(&user.id), devices_of(presence, now)))
        });
        let shown = shown.await?;
        let profiles = self.facts.profiles(page.users).await?;
        let users = shown.into_iter().zip(profiles).filter_map(|(shown, profile)| {
            let (status, devices) = shown?;
            Some(OnlineUser { status, devices, nick: profile.map(|it| it.nick).unwrap_or_default() })
        });
        Ok(OnlinePage { users: users.collect(), next: page.next })
    }

    /// Finds up to `limit` accounts of an app, at most [`MAX_FOUND`], whose `userID` or nick begins with `prefix`.
    ///
    /// A search by id returns accounts in ascending order of their ids. A search by nick returns accounts in the order
    /// of their nicks (ignoring case), and then of their ids.
    ///
    /// Refuses an unknown app with 70020. If no `userID` can have the prefix, refuses it with 7003; if no nick can have
    /// it, with 6017.
    pub async fn find_accounts(
        &self,
        app: AppId,
        by: FindBy,
        prefix: &str,
        after: Option<FoundCursor>,
        limit: usize,
    ) -> Result<Vec<FoundAccount>, ServiceError> {
        self.apps.get(app).ok_or(Code::NO_SUCH_APP)?;
        let limit = limit.min(MAX_FOUND);
        match by {
            FindBy::UserId => self.find_by_id(app, prefix, after.map(|after| after.id), limit).await,
            FindBy::Nick => {
                check_text("a nick", prefix, MAX_PROFILE_BYTES).map_err(Refusal::from)?;
                let after = after.map(|FoundCursor { id, nick }| NickCursor { nick, id });
                let found = self.facts.find_by_nick(app, prefix.to_owned(), after, limit).await?;
                let found = found.into_iter();
                Ok(found.map(|it| FoundAccount { id: it.id, nick: it.nick, created: it.created }).collect())
            }
        }
    }

    async fn find_by_id(
        &self,
        app: AppId,
        prefix: &str,
        mut after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<FoundAccount>, ServiceError> {
        let mut found = Vec::new();
        if !prefix.is_empty() {
            let prefix = UserId::new(prefix).map_err(|_| Code::BAD_USER_ID)?;
            // In ascending order, the ids that begin with the prefix follow directly after it. The prefix itself may
            // also be an id.
            if after.as_ref().is_none_or(|after| *after < prefix) {
                let whole = self.facts.accounts(vec![User::new(app, prefix.clone())]).await?;
                found.extend(whole.into_iter().flatten());
                after = Some(prefix);
            }
        }
        let missing = limit.saturating_sub(found.len());
        found.extend(self.facts.list_accounts(app, after, missing).await?);
        found.retain(|account| account.user.id.as_str().starts_with(prefix));
        found.truncate(limit);
        let profiles =
            self.facts.profiles(found.iter().map(|account| account.user.clone()).collect()).await?;
        Ok(with_nicks(found, profiles))
    }
}

/// Combines accounts with their nicks. An account that was deleted between the two reads stays in the result.
/// Otherwise, the caller would take a page with fewer accounts for the last page.
fn with_nicks(found: Vec<Account>, profiles: Vec<Option<Profile>>) -> Vec<FoundAccount> {
    let found = found.into_iter().zip(profiles).map(|(account, profile)| FoundAccount {
        id: account.user.id,
        nick: profile.map(|it| it.nick).unwrap_or_default(),
        created: account.created,
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_deleted_while_a_page_is_read_makes_no_page_the_last() {
        let account = |id: &str| Account {
            user: User::new(AppId(1), UserId::new(id).unwrap()),
            created: Timestamp(1),
            revocation: None,
            restricted: false,
            born: 1,
        };
        let profiles = vec![None, Some(Profile { nick: "B".into(), ..Profile::default() })];
        let found = with_nicks(vec![account("a"), account("b")], profiles);
        let shown: Vec<_> = found.iter().map(|it| format!("{} {}", it.id, it.nick)).collect();
        assert_eq!(shown, ["a ", "b B"]);
    }
}
