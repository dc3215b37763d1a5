//! What an operator or the app's backend does to apps, accounts and friends.

use crate::{Service, ServiceError};
use lamplight_directory::News;
use lamplight_facts::{Befriended, NewFriendship};
use lamplight_model::{App, Code, Now, Refusal, User, UserId};

impl Service {
    /// Makes an app or replaces all of it. Settings outside their bounds are refused with 6017.
    pub async fn put_app(&self, app: App) -> Result<(), ServiceError> {
        app.settings
            .validate()
            .map_err(|invalid| Refusal::because(Code::INVALID_PARAMETER, invalid.to_string()))?;
        self.facts.put_app(app.clone()).await?;
        let id = app.id;
        self.apps.put(app);
        let nobody = User::new(id, UserId::new("*").expect("printable"));
        self.directory.publish(&nobody, News::App(id));
        Ok(())
    }

    /// Makes an account if there is none. Says whether it made one.
    pub async fn create_account(&self, user: &User, now: Now) -> Result<bool, ServiceError> {
        self.app(user)?;
        let made = self.facts.create_account(user.clone(), now.wall).await?;
        self.directory.update(user, now, lamplight_core::Presence::restore_account).await?;
        Ok(made)
    }

    /// Deletes an account: its logins and connections end, and its watchers are told. Refused with 70107.
    pub async fn delete_account(&self, user: &User, now: Now) -> Result<(), ServiceError> {
        let app = self.app(user)?;
        let friends = self.facts.mutual_friends(user.clone()).await?;
        if !self.facts.delete_account(user.clone()).await? {
            return Err(Code::NO_SUCH_ACCOUNT.into());
        }
        self.directory.update(user, now, |presence| presence.delete(&app.settings, now)).await?;
        for friend in friends {
            self.publish_friendship(user, &friend, false);
        }
        Ok(())
    }

    /// Ends every login of a user and revokes every UserSig issued until now. Refused with 70107.
    pub async fn kick(&self, user: &User, now: Now) -> Result<(), ServiceError> {
        let app = self.app(user)?;
        if !self.facts.revoke_sigs(user.clone(), now.wall).await? {
            return Err(Code::NO_SUCH_ACCOUNT.into());
        }
        let logins = self.facts.logins(user.clone()).await?;
        let ended = logins
            .into_iter()
            .map(|login| lamplight_facts::EndedLogin { device: login.device, mark: None })
            .collect();
        self.facts.end_logins(user.clone(), ended).await?;
        self.directory.update(user, now, |presence| presence.kick(&app.settings, now)).await?;
        Ok(())
    }

    /// Takes `friend` into the friend list of `owner`, and with `both` the other way round. Refused with 70107
    /// when either has no account, and with 6017 for a friendship with oneself.
    pub async fn add_friend(
        &self,
        owner: &User,
        friend: &UserId,
        both: bool,
        remark: &str,
        now: Now,
    ) -> Result<(), ServiceError> {
        let app = self.app(owner)?;
        if owner.id == *friend {
            return Err(Refusal::because(Code::INVALID_PARAMETER, "nobody is their own friend").into());
        }
        let friendship = NewFriendship {
            owner: owner.clone(),
            friend: friend.clone(),
            both,
            remark: remark.to_owned(),
            source: String::new(),
            wording: String::new(),
            at: now.wall,
            limit: usize::from(app.settings.limits.friends),
            ask: false,
        };
        let done = self.facts.befriend(friendship).await?;
        match done.outcome {
            Befriended::Done => {}
            Befriended::NoSuchOwner | Befriended::NoSuchFriend => return Err(Code::NO_SUCH_ACCOUNT.into()),
            Befriended::ListFull => return Err(Code::FRIEND_LIST_FULL.into()),
            Befriended::FriendListFull => return Err(Code::FRIEND_PEER_LIST_FULL.into()),
            Befriended::Denied => return Err(Code::FRIEND_DENIED.into()),
        }
        if done.back.is_some() {
            self.publish_friendship(owner, friend, true);
        }
        Ok(())
    }

    /// Takes `friend` out of the friend list of `owner`, and with `both` the other way round. Says whether an
    /// entry was there.
    pub async fn delete_friend(
        &self,
        owner: &User,
        friend: &UserId,
        both: bool,
    ) -> Result<bool, ServiceError> {
        self.app(owner)?;
        let done = self.facts.unfriend(owner.clone(), friend.clone(), both).await?;
        self.publish_friendship(owner, friend, false);
        Ok(done.forth || done.back)
    }

    /// Both sides hear of it, wherever they are connected.
    fn publish_friendship(&self, one: &User, other: &UserId, mutual: bool) {
        self.directory.publish(one, News::Friend { friend: other.clone(), mutual });
        let other = User::new(one.app, other.clone());
        self.directory.publish(&other, News::Friend { friend: one.id.clone(), mutual });
    }
}
