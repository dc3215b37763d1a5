//! Searches of an operator: accounts of an app by the beginning of the `userID` or of the nick, and the online users.

use crate::operations::inspect::devices_of;
use crate::{InspectedDevice, Service, ServiceError};
use lamplight_directory::{RecordCursor, RecordFilter};
use lamplight_facts::{Account, NickCursor};
use lamplight_model::{
    AppId, Code, MAX_PROFILE_BYTES, Now, Platform, Profile, Refusal, Timestamp, User, UserId, UserStatus,
    check_text,
};

/// The most accounts in a page.
pub const MAX_FOUND: usize = 1_000;

/// The field whose prefix is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FindBy {
    /// The `userID`; upper and lower case differ.
    UserId,
    /// The nick; upper and lower case are the same.
    Nick,
}

/// An account that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundAccount {
    /// The account.
    pub id: UserId,
    /// The nick; may be empty.
    pub nick: String,
    /// The time at which the account was created.
    pub created: Timestamp,
}

/// The last account of a page, after which the next page begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundCursor {
    /// The account.
    pub id: UserId,
    /// The nick that was shown; used only in a search by nick.
    pub nick: String,
}

/// The most users in a page of online users.
pub const MAX_ONLINE_PAGE: usize = 100;

/// A user who is online.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OnlineUser {
    /// The status with its evidence.
    pub status: UserStatus,
    /// The nick; may be empty.
    pub nick: String,
    /// The logins, earliest first.
    pub devices: Vec<InspectedDevice>,
}

/// A page of the online users of an app.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OnlinePage {
    /// The users, in the order of the directory.
    pub users: Vec<OnlineUser>,
    /// The position of the next page; `None` after the last.
    pub next: Option<RecordCursor>,
}

impl Service {
    /// Finds users of an app who are ONLINE now, and with a platform only those who are connected on it: up to `limit`
    /// of them, never more than [`MAX_ONLINE_PAGE`]. A user who comes or goes between two pages may be in one or in
    /// none. A page looks at a bounded number of records, so a page that is not the last may have fewer users, or none.
    /// Refused with 70020.
    pub async fn online(
        &self,
        app: AppId,
        on: Option<Platform>,
        after: Option<&RecordCursor>,
        limit: usize,
        now: Now,
    ) -> Result<OnlinePage, ServiceError> {
        self.apps.get(app).ok_or(Code::NO_SUCH_APP)?;
        let filter = RecordFilter::Online { on };
        let page = self.directory.records_of(app, filter, after, limit.clamp(1, MAX_ONLINE_PAGE)).await?;
        let shown = self.directory.read(&page.users, |user, presence| {
            // The user may have gone since.
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

    /// Finds accounts of an app whose id or nick begins with `prefix`: up to `limit` of them, never more than
    /// [`MAX_FOUND`], by rising id, or by rising nick (upper and lower case alike) and then id. A search by nick does
    /// not find accounts without one. Refused with 70020, with 7003 if no `userID` can begin with the prefix, and with
    /// 6017 if no nick can.
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
            // Ids that begin with the prefix follow it directly; the prefix itself may be one of them.
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

/// Combines the accounts that were found with their nicks. An account that was deleted between the two reads stays,
/// without a nick, because a page with fewer accounts than requested is the last one.
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
            born: 1,
        };
        let profiles = vec![None, Some(Profile { nick: "B".into(), ..Profile::default() })];
        let found = with_nicks(vec![account("a"), account("b")], profiles);
        let shown: Vec<_> = found.iter().map(|it| format!("{} {}", it.id, it.nick)).collect();
        assert_eq!(shown, ["a ", "b B"]);
    }
}
