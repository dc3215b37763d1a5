//! Profiles of accounts (SPEC section 6).

use crate::operations::lists::{By, Listed};
use crate::{Service, ServiceError};
use lamplight_core::{Call, check_batch};
use lamplight_directory::{FriendProfile, ListsChange, News};
use lamplight_model::{
    Code, MAX_PROFILE_FIELDS, Now, Profile, ProfileChange, ProfileFields, Refusal, User, UserId,
};
use std::collections::HashSet;
use std::sync::Arc;

/// The maximum number of users in one `getUsersInfo`.
pub const MAX_USERS_INFO: usize = 100;

/// The result of `getUsersInfo`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UsersInfo {
    /// The profiles, in the order of the call, each user once.
    pub profiles: Vec<(UserId, Profile)>,
    /// Users without an account, each with 70107.
    pub failures: Vec<(UserId, Code)>,
}

impl Service {
    /// Changes the profile of an account, and returns the new profile. Notifies the devices of the user and of the
    /// user's mutual friends. An invalid text is refused with 6017.
    pub async fn set_profile(
        &self,
        user: &User,
        change: ProfileChange,
        by: By,
        now: Now,
    ) -> Result<Listed<Profile>, ServiceError> {
        self.set_profile_and_fields(user, change, ProfileFields::new(), by, now).await
    }

    /// Changes the profile of an account and its further fields. Notifies devices only if the profile has changed.
    /// Refuses with 6017 if there would be more than [`MAX_PROFILE_FIELDS`] further fields.
    pub async fn set_profile_and_fields(
        &self,
        user: &User,
        change: ProfileChange,
        fields: ProfileFields,
        by: By,
        now: Now,
    ) -> Result<Listed<Profile>, ServiceError> {
        let app = self.app(user)?;
        change.check().map_err(Refusal::from)?;
        self.pass_rate(&app, user, Call::SetSelfInfo, by, now).await?;
        // Only one change of a user's profile runs at a time. Notifications of friends contain no version, so they must
        // be published in the order of the commits.
        let _locked = self.profile_locks.lock(user).await;
        let changing = if fields.is_empty() {
            self.facts.set_profile(user.clone(), change)
        } else {
            let kept = self.facts.profile_fields(vec![user.clone()]).await?;
            let mut all = kept.into_iter().next().flatten().unwrap_or_default();
            all.extend(fields.clone());
            if all.len() > MAX_PROFILE_FIELDS {
                let why = format!("{} fields of a profile, at most {MAX_PROFILE_FIELDS} are kept", all.len());
                return Err(Refusal::because(Code::INVALID_PARAMETER, why).into());
            }
            self.facts.set_profile_and_fields(user.clone(), change, fields)
        };
        let set = self.change_lists([user.clone()], changing).await?;
        let set = set.ok_or_else(|| by.no_such_caller(user))?;
        if set.changed {
            self.tell_lists(user, set.state, by.connection(), ListsChange::Profile(set.profile.clone()));
            let unanswered = self.unanswered(user, by);
            let friends = self.facts.mutual_friends(user.clone()).await?;
            unanswered.answered();
            for shown in FriendProfile::in_parts(&friends, set.profile.clone()) {
                self.telling.tell(user, News::FriendProfile(Arc::new(shown)));
            }
        }
        Ok(Listed { value: set.profile, version: set.state.version })
    }

    /// Reads the profiles of users. An empty list is refused with 6017, and more than [`MAX_USERS_INFO`] users with
    /// 70206.
    pub async fn users_info(
        &self,
        caller: &User,
        users: &[UserId],
        by: By,
        now: Now,
    ) -> Result<UsersInfo, ServiceError> {
        let app = self.app(caller)?;
        let mut seen = HashSet::new();
        let users: Vec<UserId> = users.iter().filter(|id| seen.insert(*id)).cloned().collect();
        check_batch(users.len(), MAX_USERS_INFO)?;
        self.pass_rate(&app, caller, Call::GetUsersInfo, by, now).await?;
        let asked = users.iter().map(|id| User::new(caller.app, id.clone())).collect();
        let mut info = UsersInfo::default();
        for (id, profile) in users.into_iter().zip(self.facts.profiles(asked).await?) {
            match profile {
                Some(profile) => info.profiles.push((id, profile)),
                None => info.failures.push((id, Code::NO_SUCH_ACCOUNT)),
            }
        }
        Ok(info)
    }
}
